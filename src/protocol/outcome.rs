//! Outcomes: what a message came to, and what was noticed over the numbers. Each is a value that knows its published
//! number, its severity and how the run ends for it; a refusal is an outcome, not an error.

mod refusal;
mod remark;

pub use refusal::Refusal;
pub use remark::Remark;

use crate::messages::Severity;

/// What an outcome means for the end of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// Nothing.
    None,
    /// Something was refused or left out.
    Partial,
    /// The two sides are out of step: a gap, or lost state.
    OutOfStep,
}

/// One line for the logs; the program puts the requestor's or the sender's name where `names` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Severity.
    pub severity: Severity,
    /// Published number, where there is one.
    pub number: Option<u16>,
    /// Argument of the published message, or the whole text where there is none.
    pub text: String,
}

impl Line {
    /// Makes a warning without number.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::new(Severity::Warning, None, text)
    }

    /// Makes an error without number.
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(Severity::Error, None, text)
    }

    /// Makes a line that only tells something.
    pub fn status(text: impl Into<String>) -> Self {
        Self::new(Severity::Status, None, text)
    }

    fn new(severity: Severity, number: Option<u16>, text: impl Into<String>) -> Self {
        Self {
            severity,
            number,
            text: text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::sync_number::SrvSync;

    fn said(remark: &Remark) -> Vec<(Severity, Option<u16>, String)> {
        let lines = remark.lines("PCM:NET/PO");
        let parts = lines.into_iter().map(|l| (l.severity, l.number, l.text));
        parts.collect()
    }

    #[test]
    fn missing_transactions_are_counted_as_q108067_does() {
        let purged = Remark::Purged {
            srv_sync: SrvSync(0),
            low: SrvSync(1300),
        };
        assert_eq!(
            said(&purged),
            [
                (Severity::Error, None, "PCM:NET/PO".to_owned()),
                (Severity::Error, Some(138), "(0)".to_owned()),
                (Severity::Error, Some(139), "1300 (0->1299)".to_owned()),
            ]
        );
    }

    #[test]
    fn ds_p028_what_a_restored_server_lacks_is_fatal() {
        let beyond = Remark::Beyond {
            srv_sync: SrvSync(700),
            sync: SrvSync(500),
        };
        assert_eq!(
            said(&beyond)[1..],
            [
                (Severity::Fatal, Some(138), "(700)".to_owned()),
                (Severity::Fatal, Some(139), "200 (501->700)".to_owned()),
            ]
        );
        assert_eq!(beyond.consequence(), Consequence::OutOfStep);
    }

    #[test]
    fn ds_p025_a_list_over_the_limit_names_the_requestor() {
        assert_eq!(
            said(&Remark::ImportLimit),
            [
                (Severity::Fatal, Some(118), String::new()),
                (Severity::Fatal, Some(166), "PCM:NET/PO".to_owned()),
            ]
        );
    }

    #[test]
    fn refusals_print_their_published_text() {
        let text = Refusal::NotRegistered("PCM:NET/PO".into()).to_string();
        assert_eq!(text, "Requestor not registered : PCM:NET/PO");
        assert!(!Refusal::WrongPassword(String::new()).is_for_administrator());
    }
}
