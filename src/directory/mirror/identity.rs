//! Which directory a mirror is of, as whom it was read, and how far that directory was then (LD-09, IO-04).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What has to be the same for a mirror to be of use, and what may only grow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Root of the tree, in the form in which names are compared.
    pub suffix: String,
    /// `entryUUID` of the root: another one where the tree was made anew.
    pub epoch: String,
    /// As whom it was read: others see something else. None is nobody.
    pub reader: Option<String>,
    /// Which attributes were read.
    pub attributes: Vec<String>,
    /// The last change of each server, by its id (`contextCSN`); none where the directory keeps none.
    pub servers: BTreeMap<String, String>,
    /// The last change of any entry that was read.
    pub newest: String,
}

/// Why a mirror is not relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The root of the tree is another.
    Suffix,
    /// The tree was made anew.
    Epoch,
    /// Somebody else read it.
    Reader,
    /// Other attributes are wanted.
    Attributes,
    /// A server that wrote there is not known there.
    ServerGone(String),
    /// A server has forgotten changes.
    SetBack(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suffix => f.write_str("it is another tree"),
            Self::Epoch => f.write_str("the tree was made anew"),
            Self::Reader => f.write_str("it was read under another name"),
            Self::Attributes => f.write_str("other attributes are needed"),
            Self::ServerGone(id) => write!(f, "server {id} is not known there any more"),
            Self::SetBack(id) => write!(f, "server {id} was set back"),
        }
    }
}

impl Identity {
    /// Notes the values of `contextCSN`, each the last change of one server.
    pub fn put_servers<'v>(&mut self, values: impl Iterator<Item = &'v str>) {
        let values = values.map(|csn| (server_of(csn).to_owned(), csn.to_owned()));
        self.servers = values.collect();
    }

    /// Says why what was read under this identity does not hold for what is there now. How new the newest entry is shows
    /// only once all are seen: [`Self::is_set_back`].
    #[must_use]
    pub fn doubt(&self, now: &Self) -> Option<Doubt> {
        if self.suffix != now.suffix {
            return Some(Doubt::Suffix);
        }
        if self.epoch != now.epoch {
            return Some(Doubt::Epoch);
        }
        if self.reader != now.reader {
            return Some(Doubt::Reader);
        }
        if self.attributes != now.attributes {
            return Some(Doubt::Attributes);
        }
        self.servers
            .iter()
            .find_map(|(id, last)| match now.servers.get(id) {
                None => Some(Doubt::ServerGone(id.clone())),
                Some(csn) if csn < last => Some(Doubt::SetBack(id.clone())),
                Some(_) => None,
            })
    }

    /// Tells whether the newest entry is older than it was. It may have been deleted; or the directory was restored.
    #[must_use]
    pub fn is_set_back(&self, newest: &str) -> bool {
        newest < &self.newest[..]
    }
}

/// Returns the id of the server that made a change: the third part of its CSN.
fn server_of(csn: &str) -> &str {
    csn.split('#').nth(2).unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(servers: &[&str]) -> Identity {
        let mut identity = Identity {
            suffix: "o=org".to_owned(),
            epoch: "e".to_owned(),
            reader: Some("cn=agent".to_owned()),
            attributes: vec!["cn".to_owned()],
            ..Identity::default()
        };
        identity.put_servers(servers.iter().copied());
        identity
    }

    const ONE: &str = "20261127100000.000001Z#000000#001#000000";
    const ONE_LATER: &str = "20261127100000.000002Z#000000#001#000000";
    const TWO: &str = "20261127100000.000000Z#000000#002#000000";

    #[test]
    fn what_another_server_or_a_restored_one_says_is_doubted() {
        let known = identity(&[ONE, TWO]);
        assert_eq!(known.doubt(&identity(&[ONE, TWO])), None);
        assert_eq!(known.doubt(&identity(&[TWO, ONE_LATER])), None);
        // One more that writes there takes nothing away.
        assert_eq!(identity(&[ONE]).doubt(&known), None);
        let gone = Doubt::ServerGone("002".to_owned());
        assert_eq!(known.doubt(&identity(&[ONE])), Some(gone));
        let back = Doubt::SetBack("001".to_owned());
        assert_eq!(identity(&[ONE_LATER]).doubt(&identity(&[ONE])), Some(back));
        for (change, doubt) in [
            ((|i| i.suffix.push('x')) as fn(&mut Identity), Doubt::Suffix),
            (|i| i.epoch.push('x'), Doubt::Epoch),
            (|i| i.reader = None, Doubt::Reader),
            (|i| i.attributes.push("sn".to_owned()), Doubt::Attributes),
        ] {
            let mut now = known.clone();
            change(&mut now);
            assert_eq!(known.doubt(&now), Some(doubt));
        }
    }

    #[test]
    fn it_is_kept_as_text() {
        let known = identity(&[ONE, TWO]);
        let text = serde_json::to_string(&known).expect("text");
        assert_eq!(
            serde_json::from_str::<Identity>(&text).expect("read"),
            known
        );
    }
}
