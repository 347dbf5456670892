//! Defining and removing networks, gateways and external postoffices: NETWORK.GLB, `.XTN` and mailbag pairs.

use super::batch::Batch;
use super::ids::MailbagSource;
use super::layout::{self, File};
use super::places::{Missing, Network, Place, Places, Route, family_of, network_kind};
use super::{Postoffice, PostofficeError};
use crate::address::{AddressType, PostofficeName};
use crate::codec::{
    FixedText, HexId, HexText, NetworkKind, NetworkRecord, Record, RecordReader, RecordState,
    RecordWriter, RouteKind, TextTooLong, XtnRecord,
};

/// Bytes of an empty mailbag's bitmap file (Q104279).
const KEY_LEN: usize = 560;

/// The files as they will stand; they are staged whole, since both are small.
#[derive(Debug)]
pub struct Definitions {
    networks: Vec<NetworkRecord>,
    changed_xtn: Vec<(HexId, Vec<XtnRecord>)>,
    new_mailbags: Vec<HexId>,
    removed: Vec<File>,
    changed: bool,
}

impl Definitions {
    /// Starts from the files as they stand.
    ///
    /// # Errors
    /// NETWORK.GLB cannot be read or is damaged.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read(&layout::NETWORK)?;
        let networks = RecordReader::new(&bytes[..], 0)
            .collect::<Result<_, _>>()
            .map_err(|e| po.damaged(&layout::NETWORK, e))?;
        Ok(Self {
            networks,
            changed_xtn: Vec::new(),
            new_mailbags: Vec::new(),
            removed: Vec::new(),
            changed: false,
        })
    }

    /// Adds a network of PC Mail postoffices or a three-part gateway, with an empty `.XTN`, or another gateway
    /// with a mailbag alone (Q87467).
    ///
    /// # Errors
    /// The name is too long; no mailbag number is left.
    pub fn add_network(
        &mut self,
        places: &mut Places,
        kind: NetworkKind,
        name: &[u8],
        mailbags: &mut MailbagSource,
    ) -> Result<(), PostofficeError> {
        let mut record = NetworkRecord::new(kind, text(name)?);
        let family = family_of(kind);
        if family.is_some_and(AddressType::is_three_part) {
            let xtn = mailbags.give()?;
            record.xtn = HexText::from(xtn);
            self.changed_xtn.push((xtn, Vec::new()));
        }
        if family != Some(AddressType::Pcm) {
            let mailbag = mailbags.give()?;
            record.mailbag = HexText::from(mailbag);
            self.new_mailbags.push(mailbag);
        }
        let free = self
            .networks
            .iter()
            .position(|r| r.state == RecordState::Deleted);
        let index = free.unwrap_or(self.networks.len());
        match free {
            Some(index) => self.networks[index] = record,
            None => self.networks.push(record),
        }
        self.changed = true;
        places.insert_network(Network {
            record,
            index,
            postoffices: Vec::new(),
        });
        Ok(())
    }

    /// Adds a postoffice to a network, or a node or DGN to a gateway: the latter without a mailbag pair, since the
    /// gateway's is used (Q119640).
    ///
    /// # Errors
    /// The network is not there; a name or route is too long; no mailbag number is left.
    pub fn add_postoffice(
        &mut self,
        po: &Postoffice,
        places: &mut Places,
        name: &PostofficeName,
        route: &Route,
        mailbags: &mut MailbagSource,
    ) -> Result<(), PostofficeError> {
        let network = places.network(name.network()).ok_or_else(|| {
            PostofficeError::Unstorable(format!(
                "network {} is not defined",
                view(po, name.network())
            ))
        })?;
        let (kind, index) = (network.record.kind, network.index);
        let xtn = match network.record.xtn.id() {
            Some(xtn) => xtn,
            // The own network of a new postoffice has no list of others yet (Q135868).
            None => {
                let xtn = mailbags.give()?;
                self.networks[index].xtn = HexText::from(xtn);
                self.changed = true;
                self.changed_xtn.push((xtn, Vec::new()));
                places.set_xtn(name.network(), self.networks[index].xtn);
                xtn
            }
        };
        let mailbag = mailbags.give()?;
        let mut record = XtnRecord::new(text(name.postoffice())?, HexText::from(mailbag));
        record.route_kind = route.kind;
        record.route = FixedText::new(&route.text).map_err(unstorable)?;
        if family_of(kind) == Some(AddressType::Pcm) {
            self.new_mailbags.push(mailbag);
        }
        let records = self.xtn(po, xtn)?;
        let free = records.iter().position(|r| r.state == RecordState::Deleted);
        let index = free.unwrap_or(records.len());
        match free {
            Some(index) => records[index] = record.clone(),
            None => records.push(record.clone()),
        }
        places.insert_postoffice(name.network(), index, record);
        if route.kind == RouteKind::Indirect {
            self.count_route(po, places, &route.text, 1)?;
        }
        Ok(())
    }

    /// Deletes a postoffice, its mailbag pair and its list.
    ///
    /// # Errors
    /// Others are routed through it; its `.XTN` cannot be read.
    pub fn remove_postoffice(
        &mut self,
        po: &Postoffice,
        places: &Places,
        place: Place<'_>,
    ) -> Result<(), PostofficeError> {
        let count = place.record.indirect_count;
        if count > 0 {
            let name = place.name().view(po.code_page());
            let reason = format!("{name}: {count} postoffices are routed through it");
            return Err(PostofficeError::Unstorable(reason));
        }
        let route = place.route();
        let xtn = place.network.record.xtn.id();
        let name = place.record.postoffice;
        if let Some(xtn) = xtn {
            let records = self.xtn(po, xtn)?;
            for record in records.iter_mut().filter(|r| r.state.is_active()) {
                if record.postoffice == name {
                    record.state = RecordState::Deleted;
                }
            }
        }
        if let Some(stem) = place.stem() {
            self.removed.extend([
                File::usr(stem),
                File::tpl(stem),
                File::inf(stem),
                File::mbg(stem),
                File::key(stem),
            ]);
        }
        if route.kind == RouteKind::Indirect {
            self.count_route(po, places, &route.text, -1)?;
        }
        Ok(())
    }

    /// Deletes a network or gateway with its `.XTN` and mailbag; its postoffices have been deleted before.
    pub fn remove_network(&mut self, network: &Network) {
        if let Some(record) = self.networks.get_mut(network.index) {
            record.state = RecordState::Deleted;
            self.changed = true;
        }
        if let Some(xtn) = network.record.xtn.id() {
            self.changed_xtn.retain(|(stem, _)| *stem != xtn);
            self.removed.push(File::xtn(xtn));
        }
        if let Some(mailbag) = network.record.mailbag.id() {
            self.removed
                .extend([File::mbg(mailbag), File::key(mailbag)]);
        }
    }

    /// Keeps the count of postoffices that are routed through a hub.
    fn count_route(
        &mut self,
        po: &Postoffice,
        places: &Places,
        hub: &[u8],
        change: i16,
    ) -> Result<(), PostofficeError> {
        let Ok(hub) = PostofficeName::parse(hub, po.code_page()) else {
            return Ok(());
        };
        let Some(place) = places.find(&hub) else {
            return Ok(());
        };
        let (Some(xtn), name) = (place.network.record.xtn.id(), place.record.postoffice) else {
            return Ok(());
        };
        for record in self
            .xtn(po, xtn)?
            .iter_mut()
            .filter(|r| r.state.is_active())
        {
            if record.postoffice == name {
                record.indirect_count = record.indirect_count.saturating_add_signed(change);
            }
        }
        Ok(())
    }

    /// Returns the records of one `.XTN`, read when first asked for; a partial record at its end, which an old
    /// IMPORT left, is cut off (Q128243).
    fn xtn(
        &mut self,
        po: &Postoffice,
        stem: HexId,
    ) -> Result<&mut Vec<XtnRecord>, PostofficeError> {
        let known = self.changed_xtn.iter().position(|(id, _)| *id == stem);
        let index = match known {
            Some(index) => index,
            None => {
                let file = File::xtn(stem);
                let bytes = po.read_optional(&file)?.unwrap_or_default();
                let whole = bytes.len() / XtnRecord::LEN * XtnRecord::LEN;
                let records = RecordReader::new(&bytes[..whole], 0)
                    .collect::<Result<_, _>>()
                    .map_err(|e| po.damaged(&file, e))?;
                self.changed_xtn.push((stem, records));
                self.changed_xtn.len() - 1
            }
        };
        Ok(&mut self.changed_xtn[index].1)
    }

    /// Stages everything that changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        for file in &self.removed {
            batch.remove(file)?;
        }
        if self.changed {
            batch.replace_bytes(&layout::NETWORK, &encode(&self.networks))?;
        }
        for (stem, records) in &self.changed_xtn {
            batch.replace_bytes(&File::xtn(*stem), &encode(records))?;
        }
        for mailbag in &self.new_mailbags {
            batch.replace_bytes(&File::mbg(*mailbag), &[])?;
            batch.replace_bytes(&File::key(*mailbag), &[0; KEY_LEN])?;
        }
        Ok(())
    }
}

impl Missing {
    /// Returns what has to be defined for a list of this family: a network and a postoffice, or a postoffice
    /// alone; `None` where autocreate cannot help.
    #[must_use]
    pub fn can_create(self, family: AddressType) -> Option<NetworkKind> {
        match self {
            Self::Network if family == AddressType::Pcm => Some(network_kind(family)),
            Self::Postoffice => Some(network_kind(family)),
            Self::Network | Self::Gateway => None,
        }
    }
}

fn encode<T: Record>(records: &[T]) -> Vec<u8> {
    let mut writer = RecordWriter::new(Vec::with_capacity(records.len() * T::LEN));
    for record in records {
        writer.write(record).expect("a vector takes it");
    }
    writer.finish().0
}

fn text<const N: usize>(name: &[u8]) -> Result<FixedText<N>, PostofficeError> {
    FixedText::new(name).map_err(unstorable)
}

fn unstorable(error: TextTooLong) -> PostofficeError {
    PostofficeError::Unstorable(error.to_string())
}

fn view(po: &Postoffice, name: &[u8]) -> String {
    po.code_page().decode(name)
}
