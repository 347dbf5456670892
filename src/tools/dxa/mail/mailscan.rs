//! Who wrote to whom, of the mail that lies in the agent's own postoffice: the headers alone, and nothing is taken.

use std::path::Path;

use jiff::Timestamp;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::postoffice::Layout;
use crate::postoffice::layout::Dir;
use crate::postoffice::mailbag::{list, read_head};
use crate::protocol::mail::Label;
use crate::tools::exit::ToolError;

/// Where a message lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Bag {
    /// It has come, and waits.
    Incoming,
    /// It waits to be carried.
    Outgoing,
    /// It was put aside.
    Quarantine,
}

/// A message.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa) struct Seen {
    pub(in crate::tools::dxa) bag: Bag,
    pub(in crate::tools::dxa) from: PostofficeName,
    pub(in crate::tools::dxa) to: PostofficeName,
    pub(in crate::tools::dxa) arrived: Timestamp,
}

/// Lists the messages of which is known who wrote to whom, the one that arrived first in front.
pub(in crate::tools::dxa) fn scan(
    postoffice: &Path,
    page: CodePage,
) -> Result<Vec<Seen>, ToolError> {
    if !postoffice.exists() {
        return Ok(Vec::new());
    }
    let layout = Layout::open(postoffice)?;
    let mut all = Vec::new();
    for (bag, dir) in [
        (Bag::Incoming, Dir::System),
        (Bag::Outgoing, Dir::P1),
        (Bag::Quarantine, Dir::Quarantine),
    ] {
        for mail in list(&layout, dir)?.mails {
            let Some(file) = layout.open_file(&mail.file)? else {
                continue;
            };
            let path = layout.path(&mail.file)?;
            let head = read_head(file, Label::MAX_HEAD_LEN);
            let head = head.map_err(|error| crate::tools::dxa::home::unusable(&path, error))?;
            let Ok(label) = Label::parse(&head, page) else {
                continue;
            };
            if let (Some(from), Some(to)) = (label.from, label.to) {
                all.push(Seen {
                    bag,
                    from: from.place,
                    to: to.place,
                    arrived: Timestamp::try_from(mail.arrived).unwrap_or(Timestamp::UNIX_EPOCH),
                });
            }
        }
    }
    all.sort_by_key(|seen| seen.arrived);
    Ok(all)
}
