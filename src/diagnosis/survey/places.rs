//! NETWORK.GLB and every `.XTN`, each read for itself, so that a damaged one hides only its own postoffices.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::reader::{Reader, Seen};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::master::Master;
use crate::codec::{HexId, NetworkRecord, RecordState, RouteKind, XtnRecord};
use crate::diagnosis::finding::Place;
use crate::postoffice::places::family_of;
use crate::postoffice::{File, Layout, layout};

/// One network or gateway.
#[derive(Debug, Clone)]
pub struct Network {
    /// Where its record is in NETWORK.GLB.
    pub place: Place,
    /// Its record.
    pub record: NetworkRecord,
    /// Its postoffices, nodes or DGNs that are in use.
    pub postoffices: Seen<Vec<Postoffice>>,
}

/// One postoffice, node or DGN.
#[derive(Debug, Clone)]
pub struct Postoffice {
    /// Where its record is in the `.XTN`.
    pub place: Place,
    /// Its record.
    pub record: XtnRecord,
}

/// All networks, gateways and postoffices in use.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The networks and gateways in the order of NETWORK.GLB.
    pub networks: Vec<Network>,
    /// Whether NETWORK.GLB and every `.XTN` it names could be read.
    pub is_whole: bool,
    /// Records of these files that are neither in use nor deleted.
    pub unknown_states: Vec<(File, Place, u8)>,
    /// What stands in the directories of direct routes, by the text of the route.
    pub directories: HashMap<Vec<u8>, Neighbour>,
    by_name: HashMap<(Vec<u8>, Vec<u8>), (usize, usize)>,
}

/// What is found in the directory of a direct route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Neighbour {
    /// It was not looked at: a drive letter, or a path that depends on where one stands.
    NotLookedAt,
    /// There is no such directory.
    Missing,
    /// There is a directory, and no postoffice that can be read.
    Unknown,
    /// A postoffice of this name.
    Postoffice(PostofficeName),
}

impl Places {
    pub(super) fn read(reader: &mut Reader<'_>, code_page: CodePage) -> Self {
        let mut places = Self::default();
        let mut records = Vec::new();
        let unknown_states = &mut places.unknown_states;
        let read = reader.each(
            &layout::NETWORK,
            0,
            |number, byte, record: NetworkRecord| {
                let place = Place::record(number, byte);
                match record.state {
                    RecordState::Active => records.push((place, record)),
                    RecordState::Deleted => {}
                    RecordState::Other(state) => {
                        unknown_states.push((layout::NETWORK, place, state));
                    }
                }
            },
        );
        places.is_whole = read.whole().is_some();
        for (place, record) in records {
            let postoffices = places.read_xtn(reader, &record);
            places.networks.push(Network {
                place,
                record,
                postoffices,
            });
        }
        places.index(code_page);
        places.look_around(code_page);
        places
    }

    fn read_xtn(
        &mut self,
        reader: &mut Reader<'_>,
        network: &NetworkRecord,
    ) -> Seen<Vec<Postoffice>> {
        let Some(stem) = network.xtn.id() else {
            return Seen::Whole(Vec::new());
        };
        let file = File::xtn(stem);
        let mut postoffices = Vec::new();
        let unknown_states = &mut self.unknown_states;
        let read = reader.each(&file, 0, |number, byte, record: XtnRecord| {
            let place = Place::record(number, byte);
            match record.state {
                RecordState::Active => postoffices.push(Postoffice { place, record }),
                RecordState::Deleted => {}
                RecordState::Other(state) => unknown_states.push((file.clone(), place, state)),
            }
        });
        match read {
            Seen::Absent => Seen::Absent,
            Seen::Whole(()) => Seen::Whole(postoffices),
            Seen::Unusable => {
                self.is_whole = false;
                Seen::Unusable
            }
        }
    }

    fn index(&mut self, code_page: CodePage) {
        for (n, network) in self.networks.iter().enumerate() {
            let name = code_page.fold(network.record.name.as_bytes());
            for (p, postoffice) in network
                .postoffices
                .whole()
                .into_iter()
                .flatten()
                .enumerate()
            {
                let key = code_page.fold(postoffice.record.postoffice.as_bytes());
                self.by_name.entry((name.clone(), key)).or_insert((n, p));
            }
        }
    }

    /// Looks at the directories of direct routes, of which each is looked at once.
    fn look_around(&mut self, code_page: CodePage) {
        let routes = self.all().filter_map(|(_, postoffice)| {
            let route = postoffice.record.route.as_bytes();
            (postoffice.record.route_kind == RouteKind::Direct).then(|| route.to_vec())
        });
        self.directories = routes
            .map(|route| {
                let found = neighbour(Path::new(&code_page.decode(&route)));
                (route, found)
            })
            .collect();
    }

    /// Returns every postoffice, node and DGN with its network, in the order of the files.
    pub fn all(&self) -> impl Iterator<Item = (&Network, &Postoffice)> {
        self.networks.iter().flat_map(|network| {
            let postoffices = network.postoffices.whole().into_iter().flatten();
            postoffices.map(move |postoffice| (network, postoffice))
        })
    }

    /// Returns every PC Mail postoffice, those behind FFAPI gateways too.
    pub fn pcm(&self) -> impl Iterator<Item = (&Network, &Postoffice)> {
        self.all()
            .filter(|(network, _)| family_of(network.record.kind) == Some(AddressType::Pcm))
    }

    /// Finds a postoffice by its whole name without case.
    #[must_use]
    pub fn find(
        &self,
        network: &[u8],
        postoffice: &[u8],
        code_page: CodePage,
    ) -> Option<(&Network, &Postoffice)> {
        let key = (code_page.fold(network), code_page.fold(postoffice));
        let &(n, p) = self.by_name.get(&key)?;
        let network = &self.networks[n];
        Some((network, network.postoffices.whole()?.get(p)?))
    }

    /// Returns the gateways whose lists are `NME\<type>.NME`, each type once, in the order of NETWORK.GLB.
    #[must_use]
    pub fn gateway_types(&self) -> Vec<AddressType> {
        let mut types = Vec::new();
        for network in &self.networks {
            let kind = family_of(network.record.kind).filter(|kind| !kind.is_three_part());
            types.extend(kind.filter(|kind| !types.contains(kind)));
        }
        types
    }

    /// Returns the owners of mailbag numbers, each with what it is: postoffices, nodes and gateways.
    pub fn mailbags(&self) -> impl Iterator<Item = (HexId, &Network, Option<&Postoffice>)> {
        let gateways = self.networks.iter().filter_map(|network| {
            let mailbag = network.record.mailbag.id()?;
            Some((mailbag, network, None))
        });
        let postoffices = self.all().filter_map(|(network, postoffice)| {
            let mailbag = postoffice.record.mailbag.id()?;
            Some((mailbag, network, Some(postoffice)))
        });
        gateways.chain(postoffices)
    }
}

impl Network {
    /// Returns the file of its postoffices.
    #[must_use]
    pub fn xtn(&self) -> Option<File> {
        self.record.xtn.id().map(File::xtn)
    }

    /// Returns the whole name of one of its postoffices, as the files spell it.
    #[must_use]
    pub fn name_of(&self, postoffice: &Postoffice) -> PostofficeName {
        PostofficeName::from_checked(
            self.record.name.as_bytes(),
            postoffice.record.postoffice.as_bytes(),
        )
    }
}

fn neighbour(path: &Path) -> Neighbour {
    if !path.is_absolute() {
        return Neighbour::NotLookedAt;
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Neighbour::Missing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Neighbour::Missing,
        Err(_) => return Neighbour::Unknown,
    }
    let master =
        Layout::open(path).and_then(|layout| layout.read_record::<Master>(&layout::MASTER));
    match master {
        Ok(Some(master)) if !master.network.is_empty() => Neighbour::Postoffice(
            PostofficeName::from_checked(master.network.as_bytes(), master.postoffice.as_bytes()),
        ),
        _ => Neighbour::Unknown,
    }
}
