//! What must hold before a branch does anything (`spec/exchange.md` IO-18, DX-38): the original went on with a warning, and
//! nothing came.

use super::cards::Rules;
use super::owner;
use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::Connection;
use crate::directory::mirror;
use crate::directory::schema;
use crate::tools::dxa::agent::tree_of_all;
use crate::tools::dxa::check::check_schema;
use crate::tools::dxa::config::Directory;
use crate::tools::dxa::containers::handover::entry_at;
use crate::tools::dxa::interorg::config::Branch;
use crate::tools::dxa::sending::rules;
use crate::tools::dxa::sending::sight;
use crate::tools::exit::{ExitCode, ToolError};

/// What an import depends on.
const IMPORT: [&str; 6] = [
    schema::KEY,
    schema::ADDRESS,
    schema::IMPORTED_FROM,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
    schema::MAIL,
];

/// The tree that the containers lie in.
pub(super) struct Ground {
    /// Its root.
    pub(super) tree: Dn,
    /// What tells it from another one of that name: one that was loaded anew has other entries.
    pub(super) identity: String,
}

/// Looks whether a directory is fit for a branch.
pub(super) fn check(
    link: &mut Connection,
    branch: &Branch,
    settings: &Directory,
) -> Result<Ground, ToolError> {
    let import = &branch.container;
    let exports: Vec<_> = branch.export.containers.iter().map(|c| &c.dn).collect();
    if exports.is_empty() {
        let text = "branch.export is missing: a branch that sends nothing looks as if all of it were deleted";
        return Err(ToolError::usage(text));
    }
    let all = || std::iter::once(import).chain(exports.iter().copied());
    let tree = tree_of_all(link, settings, all())?;
    check_schema(link)?;
    let mut missing = Vec::new();
    for container in all() {
        if entry_at(link, container, &[schema::OBJECT_CLASS])?.is_none() {
            missing.push(container.to_string());
        }
    }
    if !missing.is_empty() {
        let text = format!("not there, or not to be seen: {}", missing.join("; "));
        return Err(ToolError::new(ExitCode::NotFound, text));
    }
    let carried = branch.export.attributes.iter();
    let carried = carried.map(|name| ("branch.attributes".to_owned(), name.clone()));
    let faults = rules::faults(link, &carried.collect::<Vec<_>>())?;
    if !faults.is_empty() {
        // It would be carried of nobody, without a word (NT-13).
        return Err(ToolError::usage(faults.join("; ")));
    }
    let remote = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
    sight::look(link, import, remote, &IMPORT)?;
    let rules = Rules {
        owner: &owner(branch),
        export: &branch.export,
        no_smtp: branch.no_smtp,
    };
    let attributes = rules.attributes();
    // The server's own: compared with nothing it is not.
    let attributes = attributes.iter().map(String::as_str);
    let attributes: Vec<_> = attributes
        .filter(|name| ![mirror::UUID, schema::OBJECT_CLASS].contains(name))
        .collect();
    for container in exports {
        sight::look(link, container, Filter::any(), &attributes)?;
    }
    // One may read the containers and not the root.
    let root = entry_at(link, &tree, &[mirror::UUID]);
    let root = root.ok().flatten();
    let uuid = root
        .as_ref()
        .and_then(|root| root.attributes.text(mirror::UUID));
    let identity = format!("{} {}", tree.key(), uuid.unwrap_or("-"));
    Ok(Ground { tree, identity })
}
