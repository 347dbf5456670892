//! The settings of a connection that decide what it is sent, for a list that several are to share (`spec/exchange.md`
//! DX-08, Q156063).

use super::exporting::Wish;
use crate::tools::dxa::config::{Connection, Direction};

/// Returns the settings in which connections differ, each with what every connection has.
pub(in crate::tools::dxa) fn differences(connections: &[&Connection]) -> Vec<String> {
    let all: Vec<_> = connections.iter().map(|c| rows(c)).collect();
    let found = (0..all.first().map_or(0, Vec::len)).map(|at| {
        let values = all.iter().map(|rows| &rows[at].1);
        (all[0][at].0, values.collect::<Vec<_>>())
    });
    let names = connections.iter().map(|c| &c.name);
    found
        .filter_map(|(name, values)| row(name, names.clone().zip(values)))
        .collect()
}

/// As [`differences`], for what the requestors themselves have asked for.
pub(in crate::tools::dxa) fn asked(wishes: &[(&Connection, &Wish)]) -> Vec<String> {
    let shown = |wish: &Wish| [listed(&wish.types), wish.templates.to_string()];
    let of = |at: usize| {
        let values = wishes.iter().map(move |(c, wish)| (c, shown(wish)));
        values.map(move |(c, shown)| (&c.name, shown[at].clone()))
    };
    ["types", "template-options"]
        .into_iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let values: Vec<_> = of(at).collect();
            row(name, values.iter().map(|(name, value)| (*name, value)))
        })
        .collect()
}

/// Returns `trust (R1: 20, R2: 100)` where not all values are the same.
fn row<'a>(
    setting: &str,
    values: impl Iterator<Item = (&'a String, &'a String)> + Clone,
) -> Option<String> {
    let mut only = values.clone().map(|(_, value)| value);
    let first = only.next()?;
    if only.all(|value| value == first) {
        return None;
    }
    let shown: Vec<_> = values
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    Some(format!("{setting} ({})", shown.join(", ")))
}

/// Returns the settings that decide what a connection is sent, spelt alike where they are the same.
pub(in crate::tools::dxa) fn rows(connection: &Connection) -> Vec<(&'static str, String)> {
    let export = &connection.export;
    let containers = export.containers.iter().map(|dn| (dn.key(), dn));
    let mut containers: Vec<_> = containers.collect();
    containers.sort_by(|a, b| a.0.cmp(&b.0));
    // Spelt alike where they are the same.
    let containers: Vec<_> = containers.into_iter().map(|(key, _)| key).collect();
    let owned = export.owned.iter();
    let owned = owned.map(|place| place.view(connection.code_page).to_uppercase());
    let types = export.types.iter().map(|kind| kind.token().to_owned());
    let sends = connection.templates.sends();
    let mappings = connection.mappings.iter();
    let mappings = mappings.filter(|mapping| sends && Direction::sends(mapping.direction));
    let mappings = mappings.map(|mapping| format!("{}={}", mapping.prompt, mapping.source()));
    let mut rows = vec![
        ("export-containers", listed(&containers)),
        ("owned", listed(&owned.collect::<Vec<_>>())),
        ("relay", export.relay.to_string()),
        ("trust", export.trust.to_string()),
        ("custom-recipients", export.custom_recipients.to_string()),
        ("groups", export.groups.to_string()),
        ("types", listed(&types.collect::<Vec<_>>())),
        ("as-proxy", export.as_proxy.to_string()),
        ("unique-names", export.unique_names.word().to_owned()),
        ("strict-charset", export.strict_charset.to_string()),
        ("template-options", sends.to_string()),
        ("mapping", listed(&mappings.collect::<Vec<_>>())),
        ("code-page", connection.code_page.id().to_string()),
    ];
    rows.extend(export.conditions_text.rows());
    rows
}

/// Returns values in an order that does not depend on that of the file.
fn listed(values: &[String]) -> String {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    match values.is_empty() {
        true => "none".to_owned(),
        false => values.join(" "),
    }
}
