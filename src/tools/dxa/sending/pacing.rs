//! How much of what waits goes with one request, where a message may have only so many bytes (`spec/exchange.md` DX-39).
//!
//! Changes go in parts: the numbers say how far each came. A list does not. R empties the list at the server, so that
//! everybody would see the entries of later parts vanish and come back: it goes in one message, or somebody carries it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framing, QueueRecord};
use crate::codec::timestamp::Timestamp;
use crate::directory::ledger::Queued;
use crate::protocol::message::Form;
use crate::protocol::server::Pace;
use crate::protocol::sync::RecordDigest;
use crate::tools::dxa::home::unusable;
use crate::tools::exit::ToolError;
use crate::tools::post::{Letter, Payload, PayloadWriter, write_mail};
use crate::transaction::{ListName, Transaction};

/// What goes with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Portion {
    /// So many of the first transactions.
    First(usize),
    /// A list is in front that no message has room for.
    List,
}

/// Decides what goes of the transactions that wait. Whatever is no list goes under any limit where it is the first, or
/// nothing ever would.
pub(in crate::tools::dxa) fn portion(waiting: &[Queued], limit: u32, page: CodePage) -> Portion {
    let mut pace = Pace::new(limit);
    let mut taken = 0;
    while let Some(first) = waiting.get(taken) {
        let part = match list_of(first, page) {
            Some(list) => 1 + entries_of(&list, &waiting[taken + 1..], page),
            None => 1,
        };
        let end = taken + part;
        let len = waiting[taken..end].iter().map(len_of).sum();
        if taken == 0 && part > 1 && !Pace::takes_whole(limit, len) {
            return Portion::List;
        }
        if !pace.admits(len) {
            break;
        }
        taken = end;
    }
    Portion::First(taken)
}

fn list_of(queued: &Queued, page: CodePage) -> Option<ListName> {
    if queued.text.first() != Some(&b'R') {
        return None;
    }
    let decoded = Transaction::decode_queue_text(&queued.text, page).ok()?;
    Some(decoded.transaction.list())
}

/// Counts the entries that follow an R.
fn entries_of(list: &ListName, waiting: &[Queued], page: CodePage) -> usize {
    let is_entry = |queued: &&Queued| {
        queued.text.first() == Some(&b'A')
            && Transaction::decode_queue_text(&queued.text, page)
                .is_ok_and(|decoded| decoded.transaction.list().is_same(list, page))
    };
    waiting.iter().take_while(is_entry).count()
}

fn len_of(queued: &Queued) -> u64 {
    Framing::OURS.header_len as u64 + queued.text.len() as u64
}

/// Puts transactions together.
pub(in crate::tools::dxa) fn payload(
    waiting: &[Queued],
    page: CodePage,
) -> Result<Payload, ToolError> {
    let mut writer = PayloadWriter::new(Form::Internal, page);
    let mut pace = Pace::new(0);
    for queued in waiting {
        let (stamp, number, text) = (queued.stamp, queued.number, queued.text.clone());
        writer.push(&QueueRecord::transaction(stamp, number, 0, text), &mut pace)?;
    }
    writer.finish()
}

/// A request in `out/` that somebody carries to the server.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Carried {
    path: PathBuf,
    /// None where it lies there already.
    staged: Option<NamedTempFile>,
}

impl Carried {
    /// Names the file after the last transaction, so that the same list is written once and another one never passes for
    /// it.
    pub(in crate::tools::dxa) fn new(folder: &Path, connection: &str, last: &Queued) -> Self {
        let digest = RecordDigest::of(last.stamp, &last.text);
        let name = format!("{connection}-T1-{:010}-{:08X}.eml", last.number, digest.0);
        Self {
            path: folder.join(name),
            staged: None,
        }
    }

    /// Returns where it is.
    pub(in crate::tools::dxa) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it beside its place, unless it is there.
    pub(in crate::tools::dxa) fn write(
        &mut self,
        letter: Letter<'_>,
        now: Timestamp,
        page: CodePage,
    ) -> Result<(), ToolError> {
        if self.path.exists() {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let failed = |error: io::Error| unusable(&self.path, error);
        let staged = tempfile::Builder::new()
            .prefix(".dirsync-")
            .tempfile_in(folder);
        let mut staged = staged.map_err(failed)?;
        write_mail(&mut staged, now, page, letter).map_err(failed)?;
        staged.as_file().sync_all().map_err(failed)?;
        self.staged = Some(staged);
        Ok(())
    }

    /// Puts it into its place.
    pub(in crate::tools::dxa) fn place(self) -> Result<(), ToolError> {
        let Some(staged) = self.staged else {
            return Ok(());
        };
        staged
            .persist(&self.path)
            .map_err(|error| unusable(&self.path, error.error))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| unusable(folder, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    fn queue(texts: &[&str]) -> Vec<Queued> {
        let queued = texts.iter().zip(1..).map(|(text, number)| Queued {
            number,
            stamp: Timestamp(1),
            text: text.as_bytes().to_vec(),
        });
        queued.collect()
    }

    /// A transaction of 24 bytes, 48 with its header.
    fn change(letter: char, n: u32) -> String {
        format!("{letter} User{n:03}\tPCM:N/PO/USR{n:03}")
    }

    fn portion_of(texts: &[String], limit: u32) -> Portion {
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        portion(&queue(&texts), limit, PAGE)
    }

    #[test]
    fn changes_go_up_to_the_limit_and_one_always() {
        let texts: Vec<_> = (0..5).map(|n| change('M', n)).collect();
        let len = len_of(&queue(&[&texts[0]])[0]) as u32;
        assert_eq!(portion_of(&texts, 0), Portion::First(5));
        assert_eq!(portion_of(&texts, 5 * len), Portion::First(5));
        assert_eq!(portion_of(&texts, 5 * len - 1), Portion::First(4));
        assert_eq!(portion_of(&texts, 1), Portion::First(1));
        assert_eq!(portion_of(&[], 1), Portion::First(0));
    }

    #[test]
    fn a_list_goes_whole_or_not_at_all() {
        let mut texts = vec![change('D', 9), "R PCM:N/PO".to_owned()];
        texts.extend((0..3).map(|n| change('A', n)));
        texts.push("A Sam\tSMTP:sam@x".to_owned());
        let len = |texts: &[String]| -> u32 {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            queue(&texts)
                .iter()
                .map(|queued| len_of(queued) as u32)
                .sum()
        };
        assert_eq!(portion_of(&texts, len(&texts)), Portion::First(6));
        assert_eq!(portion_of(&texts, len(&texts) - 1), Portion::First(5));
        assert_eq!(portion_of(&texts, len(&texts[..5]) - 1), Portion::First(1));
        assert_eq!(
            portion_of(&texts[1..], len(&texts[1..5])),
            Portion::First(4)
        );
        assert_eq!(
            portion_of(&texts[1..], len(&texts[1..5]) - 1),
            Portion::List
        );
        // An R without entries is no more than a change.
        assert_eq!(portion_of(&texts[1..2], 1), Portion::First(1));
    }
}
