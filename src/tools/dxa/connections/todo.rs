//! What the administrator of the other side has to do (`spec/exchange.md` DX-01, DX-04, DX-34): the words are of the programs
//! of a postoffice.

use crate::tools::dxa::config::{Config, Connection, Role};

/// The two sides of a connection, as people write them.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools::dxa) struct Sides<'a> {
    /// The agent.
    pub(in crate::tools::dxa) own: &'a str,
    /// The postoffice.
    pub(in crate::tools::dxa) other: &'a str,
}

/// Names the two sides of a connection.
pub(in crate::tools::dxa) fn sides(config: &Config, connection: &Connection) -> (String, String) {
    let page = config.agent.code_page;
    let own = config.agent.address.view(page);
    (own, connection.address.view(connection.code_page))
}

/// The connection begins anew on this side.
pub(in crate::tools::dxa) fn begun_anew(
    role: Role,
    Sides { own, other }: Sides<'_>,
) -> Vec<String> {
    match role {
        Role::Requestor => vec![
            strike(own, other),
            register(own, other, "register it again"),
        ],
        Role::Server => vec![zero(other), export(other)],
    }
}

/// The agent has become what the other side was.
pub(in crate::tools::dxa) fn role_changed(
    now: Role,
    Sides { own, other }: Sides<'_>,
) -> Vec<String> {
    match now {
        Role::Requestor => vec![
            zero(other),
            format!("{other}: be the dirsync server (admin config dirsync options server yes);"),
            register(own, other, "register this requestor"),
        ],
        Role::Server => [vec![demote(other)], pointed_here(Sides { own, other })].concat(),
    }
}

/// A requestor has to take the agent for its server.
pub(in crate::tools::dxa) fn pointed_here(Sides { own, other }: Sides<'_>) -> Vec<String> {
    vec![
        format!("{other}: name this server (admin config dirsync requestor registration {own});"),
        zero(other),
        export(other),
    ]
}

/// The connection is no more.
pub(in crate::tools::dxa) fn removed(role: Role, Sides { own, other }: Sides<'_>) -> Vec<String> {
    match role {
        Role::Requestor => vec![strike(own, other)],
        Role::Server => vec![format!(
            "{other}: name another server (admin config dirsync requestor registration NET/PO)."
        )],
    }
}

/// A dirsync server has to be none any more.
pub(in crate::tools::dxa) fn demote(other: &str) -> String {
    format!("{other}: be no dirsync server any more (admin config dirsync options server no);")
}

fn strike(own: &str, other: &str) -> String {
    format!(
        "{other}: strike the requestor {own} (admin config dirsync server requestors delete {own});"
    )
}

fn register(own: &str, other: &str, what: &str) -> String {
    format!("{other}: {what} (admin config dirsync server requestors create {own}).")
}

fn zero(other: &str) -> String {
    format!("{other}: set its numbers to zero (listds -r -z);")
}

fn export(other: &str) -> String {
    format!("{other}: export its list (admin config dirsync requestor export).")
}
