//! What is another in a configuration: settings by their path, as the two files have them.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

/// A setting that is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::tools::dxa) struct Changed {
    /// `agent.poll`, `connection HQ: trust`.
    pub(in crate::tools::dxa) setting: String,
    /// What it was; none where nothing was said.
    #[serde(rename = "was")]
    pub(in crate::tools::dxa) before: Option<String>,
    /// What it is; none where nothing is said.
    #[serde(rename = "is")]
    pub(in crate::tools::dxa) after: Option<String>,
}

/// Compares the texts of two configurations. Passwords stand in neither.
pub(in crate::tools::dxa) fn difference(before: &str, after: &str) -> Vec<Changed> {
    let (before, after) = (settings(before), settings(after));
    let names = before.keys().chain(after.keys());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().map(|name| Changed {
        setting: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    });
    changed
        .filter(|changed| changed.before != changed.after)
        .collect()
}

/// Returns what two configurations that say the same have in common: sixteen digits, whatever their order and remarks.
pub(in crate::tools::dxa) fn fingerprint(text: &str) -> String {
    let mut all = String::new();
    for (name, value) in settings(text) {
        all.push_str(&format!("{name} = {value}\n"));
    }
    let digest = Sha256::digest(all);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn settings(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(table) = text.parse::<Table>() {
        put("", "", table, &mut found);
    }
    found
}

/// Puts the settings of a table: `agent.poll`, and of a table among others `connection HQ: trust`.
fn put(front: &str, end: &str, settings: Table, found: &mut BTreeMap<String, String>) {
    for (name, value) in settings {
        let path = format!("{front}{end}{name}");
        match value {
            Value::Table(settings) => put(&path, ".", settings, found),
            Value::Array(tables) if is_named(&tables) => {
                for table in tables {
                    let own = name_of(&table).unwrap_or_default();
                    if let Value::Table(settings) = table {
                        put(&format!("{path} {own}"), ": ", settings, found);
                    }
                }
            }
            value => {
                found.insert(path, value.to_string());
            }
        }
    }
}

/// Tells whether an array has tables that are told apart by their names.
fn is_named(tables: &[Value]) -> bool {
    !tables.is_empty() && tables.iter().all(|table| name_of(table).is_some())
}

fn name_of(table: &Value) -> Option<String> {
    let own = table.get("name").or_else(|| table.get("container"))?;
    own.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_came_went_and_are_others_are_told_and_no_other_ones() {
        let before = "resync-connections = []\n[agent]\npoll = 60 # here\n[[connection]]\nname = \"HQ\"\ntrust = 100\n\
             relay = true\n[[connection]]\nname = \"B\"\nrole = \"server\"\n";
        let after = "[agent]\n\n  poll = 60\n[[connection]]\nname = \"B\"\nrole = \"server\"\n[[connection]]\nname = \"HQ\"\n\
             trust = 20\ntypes = [ 'PCM' ]\n[[connection.mapping]]\nprompt = \"P\"\nattribute = \"a\"\n";
        let told = difference(before, after).into_iter().map(|changed| {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            let Changed {
                setting,
                before,
                after,
            } = changed;
            format!("{setting}: {} -> {}", shown(before), shown(after))
        });
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                "connection HQ: mapping: - -> [{ attribute = \"a\", prompt = \"P\" }]",
                "connection HQ: relay: true -> -",
                "connection HQ: trust: 100 -> 20",
                "connection HQ: types: - -> [\"PCM\"]",
                "resync-connections: [] -> -",
            ]
        );
        assert!(difference(after, after).is_empty());
        assert_ne!(fingerprint(before), fingerprint(after));
    }

    #[test]
    fn a_branch_and_a_container_are_named_and_order_and_remarks_do_not_count() {
        let before = "[hub]\nlimit = 0\n[[hub.branch]]\nname = \"ORG1\"\naddress = \"a@b\"\n[[branch.export]]\ncontainer = \"o=X\"\n";
        let after =
            before.replace("a@b", "c@d").replace("limit = 0\n", "") + "kinds = [\"list\"]\n";
        let told: Vec<_> = difference(before, &after)
            .into_iter()
            .map(|changed| changed.setting)
            .collect();
        assert_eq!(
            told,
            [
                "branch.export o=X: kinds",
                "hub.branch ORG1: address",
                "hub.limit"
            ]
        );
        let other = "# said again\n[[branch.export]]\ncontainer = 'o=X'\n[hub]\nlimit = 0\n[[hub.branch]]\naddress = 'a@b'\nname = 'ORG1'\n";
        assert_eq!(fingerprint(before), fingerprint(other));
    }
}
