//! What a repair may do: only what loses nothing. Data is never removed; every file that changes is kept first.

mod carry_out;
mod plan;

use std::fmt;

pub use carry_out::{Done, Outcome, carry_out};
pub use plan::{Edit, Plan, Planned};

use crate::codec::KeyFile;
use crate::postoffice::{Dir, File, layout};

/// How one finding is mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Opening the postoffice for the repair completes or discards what an interrupted run left.
    Recover,
    /// Makes directories.
    MakeDirs(Vec<Dir>),
    /// Makes files of zero bytes in value, each of a length.
    MakeFiles(Vec<(File, usize)>),
    /// Replaces REQTRANS.GLB by one dummy record, as the original PODIAG did (Q110496).
    InstallDummy {
        /// ReqSync, or the number sent last where that is higher.
        number: u32,
    },
    /// Sets file pointers of REQCONF.GLB to -1 (Q112301, Q140462); the queue is then read from its beginning.
    ResetPointer {
        /// Which of the four.
        index: usize,
        /// Its queue.
        queue: &'static str,
    },
    /// Moves a file to where replaced files are kept.
    MoveAside(Vec<File>),
    /// Raises the next mailbag number of CONTROL.GLB.
    RaiseMailbags(u32),
    /// Raises the next number of a message in CONTROL.GLB.
    RaiseLetters(u32),
    /// Raises TID.GLB.
    RaiseTids(u32),
    /// Takes the T2 entries out of the schedule.
    DropT2 {
        /// How many there are.
        count: usize,
    },
    /// Makes MASTER.GLB say that this is the dir-sync server.
    SetServerFlag,
    /// Sets the head of the chain of deleted records in NETPO.GLB to 0: the file then grows instead (Q110100).
    ResetChain,
    /// Writes the delivery list of a group anew from its chain of members, which leads (Q107767).
    WriteMembers {
        /// The `.MEM`.
        file: File,
        /// Mailbag numbers.
        members: Vec<u32>,
    },
    /// Makes the bitmap of a mailbag anew: bits beyond the last message go, the others stay.
    RebuildBitmap {
        /// The `.KEY`.
        file: File,
        /// What it will hold.
        key: Box<KeyFile>,
        /// Messages in the `.MBG`.
        count: u64,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recover => f.write_str("the next program that writes completes or discards it"),
            Self::MakeDirs(dirs) => match &dirs[..] {
                [dir, more @ ..] if !more.is_empty() => {
                    write!(f, "make {dir} with its {} directories", more.len())
                }
                dirs => {
                    f.write_str("make ")?;
                    dirs.iter().try_for_each(|dir| write!(f, "{dir}"))
                }
            },
            Self::MakeFiles(files) => {
                f.write_str("make ")?;
                join(f, files.iter().map(|(file, _)| file))?;
                f.write_str(", empty")
            }
            Self::InstallDummy { number } => write!(
                f,
                "replace {} by a dummy record with number {number}; then export the own list (admin config dirsync requestor export), for what waited in it is lost",
                layout::REQTRANS
            ),
            Self::ResetPointer { queue, .. } => {
                write!(f, "set the pointer of {queue} in {} to -1", layout::REQCONF)
            }
            Self::MoveAside(files) => {
                f.write_str("move ")?;
                join(f, files)?;
                f.write_str(" aside")
            }
            Self::RaiseMailbags(next) => {
                let file = layout::CONTROL;
                write!(f, "raise the next mailbag number of {file} to {next:08X}")
            }
            Self::RaiseLetters(next) => {
                let file = layout::CONTROL;
                write!(f, "raise the next message number of {file} to {next:08X}")
            }
            Self::RaiseTids(last) => write!(f, "raise {} to {last}", layout::TID),
            Self::DropT2 { count } => {
                let entries = if *count == 1 { "entry" } else { "entries" };
                write!(
                    f,
                    "take {count} {entries} for T2 out of {}",
                    layout::PROCESS
                )
            }
            Self::SetServerFlag => write!(f, "make {} say so", layout::MASTER),
            Self::ResetChain => write!(
                f,
                "begin an empty chain in {}, which then grows where gaps could have been filled",
                layout::NETPO
            ),
            Self::WriteMembers { file, members } => {
                write!(f, "write {file} anew with {} members", members.len())
            }
            Self::RebuildBitmap { file, count, .. } => {
                write!(f, "make {file} anew for {count} messages")
            }
        }
    }
}

fn join<'a>(f: &mut fmt::Formatter<'_>, files: impl IntoIterator<Item = &'a File>) -> fmt::Result {
    for (n, file) in files.into_iter().enumerate() {
        if n > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{file}")?;
    }
    Ok(())
}
