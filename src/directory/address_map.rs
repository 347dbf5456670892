//! Which SMTP domain the addresses of a postoffice get: the text of `Addr_map.cfg` (`spec/exchange.md` DX-27, Q140951).
//!
//! What is published of the file is what it is for and how its last line broke the original. Ours is one postoffice on a
//! line, `NET/PO` and its domain, parted by blanks, a TAB, `=` or a comma; `#` and `;` begin comments. Line ends may be
//! of any kind and number, also at the end of the file.

use std::collections::BTreeMap;

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the address map: found {found:?}, expected {expected}")]
pub struct AddressMapError {
    /// Line, from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
    /// What should stand there.
    pub expected: &'static str,
}

/// Domains by postoffice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressMap {
    domains: BTreeMap<String, String>,
    default_domain: Option<String>,
}

impl AddressMap {
    /// Reads the file.
    ///
    /// # Errors
    /// The first line that names no postoffice, no domain, or a postoffice that has one.
    pub fn parse(text: &str) -> Result<Self, AddressMapError> {
        let mut map = Self::default();
        let text = text.replace("\r\n", "\n");
        let lines = text.split(['\n', '\r', '\u{1a}']).map(str::trim);
        for (number, line) in lines.enumerate() {
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let wrong = |expected| AddressMapError {
                line: number + 1,
                found: line.to_owned(),
                expected,
            };
            let is_gap = |c: char| c.is_whitespace() || matches!(c, '=' | ',');
            let (place, domain) = line
                .split_once(is_gap)
                .ok_or_else(|| wrong("NET/PO and a domain"))?;
            let domain = domain.trim_matches(is_gap).trim_start_matches('@');
            if !is_domain(domain) {
                return Err(wrong("a domain behind the postoffice"));
            }
            let key = place_key(place).ok_or_else(|| wrong("a postoffice, NET/PO"))?;
            if map.domains.insert(key, domain.to_owned()).is_some() {
                return Err(wrong("one line for each postoffice"));
            }
        }
        Ok(map)
    }

    /// Sets the domain of postoffices that have no line.
    #[must_use]
    pub fn with_default(mut self, domain: Option<&str>) -> Self {
        self.default_domain = domain.map(str::to_owned);
        self
    }

    /// Returns the domain of a postoffice.
    #[must_use]
    pub fn domain(&self, network: &str, postoffice: &str) -> Option<&str> {
        let key = place_key(&format!("{network}/{postoffice}"))?;
        let own = self.domains.get(&key).or(self.default_domain.as_ref());
        own.map(|domain| &domain[..])
    }
}

fn place_key(place: &str) -> Option<String> {
    let (network, postoffice) = place.split_once(['/', '\\'])?;
    let is_part = |part: &str| !part.is_empty() && !part.contains(['/', '\\']);
    (is_part(network) && is_part(postoffice))
        .then(|| format!("{network}/{postoffice}").to_uppercase())
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    !domain.is_empty() && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dxc_076_dx27_the_end_of_the_file_takes_nothing_and_stops_nothing() {
        for end in [
            "", "\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", "\n\u{1a}", " \n \n",
        ] {
            let text = format!("# map\r\nNET1/PO1 a.example\r\n\r\nnet2\\po2\t= @b.example{end}");
            let map = AddressMap::parse(&text).unwrap_or_else(|e| panic!("{end:?}: {e}"));
            assert_eq!(map.domain("net1", "po1"), Some("a.example"), "{end:?}");
            assert_eq!(map.domain("NET2", "PO2"), Some("b.example"), "{end:?}");
            assert_eq!(map.domain("NET2", "PO20"), None);
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, line) in [
            ("NET1/PO1", 1),
            ("\n\nNET1 a.example", 3),
            ("# x\r\n\r\nNET1/PO1 a b", 3),
            ("NET1/PO1 a.example\nnet1/po1=b.example\n", 2),
            ("NET1/PO1/BOB a.example", 1),
        ] {
            assert_eq!(
                AddressMap::parse(text).map_err(|e| e.line),
                Err(line),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_postoffice_without_a_line_has_the_default() {
        let map = AddressMap::parse("N/P a.example")
            .unwrap()
            .with_default(Some("org.example"));
        assert_eq!(map.domain("N", "Q"), Some("org.example"));
        assert_eq!(map.domain("N", "P"), Some("a.example"));
    }
}
