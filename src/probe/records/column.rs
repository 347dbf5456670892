//! A field of a record, with what speaks for it.

/// What a field of a record seems to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Eight hexadecimal digits.
    HexId,
    /// Short words without blanks: mailboxes, networks, postoffices.
    Word,
    /// Text with blanks: full names, comments.
    Name,
    /// A number that differs in every record.
    Id,
    /// A number that rises from record to record.
    Counter,
    /// A number.
    Number,
    /// The offset of another record of this file, or none.
    Link,
    /// One of a few values, such as a type.
    Flag(Vec<u8>),
    /// A flag that has this value in deleted records.
    Deleted(u8),
    /// The same in every record.
    Constant(u8),
}

/// How a text ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// With a NUL, or where its field ends.
    Nul,
    /// Filled up with blanks.
    Blank,
    /// A byte in front, the first of the field, counts it.
    Counted,
}

/// A field with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Offset in the record.
    pub offset: usize,
    /// Bytes of it.
    pub size: usize,
    /// What it seems to be.
    pub kind: Kind,
    /// How a text in it ends.
    pub padding: Padding,
    /// Records that agree.
    pub agree: usize,
    /// Records looked at.
    pub of: usize,
    /// What makes it doubtful.
    pub doubt: Option<String>,
    /// What speaks for it besides.
    pub note: Option<String>,
}

impl Column {
    pub(super) fn new(offset: usize, size: usize, kind: Kind, agree: usize, of: usize) -> Self {
        Self {
            offset,
            size,
            kind,
            padding: Padding::Nul,
            agree,
            of,
            doubt: None,
            note: None,
        }
    }

    pub(super) fn doubted(mut self, doubt: impl Into<String>) -> Self {
        self.doubt = Some(doubt.into());
        self
    }

    /// Tells whether the file decides it.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.doubt.is_none()
    }

    /// Tells whether it holds text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::HexId | Kind::Word | Kind::Name)
    }

    /// Tells whether it holds a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(
            self.kind,
            Kind::Id | Kind::Counter | Kind::Number | Kind::Link
        )
    }

    /// Returns the text in a record; none where there is none or it is not clean.
    #[must_use]
    pub fn text<'r>(&self, record: &'r [u8]) -> Option<&'r [u8]> {
        let field = record.get(self.offset..self.offset + self.size)?;
        let text = match self.padding {
            Padding::Nul => &field[..field.iter().position(|&b| b == 0).unwrap_or(field.len())],
            Padding::Blank => field.trim_ascii_end(),
            Padding::Counted => field.get(1..=usize::from(*field.first()?))?,
        };
        let is_clean = text.iter().all(|&b| is_text(b));
        (self.is_text() && is_clean && !text.is_empty()).then_some(text)
    }

    /// Returns the number in a record.
    #[must_use]
    pub fn number(&self, record: &[u8]) -> Option<u32> {
        let field = record.get(self.offset..self.offset + self.size)?;
        (self.is_number() && field.len() <= 4).then(|| little(field))
    }
}

/// Reads a number, its lowest byte first.
pub(super) fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rfold(0, |v, &b| v << 8 | u32::from(b))
}

/// Tells whether a byte can stand in a text; 0xff is a blank in code page 850 and means "none" everywhere else.
pub(super) fn is_text(byte: u8) -> bool {
    byte >= 0x20 && !matches!(byte, 0x7f | 0xff)
}
