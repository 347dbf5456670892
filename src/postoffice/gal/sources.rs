//! The lists that the global list is made of (`spec/protocol.md` 10.1).

use crate::address::AddressType;
use crate::codec::{HexId, NmeRecord, Record, UsrRecord};
use crate::list::ListId;
use crate::postoffice::layout::{self, File};
use crate::postoffice::lists::gateway_names;
use crate::postoffice::places::{Network, Place, Places, family_of};
use crate::postoffice::{Postoffice, PostofficeError};

/// One list to be read.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// ADMIN.NME: the local users and groups, and what else was put into the postoffice list.
    Own,
    /// The list of a gateway whose addresses have one part.
    Gateway {
        /// Their type, which names the files.
        kind: AddressType,
        /// The first gateway of this type.
        network: &'a Network,
    },
    /// The list of an external postoffice, node or DGN.
    Place(Place<'a>),
}

impl Source<'_> {
    /// Returns the list as reports name it: `POL`, `SMTP:`, `PCM:NET/PO`.
    #[must_use]
    pub fn list(&self, po: &Postoffice) -> String {
        let page = po.code_page();
        match self {
            Self::Own => ListId::Pol.display(page),
            Self::Gateway { kind, .. } => ListId::Gateway(*kind).display(page),
            Self::Place(place) => match family_of(place.network.record.kind) {
                Some(family) => format!("{}:{}", family.token(), place.name().view(page)),
                None => place.name().view(page),
            },
        }
    }

    /// Returns about how many entries it has, by the size of its file.
    ///
    /// # Errors
    /// The size cannot be read.
    pub fn entry_count(&self, po: &Postoffice) -> Result<u64, PostofficeError> {
        let (file, record) = match self {
            Self::Own => (layout::ADMIN_NME, NmeRecord::LEN),
            Self::Gateway { kind, .. } => (gateway_names(*kind), NmeRecord::LEN),
            Self::Place(place) => match place.stem() {
                Some(stem) => (File::usr(stem), UsrRecord::LEN),
                None => return Ok(0),
            },
        };
        Ok(po.layout().len(&file)?.unwrap_or(0) / record as u64)
    }

    /// Returns the mailbag that mail to its entries goes to.
    pub(super) fn mailbag(&self) -> HexId {
        let mailbag = match self {
            Self::Own => None,
            Self::Gateway { network, .. } => network.record.mailbag.id(),
            Self::Place(place) => place.mailbag(),
        };
        mailbag.unwrap_or_default()
    }
}

/// Returns every list, the own one first, then those of gateways and postoffices in the order of NETWORK.GLB.
///
/// A network of a kind that nobody knows has its postoffices here too.
#[must_use]
pub fn sources(places: &Places) -> Vec<Source<'_>> {
    let mut sources = vec![Source::Own];
    let mut gateways = Vec::new();
    for network in places.networks() {
        match family_of(network.record.kind) {
            Some(kind) if !kind.is_three_part() => {
                if !gateways.contains(&kind) {
                    gateways.push(kind);
                    sources.push(Source::Gateway { kind, network });
                }
            }
            _ => {
                let records = network.postoffices.iter();
                let places = records.map(|(_, record)| Place { network, record });
                sources.extend(places.map(Source::Place));
            }
        }
    }
    sources
}

/// Makes sure that the list of postoffices of every network is there: were it lost, all of their names would go.
///
/// # Errors
/// [`PostofficeError::Missing`] names the first that is not; or GLB cannot be read.
pub fn check_networks(po: &Postoffice, places: &Places) -> Result<(), PostofficeError> {
    let stems = places.networks().iter().filter_map(|n| n.record.xtn.id());
    for file in stems.map(File::xtn) {
        if !po.layout().exists(&file)? {
            let path = po.layout().path(&file)?;
            return Err(PostofficeError::Missing { path });
        }
    }
    Ok(())
}
