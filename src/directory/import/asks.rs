//! From a transaction to what it asks of a container.

use super::ask::{Ask, Changed, ListScope, Select, Want};
use crate::address::{Address, AddressType};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::{PC_MAIL, TargetAddress};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::remote::{ImportRules, Received, RecipientKind, added};
use crate::directory::template_map::line_text;
use crate::importfile::{ByName, LeftOut, LooseInfo};
use crate::plan::outcome::Reason;
use crate::transaction::{Entry, InfoLine, ListName, Transaction};

impl Ask {
    /// Returns what a transaction asks.
    #[must_use]
    pub fn of(transaction: &Transaction, number: Option<u32>, rules: ImportRules<'_>) -> Self {
        Self::of_text(transaction, &LeftOut::default(), number, rules)
    }

    /// Returns what a transaction asks, with what its text says beside it.
    #[must_use]
    pub fn of_text(
        transaction: &Transaction,
        left_out: &LeftOut,
        number: Option<u32>,
        rules: ImportRules<'_>,
    ) -> Self {
        let info = lines(transaction.info(), &left_out.info, rules.page);
        let (want, mut notes) = match transaction {
            Transaction::Add { entry, .. } => put(entry, &info, rules),
            Transaction::Delete { entry } => match key_of(entry.address(), rules.page) {
                Ok(key) => (Want::Remove { key }, Vec::new()),
                Err(reason) => (Want::Unusable { key: None, reason }, Vec::new()),
            },
            Transaction::Modify { entry, new, .. } => change(entry, new.as_ref(), info, rules.page),
            Transaction::Replace { list } => {
                let list = scope(list, rules.page);
                (Want::Replace { list }, Vec::new())
            }
            Transaction::Template { .. } => (Want::Template, Vec::new()),
        };
        notes.extend(dropped(left_out, rules));
        Self {
            want,
            number,
            notes,
        }
    }

    /// Returns what an M asks that gives no address (DX-19).
    #[must_use]
    pub fn by_name(by_name: &ByName, number: Option<u32>, rules: ImportRules<'_>) -> Self {
        let name = by_name.name();
        let new = by_name.new.as_ref().map(|new| renamed(new, rules.page));
        let want = match new.transpose() {
            Ok(new) => Want::Change {
                select: Select::Name(rules.page.decode(name)),
                changed: Box::new(Changed {
                    name: name.to_vec(),
                    new,
                    lines: lines(&by_name.info, &by_name.left_out.info, rules.page),
                }),
            },
            Err(reason) => Want::Unusable { key: None, reason },
        };
        Self {
            want,
            number,
            notes: dropped(&by_name.left_out, rules),
        }
    }

    /// Returns what a record asks that nobody can read: nothing, but the run must say so.
    #[must_use]
    pub fn unusable(detail: impl Into<String>, number: Option<u32>) -> Self {
        Self {
            want: Want::Unusable {
                key: None,
                reason: Note::new(Reason::ListDamaged, detail),
            },
            number,
            notes: Vec::new(),
        }
    }
}

fn put(entry: &Entry, lines: &[String], rules: ImportRules<'_>) -> (Want, Vec<Note>) {
    let address = match TargetAddress::of(entry.address(), rules.page) {
        Ok(address) => address,
        Err(reason) => return (Want::Unusable { key: None, reason }, Vec::new()),
    };
    let wanted = added(
        Received {
            name: entry.name(),
            address: &address,
            lines,
            kind: RecipientKind::Person,
        },
        rules,
    );
    let (key, mut attributes) = (wanted.key, wanted.attributes);
    attributes.shrink();
    (Want::Put { key, attributes }, wanted.notes)
}

fn change(
    entry: &Entry,
    new: Option<&Entry>,
    lines: Vec<String>,
    page: CodePage,
) -> (Want, Vec<Note>) {
    let key = key_of(entry.address(), page);
    let new = new.map(|new| renamed(new, page));
    let want = match (key, new.transpose()) {
        (Ok(key), Ok(new)) => Want::Change {
            select: Select::Key(key),
            changed: Box::new(Changed {
                name: entry.name().to_vec(),
                new,
                lines,
            }),
        },
        // The entry stays as it is, and counts as there.
        (Ok(key), Err(reason)) => Want::Unusable {
            key: Some(key),
            reason,
        },
        (Err(reason), _) => Want::Unusable { key: None, reason },
    };
    (want, Vec::new())
}

fn key_of(address: &Address, page: CodePage) -> Result<SyncKey, Note> {
    TargetAddress::of(address, page).map(|address| SyncKey::of(&address))
}

fn renamed(new: &Entry, page: CodePage) -> Result<(Vec<u8>, TargetAddress), Note> {
    let address = TargetAddress::of(new.address(), page)?;
    Ok((new.name().to_vec(), address))
}

/// Returns the information lines in the order of the text. Where the prompt of one ends that has no single slash, the
/// table of prompts says, or it is the first slash (DX-22); without any slash it is no such line.
fn lines(info: &[InfoLine], loose: &[LooseInfo], page: CodePage) -> Vec<String> {
    let read = info.iter().map(|line| (line.line(), line_text(line, page)));
    if loose.is_empty() {
        return read.map(|(_, text)| text).collect();
    }
    let loose = loose.iter().filter(|loose| loose.text.contains(&b'/'));
    let loose = loose.map(|loose| (loose.line, page.decode(&loose.text)));
    let mut lines: Vec<_> = read.chain(loose).collect();
    lines.sort_by_key(|(line, _)| *line);
    lines.into_iter().map(|(_, text)| text).collect()
}

/// Names the lines that nobody can use. Where no information is taken at all, none of it is missed.
fn dropped(left_out: &LeftOut, rules: ImportRules<'_>) -> Vec<Note> {
    let is_used = |line: u64| {
        let mut used = left_out.info.iter();
        used.any(|loose| loose.line == line && loose.text.contains(&b'/'))
    };
    let is_info = |number: u16| [22, 24].contains(&number);
    let messages = left_out.messages.iter();
    messages
        .filter(|message| !is_used(message.line))
        .filter(|message| rules.templates.is_some() || !is_info(message.number))
        .map(|message| Note::new(Reason::ValueDropped, message.to_string()))
        .collect()
}

fn scope(list: &ListName, page: CodePage) -> ListScope {
    match (list.kind().family(), list.place()) {
        (AddressType::Pcm, Some(place)) => ListScope::Postoffice {
            network: page.decode(place.network()),
            postoffice: page.decode(place.postoffice()),
        },
        (AddressType::Pcm, None) => ListScope::Type(PC_MAIL.to_owned()),
        (kind, _) => ListScope::Type(TargetAddress::new(kind.token(), "").kind().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::template_map::{TemplateMap, TemplateRule};
    use crate::importfile::Block;

    const RULES: ImportRules<'_> = ImportRules {
        owner: "dss/NET1/PO1",
        trust: None,
        page: CodePage::Cp850,
        templates: None,
    };

    fn ask(text: &str) -> Ask {
        let decoded = Transaction::decode_queue_text(text.as_bytes(), CodePage::Cp850);
        Ask::of(&decoded.expect(text).transaction, Some(7), RULES)
    }

    #[test]
    fn each_letter_asks_what_it_says() {
        let key = SyncKey::stored("MS:NET/PO/ANN");
        match ask("A Ann\tPCM:net/po/ann").want {
            Want::Put {
                key: found,
                attributes,
            } => {
                assert_eq!(found, key);
                assert_eq!(attributes.text("cn"), Some("Ann"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(ask("D Ann\tPCM:net/po/ann").want, Want::Remove { key });
        let list = ListScope::Postoffice {
            network: "NET".to_owned(),
            postoffice: "PO".to_owned(),
        };
        assert_eq!(ask("R PCM:NET/PO").want, Want::Replace { list });
        let list = ListScope::Type("SMTP".to_owned());
        assert_eq!(ask("R SMTP:").want, Want::Replace { list });
    }

    #[test]
    fn dxc_053_057_a_long_line_behind_an_m_is_a_line_and_no_address() {
        let line = "- Department:/Trade and Tourism and Economic Development";
        match ask(&format!("M Ann\tPCM:net/po/ann\r\n{line}")).want {
            Want::Change { changed, .. } => {
                assert_eq!(changed.new, None);
                assert_eq!(changed.lines, [line.strip_prefix("- ").expect("a hyphen")]);
            }
            other => panic!("{other:?}"),
        }
    }

    /// Asks what a record asks, whatever it is.
    fn loose(text: &str, templates: Option<&TemplateMap>) -> Ask {
        let rules = ImportRules { templates, ..RULES };
        let block = Block::of_queue_text(text.as_bytes(), CodePage::Cp850);
        match (block.transaction, block.loose.by_name) {
            (Some(transaction), _) => {
                let (info, messages) = (block.loose.info, block.messages);
                let left_out = LeftOut { info, messages };
                Ask::of_text(&transaction, &left_out, None, rules)
            }
            (None, Some(by_name)) => Ask::by_name(&by_name, None, rules),
            (None, None) => panic!("{text:?}: {:?}", block.messages),
        }
    }

    #[test]
    fn dxc_055_a_name_alone_asks_for_whoever_has_it() {
        match loose("M George Jones\r\n- Title:/Clerk", None).want {
            Want::Change { select, changed } => {
                assert_eq!(select, Select::Name("George Jones".to_owned()));
                assert_eq!(
                    (changed.new, changed.lines),
                    (None, vec!["Title:/Clerk".to_owned()])
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dxc_068_a_prompt_with_a_slash_at_its_end_is_told_from_one_without() {
        let rules = [("Phone:", "telephoneNumber"), ("Phone:/", "mobile")];
        let rules = rules.map(|(prompt, attribute)| TemplateRule::new(prompt, attribute));
        let map = TemplateMap::new(rules.to_vec()).expect("a table");
        for first in ["A Ann\tPCM:net/po/ann", "M Ann\tPCM:net/po/ann", "M Ann"] {
            let text = format!("{first}\r\n- Phone://2\r\n- Phone:/1\r\n- Extra//3");
            let ask = loose(&text, Some(&map));
            assert_eq!(ask.notes, []);
            match ask.want {
                Want::Put { attributes, .. } => {
                    assert_eq!(attributes.text("telephoneNumber"), Some("1"));
                    assert_eq!(attributes.text("mobile"), Some("2"));
                    assert_eq!(attributes.text("syncTemplate"), Some("Extra//3"));
                }
                Want::Change { changed, .. } => {
                    assert_eq!(changed.lines, ["Phone://2", "Phone:/1", "Extra//3"]);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_line_that_nobody_can_use_is_named() {
        let text = "A Ann\tPCM:net/po/ann\r\n- nothing\r\n&FOO=x\r\n- Phone://2";
        let map = TemplateMap::default();
        let notes = loose(text, Some(&map)).notes;
        let shown: Vec<_> = notes.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].starts_with("value-dropped: line 2"), "{shown:?}");
        assert!(shown[1].starts_with("value-dropped: line 3"), "{shown:?}");
        assert_eq!(loose(text, None).notes.len(), 1, "no information is taken");
    }

    #[test]
    fn dxc_058_059_060_whatever_it_is_called_it_is_one_address() {
        let texts = [
            "A Ann\tnet/po/ann",
            "A Ann\tpcm:net/po/ann",
            "A Ann\tPcm:net/po/ann",
            "A Ann\tCSI:net/po/ann",
        ];
        for text in texts {
            match ask(text).want {
                Want::Put { key, attributes } => {
                    assert_eq!(key.as_str(), "MS:NET/PO/ANN", "{text}");
                    assert_eq!(attributes.text("uid"), Some("ann"), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
