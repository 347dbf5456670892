//! Where a table of a test is kept.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use dirsync::directory::interorg::store::{MasterChange, MasterTable, SqliteTable, StoreError};
#[cfg(feature = "postgres")]
use dirsync::directory::interorg::store::{PostgresSettings, PostgresTable};
use dirsync::directory::interorg::{Card, CardKind, Epoch, Row, SourceKey, Usn};
use dirsync::directory::note::Note;
use dirsync::plan::outcome::Reason;

#[cfg(feature = "postgres")]
use crate::support::postgres::{Database, Server};

/// A table that is open.
pub(super) type Opened = Box<dyn MasterTable + Send>;

/// The epoch of a table that [`Place::open`] made.
pub(super) const FIRST: &str = "epoch-1";

/// How a table is found, in another process too.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres {
        url: String,
        password: String,
    },
}

impl Address {
    /// Writes it down.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Sqlite(path) => path.to_str().expect("text").to_owned(),
            #[cfg(feature = "postgres")]
            Self::Postgres { url, password } => format!("{password} {url}"),
        }
    }

    /// Reads it.
    pub(super) fn parse(text: &str) -> Self {
        match text.split_once(' ') {
            None => Self::Sqlite(text.into()),
            #[cfg(feature = "postgres")]
            Some((password, url)) => Self::Postgres {
                url: url.to_owned(),
                password: password.to_owned(),
            },
            #[cfg(not(feature = "postgres"))]
            Some(_) => panic!("{text}"),
        }
    }

    /// Opens it; `epoch` is asked where the table is made.
    pub(super) fn open_with(
        &self,
        patience: Duration,
        epoch: impl FnOnce() -> Epoch,
    ) -> Result<Opened, StoreError> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(SqliteTable::open(path, epoch)?.patience(patience)?),
            #[cfg(feature = "postgres")]
            Self::Postgres { url, password } => {
                let settings = PostgresSettings::parse(url)?.password(password);
                Box::new(PostgresTable::open(&settings.patience(patience), epoch)?)
            }
        })
    }

    /// Opens it as usual.
    pub(super) fn open(&self) -> Result<Opened, StoreError> {
        self.open_with(Duration::from_secs(60), || {
            Epoch::new(FIRST).expect("an epoch")
        })
    }
}

/// Keeps what is there for a test.
enum Keeps {
    Directory(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Database(Database),
}

/// A place of its own for one table.
pub(super) struct Place {
    pub(super) address: Address,
    keeps: Keeps,
}

impl Place {
    /// A file.
    pub(super) fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self {
            address: Address::Sqlite(directory.path().join("master.db")),
            keeps: Keeps::Directory(directory),
        }
    }

    /// A database of the real server.
    #[cfg(feature = "postgres")]
    pub(super) fn postgres() -> Self {
        let database = Server::shared().database();
        Self {
            address: Address::Postgres {
                url: database.url(),
                password: database.password().to_owned(),
            },
            keeps: Keeps::Database(database),
        }
    }

    pub(super) fn open(&self) -> Result<Opened, StoreError> {
        self.address.open()
    }

    /// Marks it as another version would.
    pub(super) fn set_format(&self, format: i64) {
        self.spoil(
            &format!("PRAGMA user_version = {format}"),
            &format!("UPDATE dirsync.mark SET format = {format}"),
        );
    }

    /// Does something to it that no program of ours does.
    pub(super) fn spoil(&self, sqlite: &str, postgres: &str) {
        match &self.keeps {
            Keeps::Directory(directory) => {
                let path = directory.path().join("master.db");
                let opened = rusqlite::Connection::open(path).expect("opened");
                opened.execute_batch(sqlite).expect(sqlite);
            }
            #[cfg(feature = "postgres")]
            Keeps::Database(database) => database.run(postgres),
        }
        #[cfg(not(feature = "postgres"))]
        let _ = postgres;
    }
}

/// Makes a change, and lets it be there.
#[track_caller]
pub(super) fn change<T>(
    table: &mut Opened,
    work: impl FnOnce(&mut dyn MasterChange) -> Result<T, StoreError>,
) -> T {
    let mut change = table.begin().unwrap_or_else(|error| panic!("{error}"));
    let done = work(&mut *change).unwrap_or_else(|error| panic!("{error}"));
    change.commit().unwrap_or_else(|error| panic!("{error}"));
    done
}

/// The key `BRANCH:uuid`.
pub(super) fn key(text: &str) -> SourceKey {
    SourceKey::parse(text).expect("a key")
}

/// A card with these addresses, separated by blanks: the first is its mail.
pub(super) fn card(all: &str) -> Card {
    let mut addresses = all.split(' ').filter(|address| !address.is_empty());
    Card {
        kind: CardKind::Mailbox,
        dn: format!("cn={},o=Org", all.len()),
        mail: addresses.next().map(str::to_owned),
        target: addresses.next().map(|address| format!("SMTP:{address}")),
        secondary: addresses.map(|address| format!("smtp:{address}")).collect(),
        attributes: [(
            "cn".to_owned(),
            vec!["Müller".to_owned(), "\"\\".to_owned()],
        )]
        .into(),
    }
}

/// An entry that is seen.
pub(super) fn shown(of: &str, usn: u64, addresses: &str) -> Row {
    Row {
        shown: Some(card(addresses)),
        ..gone(of, usn)
    }
}

/// An entry that waits, and was never seen.
pub(super) fn waits(of: &str, addresses: &str) -> Row {
    let note = Note::new(Reason::SmtpDuplicate, "x is held by ORG1:a");
    Row {
        waiting: Some((card(addresses), note)),
        ..gone(of, 0)
    }
}

/// A deletion; with the number 0, what there is nothing of.
pub(super) fn gone(of: &str, usn: u64) -> Row {
    Row {
        key: key(of),
        usn: Usn(usn),
        shown: None,
        waiting: None,
    }
}

/// The entries of these keys that are there, by key.
pub(super) fn read(change: &mut dyn MasterChange, keys: &[&str]) -> Result<Vec<Row>, StoreError> {
    let mut rows = change.rows(&keys.iter().map(|text| key(text)).collect())?;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(rows)
}

/// The changes above a number, those of one branch left out.
pub(super) fn above(
    change: &mut dyn MasterChange,
    usn: u64,
    except: &str,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    change.above(Usn(usn), except, &mut |row| rows.push(row))?;
    Ok(rows)
}

/// Who has which of these addresses, as text.
pub(super) fn holders(
    change: &mut dyn MasterChange,
    addresses: &[&str],
) -> Result<Vec<String>, StoreError> {
    let asked = addresses.iter().map(|&address| address.to_owned());
    let found = change.holders(&asked.collect())?;
    let lines = found
        .iter()
        .map(|(address, key)| format!("{address} {key}"));
    Ok(lines.collect::<BTreeSet<_>>().into_iter().collect())
}
