//! The settings of a branch as they are compared between two cycles (`spec/exchange.md` IO-13, IO-20).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::tools::dxa::config::Directory;
use crate::tools::dxa::interorg::config::{Branch, NoSmtp};

/// How settings of export containers begin.
const EXPORT: &str = "export ";

/// Settings by their names, spelt alike where they are the same.
pub(super) type Settings = BTreeMap<String, String>;

/// Returns the settings that decide what a branch sends and takes.
pub(super) fn settings(branch: &Branch, directory: &Directory) -> Settings {
    let export = &branch.export;
    let rewrites = export.rewrite.iter();
    let rewrites = rewrites.map(|rewrite| format!("{} to {}", rewrite.from, rewrite.to));
    let attributes = export.attributes.iter().cloned();
    let mut found: Settings = [
        ("name", branch.name.to_uppercase()),
        ("address", branch.address.to_string()),
        ("hub", branch.hub.to_string()),
        ("directory", directory.url.clone()),
        ("import-container", branch.container.key()),
        ("domains", listed(branch.domains.names().iter().cloned())),
        ("no-smtp", no_smtp(branch.no_smtp).to_owned()),
        (
            "append",
            format!("{:?}", export.append.as_deref().unwrap_or("")),
        ),
        ("rewrite", listed(rewrites)),
        ("trust", export.trust.to_string()),
        ("relay", export.relay.to_string()),
        ("limit", branch.limit.to_string()),
        ("attributes", listed(attributes)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for container in &export.containers {
        let kinds = container.kinds.iter().map(|kind| kind.word().to_owned());
        found.insert(export_name(&container.dn.key()), listed(kinds));
    }
    found
}

fn export_name(container: &str) -> String {
    format!("{EXPORT}{container}")
}

fn no_smtp(policy: NoSmtp) -> &'static str {
    match policy {
        NoSmtp::Skip => "skip",
        NoSmtp::ImportWithoutMail => "import-without-mail",
    }
}

fn listed(values: impl Iterator<Item = String>) -> String {
    let values: Vec<_> = values.collect();
    match values.is_empty() {
        true => "none".to_owned(),
        false => values.join(", "),
    }
}

/// Returns what of the entries of others is wanted: a container that was filled for something else has to be filled anew.
pub(super) fn wanted(branch: &Branch) -> String {
    let attributes = branch.export.attributes.iter().cloned();
    format!(
        "domains {}; no-smtp {}; attributes {}",
        listed(branch.domains.names().iter().cloned()),
        no_smtp(branch.no_smtp),
        listed(attributes),
    )
}

/// Returns a short hash of settings, by which two reports are told apart.
pub(super) fn hash(settings: &Settings) -> String {
    let text = serde_json::to_vec(settings).expect("settings are text");
    let hash = Sha256::digest(text);
    hash[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Says what is another way than before: `trust: 100, now 20`.
pub(super) fn differences(before: &Settings, now: &Settings) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != now.get(*name));
    changed
        .map(|name| match (before.get(name), now.get(name)) {
            (None, Some(now)) => format!("{name}: new, {now}"),
            (Some(before), None) => format!("{name}: removed, was {before}"),
            (before, now) => {
                let text = |value: Option<&String>| value.cloned().unwrap_or_default();
                format!("{name}: {}, now {}", text(before), text(now))
            }
        })
        .collect()
}

/// Returns the export containers that are no more.
pub(super) fn removed_containers(before: &Settings, now: &Settings) -> Vec<String> {
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    gone.filter_map(|name| name.strip_prefix(EXPORT))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn ioc_041_what_changed_is_named() {
        let before = settings(&[("trust", "100"), ("export ou=a", "list"), ("hub", "x")]);
        let now = settings(&[("trust", "20"), ("export ou=b", "list"), ("hub", "x")]);
        assert_eq!(
            differences(&before, &now),
            [
                "export ou=a: removed, was list",
                "export ou=b: new, list",
                "trust: 100, now 20"
            ]
        );
        assert_eq!(removed_containers(&before, &now), ["ou=a"]);
        assert_ne!(hash(&before), hash(&now));
        assert_eq!(hash(&now), hash(&now.clone()));
    }
}
