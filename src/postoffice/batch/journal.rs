//! The journal of a batch, `GLB/DIRSYNC.JNL`: what to do, once it is decided.
//!
//! ```text
//! DIRSYNC JOURNAL 1
//! mkdir    <directory>
//! replace  <staged>  <length>  <crc-32>                  <file>
//! append   <staged>  <length>  <crc-32>  <old>  <final>  <file>
//! log      <staged>  <length>  <crc-32>  <old>           <file>
//! remove   <file>
//! move     <from>    <to>
//! rmdir    <directory>
//! flag     <new value of FLAG.GLB>
//! end      <number of steps>  <crc-32 of every byte before this line>
//! ```
//!
//! Lines end in LF, fields are parted by a TAB, numbers are decimal, checksums and names of staged files
//! eight hexadecimal digits. Paths are below the root with `/` between their parts, spelled as on the medium.

use std::fmt::Write as _;

use crate::codec::HexId;
use crate::codec::checksum::crc32;
use crate::postoffice::layout::path_fault;

/// First line; a higher number is a journal of a later version of this program.
const MAGIC: &str = "DIRSYNC JOURNAL ";
const VERSION: &str = "1";

/// Bytes of a journal that is still read: more than a million steps.
pub(super) const MAX_LEN: u64 = 256 << 20;

/// Bytes waiting in the staging area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staged {
    /// Its name there.
    pub(super) number: u32,
    /// Bytes it has.
    pub(super) len: u64,
    /// CRC-32 of its bytes.
    pub(super) crc: u32,
}

/// One thing to do. Every step may be done twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Makes a directory.
    MakeDir(String),
    /// Renames a staged file over a file.
    Replace { staged: Staged, target: String },
    /// Appends staged bytes to a file of `old_len` bytes, which in the end has `final_len`.
    Append {
        staged: Staged,
        old_len: u64,
        final_len: u64,
        target: String,
    },
    /// Appends staged lines to a log that others append to as well.
    Log {
        staged: Staged,
        old_len: u64,
        target: String,
    },
    /// Removes a file.
    Remove(String),
    /// Renames a file.
    Move { from: String, to: String },
    /// Removes an empty directory.
    RemoveDir(String),
    /// Writes FLAG.GLB in place.
    Flag(u16),
}

impl Step {
    /// Returns what it needs from the staging area.
    pub(super) fn staged(&self) -> Option<Staged> {
        match self {
            Self::Replace { staged, .. }
            | Self::Append { staged, .. }
            | Self::Log { staged, .. } => Some(*staged),
            _ => None,
        }
    }

    /// Tells whether it puts a message into the `new` of a Maildir, where any mail program may take it at once.
    pub(super) fn is_delivery(&self) -> bool {
        match self {
            Self::Replace { target, .. } => target.rsplit('/').nth(1) == Some("new"),
            _ => false,
        }
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match self {
            Self::MakeDir(path) | Self::Remove(path) | Self::RemoveDir(path) => (Some(path), None),
            Self::Replace { target, .. }
            | Self::Append { target, .. }
            | Self::Log { target, .. } => (Some(target), None),
            Self::Move { from, to } => (Some(from), Some(to)),
            Self::Flag(_) => (None, None),
        };
        [first, second].into_iter().flatten().map(String::as_str)
    }

    fn write(&self, out: &mut String) {
        let staged = |s: &Staged| format!("{:08X}\t{}\t{:08X}", s.number, s.len, s.crc);
        let line = match self {
            Self::MakeDir(path) => format!("mkdir\t{path}"),
            Self::Replace { staged: s, target } => format!("replace\t{}\t{target}", staged(s)),
            Self::Append {
                staged: s,
                old_len,
                final_len,
                target,
            } => format!("append\t{}\t{old_len}\t{final_len}\t{target}", staged(s)),
            Self::Log {
                staged: s,
                old_len,
                target,
            } => format!("log\t{}\t{old_len}\t{target}", staged(s)),
            Self::Remove(path) => format!("remove\t{path}"),
            Self::Move { from, to } => format!("move\t{from}\t{to}"),
            Self::RemoveDir(path) => format!("rmdir\t{path}"),
            Self::Flag(value) => format!("flag\t{value}"),
        };
        out.push_str(&line);
        out.push('\n');
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let hex = |text: &str| HexId::parse(text.as_bytes()).map(|id| id.0);
        let staged = |number: &str, len: &str, crc: &str| {
            Some(Staged {
                number: hex(number)?,
                len: len.parse().ok()?,
                crc: hex(crc)?,
            })
        };
        Some(match *fields.as_slice() {
            ["mkdir", path] => Self::MakeDir(path.to_owned()),
            ["replace", number, len, crc, path] => Self::Replace {
                staged: staged(number, len, crc)?,
                target: path.to_owned(),
            },
            ["append", number, len, crc, old, end, path] => Self::Append {
                staged: staged(number, len, crc)?,
                old_len: old.parse().ok()?,
                final_len: end.parse().ok()?,
                target: path.to_owned(),
            },
            ["log", number, len, crc, old, path] => Self::Log {
                staged: staged(number, len, crc)?,
                old_len: old.parse().ok()?,
                target: path.to_owned(),
            },
            ["remove", path] => Self::Remove(path.to_owned()),
            ["move", from, to] => Self::Move {
                from: from.to_owned(),
                to: to.to_owned(),
            },
            ["rmdir", path] => Self::RemoveDir(path.to_owned()),
            ["flag", value] => Self::Flag(value.parse().ok()?),
            _ => return None,
        })
    }
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JournalFault {
    /// It was never whole, or is no longer: nothing was committed by it.
    #[error("{0}")]
    NotCommitted(String),
    /// It is whole and must not be carried out.
    #[error("{0}")]
    Refused(String),
}

/// Returns the bytes of a journal.
pub(super) fn encode(steps: &[Step]) -> Vec<u8> {
    let mut text = format!("{MAGIC}{VERSION}\n");
    for step in steps {
        step.write(&mut text);
    }
    let crc = crc32(text.as_bytes());
    writeln!(text, "end\t{}\t{crc:08X}", steps.len()).expect("a string takes everything");
    text.into_bytes()
}

/// Reads a journal.
///
/// # Errors
/// It has no valid end mark, or is whole and names what it must not name.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Step>, JournalFault> {
    let broken = |what: &str| JournalFault::NotCommitted(what.to_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| broken("it is not text"))?;
    let body = text
        .strip_suffix('\n')
        .ok_or_else(|| broken("it ends inside a line"))?;
    let (steps, end) = body
        .rsplit_once('\n')
        .ok_or_else(|| broken("it has no end mark"))?;
    let (count, stored) = match *end.split('\t').collect::<Vec<_>>().as_slice() {
        ["end", count, crc] => (count, crc),
        _ => return Err(broken("it has no end mark")),
    };
    let computed = crc32(&bytes[..steps.len() + 1]);
    if HexId::parse(stored.as_bytes()) != Some(HexId(computed)) {
        return Err(JournalFault::NotCommitted(format!(
            "stored checksum {stored}, computed {computed:08X}"
        )));
    }
    let mut lines = steps.split('\n');
    let magic = lines.next().unwrap_or_default();
    if magic.strip_prefix(MAGIC) != Some(VERSION) {
        return Err(JournalFault::Refused(format!(
            "\"{}\" is not the journal of this version",
            magic.escape_default()
        )));
    }
    let steps = lines.map(parse_step).collect::<Result<Vec<_>, _>>()?;
    if count.parse() != Ok(steps.len()) {
        return Err(JournalFault::Refused(format!(
            "it has {} steps, its end mark says {count}",
            steps.len()
        )));
    }
    Ok(steps)
}

fn parse_step(line: &str) -> Result<Step, JournalFault> {
    let refused =
        |why: &str| JournalFault::Refused(format!("step \"{}\": {why}", line.escape_default()));
    let step = Step::parse(line).ok_or_else(|| refused("unknown"))?;
    if step.paths().any(|path| path_fault(path).is_some()) {
        return Err(refused("leads out of the postoffice"));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Step> {
        let staged = Staged {
            number: 1,
            len: 49,
            crc: 0xcbf4_3926,
        };
        vec![
            Step::MakeDir("P1/new".to_owned()),
            Step::Replace {
                staged,
                target: "GLB/REQTRANS.GLB".to_owned(),
            },
            Step::Append {
                staged: Staged {
                    number: 2,
                    ..staged
                },
                old_len: 100,
                final_len: 149,
                target: "GLB/MSTTRANS.GLB".to_owned(),
            },
            Step::Log {
                staged: Staged {
                    number: 3,
                    ..staged
                },
                old_len: 7,
                target: "LOG/DIRSYNC.LOG".to_owned(),
            },
            Step::Remove("GLB/RESYNC.GLB".to_owned()),
            Step::Move {
                from: "MBG/SYSTEM/new/a".to_owned(),
                to: "MBG/SYSTEM/cur/a:2,S".to_owned(),
            },
            Step::RemoveDir("FOLDERS/LOC/0000000A".to_owned()),
            Step::Flag(258),
        ]
    }

    #[test]
    fn a_journal_is_readable_text() {
        let text = "DIRSYNC JOURNAL 1\n\
            mkdir\tP1/new\n\
            replace\t00000001\t49\tCBF43926\tGLB/REQTRANS.GLB\n\
            append\t00000002\t49\tCBF43926\t100\t149\tGLB/MSTTRANS.GLB\n\
            log\t00000003\t49\tCBF43926\t7\tLOG/DIRSYNC.LOG\n\
            remove\tGLB/RESYNC.GLB\n\
            move\tMBG/SYSTEM/new/a\tMBG/SYSTEM/cur/a:2,S\n\
            rmdir\tFOLDERS/LOC/0000000A\n\
            flag\t258\n";
        let end = format!("end\t8\t{:08X}\n", crc32(text.as_bytes()));
        let bytes = [text, &end].concat().into_bytes();
        assert_eq!(encode(&sample()), bytes);
        assert_eq!(decode(&bytes), Ok(sample()));
    }

    #[test]
    fn a_journal_cut_or_changed_anywhere_is_not_committed() {
        let whole = encode(&sample());
        for cut in 0..whole.len() {
            let result = decode(&whole[..cut]);
            assert!(
                matches!(result, Err(JournalFault::NotCommitted(_))),
                "cut at {cut}: {result:?}"
            );
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                // The letter case of the checksum and the digits of the count carry no step.
                assert_ne!(decode(&bytes).ok(), Some(Vec::new()), "byte {at} bit {bit}");
                if let Ok(steps) = decode(&bytes) {
                    assert_eq!(steps, sample(), "byte {at} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn a_whole_journal_that_leads_out_is_refused() {
        for path in ["../X", "/etc/passwd", "GLB/../../X", "GLB\\X", ""] {
            let step = Step::Remove(path.to_owned());
            assert_eq!(
                decode(&encode(&[step])),
                Err(JournalFault::Refused(format!(
                    "step \"remove\\t{}\": leads out of the postoffice",
                    path.escape_default()
                )))
            );
        }
    }

    #[test]
    fn the_journal_of_another_version_is_refused_not_discarded() {
        let text = "DIRSYNC JOURNAL 2\n";
        let bytes = format!("{text}end\t0\t{:08X}\n", crc32(text.as_bytes()));
        assert_eq!(
            decode(bytes.as_bytes()),
            Err(JournalFault::Refused(
                "\"DIRSYNC JOURNAL 2\" is not the journal of this version".to_owned()
            ))
        );
    }
}
