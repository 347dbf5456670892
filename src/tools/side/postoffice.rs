//! The lists of a postoffice as a side.

use super::about::{About, Numbers};
use super::spec::SideSpec;
use super::{Event, Place, Refusal, Sink};
use crate::list::ListId;
use crate::plan::outcome::Outcome;
use crate::postoffice::places::Places;
use crate::postoffice::{Postoffice, Role};
use crate::tools::exit::ToolError;
use crate::tools::full_list::{Contents, Item, LeftOut, Purpose, all_lists};
use crate::transaction::Transaction;

/// Reads every list, as others are told of it: of the own names those that take part in directory synchronization. It
/// needs no login, as the programs of dir-sync need none: whoever may start it may read the files anyway.
pub(super) fn read(spec: &SideSpec, sink: &mut Sink<'_>) -> Result<About, ToolError> {
    let po = Postoffice::open_read(&spec.data()?)?;
    let page = po.code_page();
    let places = Places::load(&po)?;
    let mut about = describe(&po, spec)?;
    for id in all_lists(&po, &places) {
        read_list(&po, &places, &id, &mut about, sink)?;
    }
    about.page = Some(page);
    Ok(about)
}

fn describe(po: &Postoffice, spec: &SideSpec) -> Result<About, ToolError> {
    let page = po.code_page();
    let name = po.name().view(page);
    let mut about = About::new(spec.kind, spec.title());
    about.own_list = Some(format!("MS:{}", name.to_uppercase()));
    about.owner = Some(name);
    let config = po.requestor_config()?;
    // The numbers of the server's own requestor are those of its list, which is what the lists here are made from.
    if config.has_server() && po.role()? == Role::Requestor {
        let part = |bytes: &[u8]| page.decode(bytes).to_uppercase();
        let network = part(config.server_network.as_bytes());
        let postoffice = part(config.server_postoffice.as_bytes());
        about.numbers = Numbers {
            server: Some(format!("{network}/{postoffice}")),
            epoch: None,
            req_sync: Some(config.req_sync.0),
            srv_sync: Some(config.srv_sync.0),
            import_sync: Some(config.import_sync.0),
            stamp: Some(config.server_stamp).filter(|&stamp| stamp != 0),
        };
    }
    Ok(about)
}

fn read_list(
    po: &Postoffice,
    places: &Places,
    id: &ListId,
    about: &mut About,
    sink: &mut Sink<'_>,
) -> Result<(), ToolError> {
    let mut contents = Contents::open(po, places, id, true, Purpose::Dirsync)?;
    let list = contents.list().clone();
    if !contents.fields().is_empty() {
        let fields = contents.fields().to_vec();
        sink(Event::Transaction {
            transaction: Transaction::Template {
                list: list.clone(),
                fields,
            },
            place: Place::Entry(0),
            sync: None,
            stamp: None,
        })?;
    }
    for (item, number) in (&mut contents).zip(1..) {
        about.read += 1;
        let place = Place::Entry(number);
        match item? {
            Item::Entry { entry, info, .. } => sink(Event::Transaction {
                transaction: Transaction::Add {
                    entry,
                    info,
                    tokens: Vec::new(),
                },
                place,
                sync: None,
                stamp: None,
            })?,
            Item::LeftOut(left_out) => {
                let list = list.view(po.code_page());
                let (is_refused, refusal) = refusal(left_out, id, &list, place);
                sink(match is_refused {
                    true => Event::Refused(refusal),
                    false => Event::Excluded(refusal),
                })?;
            }
        }
    }
    Ok(())
}

fn refusal(left_out: LeftOut, id: &ListId, list: &str, place: Place) -> (bool, Refusal) {
    let address = match id {
        ListId::Local if !left_out.address.is_empty() => format!("{list}/{}", left_out.address),
        _ => left_out.address,
    };
    let refusal = Refusal {
        address,
        name: left_out.name,
        place,
        reason: left_out.reason,
        message: left_out.message.map(|message| message.number),
        detail: left_out.detail.to_owned(),
    };
    (left_out.outcome == Outcome::Refused, refusal)
}
