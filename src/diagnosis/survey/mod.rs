//! What a postoffice looks like: everything that the checks look at, read once. Only this part of the diagnosis reads
//! files; what is damaged is noted and never stops it.

pub mod accounts;
pub mod files;
pub mod gal;
pub mod lists;
pub mod mail;
pub mod names;
pub mod places;
pub mod pol;
pub mod queues;
pub mod reader;
pub mod tids;

use std::io::Read;

use crate::address::PostofficeName;
use crate::codec::OwnFile;
use crate::codec::codepage::CodePage;
use crate::codec::counters::{Control, Tid};
use crate::codec::master::Master;
use crate::codec::process::ProcessFile;
use crate::codec::reqconf::{QueuePointers, ReqConf};
use crate::codec::srvconf::SrvConf;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::passwords::Passwords;
use crate::postoffice::{HeldLayout, Role, layout};
use accounts::Accounts;
use files::Files;
use gal::Gal;
use lists::{Information, List};
use mail::Mail;
use places::Places;
use pol::Pol;
use queues::Queues;
use reader::{Fault, Reader, Seen};
use tids::Tids;

/// The most bytes of DIRSYNC.PWD that are read: 500 accounts have a line of about 130 bytes each.
const MAX_PASSWORDS_LEN: u64 = 1 << 20;

/// One postoffice at one moment.
#[derive(Debug)]
pub struct Survey {
    /// When it was looked at.
    pub now: Timestamp,
    /// The locks and notes of this very run are not findings.
    pub is_exclusive: bool,
    /// The code page of its files; the usual one where MASTER.GLB does not say.
    pub code_page: CodePage,
    /// Its name, where MASTER.GLB says it.
    pub name: Option<PostofficeName>,
    /// Its directories.
    pub files: Files,
    /// Files of the right size that cannot be used.
    pub faults: Vec<Fault>,
    /// MASTER.GLB.
    pub master: Seen<Master>,
    /// REQCONF.GLB.
    pub requestor: Seen<ReqConf>,
    /// SRVCONF.GLB.
    pub server: Seen<SrvConf>,
    /// PROCESS.GLB.
    pub schedule: Seen<ProcessFile>,
    /// CONTROL.GLB.
    pub control: Seen<Control>,
    /// TID.GLB.
    pub tid: Seen<Tid>,
    /// The queues.
    pub queues: Queues,
    /// The accounts.
    pub accounts: Accounts,
    /// Networks, gateways and postoffices.
    pub places: Places,
    /// The postoffice list and the groups.
    pub pol: Pol,
    /// The lists of other postoffices and of gateways.
    pub lists: Vec<List>,
    /// Template information of the own users.
    pub own_information: Information,
    /// TIDs of all lists.
    pub tids: Tids,
    /// The global list.
    pub gal: Gal,
    /// Mailbags and dir-sync mail.
    pub mail: Mail,
    /// DIRSYNC.PWD.
    pub passwords: Seen<Passwords>,
    /// The generation of DIRSYNC.OWN.
    pub own_generation: Seen<u32>,
}

impl Survey {
    /// Looks at a postoffice.
    #[must_use]
    pub fn take(held: &HeldLayout, now: Timestamp) -> Self {
        let files = Files::read(held.layout());
        let mut reader = Reader::new(held.layout(), &files);
        let master = reader.record::<Master>(&layout::MASTER);
        let code_page = master.whole().and_then(Master::code_page);
        let code_page = code_page.unwrap_or_default();
        let requestor = reader.record::<ReqConf>(&layout::REQCONF);
        let pointers = requestor
            .whole()
            .map_or(QueuePointers::RESET, |c| c.pointers);
        let queues = Queues::read(&mut reader, pointers.0);
        let mut tids = Tids::default();
        let accounts = Accounts::read(&mut reader, &mut tids);
        let places = Places::read(&mut reader, code_page);
        let pol = Pol::read(&mut reader, &accounts, code_page, &mut tids);
        let lists = lists::read(&mut reader, &places, code_page, &mut tids);
        tids.settle();
        tids.locate(&mut reader, &accounts, &pol, &lists);
        let survey = Self {
            now,
            is_exclusive: held.is_exclusive(),
            code_page,
            name: master.whole().and_then(name_of),
            server: reader.value(&layout::SRVCONF, SrvConf::read_from),
            schedule: reader.value(&layout::PROCESS, ProcessFile::read_from),
            control: reader.record(&layout::CONTROL),
            tid: reader.record(&layout::TID),
            own_information: lists::read_own_information(&mut reader, code_page),
            gal: Gal::read(&mut reader),
            mail: Mail::read(&mut reader),
            passwords: read_passwords(&mut reader),
            own_generation: reader.value(&layout::DIRSYNC_OWN, |input| {
                OwnFile::read_from(input).map(|file| file.generation)
            }),
            master,
            requestor,
            queues,
            accounts,
            places,
            pol,
            lists,
            tids,
            faults: Vec::new(),
            files: Files::default(),
        };
        let faults = std::mem::take(&mut reader.faults);
        Self {
            faults,
            files,
            ..survey
        }
    }

    /// Tells what the postoffice is: SRVCONF.GLB exists only on a server (Q136487).
    #[must_use]
    pub fn role(&self) -> Role {
        match self.files.has(&layout::SRVCONF) {
            true => Role::Server,
            false => Role::Requestor,
        }
    }
}

fn name_of(master: &Master) -> Option<PostofficeName> {
    let (network, postoffice) = (master.network.as_bytes(), master.postoffice.as_bytes());
    let has_name = !network.is_empty() && !postoffice.is_empty();
    has_name.then(|| PostofficeName::from_checked(network, postoffice))
}

fn read_passwords(reader: &mut Reader<'_>) -> Seen<Passwords> {
    reader.value(&layout::DIRSYNC_PWD, |input| {
        let mut bytes = Vec::new();
        input.take(MAX_PASSWORDS_LEN).read_to_end(&mut bytes)?;
        Passwords::decode(&bytes)
    })
}
