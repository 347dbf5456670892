//! What a list or updates ask, by key: in memory while it is little, else in a temporary file.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;

use super::sorting::{self, MEMORY};
use crate::directory::address_text::TargetAddress;
use crate::directory::import::{Ask, Course, Extent, Moment, Packed, Sender, Want};
use crate::directory::key::SyncKey;
use crate::directory::schema;
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::sorted::{Sorted, Sorter};

/// Takes asks, in their order.
pub(in crate::tools::dxa) struct AskWriter<'a> {
    sender: Sender<'a>,
    course: Course,
    front: Vec<Ask>,
    sorter: Sorter,
    count: usize,
    asked: Asked,
    record: Vec<u8>,
}

/// All that a run asks.
pub(in crate::tools::dxa) struct Asks<'a> {
    pub(super) sender: Sender<'a>,
    /// The course of the run.
    pub(super) course: Course,
    /// Lists that begin in front of everything else.
    pub(super) front: Vec<Ask>,
    /// The others by the key that they are about: place, moment, what is asked.
    pub(super) sorted: Sorted,
    count: usize,
    pub(super) asked: Asked,
}

impl<'a> AskWriter<'a> {
    /// Begins; what memory is not to hold goes into `folder`. Of the extent it only counts whether it is a list.
    pub(in crate::tools::dxa) fn new(
        sender: Sender<'a>,
        extent: Extent,
        folder: Option<&Path>,
    ) -> Self {
        Self {
            sender,
            course: Course::new(extent),
            front: Vec::new(),
            sorter: Sorter::new(MEMORY, folder),
            count: 0,
            asked: Asked::default(),
            record: Vec::new(),
        }
    }

    /// Takes the next ask.
    pub(in crate::tools::dxa) fn push(&mut self, ask: &Ask) -> Result<(), ToolError> {
        let moment = self.course.take(ask, &self.sender);
        self.record.clear();
        self.count.pack(&mut self.record);
        moment.pack(&mut self.record);
        ask.pack(&mut self.record);
        let key = ask.key();
        let sort_key = sorting::key_of(key);
        self.sorter
            .push(&sort_key, &self.record)
            .map_err(unspilled)?;
        self.count += 1;
        self.asked.take(ask);
        Ok(())
    }

    /// Begins a list in front of all asks.
    pub(in crate::tools::dxa) fn begin_in_front(&mut self, ask: Ask) {
        if let Want::Replace { list } = &ask.want {
            self.course.begin_in_front(list, &self.sender);
            self.front.push(ask);
        }
    }

    /// Ends the asks, which speak for so much.
    pub(in crate::tools::dxa) fn finish(mut self, extent: Extent) -> Result<Asks<'a>, ToolError> {
        self.course.set_extent(extent);
        self.asked.order();
        Ok(Asks {
            sender: self.sender,
            course: self.course,
            front: self.front,
            sorted: self.sorter.finish().map_err(unspilled)?,
            count: self.count,
            asked: self.asked,
        })
    }
}

impl Asks<'_> {
    /// Returns how many there are.
    pub(in crate::tools::dxa) fn len(&self) -> usize {
        self.front.len() + self.count
    }

    /// Tells whether they are a full list.
    pub(super) fn is_list(&self) -> bool {
        self.course.is_list()
    }

    /// Reads an ask back: its place among all, its moment, and itself.
    pub(super) fn read(&self, record: &[u8]) -> Option<(usize, Moment, Ask)> {
        let input = &mut &record[..];
        let place = usize::unpack(input)?;
        let moment = Moment::unpack(input)?;
        Some((self.front.len() + place, moment, Ask::unpack(input)?))
    }
}

/// Keys and addresses that asks are about: 128 bits of each, which no two have in common.
#[derive(Debug, Default)]
pub(super) struct Asked {
    hashing: [RandomState; 2],
    hashes: Vec<u128>,
}

impl Asked {
    fn take(&mut self, ask: &Ask) {
        let address = match &ask.want {
            Want::Put { attributes, .. } => {
                let address = attributes.text(schema::ADDRESS).map(TargetAddress::parse);
                address.and_then(Result::ok)
            }
            Want::Change { changed, .. } => changed.new.as_ref().map(|(_, new)| new.clone()),
            _ => None,
        };
        let key = ask.key();
        let address = address.map(|address| SyncKey::of(&address));
        let address = address.filter(|address| Some(address) != key);
        let keys = key.into_iter().chain(&address);
        let hashing = &self.hashing;
        self.hashes.extend(keys.map(|key| hash(hashing, key)));
    }

    fn order(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        self.hashes.shrink_to_fit();
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Returns the number of a key or an address, if an ask is about it.
    pub(super) fn find(&self, key: &SyncKey) -> Option<usize> {
        let found = self.hashes.binary_search(&hash(&self.hashing, key));
        found.ok()
    }
}

fn hash(hashing: &[RandomState; 2], key: &SyncKey) -> u128 {
    let [high, low] = hashing
        .each_ref()
        .map(|hashing| u128::from(hashing.hash_one(key)));
    high << 64 | low
}
