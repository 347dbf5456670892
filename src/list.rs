//! Address lists as values: which list, and what stands in it.

use std::fmt;

use crate::address::{Address, AddressError, AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::codec::{FixedText, TextTooLong};
use crate::transaction::{Entry, EntryText, ListName};

/// Names one address list of a postoffice. Names inside are folded in the postoffice's code page,
/// so two ids are equal exactly when they mean one list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListId {
    /// The accounts of the postoffice itself (ACCESS*.GLB and their rows in ADMIN.NME).
    Local,
    /// The names of one external postoffice, node or DGN (`USR\<hexid>.USR`).
    Postoffice {
        /// [`AddressType::family`] of its addresses.
        family: AddressType,
        /// Folded network, gateway or SNADS gateway name.
        network: Box<[u8]>,
        /// Folded postoffice, node or DGN name.
        postoffice: Box<[u8]>,
    },
    /// The names behind one gateway (`NME\<type>.NME` and `GLB\<type>.GLB`).
    Gateway(AddressType),
    /// The postoffice address list (ADMIN.NME).
    Pol,
}

impl ListId {
    /// Returns the list of the postoffice `name` under `kind`.
    #[must_use]
    pub fn postoffice(kind: AddressType, name: &PostofficeName, code_page: CodePage) -> Self {
        Self::Postoffice {
            family: kind.family(),
            network: code_page.fold(name.network()).into(),
            postoffice: code_page.fold(name.postoffice()).into(),
        }
    }

    /// Returns the list that an address belongs to; `own` is the name of the postoffice itself.
    #[must_use]
    pub fn of_address(address: &Address, own: &PostofficeName, code_page: CodePage) -> Self {
        match address.place() {
            None => Self::Gateway(address.kind()),
            Some(name) => Self::of_place(address.kind(), &name, own, code_page),
        }
    }

    /// Returns the list of a place, [`ListId::Local`] for the postoffice itself.
    #[must_use]
    pub fn of_place(
        kind: AddressType,
        name: &PostofficeName,
        own: &PostofficeName,
        code_page: CodePage,
    ) -> Self {
        if kind.family() == AddressType::Pcm && name.is_same(own, code_page) {
            Self::Local
        } else {
            Self::postoffice(kind, name, code_page)
        }
    }

    /// Returns the list that an R or T line names; `None` for a whole three-part gateway (`R SNADS:`).
    #[must_use]
    pub fn of_list_name(
        list: &ListName,
        own: &PostofficeName,
        code_page: CodePage,
    ) -> Option<Self> {
        match list.place() {
            Some(name) => Some(Self::of_place(list.kind(), name, own, code_page)),
            None if list.kind().is_three_part() => None,
            None => Some(Self::Gateway(list.kind())),
        }
    }

    /// Returns the name used in DIRSYNC.OWN and in saved plans: `PCM:NET/PO`, `SMTP:`, `LOCAL`, `POL`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Local => b"LOCAL".to_vec(),
            Self::Pol => b"POL".to_vec(),
            Self::Gateway(kind) => format!("{}:", kind.token()).into_bytes(),
            Self::Postoffice {
                family,
                network,
                postoffice,
            } => {
                let mut text = format!("{}:", family.token()).into_bytes();
                text.extend_from_slice(network);
                text.push(b'/');
                text.extend_from_slice(postoffice);
                text
            }
        }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"LOCAL" => return Some(Self::Local),
            b"POL" => return Some(Self::Pol),
            _ => {}
        }
        let colon = bytes.iter().position(|&b| b == b':')?;
        let kind = AddressType::from_token(&bytes[..colon])?;
        let rest = &bytes[colon + 1..];
        if rest.is_empty() {
            return (!kind.is_three_part()).then_some(Self::Gateway(kind));
        }
        let slash = rest.iter().position(|&b| b == b'/')?;
        (kind.is_three_part()).then(|| Self::Postoffice {
            family: kind.family(),
            network: rest[..slash].into(),
            postoffice: rest[slash + 1..].into(),
        })
    }

    /// Returns the id as text for reports and logs.
    #[must_use]
    pub fn display(&self, code_page: CodePage) -> String {
        code_page.decode(&self.to_bytes())
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_bytes().escape_ascii().to_string())
    }
}

/// What few entries have: kept out of [`ListEntry`] so that a million of them stay small.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra {
    /// Stored form of a gateway address (without its type); empty in lists of mailboxes.
    pub address: Box<[u8]>,
    /// The `.INF` record of the entry, where its list has a template.
    pub info: Option<Box<[u8]>>,
}

/// One entry of a list: a name and the address it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListEntry {
    /// Full name in the code page, at most 30 bytes.
    pub name: FixedText<31>,
    /// Mailbox, at most 10 bytes; empty in gateway lists.
    pub mailbox: FixedText<11>,
    /// Tuple identifier; 0 until the entry is written.
    pub tid: u32,
    /// Record bytes that nobody has explained yet, carried through.
    pub unknown: [u8; 6],
    /// Gateway address and template information.
    pub extra: Option<Box<Extra>>,
}

impl ListEntry {
    /// Makes an entry from an import-file entry.
    ///
    /// # Errors
    /// The name or mailbox does not fit its field (the grammar has refused it before).
    pub fn new(entry: &Entry, code_page: CodePage) -> Result<Self, TextTooLong> {
        Self::from_text(&entry.into(), code_page)
    }

    /// As [`Self::new`] for an entry that stands in a record.
    pub(crate) fn from_text(
        entry: &EntryText<'_>,
        code_page: CodePage,
    ) -> Result<Self, TextTooLong> {
        let (mailbox, extra) = match entry.address.mailbox() {
            Some(mailbox) => (FixedText::new(mailbox)?, None),
            None => {
                let address = entry.address.to_stored(code_page).into();
                (
                    FixedText::default(),
                    Some(Box::new(Extra {
                        address,
                        info: None,
                    })),
                )
            }
        };
        let name = FixedText::new(entry.name)?;
        Ok(Self {
            name,
            mailbox,
            tid: 0,
            unknown: [0; 6],
            extra,
        })
    }

    /// Returns the stored gateway address; empty in lists of mailboxes.
    #[must_use]
    pub fn stored_address(&self) -> &[u8] {
        self.extra.as_ref().map_or(&[], |extra| &extra.address)
    }

    /// Returns the `.INF` record.
    #[must_use]
    pub fn info(&self) -> Option<&[u8]> {
        self.extra.as_ref()?.info.as_deref()
    }

    /// Replaces the `.INF` record.
    pub fn set_info(&mut self, info: Option<Box<[u8]>>) {
        match &mut self.extra {
            Some(extra) => extra.info = info,
            None if info.is_some() => {
                self.extra = Some(Box::new(Extra {
                    info,
                    ..Extra::default()
                }));
            }
            None => {}
        }
    }

    /// Tells whether two entries have one address (inside one list).
    #[must_use]
    pub fn is_same_address(&self, other: &Self, code_page: CodePage) -> bool {
        code_page.eq_ignore_case(self.mailbox.as_bytes(), other.mailbox.as_bytes())
            && code_page.eq_ignore_case(self.stored_address(), other.stored_address())
    }

    /// Returns what the address part of this entry hashes and compares as.
    pub(crate) fn fold_address_into(&self, code_page: CodePage, key: &mut Vec<u8>) {
        code_page.fold_into(self.mailbox.as_bytes(), key);
        code_page.fold_into(self.stored_address(), key);
    }

    /// Returns the full address of an entry in the list of a gateway, or of the postoffice `place` under `kind`.
    ///
    /// # Errors
    /// The list holds an address that the grammar of import files does not have.
    pub fn address(
        &self,
        kind: AddressType,
        place: Option<&PostofficeName>,
        code_page: CodePage,
    ) -> Result<Address, AddressError> {
        let Some(place) = place else {
            return Address::from_stored(kind, self.stored_address(), code_page);
        };
        let parts = [place.network(), place.postoffice(), self.mailbox.as_bytes()];
        Address::new(kind, &parts.join(&b'/'), code_page)
    }
}
