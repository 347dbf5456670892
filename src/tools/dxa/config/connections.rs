//! All connections of the configuration, and whether one of them is there twice.

use std::path::Path;

use super::Fault;
use super::checked::ConnectionText;
use super::connection::Connection;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;

/// Checks all connections, and that none of them is there twice (DX-01, Q187779, Q201084).
pub(super) fn check_all(
    texts: Vec<ConnectionText>,
    agent: Option<(&PostofficeName, CodePage)>,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Vec<Connection> {
    let mut checked: Vec<Connection> = Vec::new();
    for text in texts {
        let name = text.name.clone();
        let mut own = Vec::new();
        let connection = text.check(agent, base, &mut own);
        if let Some(connection) = &connection {
            find_twins(connection, &checked, agent, &mut own);
        }
        faults.extend(own.into_iter().map(|fault| Fault {
            setting: format!("connection {name}: {}", fault.setting),
            ..fault
        }));
        checked.extend(connection);
    }
    checked
}

fn find_twins(
    connection: &Connection,
    others: &[Connection],
    agent: Option<(&PostofficeName, CodePage)>,
    faults: &mut Vec<Fault>,
) {
    let page = connection.code_page;
    if let Some(other) = others
        .iter()
        .find(|o| o.name.eq_ignore_ascii_case(&connection.name))
    {
        let text = format!(
            "requestor-twice: there is a connection {} already",
            other.name
        );
        faults.push(Fault::new("name", text));
    }
    if let Some(other) = others
        .iter()
        .find(|o| o.address.is_same(&connection.address, page))
    {
        let text = format!(
            "requestor-twice: {} is the address of connection {}",
            connection.address.view(page),
            other.name
        );
        faults.push(Fault::new("address", text));
    }
    if agent.is_some_and(|(own, _)| own.is_same(&connection.address, page)) {
        let text = "requestor-twice: that is the address of the agent itself";
        faults.push(Fault::new("address", text));
    }
    let container = connection.import.container.as_ref();
    let shared = others.iter().find(|other| {
        let theirs = other.import.container.as_ref();
        theirs.zip(container).is_some_and(|(a, b)| a.is_same(b))
    });
    if let Some(other) = shared {
        let text = format!(
            "connection {} has it, expected one of its own (LD-01)",
            other.name
        );
        faults.push(Fault::new("import-container", text));
    }
    if let Some(other) = others.iter().find(|o| {
        o.import
            .owner
            .eq_ignore_ascii_case(&connection.import.owner)
    }) {
        let text = format!("connection {} has it, expected one of its own", other.name);
        faults.push(Fault::new("owner", text));
    }
}
