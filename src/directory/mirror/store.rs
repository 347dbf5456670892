//! The file of a mirror: an SQLite database with a row for every entry of a container.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::pack::{is_whole, pack, unpack};
use super::{Identity, Mark, Marked, MirrorError, Uuid};
use crate::directory::database::{self, Found, Kind};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;

/// "DXAM". A file of another version is made anew.
const KIND: Kind = Kind {
    id: 0x4458_414D,
    format: 1,
    tables: TABLES,
};

const TABLES: &str = "
CREATE TABLE container (
    id       INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,  -- in the form in which names are compared
    identity TEXT    NOT NULL,         -- JSON
    read_at  INTEGER NOT NULL,         -- when it was read whole, seconds since 1970 UTC
    entries  INTEGER NOT NULL
) STRICT;

CREATE TABLE entry (
    container  INTEGER NOT NULL REFERENCES container ON DELETE CASCADE,
    uuid       BLOB    NOT NULL,
    mark       INTEGER NOT NULL,       -- hash of CSN and name
    content    BLOB    NOT NULL,       -- name and attributes
    PRIMARY KEY (container, uuid)
) STRICT, WITHOUT ROWID;
";

/// An open mirror.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    database: Connection,
}

/// What is known of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Of which directory, and how far it was.
    pub identity: Identity,
    /// When the container was read whole, in seconds since 1970 UTC.
    pub read_at: i64,
    /// The marks of its entries.
    pub marks: HashMap<Uuid, Mark>,
}

/// A change of what is known of a container: nothing of it is there before [`Self::commit`].
#[derive(Debug)]
pub struct Update<'m> {
    path: &'m Path,
    inner: rusqlite::Transaction<'m>,
    container: i64,
}

impl Mirror {
    /// Opens a mirror, and makes it where there is none. A file of another version or make is made anew.
    ///
    /// # Errors
    /// It cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self, MirrorError> {
        let wrong = |error: rusqlite::Error| MirrorError::new(path, error);
        let mut database = Connection::open(path).map_err(wrong)?;
        database
            .busy_timeout(Duration::from_secs(5))
            .map_err(wrong)?;
        database
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;")
            .map_err(wrong)?;
        match database::prepare(&mut database, KIND, |_| Ok(())).map_err(wrong)? {
            Found::New | Found::Known => {}
            Found::OtherFormat(_) | Found::Foreign(_) => {
                return Err(MirrorError::new(path, "it is of another version"));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            database,
        })
    }

    /// Returns what is known of a container.
    ///
    /// # Errors
    /// The file cannot be read, or does not say what it should.
    pub fn known(&self, container: &Dn) -> Result<Option<Known>, MirrorError> {
        let wrong = |error: rusqlite::Error| MirrorError::new(&self.path, error);
        let query = "SELECT id, identity, read_at, entries FROM container WHERE name = ?1";
        let row = self.database.query_row(query, [container.key()], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, i64>(3)?,
            ))
        });
        let Some((id, identity, read_at, entries)) = row.optional().map_err(wrong)? else {
            return Ok(None);
        };
        let identity = serde_json::from_str(&identity);
        let identity = identity.map_err(|error| MirrorError::new(&self.path, error))?;
        let id: i64 = id;
        let query = "SELECT uuid, mark FROM entry WHERE container = ?1";
        let mut statement = self.database.prepare_cached(query).map_err(wrong)?;
        let rows = statement.query_map([id], |row| {
            Ok((
                Uuid(row.get(0)?),
                Mark(u64::from_be_bytes(row.get::<_, i64>(1)?.to_be_bytes())),
            ))
        });
        let marks: HashMap<_, _> = rows.and_then(Iterator::collect).map_err(wrong)?;
        if i64::try_from(marks.len()) != Ok(entries) {
            return Err(MirrorError::new(&self.path, "entries are missing"));
        }
        Ok(Some(Known {
            identity,
            read_at,
            marks,
        }))
    }

    /// Makes sure that every entry of a container is as it was written.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn check(&self, container: &Dn) -> Result<(), MirrorError> {
        self.contents(container, |content| match is_whole(content) {
            true => Ok(ControlFlow::Continue(())),
            false => Err(self.damaged()),
        })
    }

    /// Hands every entry of a container over, in a fixed order, until it is told to end.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged. Those handed over are no use then.
    pub fn entries(
        &self,
        container: &Dn,
        mut take: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), MirrorError> {
        self.contents(container, |content| {
            let entry = unpack(content).ok_or_else(|| self.damaged())?;
            Ok(take(entry))
        })
    }

    fn contents(
        &self,
        container: &Dn,
        mut take: impl FnMut(&[u8]) -> Result<ControlFlow<()>, MirrorError>,
    ) -> Result<(), MirrorError> {
        let wrong = |error: rusqlite::Error| MirrorError::new(&self.path, error);
        let query = "SELECT content FROM entry JOIN container ON container = id \
             WHERE name = ?1 ORDER BY uuid";
        let mut statement = self.database.prepare_cached(query).map_err(wrong)?;
        let mut rows = statement.query([container.key()]).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            let content = row.get_ref(0).map_err(wrong)?;
            let content = content.as_blob().map_err(|_| self.damaged())?;
            if take(content)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn damaged(&self) -> MirrorError {
        MirrorError::new(&self.path, "an entry is damaged")
    }

    /// Begins to change what is known of a container.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn update(&mut self, container: &Dn) -> Result<Update<'_>, MirrorError> {
        let path = &self.path;
        let wrong = |error: rusqlite::Error| MirrorError::new(path, error);
        let inner = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(wrong)?;
        let name = container.key();
        let command = "INSERT INTO container (name, identity, read_at, entries) VALUES (?1, '', 0, 0) \
             ON CONFLICT DO NOTHING";
        inner.execute(command, [&name]).map_err(wrong)?;
        let query = "SELECT id FROM container WHERE name = ?1";
        let container = inner
            .query_row(query, [&name], |row| row.get(0))
            .map_err(wrong)?;
        Ok(Update {
            path,
            inner,
            container,
        })
    }
}

impl Update<'_> {
    /// Forgets every entry.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clear(&self) -> Result<(), MirrorError> {
        self.run("DELETE FROM entry WHERE container = ?1", [self.container])
    }

    /// Puts an entry in the place of what was known of it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&self, marked: &Marked) -> Result<(), MirrorError> {
        let command = "INSERT INTO entry VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET mark = excluded.mark, content = excluded.content";
        let values = params![
            self.container,
            marked.uuid.0,
            i64::from_be_bytes(marked.mark.0.to_be_bytes()),
            pack(&marked.entry),
        ];
        self.run(command, values)
    }

    /// Forgets an entry.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remove(&self, uuid: Uuid) -> Result<(), MirrorError> {
        let command = "DELETE FROM entry WHERE container = ?1 AND uuid = ?2";
        self.run(command, params![self.container, uuid.0])
    }

    /// Notes of which directory it is; with a time, that all was read then.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_identity(
        &self,
        identity: &Identity,
        read_at: Option<i64>,
    ) -> Result<(), MirrorError> {
        let identity = serde_json::to_string(identity).expect("plain values");
        let command = "UPDATE container SET identity = ?2, read_at = coalesce(?3, read_at), \
             entries = (SELECT count(*) FROM entry WHERE container = ?1) WHERE id = ?1";
        self.run(command, params![self.container, identity, read_at])
    }

    /// Makes the change.
    ///
    /// # Errors
    /// The file could not be written: nothing changed.
    pub fn commit(self) -> Result<(), MirrorError> {
        let path = self.path;
        self.inner
            .commit()
            .map_err(|error| MirrorError::new(path, error))
    }

    fn run(&self, command: &str, values: impl rusqlite::Params) -> Result<(), MirrorError> {
        let ran = self.inner.prepare_cached(command);
        let ran = ran.and_then(|mut statement| statement.execute(values));
        ran.map(|_| ())
            .map_err(|error| MirrorError::new(self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::mirror::{CSN, UUID};

    fn container() -> Dn {
        Dn::parse("ou=People,o=Org").expect("a name")
    }

    fn marked(number: u8, csn: &str) -> Marked {
        let uuid = format!("01234567-89ab-cdef-0123-4567890000{number:02x}");
        let name = format!("P{number}");
        let attributes = [("cn", &name[..]), (UUID, &uuid), (CSN, csn)];
        let entry = Entry {
            dn: container().child("cn", name.as_bytes()),
            attributes: attributes.into_iter().collect(),
        };
        Marked::of(entry).expect("marked")
    }

    fn names(mirror: &Mirror) -> Vec<String> {
        let mut names = Vec::new();
        let read = mirror.entries(&container(), |entry| {
            names.push(entry.attributes.text("cn").expect("a name").to_owned());
            ControlFlow::Continue(())
        });
        read.expect("read");
        mirror.check(&container()).expect("whole");
        names
    }

    fn filled(path: &Path) -> Mirror {
        let mut mirror = Mirror::open(path).expect("made");
        let update = mirror.update(&container()).expect("begun");
        for number in 1..4 {
            update.put(&marked(number, "1")).expect("put");
        }
        let identity = Identity::default();
        update.set_identity(&identity, Some(7)).expect("set");
        update.commit().expect("made");
        mirror
    }

    #[test]
    fn what_was_read_is_there_again_and_changes_entry_by_entry() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mirror.db");
        drop(filled(&path));
        let mut mirror = Mirror::open(&path).expect("opened");
        assert_eq!(names(&mirror), ["P1", "P2", "P3"]);
        let known = mirror.known(&container()).expect("read").expect("known");
        assert_eq!((known.marks.len(), known.read_at), (3, 7));
        let update = mirror.update(&container()).expect("begun");
        update.put(&marked(2, "2")).expect("put");
        update.put(&marked(4, "2")).expect("put");
        update.remove(marked(1, "1").uuid).expect("removed");
        let identity = Identity {
            newest: "2".to_owned(),
            ..Identity::default()
        };
        update.set_identity(&identity, None).expect("set");
        update.commit().expect("made");
        let known = mirror.known(&container()).expect("read").expect("known");
        assert_eq!((known.identity, known.read_at), (identity, 7));
        assert_eq!(known.marks[&marked(2, "2").uuid], marked(2, "2").mark);
        assert_ne!(known.marks[&marked(2, "2").uuid], marked(2, "1").mark);
        assert_eq!(names(&mirror), ["P2", "P3", "P4"]);
        let other = Dn::parse("ou=Other,o=Org").expect("a name");
        assert_eq!(mirror.known(&other).expect("read"), None);
        // What is not committed never was.
        let update = mirror.update(&container()).expect("begun");
        update.clear().expect("cleared");
        drop(update);
        assert_eq!(names(&mirror).len(), 3);
    }

    #[test]
    fn what_is_not_as_it_was_written_is_no_mirror() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mirror.db");
        let mirror = filled(&path);
        let change = |text: &str| mirror.database.execute(text, []).expect("run");
        let second = "hex(uuid) LIKE '%02'";
        change(&format!(
            "UPDATE entry SET content = substr(content, 1, 8) WHERE {second}"
        ));
        let read = mirror.check(&container());
        let expected = format!("{}: an entry is damaged", path.display());
        assert_eq!(read.expect_err("damaged").to_string(), expected);
        change(&format!("DELETE FROM entry WHERE {second}"));
        let known = mirror.known(&container());
        assert!(
            known
                .expect_err("one is missing")
                .to_string()
                .contains("missing")
        );
        drop(mirror);
        std::fs::write(
            &path,
            b"no database at all, and longer than the head of one",
        )
        .expect("written");
        assert!(Mirror::open(&path).is_err());
    }
}
