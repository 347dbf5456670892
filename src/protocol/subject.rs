//! Subjects of dir-sync messages (`spec/protocol.md` 6.1). They are for people: a mail header cuts them at 40
//! characters (Q156844), so the numbers travel in the body, and a subject is read only to show it.

use std::fmt;

use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

/// Characters that a mail header holds of a subject (Q156844, Q162841).
pub const MAX_SUBJECT_LEN: usize = 40;

/// The subject of a message with updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A requestor's request.
    Request {
        /// Last number in REQTRANS.
        req_sync: ReqSync,
        /// ReqSync of REQCONF: last number confirmed before.
        was: ReqSync,
        /// SrvSync of REQCONF.
        srv_sync: SrvSync,
        /// Imports requested so far.
        import_sync: ImportSync,
        /// Updates attached.
        count: u64,
    },
    /// The server's answer.
    Reply {
        /// Requestor's number acknowledged.
        req_sync: ReqSync,
        /// The server's new number.
        srv_sync: SrvSync,
        /// The server's number before.
        was: SrvSync,
        /// Imports served so far.
        import_sync: ImportSync,
        /// Updates sent.
        count: u64,
    },
}

impl Subject {
    /// Returns the subject as the header holds it, cut at [`MAX_SUBJECT_LEN`] characters.
    #[must_use]
    pub fn cut(&self) -> String {
        self.to_string().chars().take(MAX_SUBJECT_LEN).collect()
    }
}

/// Writes the one real form that is known (Q162841), and by analogy that of a request.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request {
                req_sync,
                was,
                srv_sync,
                import_sync,
                count,
            } => {
                write!(
                    f,
                    "ReqTx R={req_sync} (was {was}), S={srv_sync}, I={import_sync} {count} sent"
                )
            }
            Self::Reply {
                req_sync,
                srv_sync,
                was,
                import_sync,
                count,
            } => {
                write!(
                    f,
                    "SrvTx R={req_sync} S={srv_sync} (was {was}), I={import_sync} {count} sent"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ds_p022_dirsync_subjects_are_those_of_the_one_real_sample() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/spec/vectors.json")).expect("JSON");
        let samples = vectors["dirsync_subjects"].as_array().expect("a list");
        let real = samples
            .iter()
            .find(|s| s["subject"].is_string())
            .expect("one is real");
        let number =
            |key: &str| u32::try_from(real["decoded"][key].as_u64().expect(key)).expect(key);
        let subject = Subject::Reply {
            req_sync: ReqSync(number("R")),
            srv_sync: SrvSync(number("S")),
            was: SrvSync(number("was")),
            import_sync: ImportSync(number("I")),
            count: number("sent").into(),
        };
        assert_eq!(subject.cut(), real["subject"].as_str().expect("text"));
        assert_eq!(
            subject.cut().len() as u64,
            real["len"].as_u64().expect("a number")
        );
        let request = Subject::Request {
            req_sync: ReqSync(5),
            was: ReqSync(4),
            srv_sync: SrvSync(7),
            import_sync: ImportSync(1),
            count: 1,
        };
        assert_eq!(request.to_string(), "ReqTx R=5 (was 4), S=7, I=1 1 sent");
    }
}
