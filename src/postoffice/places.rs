//! The networks, gateways and external postoffices that a postoffice knows: NETWORK.GLB and its `.XTN` files.

use std::collections::HashMap;

use super::layout::{self, File};
use super::{Postoffice, PostofficeError};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::master::GatewayWord;
use crate::codec::{
    HexId, HexText, NetworkKind, NetworkRecord, RecordReader, RouteKind, XtnRecord,
};
use crate::list::ListId;

/// How mail reaches a postoffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Direct, indirect, by mail, or unknown.
    pub kind: RouteKind,
    /// Path, `NET/PO` or `USER@HOST`, in the code page.
    pub text: Box<[u8]>,
}

/// One network or gateway.
#[derive(Debug, Clone)]
pub struct Network {
    /// Its record.
    pub record: NetworkRecord,
    /// Its place in NETWORK.GLB, from 0.
    pub index: usize,
    /// The postoffices, nodes or DGNs in its `.XTN`, with their place there; deleted records are left out.
    pub postoffices: Vec<(usize, XtnRecord)>,
}

/// One external postoffice, node or DGN.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its network.
    pub network: &'a Network,
    /// Its record.
    pub record: &'a XtnRecord,
}

impl Place<'_> {
    /// Returns the stem of its `.USR`, `.TPL` and `.INF`.
    #[must_use]
    pub fn stem(&self) -> Option<HexId> {
        self.record.mailbag.id()
    }

    /// Returns the mailbag that mail to it goes to: its own, or the gateway's for PROFS, SNADS and
    /// OfficeVision (Q103421).
    #[must_use]
    pub fn mailbag(&self) -> Option<HexId> {
        if family_of(self.network.record.kind) == Some(AddressType::Pcm) {
            self.record.mailbag.id()
        } else {
            self.network.record.mailbag.id()
        }
    }

    /// Returns its name as the files spell it.
    #[must_use]
    pub fn name(&self) -> PostofficeName {
        PostofficeName::from_checked(
            self.network.record.name.as_bytes(),
            self.record.postoffice.as_bytes(),
        )
    }

    /// Returns how mail reaches it.
    #[must_use]
    pub fn route(&self) -> Route {
        Route {
            kind: self.record.route_kind,
            text: self.record.route.as_bytes().into(),
        }
    }
}

/// Why a list cannot be found, with its published message number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Message 31.
    Network,
    /// Message 32.
    Postoffice,
    /// Message 44.
    Gateway,
}

impl Missing {
    /// Returns the message number.
    #[must_use]
    pub fn message(self) -> u16 {
        match self {
            Self::Network => 31,
            Self::Postoffice => 32,
            Self::Gateway => 44,
        }
    }
}

/// Returns the family of addresses behind a network record; `None` for a kind nobody knows.
#[must_use]
pub fn family_of(kind: NetworkKind) -> Option<AddressType> {
    Some(match kind {
        NetworkKind::Pcm | NetworkKind::Ffapi => AddressType::Pcm,
        NetworkKind::Profs => AddressType::Profs,
        NetworkKind::Snads => AddressType::Snads,
        NetworkKind::Ov => AddressType::Ov,
        NetworkKind::Mci => AddressType::Mci,
        NetworkKind::X400 => AddressType::X400,
        NetworkKind::Fax => AddressType::Fax,
        NetworkKind::Mhs => AddressType::Mhs,
        NetworkKind::Smtp => AddressType::Smtp,
        NetworkKind::Msmail => AddressType::Msmail,
        NetworkKind::Other(_) => return None,
    })
}

/// Returns the record kind for an address type.
#[must_use]
pub fn network_kind(kind: AddressType) -> NetworkKind {
    match kind.family() {
        AddressType::Profs => NetworkKind::Profs,
        AddressType::Snads => NetworkKind::Snads,
        AddressType::Ov => NetworkKind::Ov,
        AddressType::Mci => NetworkKind::Mci,
        AddressType::X400 => NetworkKind::X400,
        AddressType::Fax => NetworkKind::Fax,
        AddressType::Mhs => NetworkKind::Mhs,
        AddressType::Smtp => NetworkKind::Smtp,
        AddressType::Msmail => NetworkKind::Msmail,
        _ => NetworkKind::Pcm,
    }
}

/// Returns the bit of an address type in MASTER.GLB and in the types that a requestor asks for.
#[must_use]
pub fn gateway_bit(kind: AddressType) -> GatewayWord {
    match kind.family() {
        AddressType::Profs => GatewayWord::PROFS,
        AddressType::Snads => GatewayWord::SNADS,
        AddressType::Ov => GatewayWord::OV,
        AddressType::Mci => GatewayWord::MCI,
        AddressType::X400 => GatewayWord::X400,
        AddressType::Fax => GatewayWord::FAX,
        AddressType::Mhs => GatewayWord::MHS,
        AddressType::Smtp => GatewayWord::SMTP,
        AddressType::Msmail => GatewayWord::MSMAIL,
        _ => GatewayWord::PCM,
    }
}

/// Returns the address types of a word of bits, PC Mail always among them, in the order of the bits: the one of the
/// published log line (Q149271).
#[must_use]
pub fn types_of(word: u32) -> Vec<AddressType> {
    let families = AddressType::ALL.into_iter().filter(|k| k.family() == *k);
    let wanted = |kind: &AddressType| {
        *kind == AddressType::Pcm || word & u32::from(gateway_bit(*kind).0) != 0
    };
    let mut types: Vec<_> = families.filter(wanted).collect();
    types.sort_by_key(|kind| gateway_bit(*kind).0);
    types
}

/// Returns the word of bits of some address types.
#[must_use]
pub fn word_of(types: &[AddressType]) -> u32 {
    types
        .iter()
        .fold(0, |word, kind| word | u32::from(gateway_bit(*kind).0))
}

/// All networks, gateways and external postoffices.
#[derive(Debug)]
pub struct Places {
    networks: Vec<Network>,
    by_name: HashMap<(Vec<u8>, Vec<u8>), (usize, usize)>,
    code_page: CodePage,
}

impl Places {
    /// Reads NETWORK.GLB and every `.XTN` it names.
    ///
    /// # Errors
    /// A file cannot be read or is damaged; a network without its `.XTN` has no postoffices.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let code_page = po.code_page();
        let bytes = po.read(&layout::NETWORK)?;
        let mut networks = Vec::new();
        for (index, record) in RecordReader::<_, NetworkRecord>::new(&bytes[..], 0).enumerate() {
            let record = record.map_err(|e| po.damaged(&layout::NETWORK, e))?;
            if record.state.is_active() {
                let postoffices = load_postoffices(po, &record)?;
                networks.push(Network {
                    record,
                    index,
                    postoffices,
                });
            }
        }
        let mut by_name = HashMap::new();
        for (n, network) in networks.iter().enumerate() {
            let name = code_page.fold(network.record.name.as_bytes());
            for (p, (_, record)) in network.postoffices.iter().enumerate() {
                let postoffice = code_page.fold(record.postoffice.as_bytes());
                by_name.entry((name.clone(), postoffice)).or_insert((n, p));
            }
        }
        Ok(Self {
            networks,
            by_name,
            code_page,
        })
    }

    /// Adds a network that a run defines.
    pub(super) fn insert_network(&mut self, network: Network) {
        self.networks.push(network);
    }

    /// Gives a network the `.XTN` that a run makes for it.
    pub(super) fn set_xtn(&mut self, name: &[u8], xtn: HexText) {
        let code_page = self.code_page;
        let same = |n: &&mut Network| code_page.eq_ignore_case(n.record.name.as_bytes(), name);
        if let Some(network) = self.networks.iter_mut().find(same) {
            network.record.xtn = xtn;
        }
    }

    /// Adds a postoffice that a run defines to its network.
    pub(super) fn insert_postoffice(&mut self, network: &[u8], index: usize, record: XtnRecord) {
        let code_page = self.code_page;
        let same = |n: &Network| code_page.eq_ignore_case(n.record.name.as_bytes(), network);
        let Some(number) = self.networks.iter().position(same) else {
            return;
        };
        let postoffices = &mut self.networks[number].postoffices;
        let key = (
            code_page.fold(network),
            code_page.fold(record.postoffice.as_bytes()),
        );
        postoffices.push((index, record));
        self.by_name.insert(key, (number, postoffices.len() - 1));
    }

    /// Returns the networks and gateways in the order of NETWORK.GLB.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// Finds a network or gateway by its whole name without case.
    #[must_use]
    pub fn network(&self, name: &[u8]) -> Option<&Network> {
        let mut networks = self.networks.iter();
        networks.find(|n| {
            self.code_page
                .eq_ignore_case(n.record.name.as_bytes(), name)
        })
    }

    /// Returns the gateway record of an address type (the first, where there are several).
    #[must_use]
    pub fn gateway(&self, kind: AddressType) -> Option<&Network> {
        let family = Some(kind.family());
        self.networks
            .iter()
            .find(|network| family_of(network.record.kind) == family)
    }

    /// Finds a postoffice, node or DGN.
    #[must_use]
    pub fn find(&self, name: &PostofficeName) -> Option<Place<'_>> {
        let key = (
            self.code_page.fold(name.network()),
            self.code_page.fold(name.postoffice()),
        );
        let &(network, postoffice) = self.by_name.get(&key)?;
        let network = &self.networks[network];
        Some(Place {
            network,
            record: &network.postoffices[postoffice].1,
        })
    }

    /// Finds the postoffice of a list.
    #[must_use]
    pub fn place_of(&self, id: &ListId) -> Option<Place<'_>> {
        let ListId::Postoffice {
            family,
            network,
            postoffice,
        } = id
        else {
            return None;
        };
        let name = PostofficeName::from_checked(network, postoffice);
        self.find(&name)
            .filter(|place| family_of(place.network.record.kind) == Some(*family))
    }

    /// Says whether a list exists here.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self, id: &ListId) -> Result<(), Missing> {
        match id {
            ListId::Local | ListId::Pol => Ok(()),
            ListId::Gateway(kind) => self.gateway(*kind).map(|_| ()).ok_or(Missing::Gateway),
            ListId::Postoffice {
                family, network, ..
            } => {
                if self.place_of(id).is_some() {
                    return Ok(());
                }
                let known = self.network(network);
                let fits = known.is_some_and(|n| family_of(n.record.kind) == Some(*family));
                match fits {
                    true => Err(Missing::Postoffice),
                    false if *family == AddressType::Pcm || self.gateway(*family).is_some() => {
                        Err(Missing::Network)
                    }
                    false => Err(Missing::Gateway),
                }
            }
        }
    }

    /// Returns every postoffice, node and DGN of one family of addresses, in the order of the files.
    pub fn of_family(&self, family: AddressType) -> impl Iterator<Item = Place<'_>> {
        self.all()
            .filter(move |p| family_of(p.network.record.kind) == Some(family))
    }

    /// Returns every postoffice, node and DGN in the order of the files.
    pub fn all(&self) -> impl Iterator<Item = Place<'_>> {
        self.networks.iter().flat_map(|network| {
            network
                .postoffices
                .iter()
                .map(move |(_, record)| Place { network, record })
        })
    }

    /// Returns the ids of all lists except the local ones, in the order of the files.
    #[must_use]
    pub fn lists(&self) -> Vec<ListId> {
        let mut lists = Vec::new();
        for network in &self.networks {
            match family_of(network.record.kind) {
                Some(family) if family.is_three_part() => {
                    lists.extend(network.postoffices.iter().map(|(_, record)| {
                        let place = Place { network, record };
                        ListId::postoffice(family, &place.name(), self.code_page)
                    }));
                }
                Some(kind) => {
                    let id = ListId::Gateway(kind);
                    if !lists.contains(&id) {
                        lists.push(id);
                    }
                }
                None => {}
            }
        }
        lists
    }
}

fn load_postoffices(
    po: &Postoffice,
    network: &NetworkRecord,
) -> Result<Vec<(usize, XtnRecord)>, PostofficeError> {
    let Some(stem) = network.xtn.id() else {
        return Ok(Vec::new());
    };
    let file = File::xtn(stem);
    let bytes = po.read_optional(&file)?.unwrap_or_default();
    let mut found = Vec::new();
    for (index, record) in RecordReader::<_, XtnRecord>::new(&bytes[..], 0).enumerate() {
        let record = record.map_err(|e| po.damaged(&file, e))?;
        if record.state.is_active() {
            found.push((index, record));
        }
    }
    Ok(found)
}
