//! How a connection reads what it gets.

use crate::directory::address_map::AddressMap;
use crate::directory::proxy::{ProxyRule, ProxyRules, WhenTaken};
use crate::directory::remote::ImportRules;
use crate::directory::template_map::TemplateMap;
use crate::tools::dxa::agent::templates;
use crate::tools::dxa::config::{Connection, Direction};
use crate::tools::dxa::home::unusable;
use crate::tools::exit::ToolError;

/// How a connection reads what it gets.
pub(in crate::tools::dxa) struct Incoming {
    templates: Option<TemplateMap>,
    /// Which addresses are made.
    pub(super) proxies: ProxyRules,
}

impl Incoming {
    /// Reads what the configuration says.
    pub(in crate::tools::dxa) fn new(connection: &Connection) -> Result<Self, ToolError> {
        let import = &connection.import;
        let map = match &import.address_map {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| unusable(path, error))?;
                AddressMap::parse(&text)
                    .map_err(|error| ToolError::usage(format!("{}: {error}", path.display())))?
            }
            None => AddressMap::default(),
        };
        let makes_smtp = import.address_map.is_some() || import.smtp_domain.is_some();
        let rule = makes_smtp.then(|| ProxyRule {
            kind: "SMTP".to_owned(),
            pattern: "{alias}{n}@{domain}".to_owned(),
        });
        Ok(Self {
            templates: templates(connection, Direction::receives)?,
            proxies: ProxyRules {
                rules: rule.into_iter().collect(),
                map: map.with_default(import.smtp_domain.as_deref()),
                when_taken: match import.keep_original {
                    true => WhenTaken::LeaveOut,
                    false => WhenTaken::Number,
                },
            },
        })
    }

    /// Returns the incoming table, where templates are received.
    pub(in crate::tools::dxa) fn templates(&self) -> Option<&TemplateMap> {
        self.templates.as_ref()
    }

    /// Returns the rules by which a transaction becomes an entry.
    pub(in crate::tools::dxa) fn rules<'a>(
        &'a self,
        connection: &'a Connection,
    ) -> ImportRules<'a> {
        ImportRules {
            owner: &connection.import.owner,
            trust: None,
            page: connection.code_page,
            templates: self.templates.as_ref(),
        }
    }
}
