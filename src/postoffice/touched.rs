//! Entries that `admin ... requestor touch` sends again, and whether they came back: `GLB/DIRSYNC.TCH` (`spec/exchange.md`
//! NT-03). A file of this project; without it nothing was touched.
//!
//! A line for each, parted by TABs: the number of its last transaction, `sent`, `arrived` or `missing`, and the address as
//! import files have it, in UTF-8.

use std::collections::HashSet;
use std::fmt;

use super::layout;
use super::{Postoffice, PostofficeError};
use crate::address::{Address, AddressKey};
use crate::codec::codepage::CodePage;

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchedState {
    /// It waits for T1, or for its confirmation.
    Sent,
    /// It came back from the server.
    Arrived,
    /// The server has confirmed it, and it did not come back.
    Missing,
}

impl TouchedState {
    const ALL: [Self; 3] = [Self::Sent, Self::Arrived, Self::Missing];

    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Arrived => "arrived",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for TouchedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent => "not confirmed yet",
            Self::Arrived => "arrived",
            Self::Missing => "confirmed, and still missing: it did not come back",
        })
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedEntry {
    /// Number of the last transaction about it.
    pub number: u32,
    /// How far it is.
    pub state: TouchedState,
    /// Its address.
    pub address: String,
}

/// The entries that were touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TouchedEntries {
    /// In the order in which they were.
    pub entries: Vec<TouchedEntry>,
}

impl TouchedEntries {
    /// Reads the file. Lines that are none of ours are passed over: it only tells, and decides nothing.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read_optional(&layout::DIRSYNC_TCH)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        Ok(Self {
            entries: text.lines().filter_map(parse).collect(),
        })
    }

    /// Returns the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let lines = self.entries.iter().map(|entry| {
            let TouchedEntry {
                number,
                state,
                address,
            } = entry;
            format!("{number}\t{}\t{address}\n", state.word())
        });
        lines.collect::<String>().into_bytes()
    }

    /// Adds an entry; one of that address that was there before is no more of interest, and neither are those that have come
    /// to an end.
    pub fn add(&mut self, number: u32, address: String) {
        self.entries
            .retain(|entry| entry.state == TouchedState::Sent && entry.address != address);
        self.entries.push(TouchedEntry {
            number,
            state: TouchedState::Sent,
            address,
        });
    }

    /// Returns the keys of the entries that did not arrive yet.
    #[must_use]
    pub fn keys(&self, code_page: CodePage) -> HashSet<AddressKey> {
        let open = self
            .entries
            .iter()
            .filter(|entry| entry.state != TouchedState::Arrived);
        open.filter_map(|entry| key(entry, code_page)).collect()
    }

    /// Takes note of how far the server has confirmed, and of what came back; returns what is otherwise than before.
    pub fn settle(
        &mut self,
        confirmed: u32,
        back: &HashSet<AddressKey>,
        code_page: CodePage,
    ) -> Vec<TouchedEntry> {
        let mut news = Vec::new();
        for entry in &mut self.entries {
            let is_back = key(entry, code_page).is_some_and(|key| back.contains(&key));
            let state = match entry.state {
                TouchedState::Arrived => continue,
                _ if entry.number > confirmed => continue,
                _ if is_back => TouchedState::Arrived,
                _ => TouchedState::Missing,
            };
            if state != entry.state {
                entry.state = state;
                news.push(entry.clone());
            }
        }
        news
    }

    /// Follows waiting transactions that are numbered anew.
    pub fn renumber(&mut self, from: u32, to: u32) {
        for entry in self.entries.iter_mut().filter(|entry| entry.number > from) {
            entry.number = entry.number.saturating_add(to.saturating_sub(from));
        }
    }
}

fn key(entry: &TouchedEntry, code_page: CodePage) -> Option<AddressKey> {
    let bytes = code_page.encode(&entry.address).ok()?;
    let address = Address::parse(&bytes, code_page).ok()?;
    Some(address.key(code_page))
}

fn parse(line: &str) -> Option<TouchedEntry> {
    let mut parts = line.splitn(3, '\t');
    let (number, word, address) = (parts.next()?, parts.next()?, parts.next()?);
    let state = TouchedState::ALL
        .into_iter()
        .find(|state| state.word() == word)?;
    Some(TouchedEntry {
        number: number.parse().ok()?,
        state,
        address: address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(text: &str) -> AddressKey {
        let address = Address::parse(text.as_bytes(), CodePage::Cp850).expect("an address");
        address.key(CodePage::Cp850)
    }

    #[test]
    fn each_entry_comes_to_an_end_of_its_own() {
        let mut touched = TouchedEntries::default();
        touched.add(7, "PCM:N/P/ANN".to_owned());
        touched.add(9, "PCM:N/P/BOB".to_owned());
        let back = HashSet::from([key_of("MS:n/p/ann")]);
        assert!(touched.settle(6, &back, CodePage::Cp850).is_empty());
        let news = touched.settle(9, &back, CodePage::Cp850);
        let states: Vec<_> = news.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [TouchedState::Arrived, TouchedState::Missing]);
        // A reply that was cut brings the rest later.
        let back = HashSet::from([key_of("PCM:N/P/BOB")]);
        let news = touched.settle(9, &back, CodePage::Cp850);
        assert_eq!(news.len(), 1);
        assert!(touched.keys(CodePage::Cp850).is_empty());
        touched.add(12, "PCM:N/P/CID".to_owned());
        assert_eq!(
            touched.entries.len(),
            1,
            "what has come to an end is forgotten"
        );
        touched.renumber(10, 20);
        assert_eq!(touched.entries[0].number, 22);
    }

    #[test]
    fn lines_of_others_are_passed_over() {
        let entry = |text| parse(text).map(|entry| (entry.number, entry.state));
        assert_eq!(entry("7\tsent\tPCM:N/P/A"), Some((7, TouchedState::Sent)));
        for text in ["", "7", "7\tsent", "x\tsent\tA", "7\tlost\tA"] {
            assert_eq!(entry(text), None, "{text:?}");
        }
    }
}
