//! From a transaction to what it asks of a container.

use super::ask::{Ask, Changed, ListScope, Select, Want};
use crate::address::{Address, AddressType};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::{PC_MAIL, TargetAddress};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::remote::{ImportRules, Received, RecipientKind, added};
use crate::directory::template_map::line_text;
use crate::plan::outcome::Reason;
use crate::transaction::{Entry, InfoLine, ListName, Transaction};

impl Ask {
    /// Returns what a transaction asks.
    #[must_use]
    pub fn of(transaction: &Transaction, number: Option<u32>, rules: ImportRules<'_>) -> Self {
        let (want, notes) = match transaction {
            Transaction::Add { entry, info, .. } => put(entry, info, rules),
            Transaction::Delete { entry } => match key_of(entry.address(), rules.page) {
                Ok(key) => (Want::Remove { key }, Vec::new()),
                Err(reason) => (Want::Unusable { key: None, reason }, Vec::new()),
            },
            Transaction::Modify {
                entry, new, info, ..
            } => change(entry, new.as_ref(), info, rules.page),
            Transaction::Replace { list } => {
                let list = scope(list, rules.page);
                (Want::Replace { list }, Vec::new())
            }
            Transaction::Template { .. } => (Want::Template, Vec::new()),
        };
        Self {
            want,
            number,
            notes,
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

fn put(entry: &Entry, info: &[InfoLine], rules: ImportRules<'_>) -> (Want, Vec<Note>) {
    let address = match TargetAddress::of(entry.address(), rules.page) {
        Ok(address) => address,
        Err(reason) => return (Want::Unusable { key: None, reason }, Vec::new()),
    };
    let wanted = added(
        Received {
            name: entry.name(),
            address: &address,
            lines: &lines(info, rules.page),
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
    info: &[InfoLine],
    page: CodePage,
) -> (Want, Vec<Note>) {
    let key = key_of(entry.address(), page);
    let renamed = new.map(|new| {
        let address = TargetAddress::of(new.address(), page)?;
        Ok((new.name().to_vec(), address))
    });
    let want = match (key, renamed.transpose()) {
        (Ok(key), Ok(new)) => Want::Change {
            select: Select::Key(key),
            changed: Box::new(Changed {
                name: entry.name().to_vec(),
                new,
                lines: lines(info, page),
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

fn lines(info: &[InfoLine], page: CodePage) -> Vec<String> {
    info.iter().map(|line| line_text(line, page)).collect()
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
