use std::collections::HashMap;

use super::{RequestorRecord, SrvConf};
use crate::codec::codepage::CodePage;
use crate::codec::sync_number::SrvSync;
use crate::codec::{FixedText, RecordState};

/// Something in SRVCONF.GLB that contradicts something else in it. Records are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrvConfFinding {
    /// Records are missing or too many: the file was cut, or written in pieces.
    #[error("header counts {stored} requestors, found {found}")]
    Count {
        /// What the header says.
        stored: u32,
        /// Records in the file.
        found: usize,
    },
    /// The administrator's name has no NUL: something ran over it.
    #[error("administrator has no end: found \"{}\"", .0.escape_ascii())]
    Administrator(Vec<u8>),
    /// The delete byte is neither 0 nor 1: the record was overwritten.
    #[error("requestor {number}: state {found}, expected 0 or 1")]
    State {
        /// The record.
        number: usize,
        /// What the byte holds.
        found: u8,
    },
    /// A text of the record is empty where it must not be, or has no NUL.
    #[error("requestor {number}: {field} is {fault}")]
    Text {
        /// The record.
        number: usize,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Two active records have the same name.
    #[error("requestors {first} and {second} are both \"{}\"", name.escape_ascii())]
    SameName {
        /// The first record.
        first: usize,
        /// The second record.
        second: usize,
        /// Their name.
        name: Vec<u8>,
    },
    /// Two records have the same registration id, which is never given twice.
    #[error("requestors {first} and {second} both have registration {registration}")]
    SameRegistration {
        /// The first record.
        first: usize,
        /// The second record.
        second: usize,
        /// Their id.
        registration: u32,
    },
    /// An active record has an id that was not given yet.
    #[error("requestor {number}: registration {registration}, expected 1 to {}", u64::from(*next).saturating_sub(1))]
    Registration {
        /// The record.
        number: usize,
        /// Its id.
        registration: u32,
        /// The next id to be given.
        next: u32,
    },
    /// A record has seen more than the server ever gave: the server went back.
    #[error("requestor {number}: SrvSync {srv_sync}, expected at most {highest}")]
    Ahead {
        /// The record.
        number: usize,
        /// What it has seen.
        srv_sync: SrvSync,
        /// The highest number of the server.
        highest: SrvSync,
    },
}

impl SrvConf {
    /// Compares the records with the header and with each other; nothing found means nothing wrong. Names are
    /// compared in the server's code page.
    #[must_use]
    pub fn verify(&self, page: CodePage) -> Vec<SrvConfFinding> {
        let mut findings = Vec::new();
        let (stored, found) = (self.header.requestor_count, self.requestors.len());
        if u64::from(stored) != found as u64 {
            findings.push(SrvConfFinding::Count { stored, found });
        }
        if !is_ended(&self.header.administrator) {
            let name = self.header.administrator.as_bytes().to_vec();
            findings.push(SrvConfFinding::Administrator(name));
        }
        let mut names = HashMap::new();
        let mut registrations = HashMap::new();
        for (record, number) in self.requestors.iter().zip(1..) {
            match record.state {
                RecordState::Active => self.verify_active(record, number, &mut findings),
                RecordState::Deleted => {}
                RecordState::Other(found) => {
                    findings.push(SrvConfFinding::State { number, found });
                }
            }
            let registration = record.registration;
            if registration != 0 {
                let first = *registrations.entry(registration).or_insert(number);
                if first != number {
                    findings.push(SrvConfFinding::SameRegistration {
                        first,
                        second: number,
                        registration,
                    });
                }
            }
            if record.state.is_active() {
                let name = record.requestor_name();
                let first = *names.entry(page.fold(&name)).or_insert(number);
                if first != number {
                    findings.push(SrvConfFinding::SameName {
                        first,
                        second: number,
                        name,
                    });
                }
            }
        }
        findings
    }

    fn verify_active(
        &self,
        record: &RequestorRecord,
        number: usize,
        findings: &mut Vec<SrvConfFinding>,
    ) {
        let texts = [
            (
                "network",
                is_ended(&record.network),
                record.network.is_empty(),
            ),
            (
                "postoffice",
                is_ended(&record.postoffice),
                record.postoffice.is_empty(),
            ),
            ("password", is_ended(&record.password), false),
        ];
        for (field, is_ended, is_missing) in texts {
            let fault = match (is_ended, is_missing) {
                (false, _) => "without end",
                (true, true) => "empty",
                (true, false) => continue,
            };
            findings.push(SrvConfFinding::Text {
                number,
                field,
                fault,
            });
        }
        let (registration, next) = (record.registration, self.header.next_registration);
        if !(1..next).contains(&registration) {
            findings.push(SrvConfFinding::Registration {
                number,
                registration,
                next,
            });
        }
        let (srv_sync, highest) = (record.srv_sync, self.header.srv_sync);
        if srv_sync > highest {
            findings.push(SrvConfFinding::Ahead {
                number,
                srv_sync,
                highest,
            });
        }
    }
}

fn is_ended<const N: usize>(text: &FixedText<N>) -> bool {
    text.as_bytes().len() < N
}
