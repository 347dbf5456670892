//! `TASK=`: what a message asks for or brings.

/// A task. `IMPORTREQ` and `EXPORT` are published (Q118298, Q106623), the other words are ours
/// (`spec/protocol.md` 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// `UPDATEREQ`: a requestor's updates, and its wish for those of the others.
    UpdateRequest,
    /// `IMPORTREQ`: the same with the wish for the full list.
    ImportRequest,
    /// `EXPORT`: a foreign requestor's updates (Q106623).
    Export,
    /// `UPDATE`: the server's updates.
    Update,
    /// `IMPORT`: the server's full list.
    Import,
    /// `STATUS`: the log of a requestor.
    Status,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 6] = [
        Self::UpdateRequest,
        Self::ImportRequest,
        Self::Export,
        Self::Update,
        Self::Import,
        Self::Status,
    ];

    /// Returns the value of the key.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::UpdateRequest => "UPDATEREQ",
            Self::ImportRequest => "IMPORTREQ",
            Self::Export => "EXPORT",
            Self::Update => "UPDATE",
            Self::Import => "IMPORT",
            Self::Status => "STATUS",
        }
    }

    /// Reads the value of the key, in any letter case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        let is = |task: &Self| task.word().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is)
    }

    /// Tells whether a requestor sends it to the server.
    #[must_use]
    pub fn is_request(self) -> bool {
        matches!(
            self,
            Self::UpdateRequest | Self::ImportRequest | Self::Export
        )
    }

    /// Tells whether the server sends it to a requestor.
    #[must_use]
    pub fn is_reply(self) -> bool {
        matches!(self, Self::Update | Self::Import)
    }
}

/// `TRANSACTIONS=`: where the transactions of a message are, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// An attachment in the format of the queues (Q159294).
    #[default]
    Internal,
    /// A text attachment (Q118298).
    InAttachment,
    /// In the body (Q106623).
    InBody,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Internal, Self::InAttachment, Self::InBody];

    /// Returns the value of the key.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Internal => "INTERNAL",
            Self::InAttachment => "INATTACHMENT",
            Self::InBody => "INBODY",
        }
    }

    /// Reads the value of the key, in any letter case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        let is = |form: &Self| form.word().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is)
    }

    /// Returns the code in a requestor's record of SRVCONF.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Internal => 0,
            Self::InAttachment => 1,
            Self::InBody => 2,
        }
    }

    /// Returns the form of a code; one that is not known is the first.
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        let is = |form: &Self| form.code() == code;
        Self::ALL.into_iter().find(is).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_in_any_case() {
        for task in Task::ALL {
            assert_eq!(Task::parse(&task.word().to_lowercase()), Some(task));
            assert!(!(task.is_request() && task.is_reply()));
        }
        for form in Form::ALL {
            assert_eq!(Form::parse(&form.word().to_lowercase()), Some(form));
            assert_eq!(Form::from_code(form.code()), form);
        }
        assert_eq!(Task::parse("DELETEALL"), None);
    }
}
