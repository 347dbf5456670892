//! An export: the own list as transactions, R and then an A per user and group that takes part
//! (`spec/protocol.md` 3.1).

use super::pol::Pol;
use super::{Postoffice, PostofficeError};
use crate::address::{AddressError, AddressType};
use crate::codec::FixedText;
use crate::transaction::{ListName, TemplateField, Transaction};

/// One part of an export.
#[derive(Debug)]
pub enum ExportItem {
    /// R or T.
    Command(Transaction),
    /// An A.
    Entry(Transaction),
    /// An entry that no transaction can hold: it would be an error on every postoffice (Q128872, Q123398).
    Refused {
        /// Its name.
        name: FixedText<31>,
        /// Why.
        error: AddressError,
    },
}

impl Postoffice {
    /// Returns the export of the own list; `templates` asks for the details of users and their template.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn own_export(&self, templates: bool) -> Result<Vec<ExportItem>, PostofficeError> {
        let pol = Pol::load(self)?;
        let list = ListName::new(AddressType::Pcm, Some(self.name().clone()));
        let mut items = vec![ExportItem::Command(Transaction::Replace {
            list: list.clone(),
        })];
        items.extend(self.own_template(list, templates)?.map(ExportItem::Command));
        for own in self.own_entries(&pol, templates)? {
            if !own.takes_part && own.mailbox.is_some() {
                continue;
            }
            items.push(match own.entry(self) {
                Ok(entry) => ExportItem::Entry(Transaction::Add {
                    entry,
                    info: own.info,
                    tokens: Vec::new(),
                }),
                Err(error) => ExportItem::Refused {
                    name: own.name,
                    error,
                },
            });
        }
        Ok(items)
    }

    /// Returns the definition of the template that the own users have, where it is asked for.
    fn own_template(
        &self,
        list: ListName,
        templates: bool,
    ) -> Result<Option<Transaction>, PostofficeError> {
        let Some(template) = self.local_template()?.filter(|_| templates) else {
            return Ok(None);
        };
        let mut fields = Vec::new();
        for field in template.fields() {
            let field = TemplateField::parse(&field.to_line(), self.code_page())
                .map_err(|e| PostofficeError::Unstorable(format!("ADMIN.TPL: {e}")))?;
            fields.push(field);
        }
        let has_fields = !fields.is_empty();
        Ok(has_fields.then_some(Transaction::Template { list, fields }))
    }
}
