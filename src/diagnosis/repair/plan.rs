//! From findings to the changes of files, one change per file however many findings ask for it. Pure.

use super::Repair;
use crate::codec::Record;
use crate::codec::counters::{Control, Tid};
use crate::codec::master::Master;
use crate::codec::process::{ProcessFile, ProcessKind};
use crate::codec::queue::{Framing, QueueRecord, QueueWriter};
use crate::codec::reqconf::ReqConf;
use crate::codec::timestamp::Timestamp;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::survey::Survey;
use crate::postoffice::{Dir, File, layout};

/// What happens to one file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A directory is made.
    MakeDir(Dir),
    /// A file gets new bytes; where it is there, the old ones are kept.
    Write {
        /// The file.
        file: File,
        /// All of its bytes.
        bytes: Vec<u8>,
    },
    /// The first bytes of a file change; the old file is kept.
    WriteHeader {
        /// The file.
        file: File,
        /// Its first bytes.
        bytes: [u8; 4],
    },
    /// A file is moved to where replaced files are kept.
    MoveAside(File),
}

impl Edit {
    /// Returns the file; a directory has none.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        match self {
            Self::MakeDir(_) => None,
            Self::Write { file, .. } | Self::WriteHeader { file, .. } | Self::MoveAside(file) => {
                Some(file)
            }
        }
    }
}

/// One repair with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Id of the check.
    pub check: &'static str,
    /// What is done.
    pub repair: Repair,
    /// The files it changes.
    pub files: Vec<String>,
}

/// What a repair of a postoffice does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The repairs in the order of their findings.
    pub repairs: Vec<Planned>,
    /// The changes, directories first.
    pub edits: Vec<Edit>,
}

impl Plan {
    /// Plans the repair of all findings that have one.
    #[must_use]
    pub fn new(findings: &[Finding], survey: &Survey) -> Self {
        let mut state = State::new(survey);
        let mut repairs = Vec::new();
        for finding in findings {
            let Some(repair) = &finding.repair else {
                continue;
            };
            let files = state.apply(repair);
            repairs.push(Planned {
                check: finding.check.id,
                repair: repair.clone(),
                files,
            });
        }
        Self {
            repairs,
            edits: state.finish(),
        }
    }

    /// Leaves out what needs one of these files, and returns the repairs that are left out.
    pub fn without(&mut self, files: &[String]) -> Vec<Planned> {
        let needs = |planned: &Planned| planned.files.iter().any(|file| files.contains(file));
        let (left_out, kept) = std::mem::take(&mut self.repairs)
            .into_iter()
            .partition(needs);
        self.repairs = kept;
        self.edits.retain(|edit| {
            edit.file()
                .is_none_or(|file| !files.contains(&file.to_string()))
        });
        left_out
    }
}

/// The files that several repairs may change, as they will stand.
struct State<'s> {
    survey: &'s Survey,
    requestor: Option<ReqConf>,
    control: Option<Control>,
    edits: Vec<Edit>,
}

impl<'s> State<'s> {
    fn new(survey: &'s Survey) -> Self {
        Self {
            survey,
            requestor: None,
            control: None,
            edits: Vec::new(),
        }
    }

    /// Works one repair in, and returns the files it changes.
    fn apply(&mut self, repair: &Repair) -> Vec<String> {
        let survey = self.survey;
        match repair {
            Repair::Recover => Vec::new(),
            Repair::MakeDirs(dirs) => {
                let made = dirs.iter().map(|dir| {
                    self.edits.push(Edit::MakeDir(*dir));
                    dir.to_string()
                });
                made.collect()
            }
            Repair::MakeFiles(files) => {
                let made = files.iter().map(|(file, len)| {
                    let bytes = vec![0; *len];
                    self.edits.push(Edit::Write {
                        file: file.clone(),
                        bytes,
                    });
                    file.to_string()
                });
                made.collect()
            }
            Repair::InstallDummy { number } => {
                let bytes = dummy(survey.now, *number);
                self.write(layout::REQTRANS, bytes)
            }
            Repair::ResetPointer { index, .. } => {
                let known = survey.requestor.whole();
                let config = self
                    .requestor
                    .get_or_insert_with(|| known.cloned().unwrap_or_default());
                if let Some(pointer) = config.pointers.0.get_mut(*index) {
                    *pointer = -1;
                }
                vec![layout::REQCONF.to_string()]
            }
            Repair::MoveAside(files) => {
                let moved = files.iter().map(|file| {
                    self.edits.push(Edit::MoveAside(file.clone()));
                    file.to_string()
                });
                moved.collect()
            }
            Repair::RaiseMailbags(next) => self.raise(|control| control.nmailbag = *next),
            Repair::RaiseLetters(next) => self.raise(|control| control.nletter = *next),
            Repair::RaiseTids(last) => {
                let bytes = encoded(&Tid { last: *last });
                self.write(layout::TID, bytes)
            }
            Repair::DropT2 { .. } => {
                let schedule = survey.schedule.whole();
                let bytes = schedule.map_or_else(Vec::new, without_t2);
                self.write(layout::PROCESS, bytes)
            }
            Repair::SetServerFlag => {
                let known = survey.master.whole();
                let master = Master {
                    is_server: true,
                    ..known.cloned().unwrap_or_default()
                };
                self.write(layout::MASTER, encoded(&master))
            }
            Repair::ResetChain => {
                let (file, bytes) = (layout::NETPO, [0; 4]);
                self.edits.push(Edit::WriteHeader { file, bytes });
                vec![layout::NETPO.to_string()]
            }
            Repair::WriteMembers { file, members } => {
                let bytes = members.iter().flat_map(|member| member.to_le_bytes());
                self.write(file.clone(), bytes.collect())
            }
            Repair::RebuildBitmap { file, key, .. } => self.write(file.clone(), encoded(&**key)),
        }
    }

    fn write(&mut self, file: File, bytes: Vec<u8>) -> Vec<String> {
        let name = file.to_string();
        self.edits.push(Edit::Write { file, bytes });
        vec![name]
    }

    fn raise(&mut self, change: impl FnOnce(&mut Control)) -> Vec<String> {
        let known = self.survey.control.whole();
        change(
            self.control
                .get_or_insert_with(|| known.copied().unwrap_or_default()),
        );
        vec![layout::CONTROL.to_string()]
    }

    fn finish(mut self) -> Vec<Edit> {
        if let Some(config) = self.requestor.take() {
            let bytes = encoded(&config);
            self.write(layout::REQCONF, bytes);
        }
        if let Some(control) = self.control.take() {
            let bytes = encoded(&control);
            self.write(layout::CONTROL, bytes);
        }
        self.edits
            .sort_by_key(|edit| !matches!(edit, Edit::MakeDir(_)));
        self.edits
    }
}

/// Returns the 60 bytes of a REQTRANS.GLB that holds nothing but its number.
fn dummy(now: Timestamp, number: u32) -> Vec<u8> {
    let mut queue = QueueWriter::new(Vec::new(), &Framing::OURS);
    queue
        .write(&QueueRecord::podiag_dummy(now, number))
        .expect("a vector takes a record that fits the framing");
    let (bytes, _) = queue.finish().expect("a vector takes it");
    bytes
}

fn without_t2(schedule: &ProcessFile) -> Vec<u8> {
    let mut schedule = schedule.clone();
    schedule
        .records
        .retain(|entry| entry.kind != ProcessKind::T2);
    let mut bytes = Vec::new();
    schedule.write_to(&mut bytes).expect("a vector takes it");
    bytes
}

fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::LEN];
    record.encode(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q110496_the_dummy_record_makes_a_file_of_60_bytes() {
        let bytes = dummy(Timestamp(5), 40);
        assert_eq!(bytes.len(), 60);
        assert!(bytes.ends_with(b"# Dummy record installed by PODIAG.\0"));
    }
}
