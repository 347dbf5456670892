//! An entry of a directory as the transaction that a postoffice takes.

use super::recipient::Recipient;
use crate::codec::codepage::CodePage;
use crate::directory::entry::Attributes;
use crate::directory::note::Note;
use crate::directory::template_map::TemplateMap;
use crate::directory::x400::X121Spelling;
use crate::importfile::parse_info;
use crate::plan::outcome::Reason;
use crate::transaction::{Entry, InfoLine, Transaction};

/// Attributes that every entry of a directory has: no template line is made of them.
const STANDING: [&str; 5] = ["cn", "sn", "displayName", "uid", "mail"];

/// Returns the A of an entry.
///
/// # Errors
/// What keeps a postoffice from holding it.
pub fn addition(
    attributes: &Attributes,
    map: &TemplateMap,
    page: CodePage,
) -> Result<Transaction, Note> {
    let Recipient { address, name } = Recipient::of(attributes, None);
    let address = address?.to_address(page, X121Spelling::Plain)?;
    let name = page
        .encode(&name)
        .map_err(|error| Note::new(Reason::Charset, format!("name: {error}")))?;
    let entry = Entry::new(&name, address, page).map_err(|error| {
        Note::new(
            Reason::of_refused_line(error.number),
            format!("name: {error}"),
        )
    })?;
    Ok(Transaction::Add {
        entry,
        info: info_lines(attributes, map, page)?,
        tokens: Vec::new(),
    })
}

/// Returns the template lines that attributes are written as.
///
/// # Errors
/// A character that the code page lacks, or a line that is none.
pub fn info_lines(
    attributes: &Attributes,
    map: &TemplateMap,
    page: CodePage,
) -> Result<Vec<InfoLine>, Note> {
    let mut attributes = attributes.clone();
    for name in STANDING {
        attributes.remove(name);
    }
    let wrong = |reason, error: String| Note::new(reason, format!("template line: {error}"));
    let lines = map.lines(&attributes).into_iter().map(|line| {
        let bytes = page
            .encode(&line)
            .map_err(|error| wrong(Reason::Charset, error.to_string()))?;
        parse_info(&bytes).map_err(|error| wrong(Reason::MappingError, error.to_string()))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::importfile::Writer;

    fn text(pairs: &[(&str, &str)]) -> Result<String, Reason> {
        let attributes = pairs.iter().copied().collect();
        let made = addition(&attributes, &TemplateMap::default(), CodePage::Cp850);
        let made = made.map_err(|note| note.reason)?;
        let mut writer = Writer::new(Vec::new());
        writer.write(&made).expect("written");
        Ok(CodePage::Cp850.decode(&writer.finish().expect("written")))
    }

    #[test]
    fn an_entry_becomes_a_line_with_its_template_lines_below() {
        let entry = [
            ("syncAddress", "MS:NET/PO/BOB"),
            ("cn", "Jörg"),
            ("sn", "J"),
            ("title", "Clerk"),
            ("syncTemplate", "Division:/1"),
        ];
        let expected = "A Jörg                           PCM:NET/PO/BOB\r\n- Title:/Clerk\r\n- Division:/1\r\n";
        assert_eq!(text(&entry).as_deref(), Ok(expected));
    }

    #[test]
    fn what_no_postoffice_can_hold_says_why() {
        for (pairs, reason) in [
            (&[("mail", "b@x"), ("cn", "สม")][..], Reason::Charset),
            (
                &[("syncAddress", "NOTES:x"), ("cn", "x")],
                Reason::AddressType,
            ),
            (&[("cn", "x")], Reason::NoAddress),
            (
                &[
                    ("mail", "b@x"),
                    ("cn", "a name of more than thirty characters"),
                ],
                Reason::TooLong,
            ),
        ] {
            assert_eq!(text(pairs), Err(reason), "{pairs:?}");
        }
    }
}
