//! The settings that an exchange was decided by, as the ledger keeps them (`spec/exchange.md` 1.1, DXA-Prev-*): what is another
//! now is told, and shown with what it does, before it acts.

use serde::{Deserialize, Serialize};

use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::directory::dn::Dn;
use crate::directory::names::UniqueNames;
use crate::tools::dxa::config::{ConditionsText, Connection, Direction, Export, Mapping};

use super::settings;

/// The settings of a connection that decide what it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::tools::dxa) struct Basis {
    export_containers: Vec<String>,
    owned: Vec<String>,
    relay: bool,
    trust: u8,
    custom_recipients: bool,
    groups: bool,
    types: Vec<String>,
    as_proxy: bool,
    unique_names: String,
    strict_charset: bool,
    sends_templates: bool,
    mappings: Vec<(String, String)>,
    code_page: u16,
    #[serde(default)]
    conditions: ConditionsText,
}

impl Basis {
    /// The settings as they are.
    pub(in crate::tools::dxa) fn of(connection: &Connection) -> Self {
        let export = &connection.export;
        let page = connection.code_page;
        let sends = |mapping: &&Mapping| mapping.direction.sends();
        let mappings = connection.mappings.iter().filter(sends);
        Self {
            export_containers: export.containers.iter().map(Dn::to_string).collect(),
            owned: export.owned.iter().map(|place| place.view(page)).collect(),
            relay: export.relay,
            trust: export.trust,
            custom_recipients: export.custom_recipients,
            groups: export.groups,
            types: export
                .types
                .iter()
                .map(|kind| kind.token().to_owned())
                .collect(),
            as_proxy: export.as_proxy,
            unique_names: export.unique_names.word().to_owned(),
            strict_charset: export.strict_charset,
            sends_templates: connection.templates.sends(),
            mappings: mappings
                .map(|mapping| (mapping.prompt.clone(), mapping.source()))
                .collect(),
            code_page: page.id(),
            conditions: export.conditions_text.clone(),
        }
    }

    /// Returns the connection as it was with these settings; none where they cannot be read any more.
    pub(in crate::tools::dxa) fn connection(&self, now: &Connection) -> Option<Connection> {
        let page = CodePage::from_id(self.code_page)?;
        let containers = self.export_containers.iter().map(|dn| Dn::parse(dn).ok());
        let owned = self.owned.iter().map(|place| {
            let bytes = page.encode(place).ok()?;
            PostofficeName::parse(&bytes, page).ok()
        });
        let types = self.types.iter();
        let types = types.map(|token| AddressType::from_token(token.as_bytes()));
        let mut unique = UniqueNames::ALL.into_iter();
        let mappings = self.mappings.iter();
        let mappings = mappings.map(|(prompt, source)| Mapping::outgoing(prompt, source));
        Some(Connection {
            code_page: page,
            templates: match self.sends_templates {
                true => Direction::Send,
                false => Direction::None,
            },
            export: Export {
                containers: containers.collect::<Option<_>>()?,
                owned: owned.collect::<Option<_>>()?,
                relay: self.relay,
                trust: self.trust,
                custom_recipients: self.custom_recipients,
                groups: self.groups,
                types: types.collect::<Option<_>>()?,
                as_proxy: self.as_proxy,
                unique_names: unique.find(|unique| unique.word() == self.unique_names)?,
                strict_charset: self.strict_charset,
                limit: now.export.limit,
                // They were well when they were kept.
                conditions: self.conditions.check(&mut Vec::new()),
                conditions_text: self.conditions.clone(),
            },
            mappings: mappings.collect(),
            ..now.clone()
        })
    }
}

/// Returns the settings in which two states of a connection differ: `trust: 100 -> 20`.
pub(in crate::tools::dxa) fn changed(before: &Connection, now: &Connection) -> Vec<String> {
    let rows = settings::rows(before).into_iter().zip(settings::rows(now));
    let rows = rows.filter(|((_, was), (_, is))| was != is);
    rows.map(|((name, was), (_, is))| format!("{name}: {was} -> {is}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tools::dxa::config::Config;

    fn connection(more: &str) -> Connection {
        let text = format!(
            "[agent]\naddress = \"NET1/AGENT\"\ndata = \"d\"\n[directory]\nurl = \"ldap://x\"\n[[connection]]\n\
             name = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nimport-container = \"o=I\"\n\
             export-containers = [\"ou=E\\\\, F,o=Org\", \"o=G\"]\n{more}"
        );
        let mut config = Config::parse(&text, Path::new("dxa.toml")).expect("a configuration");
        config.connections.remove(0)
    }

    const ALL: &str = "owned = [\"NET1/AGENT\", \"NETZ/ÄRZTE\"]\nrelay = true\ntrust = 20\ncustom-recipients = true\n\
        groups = false\ntypes = [\"SMTP\", \"PCM\"]\nas-proxy = true\nunique-names = \"all\"\nstrict-charset = true\n\
        template-options = \"outgoing\"\ncode-page = 437\nconsent-attribute = \"l\"\nconsent-blank = \"yes\"\n\
        filters = [\"x = o, EQ, A | B\"]\nrequired = { people = [\"sn\"] }\nlimits = { o = 31 }\n[[connection.mapping]]\nprompt = \"Cost:\"\n\
        attribute = \"departmentNumber\"\n[[connection.mapping]]\nprompt = \"In:\"\nattribute = \"sn\"\n\
        direction = \"receive\"\n";

    #[test]
    fn what_is_kept_gives_the_connection_again_and_every_difference_is_named() {
        let (usual, other) = (connection(""), connection(ALL));
        for connection in [&usual, &other] {
            let kept = serde_json::to_string(&Basis::of(connection)).expect("plain values");
            let read: Basis = serde_json::from_str(&kept).expect("read");
            assert_eq!(read, Basis::of(connection));
            let again = read.connection(&usual).expect("it was one");
            assert_eq!(again.export, connection.export);
            assert_eq!(changed(&again, connection), Vec::<String>::new());
        }
        let told = changed(&usual, &other);
        let names: Vec<_> = told
            .iter()
            .filter_map(|row| row.split(':').next())
            .collect();
        assert_eq!(
            names,
            [
                "owned",
                "relay",
                "trust",
                "custom-recipients",
                "groups",
                "types",
                "as-proxy",
                "unique-names",
                "strict-charset",
                "mapping",
                "code-page",
                "consent-attribute",
                "consent-blank",
                "filters",
                "required",
                "limits"
            ]
        );
        assert!(told.contains(&"trust: 100 -> 20".to_owned()), "{told:?}");
        let fewer = connection("template-options = \"incoming\"\n");
        assert_eq!(changed(&usual, &fewer), ["template-options: true -> false"]);
    }
}
