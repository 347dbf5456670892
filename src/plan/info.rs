//! Template information: the details of an entry, laid out by the template of its list (`spec/import.md` 3.10, 3.11).

use crate::codec::codepage::CodePage;
use crate::codec::{self, CodecError, InfLayout};
use crate::transaction::{InfoLine, TemplateField};

/// The template of a list with the layout that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    fields: codec::Template,
    layout: InfLayout,
    defaults: Box<[u8]>,
}

/// An information line that could not be taken as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfoFault {
    /// Line of the source, from 1.
    pub line: u32,
    /// 37 where the template has no such prompt; 25 where the value was cut to the field's width.
    pub message: u16,
    /// The prompt.
    pub argument: Vec<u8>,
}

/// A record filled from information lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The `.INF` record.
    pub record: Box<[u8]>,
    /// What could not be taken.
    pub faults: Vec<InfoFault>,
}

impl Template {
    /// Makes a template from the fields of a T transaction.
    ///
    /// # Errors
    /// A field does not fit the file: a width above 255, or too many fields (Q148770).
    pub fn new(fields: &[TemplateField], code_page: CodePage) -> Result<Self, CodecError> {
        let mut parsed = Vec::with_capacity(fields.len());
        for field in fields {
            let mut line = Vec::new();
            field.encode_into(&mut line);
            parsed.push(codec::TemplateField::parse(&line, code_page)?);
        }
        Self::with_layout(codec::Template::new(parsed, code_page)?, code_page)
    }

    /// Reads a `.TPL`.
    ///
    /// # Errors
    /// A line is no template field, or there are too many.
    pub fn decode(bytes: &[u8], code_page: CodePage) -> Result<Self, CodecError> {
        Self::with_layout(codec::Template::decode(bytes, code_page)?, code_page)
    }

    fn with_layout(fields: codec::Template, code_page: CodePage) -> Result<Self, CodecError> {
        let layout = InfLayout::from(&fields);
        let mut defaults = layout.new_record();
        for (number, field) in fields.fields().iter().enumerate() {
            let value = code_page.cut(&field.default, usize::from(field.width));
            layout.set(&mut defaults, number, value)?;
        }
        Ok(Self {
            fields,
            layout,
            defaults: defaults.into(),
        })
    }

    /// Returns the `.TPL`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.fields.encode()
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> &[codec::TemplateField] {
        self.fields.fields()
    }

    /// Returns where the values stand in an `.INF` record.
    #[must_use]
    pub fn layout(&self) -> &InfLayout {
        &self.layout
    }

    /// Returns the bytes of one `.INF` record.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.layout.record_len()
    }

    /// Returns the record of an entry that gives no information.
    #[must_use]
    pub fn defaults(&self) -> Box<[u8]> {
        self.defaults.clone()
    }

    /// Returns the prompts with the values of a record, in the order of the fields.
    ///
    /// A value is left out where it is empty and would come back empty: an empty value of a field with a default is
    /// returned, since a field that is not named gets its default (Q107754).
    pub fn values<'a>(&'a self, record: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let fields = self.fields.fields().iter();
        fields
            .zip(self.layout.values(record))
            .filter(|(field, value)| !(value.is_empty() && field.default.is_empty()))
            .map(|(field, value)| (&*field.prompt, value))
    }

    /// Fills a record from information lines; lines may stand in any order, the last of a prompt wins.
    #[must_use]
    pub fn fill(&self, base: Box<[u8]>, lines: &[InfoLine], code_page: CodePage) -> Filled {
        let mut record = base;
        let mut faults = Vec::new();
        for line in lines {
            let mut fault = |message| {
                let (line, argument) = (line.line(), line.prompt().to_vec());
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                faults.push(InfoFault {
                    line,
                    message,
                    argument,
                });
            };
            let Some(number) = self.fields.position(line.prompt()) else {
                fault(37);
                continue;
            };
            let width = usize::from(self.fields()[number].width);
            let value = code_page.cut(line.value(), width);
            if value.len() < line.value().len() {
                fault(25);
            }
            self.layout
                .set(&mut record, number, value)
                .expect("cut to the width, and a text line holds no NUL");
        }
        Filled { record, faults }
    }
}
