//! Signing in to a postoffice that may be damaged.

use crate::codec::codepage::CodePage;
use crate::codec::master::Master;
use crate::codec::{Access2Record, AccessFlags, RecordReader};
use crate::postoffice::passwords::Passwords;
use crate::postoffice::{HeldLayout, layout};
use crate::tools::cli::login::Credentials;

/// What the accounts say about who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// An administrator of this postoffice, with the right password.
    Accepted,
    /// No administrator, or a wrong password.
    Refused,
    /// The accounts or the passwords cannot be read. That must not keep a diagnosis out, for it is one of the things to
    /// be found; whoever can read the files reads no more by it. A repair is kept out.
    Unknown,
}

/// Checks who signs in, as the other programs do.
pub(super) fn check(held: &HeldLayout, credentials: &Credentials) -> Login {
    let page = code_page(held);
    let Ok(Some(accounts)) = held.layout().read(&layout::ACCESS2) else {
        return Login::Unknown;
    };
    let records =
        RecordReader::<_, Access2Record>::new(&accounts[..], 0).collect::<Result<Vec<_>, _>>();
    let Ok(records) = records else {
        return Login::Unknown;
    };
    let passwords = match held.layout().read(&layout::DIRSYNC_PWD) {
        Ok(bytes) => Passwords::decode(&bytes.unwrap_or_default()),
        Err(_) => return Login::Unknown,
    };
    let Ok(passwords) = passwords else {
        return Login::Unknown;
    };
    let Ok(mailbox) = page.encode(&credentials.administrator) else {
        return Login::Refused;
    };
    let found = records.iter().find(|record| {
        record.state.is_active() && page.eq_ignore_case(record.mailbox.as_bytes(), &mailbox)
    });
    let Some(account) = found.filter(|a| a.flags.contains(AccessFlags::ADMINISTRATOR)) else {
        return Login::Refused;
    };
    let mailbox = page.decode(account.mailbox.as_bytes());
    match passwords.verify(&mailbox, &credentials.password.folded()) {
        true => Login::Accepted,
        false => Login::Refused,
    }
}

fn code_page(held: &HeldLayout) -> CodePage {
    let master = held.layout().read_record::<Master>(&layout::MASTER);
    let page = master.ok().flatten().and_then(|master| master.code_page());
    page.unwrap_or_default()
}
