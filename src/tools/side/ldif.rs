//! An LDIF content file as a side.

use super::about::{About, Numbering, Numbers};
use super::spec::SideSpec;
use super::{Event, Place, Sink};
use crate::directory::entry::Attributes;
use crate::directory::ldif::{LdifError, Reader, Record};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

/// Reads a file to its end, or to where it is damaged. A container need not be there; where it is, it must hold as many
/// entries as it says.
pub(super) fn read(spec: &SideSpec, sink: &mut Sink<'_>) -> Result<About, ToolError> {
    let mut about = About::new(spec.kind, spec.title());
    about.numbering = Numbering::Source;
    let mut declared = None;
    let mut records = Reader::new(spec.open()?);
    for located in records.by_ref() {
        let located = match located {
            Ok(located) => located,
            Err(LdifError::Read { source, .. }) => return Err(spec.unreadable(source)),
            Err(error) => {
                about.is_damaged = matches!(error, LdifError::Damaged { .. });
                about.incomplete = Some(error.to_string());
                return Ok(about);
            }
        };
        let Record::Entry(entry) = located.record else {
            let what = format!(
                "{}: line {}: a change, expected entries: a side is what there is, not what is to be done",
                spec.title(),
                located.line
            );
            return Err(ToolError::new(ExitCode::Damaged, what));
        };
        if schema::is_structure(&entry.attributes) {
            let count = describe(&entry.attributes, &mut about);
            declared = declared.or(count);
            continue;
        }
        about.read += 1;
        sink(Event::Entry {
            attributes: entry.attributes,
            unreadable: &[],
            place: Place::Line(located.line),
        })?;
    }
    if declared.is_some_and(|declared| declared != about.read) {
        let declared = declared.unwrap_or_default();
        about.incomplete = Some(format!(
            "{} entries, and {} says {declared}",
            about.read,
            schema::ENTRY_COUNT
        ));
    } else if declared.is_none() && !records.is_closed() {
        about.incomplete = Some("no empty line behind the last entry: it may be cut".to_owned());
    }
    Ok(about)
}

/// Takes owner and numbers from a container, and returns how many entries it says it has.
pub(super) fn describe(attributes: &Attributes, about: &mut About) -> Option<u64> {
    if !attributes.is_of_class(schema::IMPORT_CONTAINER) {
        return None;
    }
    let number = |name| attributes.text(name).and_then(|text| text.parse().ok());
    about.owner = attributes.text(schema::IMPORTED_FROM).map(str::to_owned);
    let server = about.owner.as_deref().and_then(server_of);
    about.numbers = Numbers {
        server,
        epoch: attributes.text(schema::EPOCH).map(str::to_owned),
        req_sync: number(schema::REQ_SEQ),
        srv_sync: number(schema::SVR_SEQ),
        import_sync: number(schema::IMP_SEQ),
        stamp: None,
    };
    attributes
        .text(schema::ENTRY_COUNT)
        .and_then(|text| text.parse().ok())
}

/// Returns `NET/PO` of an owner such as `dss/NET/PO`: the postoffice that the numbers are of.
fn server_of(owner: &str) -> Option<String> {
    let mut parts = owner.rsplit('/');
    let (postoffice, network) = (parts.next()?, parts.next()?);
    Some(format!("{network}/{postoffice}").to_uppercase())
}
