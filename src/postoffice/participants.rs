//! The own users and groups as others may see them: what export, touch and a full list send.

use super::accounts::Accounts;
use super::groups::Groups;
use super::lists::compare_names;
use super::local::Details;
use super::pol::Pol;
use super::{Postoffice, PostofficeError};
use crate::address::AddressError;
use crate::codec::{AccessFlags, FixedText};
use crate::transaction::{Entry, InfoLine};

/// One user or group of the postoffice itself.
#[derive(Debug, Clone)]
pub struct OwnEntry {
    /// Full name.
    pub name: FixedText<31>,
    /// Mailbox, or address of the group; `None` for a group whose address is lost (Q128872).
    pub mailbox: Option<FixedText<11>>,
    /// What is known of a user beyond that, where it was asked for.
    pub info: Vec<InfoLine>,
    /// It is a group.
    pub is_group: bool,
    /// It takes part in dir-sync: users as they are set, groups without members elsewhere (Q118621).
    pub takes_part: bool,
}

impl OwnEntry {
    /// Returns name and full address.
    ///
    /// # Errors
    /// 81 without a mailbox; the name or the mailbox is none that the grammar of addresses has.
    pub fn entry(&self, po: &Postoffice) -> Result<Entry, AddressError> {
        let code_page = po.code_page();
        let mailbox = self.mailbox.as_ref().map_or(&b""[..], FixedText::as_bytes);
        let address = po.name().mailbox_address(mailbox, code_page)?;
        Entry::new(self.name.as_bytes(), address, code_page)
    }
}

impl Postoffice {
    /// Returns the users and groups of the postoffice in the order of names; `info` asks for their details.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn own_entries(&self, pol: &Pol, info: bool) -> Result<Vec<OwnEntry>, PostofficeError> {
        let accounts = Accounts::load(self)?;
        let details = match info {
            true => Details::load(self, accounts.record_count())?,
            false => Details::default(),
        };
        let users = accounts.iter().map(|(index, record)| OwnEntry {
            name: record.name,
            mailbox: Some(record.mailbox),
            info: details.lines(index).unwrap_or_default(),
            is_group: false,
            takes_part: record.flags.contains(AccessFlags::IN_DIRSYNC),
        });
        let groups = Groups::load(self, pol)?;
        let groups = groups.all().iter().map(|group| OwnEntry {
            name: group.name,
            mailbox: group.address,
            info: Vec::new(),
            is_group: true,
            takes_part: Groups::takes_part(group, pol),
        });
        let mut entries: Vec<_> = users.chain(groups).collect();
        entries
            .sort_by(|a, b| compare_names(a.name.as_bytes(), b.name.as_bytes(), self.code_page()));
        Ok(entries)
    }
}
