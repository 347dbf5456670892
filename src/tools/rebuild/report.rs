//! What a rebuild prints, and the lines of its report.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::address::{Address, AddressType};
use crate::codec::codepage::CodePage;
use crate::codec::{GatewayAddress, GroupTable, NetpoRecord};
use crate::plan::outcome::{Action, EntryOutcome, Outcome, OutcomeSink, Reason};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::gal::{Arranged, Listed, Tally};
use crate::postoffice::places::{Places, family_of};
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::tools::report::Summary;

/// The list as it stands after the run, or would.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct GalView {
    /// Entries that GAL.NME had before; null where there was none.
    pub(super) entries_before: Option<u64>,
    /// Entries of GAL.NME.
    pub(super) entries: u64,
    /// Entries of GALINDEX.GLB.
    pub(super) words: u64,
    /// What it is sorted by: `page` or `c`.
    pub(super) order: String,
    /// The code page.
    pub(super) code_page: u16,
    /// Addresses that got a TID.
    pub(super) tids_given: u64,
    /// Addresses that are in no list any more; their TIDs are kept for them.
    pub(super) tids_retired: u64,
    /// Whether the files were replaced: not in a dry run, and those of an unchanged list stay.
    pub(super) replaced: bool,
    /// Sizes in bytes; null where nothing was written.
    pub(super) sizes: Option<Sizes>,
}

/// Sizes of the three files.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Sizes {
    /// GAL.NME.
    pub(super) gal_nme: u64,
    /// GALINDEX.GLB.
    pub(super) galindex: u64,
    /// GALNETPO.GLB.
    pub(super) galnetpo: u64,
}

/// The object of `--json`, and the last line of a report: the summary that every program has, and the list.
#[derive(Debug, Serialize)]
pub(super) struct Rebuilt<'a> {
    #[serde(flatten)]
    pub(super) summary: &'a Summary,
    /// Null where the requestor keeps no list.
    pub(super) gal: Option<&'a GalView>,
}

impl Rebuilt<'_> {
    /// Prints it.
    pub(super) fn print(&self, json: bool, screen: &mut impl Write) -> io::Result<()> {
        if json {
            serde_json::to_writer(&mut *screen, self)?;
            return writeln!(screen);
        }
        if let Some(gal) = self.gal {
            let before = match gal.entries_before {
                Some(before) if before != gal.entries => format!(" ({before} before)"),
                _ => String::new(),
            };
            writeln!(
                screen,
                "Global address list: {} entries{before}, {} words, order {} of code page {}; {} new identifiers.",
                gal.entries, gal.words, gal.order, gal.code_page, gal.tids_given,
            )?;
            if let Some(sizes) = gal.sizes {
                let Sizes {
                    gal_nme,
                    galindex,
                    galnetpo,
                } = sizes;
                let unchanged = match gal.replaced {
                    true => "",
                    false => "; they are as they were",
                };
                writeln!(
                    screen,
                    "GAL.NME {gal_nme} bytes, GALINDEX.GLB {galindex}, GALNETPO.GLB {galnetpo}{unchanged}.",
                )?;
            }
        }
        write!(screen, "{}", self.summary)
    }
}

/// Counts what became of the entries: those of the list are all `added`, since it is made from nothing.
pub(super) fn count(summary: &mut Summary, tally: &Tally) {
    let counts = &mut summary.counts;
    counts.read = tally.read;
    counts.added = tally.listed;
    counts.ignored = tally.doubles;
    counts.refused = tally.refused;
}

/// Writes a line of the report for every entry that was read and has an address.
///
/// # Errors
/// The accounts or groups cannot be read; or the report cannot be written, as an error of I/O in the inner result.
pub(super) fn write_entries(
    po: &Postoffice,
    places: &Places,
    list: &Arranged<'_>,
    sink: &mut dyn OutcomeSink,
) -> Result<io::Result<()>, PostofficeError> {
    if !sink.wants_details() {
        return Ok(Ok(()));
    }
    let own = own_mailboxes(po)?;
    for listed in list.listed() {
        if let Err(error) = sink.take(line(po, places, &own, &listed)) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn line<'a>(
    po: &Postoffice,
    places: &Places,
    own: &HashMap<u32, Vec<u8>>,
    listed: &Listed<'a>,
) -> EntryOutcome<'a> {
    let page = po.code_page();
    let (list, address) = match listed.address {
        Some(address) => external(places, page, address, listed.stored),
        None => {
            let mailbox = own.get(&listed.entry.tid);
            let mailbox = mailbox.map_or(String::new(), |mailbox| page.decode(mailbox));
            let name = po.name().view(page);
            ("POL".to_owned(), format!("PCM:{name}/{mailbox}"))
        }
    };
    let name = page.decode(listed.entry.name.as_bytes());
    let outcome = match listed.is_double {
        true => Outcome::Ignored,
        false => Outcome::Added,
    };
    let mut line = EntryOutcome::new(address, name, list, Action::Add, outcome);
    if listed.is_double {
        line = line.because(Reason::AddressDuplicate);
    }
    line.detail = Some(format!("TID {:08X}", listed.entry.tid).into());
    line
}

/// Returns list and address of an entry for somebody elsewhere.
fn external(
    places: &Places,
    page: CodePage,
    address: &NetpoRecord,
    stored: Option<&[u8]>,
) -> (String, String) {
    let text = |bytes: &[u8]| page.decode(bytes);
    let network = text(address.network.as_bytes());
    if GatewayAddress::of(address).is_some() {
        let stored = stored.unwrap_or_default();
        let kind = AddressType::from_token(address.network.as_bytes());
        let whole = kind.and_then(|kind| Address::from_stored(kind, stored, page).ok());
        let whole = whole.map(|address| address.view(page));
        let list = format!("{network}:");
        let address = whole.unwrap_or_else(|| format!("{list}{}", text(stored)));
        return (list, address);
    }
    let family = places
        .network(address.network.as_bytes())
        .and_then(|network| family_of(network.record.kind));
    let token = family.map_or("", AddressType::token);
    let postoffice = text(address.postoffice.as_bytes());
    let list = format!("{token}:{network}/{postoffice}");
    let mailbox = text(address.mailbox.as_bytes());
    (list.clone(), format!("{list}/{mailbox}"))
}

/// Returns the mailboxes of the own users and groups by TID.
fn own_mailboxes(po: &Postoffice) -> Result<HashMap<u32, Vec<u8>>, PostofficeError> {
    let accounts = Accounts::load(po)?;
    let users = accounts.iter();
    let mut own: HashMap<_, _> = users
        .map(|(_, record)| (record.tid, record.mailbox.as_bytes().to_vec()))
        .collect();
    if let Some(bytes) = po.read_optional(&layout::GROUP)? {
        let groups =
            GroupTable::read_from(&bytes[..]).map_err(|e| po.damaged(&layout::GROUP, e))?;
        let groups = groups
            .records
            .iter()
            .filter(|group| group.state.is_active());
        own.extend(groups.map(|group| (group.tid, group.address.as_bytes().to_vec())));
    }
    Ok(own)
}
