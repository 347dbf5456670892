//! The container record of a list: whose it is, and its numbers (`spec/exchange.md` LD-01, LD-16).

use std::io;

use super::error::{LdifError, shown, shown_name};
use super::record::Located;
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::schema;

/// The first record of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// Name of the container.
    pub dn: Dn,
    /// `syncImportedFrom`: whose entries these are.
    pub owner: String,
    /// `syncEpoch`: identity of the numbering itself.
    pub epoch: Option<String>,
    /// `syncReqSeq`: transactions that the requestor has sent.
    pub req_seq: ReqSync,
    /// `syncSvrSeq`: transactions that the server has sent to this requestor.
    pub svr_seq: SrvSync,
    /// `syncImpSeq`: full imports asked for.
    pub imp_seq: ImportSync,
    /// `syncConfSeq`: how far the requestor has acknowledged.
    pub conf_seq: Option<SrvSync>,
    /// `syncEntryCount`: entries that follow.
    pub entry_count: u32,
}

impl ContainerRecord {
    /// Takes the container from its entry. Only epoch and confirmed number may be missing: without a count no list is
    /// proven whole, and without the three numbers it cannot take the place of what a requestor has.
    pub(super) fn read(entry: &Located<Entry>) -> Result<Self, LdifError> {
        let line = entry.line;
        if !is_container(&entry.record) {
            let found = shown_name(&entry.record.dn);
            let expected = "a container record (objectClass: syncImportContainer) in front";
            return Err(LdifError::damaged(line, found, expected));
        }
        let fields = Fields {
            line,
            attributes: &entry.record.attributes,
        };
        let entry_count = fields.number(schema::ENTRY_COUNT)?.ok_or_else(|| {
            LdifError::incomplete(
                line,
                "a container without syncEntryCount",
                schema::ENTRY_COUNT,
            )
        })?;
        let missing = |name: &str| {
            let found = format!("a container without {name}");
            LdifError::damaged(line, found, name.to_owned())
        };
        let number = |name| fields.number(name)?.ok_or_else(|| missing(name));
        Ok(Self {
            dn: entry.record.dn.clone(),
            owner: fields
                .text(schema::IMPORTED_FROM)?
                .ok_or_else(|| missing(schema::IMPORTED_FROM))?
                .to_owned(),
            epoch: fields.text(schema::EPOCH)?.map(str::to_owned),
            req_seq: ReqSync(number(schema::REQ_SEQ)?),
            svr_seq: SrvSync(number(schema::SVR_SEQ)?),
            imp_seq: ImportSync(number(schema::IMP_SEQ)?),
            conf_seq: fields.number(schema::CONF_SEQ)?.map(SrvSync),
            entry_count,
        })
    }

    /// Returns the entry of this container.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`]: the name does not begin with `ou=`, as that of an organizational unit does.
    pub fn to_entry(&self) -> io::Result<Entry> {
        let Some(unit) = self.dn.own_value(schema::OU) else {
            let what = format!("{} is no name of an organizational unit", self.dn);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        };
        let mut attributes = Attributes::from_iter([
            (schema::OBJECT_CLASS, "organizationalUnit"),
            (schema::OBJECT_CLASS, schema::IMPORT_CONTAINER),
        ]);
        attributes.add(schema::OU, unit);
        attributes.add(schema::IMPORTED_FROM, &self.owner[..]);
        if let Some(epoch) = &self.epoch {
            attributes.add(schema::EPOCH, &epoch[..]);
        }
        attributes.add(schema::REQ_SEQ, self.req_seq.to_string());
        attributes.add(schema::SVR_SEQ, self.svr_seq.to_string());
        attributes.add(schema::IMP_SEQ, self.imp_seq.to_string());
        if let Some(conf_seq) = self.conf_seq {
            attributes.add(schema::CONF_SEQ, conf_seq.to_string());
        }
        attributes.add(schema::ENTRY_COUNT, self.entry_count.to_string());
        let dn = self.dn.clone();
        Ok(Entry { dn, attributes })
    }
}

/// Tells whether an entry is a container of imported addresses.
pub(super) fn is_container(entry: &Entry) -> bool {
    let mut classes = entry.attributes.values(schema::OBJECT_CLASS).iter();
    classes.any(|class| class.eq_ignore_ascii_case(schema::IMPORT_CONTAINER.as_bytes()))
}

/// The attributes of the record, each single-valued.
struct Fields<'e> {
    line: u64,
    attributes: &'e Attributes,
}

impl<'e> Fields<'e> {
    fn text(&self, name: &str) -> Result<Option<&'e str>, LdifError> {
        let mut values = self.attributes.values(name);
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value,
            (_, Some(other)) => {
                let found = format!("another {name}, {}", shown(other));
                return Err(LdifError::damaged(self.line, found, "one value"));
            }
        };
        match std::str::from_utf8(value) {
            Ok(text) if !text.is_empty() => Ok(Some(text)),
            _ => {
                let found = format!("{name} {}", shown(value));
                Err(LdifError::damaged(self.line, found, "a text"))
            }
        }
    }

    fn number(&self, name: &str) -> Result<Option<u32>, LdifError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        // No sign and no zeros in front, as the LDAP syntax has it.
        let parsed = text.parse::<u32>().ok();
        match parsed.filter(|number| number.to_string() == text) {
            Some(number) => Ok(Some(number)),
            None => {
                let found = format!("{name} {}", shown(text.as_bytes()));
                let expected = "a number from 0 to 4294967295";
                Err(LdifError::damaged(self.line, found, expected))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(lines: &[(&str, &str)]) -> Located<Entry> {
        let dn = Dn::parse("ou=Imported,o=Org").expect("a name");
        let attributes = lines.iter().copied().collect();
        Located {
            line: 3,
            record: Entry { dn, attributes },
        }
    }

    const WHOLE: [(&str, &str); 6] = [
        ("objectClass", "SYNCIMPORTCONTAINER"),
        ("syncImportedFrom", "dss/NET1/PO1"),
        ("syncReqSeq", "14"),
        ("syncSvrSeq", "88"),
        ("syncImpSeq", "0"),
        ("syncEntryCount", "4294967295"),
    ];

    #[test]
    fn epoch_and_confirmed_number_may_be_missing_and_nothing_else() {
        let container = ContainerRecord::read(&entry(&WHOLE)).expect("a container");
        assert_eq!(container.owner, "dss/NET1/PO1");
        assert_eq!((container.epoch, container.conf_seq), (None, None));
        assert_eq!(container.svr_seq, SrvSync(88));
        assert_eq!(container.entry_count, u32::MAX);
        for left_out in 0..WHOLE.len() {
            let mut lines = WHOLE.to_vec();
            let (name, _) = lines.remove(left_out);
            let error = ContainerRecord::read(&entry(&lines)).unwrap_err();
            let is_count = name == schema::ENTRY_COUNT;
            assert_eq!(matches!(error, LdifError::Incomplete { .. }), is_count);
            assert!(error.to_string().contains(name) || left_out == 0, "{error}");
        }
    }

    #[test]
    fn a_value_that_is_none_or_one_of_several_is_refused() {
        for (name, value, found) in [
            (
                "syncSvrSeq",
                "89",
                "another syncSvrSeq, \"89\", expected one value",
            ),
            (
                "syncConfSeq",
                "007",
                "syncConfSeq \"007\", expected a number from 0 to 4294967295",
            ),
            (
                "syncConfSeq",
                "+7",
                "syncConfSeq \"+7\", expected a number from 0 to 4294967295",
            ),
            (
                "syncConfSeq",
                "-1",
                "syncConfSeq \"-1\", expected a number from 0 to 4294967295",
            ),
            (
                "syncConfSeq",
                "4294967296",
                "syncConfSeq \"4294967296\", expected a number from 0 to 4294967295",
            ),
            ("syncEpoch", "", "syncEpoch \"\", expected a text"),
        ] {
            let mut lines = WHOLE.to_vec();
            lines.push((name, value));
            let error = ContainerRecord::read(&entry(&lines)).unwrap_err();
            assert_eq!(error.to_string(), format!("line 3: {found}"));
        }
    }

    #[test]
    fn the_entry_of_a_container_reads_as_that_container() {
        let container = ContainerRecord::read(&entry(&WHOLE)).expect("a container");
        for (epoch, conf_seq) in [(None, None), (Some("e1".to_owned()), Some(SrvSync(87)))] {
            let container = ContainerRecord {
                epoch,
                conf_seq,
                ..container.clone()
            };
            let record = container.to_entry().expect("an entry");
            let again = ContainerRecord::read(&Located { line: 1, record });
            assert_eq!(again.expect("a container"), container);
        }
        let dn = Dn::parse("o=Org").expect("a name");
        let error = ContainerRecord { dn, ..container }.to_entry().unwrap_err();
        assert_eq!(
            error.to_string(),
            "o=Org is no name of an organizational unit"
        );
    }
}
