//! What is another in a configuration: settings by their path, as the two files have them.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// A setting that is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa) struct Changed {
    /// `agent.poll`, `connection HQ: trust`.
    pub(in crate::tools::dxa) setting: String,
    /// What it was; none where nothing was said.
    pub(in crate::tools::dxa) before: Option<String>,
    /// What it is; none where nothing is said.
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

fn settings(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Ok(table) = text.parse::<Table>() else {
        return found;
    };
    for (name, value) in table {
        match (&name[..], value) {
            ("connection", Value::Array(connections)) => {
                for connection in connections {
                    let name = connection.get("name").and_then(Value::as_str);
                    let front = format!("connection {}: ", name.unwrap_or_default());
                    if let Value::Table(settings) = connection {
                        put(&front, settings, &mut found);
                    }
                }
            }
            (_, Value::Table(settings)) => put(&format!("{name}."), settings, &mut found),
            (_, value) => {
                found.insert(name, value.to_string());
            }
        }
    }
    found
}

fn put(front: &str, settings: Table, found: &mut BTreeMap<String, String>) {
    for (name, value) in settings {
        found.insert(format!("{front}{name}"), value.to_string());
    }
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
    }
}
