//! The master table in memory: what the others are held against.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use dirsync::directory::interorg::{Card, Epoch, Master, MasterStore, Member, Row, SourceKey, Usn};

/// The master table in memory.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) head: Master,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) rows: BTreeMap<SourceKey, Row>,
    pub(super) holders: HashMap<String, SourceKey>,
}

impl MasterStore for Table {
    type Error = Infallible;

    fn head(&mut self) -> Result<Master, Infallible> {
        Ok(self.head.clone())
    }

    fn set_head(&mut self, head: &Master) -> Result<(), Infallible> {
        self.head = head.clone();
        Ok(())
    }

    fn member(&mut self, name: &str) -> Result<Member, Infallible> {
        let known = self.members.get(&name.to_uppercase()).cloned();
        Ok(known.unwrap_or_else(|| Member::new(name)))
    }

    fn set_member(&mut self, member: &Member) -> Result<(), Infallible> {
        self.members.insert(member.name.clone(), member.clone());
        Ok(())
    }

    fn members(&mut self) -> Result<Vec<String>, Infallible> {
        Ok(self.members.keys().cloned().collect())
    }

    fn remove_member(&mut self, name: &str) -> Result<(), Infallible> {
        self.members.remove(&name.to_uppercase());
        Ok(())
    }

    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, Infallible> {
        Ok(keys
            .iter()
            .filter_map(|key| self.rows.get(key).cloned())
            .collect())
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Infallible> {
        let keys: BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
        self.holders.retain(|_, holder| !keys.contains(holder));
        for row in rows {
            for address in row.shown.iter().flat_map(Card::claims) {
                let before = self.holders.insert(address, row.key.clone());
                assert!(before.is_none_or(|before| before == row.key), "two have it");
            }
            if row.shown.is_none() && row.waiting.is_none() && row.usn == Usn::NONE {
                self.rows.remove(&row.key);
            } else {
                self.rows.insert(row.key.clone(), row.clone());
            }
        }
        Ok(())
    }

    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, Infallible> {
        let found = addresses.iter().filter_map(|address| {
            let holder = self.holders.get(address)?;
            Some((address.clone(), holder.clone()))
        });
        Ok(found.collect())
    }

    fn waiting(&mut self) -> Result<Vec<Row>, Infallible> {
        let waiting = self.rows.values().filter(|row| row.waiting.is_some());
        Ok(waiting.cloned().collect())
    }

    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, Infallible> {
        let is_there = |row: &&Row| row.shown.is_some() || row.waiting.is_some();
        let rows = self.rows.values().filter(is_there);
        let keys = rows.map(|row| row.key.clone());
        Ok(keys.filter(|key| key.branch() == branch).collect())
    }

    fn above(
        &mut self,
        usn: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), Infallible> {
        let rows = self.rows.values();
        let mut rows: Vec<_> = rows
            .filter(|row| row.usn > usn && row.key.branch() != except)
            .cloned()
            .collect();
        rows.sort_by_key(|row| row.usn);
        rows.into_iter().for_each(take);
        Ok(())
    }

    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, Infallible> {
        let is_gone = |row: &Row| row.shown.is_none() && row.waiting.is_none() && row.usn <= upto;
        let gone = self.rows.values().filter(|row| is_gone(row));
        let highest = gone.map(|row| row.usn).max();
        self.rows.retain(|_, row| !is_gone(row));
        Ok(highest)
    }
}

impl Table {
    /// An empty one.
    pub(super) fn new(epoch: &str) -> Self {
        Self {
            head: Master {
                epoch: Epoch::new(epoch).expect("an epoch"),
                last: Usn::NONE,
                forgotten: Usn::NONE,
            },
            members: BTreeMap::new(),
            rows: BTreeMap::new(),
            holders: HashMap::new(),
        }
    }
}
