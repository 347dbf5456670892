//! Mailbags with their bitmaps, and the Maildirs of dir-sync mail.

use std::collections::{BTreeMap, BTreeSet};

use super::files::Files;
use super::names::Several;
use super::reader::{Reader, Seen};
use crate::codec::mailbag::MAX_MAILBAG_RECORDS;
use crate::codec::timestamp::Timestamp;
use crate::codec::{HexId, KeyFile, MbgRecord};
use crate::diagnosis::finding::Place;
use crate::postoffice::layout::MailPart;
use crate::postoffice::{Dir, File};

/// One mailbag.
#[derive(Debug, Clone, Default)]
pub struct Mailbag {
    /// Whether the `.MBG` is there.
    pub has_messages: bool,
    /// Whether the `.KEY` is there.
    pub has_bitmap: bool,
    /// Records of the `.MBG`; none where it cannot be read.
    pub record_count: Option<u64>,
    /// The bitmap; none where it cannot be read.
    pub bitmap: Option<KeyFile>,
    /// Messages that are not deleted.
    pub live_count: u64,
    /// Messages that are not deleted and whose `.MAI` is not there.
    pub lost: Several<(Place, HexId)>,
    /// Messages that are not deleted and name the `.MAI` of another one.
    pub duplicates: Several<(Place, HexId)>,
}

/// A message in a Maildir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its file.
    pub file: String,
    /// When it was put there.
    pub at: Timestamp,
}

/// Everything that waits.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Mailbags by the stem of their files.
    pub mailbags: BTreeMap<String, Mailbag>,
    /// Outgoing dir-sync mail, the oldest first.
    pub outgoing: Vec<Letter>,
    /// Incoming dir-sync mail, the oldest first.
    pub incoming: Vec<Letter>,
    /// Messages begun, the oldest first.
    pub unfinished: Vec<Letter>,
    /// Messages that were refused and are kept in quarantine, the oldest first.
    pub quarantined: Vec<Letter>,
}

impl Mail {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let letters: BTreeSet<_> = (0..16)
            .flat_map(|digit| reader.files.numbered(Dir::MaiPart(digit), "MAI"))
            .map(|(id, _)| id)
            .collect();
        let mut mail = Self {
            outgoing: waiting(
                reader.files,
                &[MailPart::New, MailPart::Cur].map(Dir::MailOut),
            ),
            incoming: waiting(
                reader.files,
                &[MailPart::New, MailPart::Cur].map(Dir::MailIn),
            ),
            unfinished: waiting(
                reader.files,
                &[Dir::MailIn(MailPart::Tmp), Dir::MailOut(MailPart::Tmp)],
            ),
            quarantined: waiting(
                reader.files,
                &[MailPart::New, MailPart::Cur].map(Dir::QuarantineIn),
            ),
            ..Self::default()
        };
        for (dir, extension) in [(Dir::Mbg, "MBG"), (Dir::Key, "KEY")] {
            for (name, entry) in reader.files.entries(dir) {
                let stem = name
                    .strip_suffix(extension)
                    .and_then(|n| n.strip_suffix('.'));
                let Some(stem) = stem.filter(|_| entry.is_file) else {
                    continue;
                };
                let mailbag = mail.mailbags.entry(stem.to_owned()).or_default();
                match dir {
                    Dir::Mbg => mailbag.has_messages = true,
                    _ => mailbag.has_bitmap = true,
                }
            }
        }
        for (stem, mailbag) in &mut mail.mailbags {
            mailbag.read(reader, stem, &letters);
        }
        mail
    }
}

impl Mailbag {
    fn read(&mut self, reader: &mut Reader<'_>, stem: &str, letters: &BTreeSet<HexId>) {
        let [Some(messages), Some(bitmap)] = mailbag_files(stem) else {
            return;
        };
        if let Seen::Whole(key) = reader.record::<KeyFile>(&bitmap) {
            self.bitmap = Some(key);
        }
        let key = self.bitmap.clone();
        let mut seen = BTreeSet::new();
        let mut count = 0;
        let read = reader.each(&messages, 0, |number, byte, record: MbgRecord| {
            count = number;
            let index = u16::try_from(number - 1).unwrap_or(MAX_MAILBAG_RECORDS);
            let is_deleted = key.as_ref().is_none_or(|key| key.deleted.contains(index));
            if is_deleted {
                return;
            }
            self.live_count += 1;
            let Some(id) = record.mai.id() else { return };
            let place = Place::record(number, byte);
            if !letters.contains(&id) {
                self.lost.add((place, id));
            } else if !seen.insert(id) {
                self.duplicates.add((place, id));
            }
        });
        if read == Seen::Whole(()) {
            self.record_count = Some(count);
        }
    }
}

/// Returns the `.MBG` and the `.KEY` of a mailbag; none for a stem that no file can have.
#[must_use]
pub fn mailbag_files(stem: &str) -> [Option<File>; 2] {
    [
        File::named(Dir::Mbg, &format!("{stem}.MBG")).ok(),
        File::named(Dir::Key, &format!("{stem}.KEY")).ok(),
    ]
}

fn waiting(files: &Files, dirs: &[Dir]) -> Vec<Letter> {
    let mut letters: Vec<_> = dirs
        .iter()
        .flat_map(|dir| {
            files
                .entries(*dir)
                .map(move |(name, entry)| (dir, name, entry))
        })
        .filter(|(_, _, entry)| entry.is_file)
        .map(|(dir, name, entry)| Letter {
            file: shown(&format!("{dir}/{name}")),
            at: entry.modified,
        })
        .collect();
    letters.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.file.cmp(&b.file)));
    letters
}

/// Names in a Maildir come from elsewhere and may hold what would act on a screen.
fn shown(name: &str) -> String {
    name.replace(char::is_control, "?")
}
