//! What lies below a name in a directory as a side.

use std::thread;

use super::about::{About, Numbering};
use super::access::Access;
use super::ldif::describe;
use super::spec::SideSpec;
use super::url::Subtree;
use super::{Event, Place, Sink};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::ldap::{Comparison, Connection, LdapError, Search};
use crate::directory::{schema, syntax};
use crate::tools::exit::ToolError;

/// Reads a subtree whole, or not at all: what a server leaves out is not known to be absent (LD-11).
pub(super) fn read(
    spec: &SideSpec,
    access: &Access,
    sink: &mut Sink<'_>,
) -> Result<About, ToolError> {
    let Subtree {
        server,
        base,
        scope,
    } = Subtree::parse(&spec.title())?;
    let options = access.connect_options(&server)?;
    let mut directory = Connection::open(&options)?;
    let mut probe = match access.consent {
        Some(_) => Some(Connection::open(&options)?),
        None => None,
    };
    let mut about = About::new(spec.kind, spec.title());
    about.numbering = Numbering::Source;
    let mut search = Search::new(base);
    search.scope = scope;
    directory.for_each(&search, |entry| {
        take(entry, access, probe.as_mut(), &mut about, sink)
    })??;
    Ok(about)
}

fn take(
    entry: Entry,
    access: &Access,
    probe: Option<&mut Connection>,
    about: &mut About,
    sink: &mut Sink<'_>,
) -> Result<(), ToolError> {
    let Entry { dn, attributes } = entry;
    if schema::is_structure(&attributes) {
        describe(&attributes, about);
        return Ok(());
    }
    about.read += 1;
    // A server shows it by one name, whichever was asked for.
    let consent = access.consent.as_deref().map(syntax::canonical_name);
    let mut unreadable = Vec::new();
    if let (Some(attribute), Some(probe)) = (consent.as_deref(), probe) {
        if attributes.values(attribute).is_empty() && is_hidden(probe, &dn, attribute)? {
            unreadable.push(attribute);
        }
    }
    sink(Event::Entry {
        attributes,
        unreadable: &unreadable,
        place: Place::Name(dn.to_string()),
    })
}

/// Asks whether an attribute that was not shown is hidden and not absent (LD-12). The search that showed the entry goes
/// on in this thread, so that the question is asked from another.
fn is_hidden(probe: &mut Connection, dn: &Dn, attribute: &str) -> Result<bool, LdapError> {
    let asked = thread::scope(|scope| {
        let asking = scope.spawn(|| probe.compare(dn, attribute, b"TRUE"));
        asking.join().unwrap_or(Err(LdapError::Lost))
    });
    Ok(asked? == Comparison::Unreadable)
}
