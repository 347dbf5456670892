//! `dxa export`: an import container as an LDIF list (`spec/exchange.md` LD-16).

use std::io::Write;
use std::path::Path;

use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::directory::filter::Filter;
use crate::directory::ldap::Search;
use crate::directory::ldif::{ContainerRecord, VersionLine, write_list};
use crate::directory::schema;
use crate::tools::dxa::agent::connect;
use crate::tools::dxa::config::Config;
use crate::tools::dxa::containers::container::{self, unread};
use crate::tools::dxa::containers::importing::container_of;
use crate::tools::dxa::containers::place::expect_settled;
use crate::tools::dxa::home::{Home, unusable};
use crate::tools::exit::ExitCode;

/// Writes the entries of a connection, whole or not at all.
pub(in crate::tools::dxa) fn run(
    config: &Config,
    name: &str,
    output: Option<&Path>,
    no_version: bool,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let connection = config.named(name)?;
    let container = container_of(connection)?;
    expect_settled(&Home::at(&config.agent.data), connection)?;
    let mut directory = connect(&config.directory)?;
    let numbers = container::numbers(&mut directory, container)?.unwrap_or_default();
    let owner = &connection.import.owner;
    let filter = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
    let search = Search::new(container.clone())
        .filter(filter.and(Filter::equal(schema::IMPORTED_FROM, &owner[..])));
    let entries = directory.find(&search).map_err(unread)?;
    let record = ContainerRecord {
        dn: container.clone(),
        owner: owner.clone(),
        epoch: None,
        req_seq: ReqSync(numbers.req),
        svr_seq: SrvSync(numbers.svr),
        imp_seq: ImportSync(numbers.imp),
        conf_seq: Some(SrvSync(numbers.conf)),
        entry_count: u32::try_from(entries.len()).unwrap_or(u32::MAX),
    };
    let version = if no_version {
        VersionLine::LeftOut
    } else {
        VersionLine::Written
    };
    let mut text = Vec::new();
    write_list(&mut text, version, &record, &entries)?;
    match output {
        None => screen.write_all(&text)?,
        Some(path) => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            let mut file =
                tempfile::NamedTempFile::new_in(folder).map_err(|error| unusable(folder, error))?;
            file.write_all(&text)
                .map_err(|error| unusable(path, error))?;
            file.as_file()
                .sync_all()
                .map_err(|error| unusable(path, error))?;
            file.persist(path)
                .map_err(|error| unusable(path, error.error))?;
        }
    }
    Ok(ExitCode::Done)
}
