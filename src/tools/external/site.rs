//! The postoffices of a run: those that it was given, and those that routes lead to.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::rc::Rc;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::{Access2Record, HexId, RecordReader};
use crate::postoffice::{Identity, Layout, PostofficeError, layout};
use crate::protocol::delivery::PlaceKey;
use crate::protocol::mail::Party;
use crate::tools::cli::data::DataLocation;
use crate::tools::exit::ToolError;

use super::options::Data;

/// A postoffice that mail can be delivered into. It is not locked.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) layout: Layout,
    pub(super) name: PostofficeName,
    pub(super) key: PlaceKey,
    pub(super) code_page: CodePage,
    /// What was given for it: a drive letter or a path.
    pub(super) location: DataLocation,
}

impl Site {
    fn open(location: DataLocation) -> Result<Self, ToolError> {
        let directory = location.directory()?;
        Self::open_at(location, &directory)
    }

    fn open_at(location: DataLocation, directory: &Path) -> Result<Self, ToolError> {
        let layout = Layout::open(directory)?;
        let identity = Identity::read(&layout)?;
        Ok(Self {
            key: PlaceKey::new(&identity.name, identity.code_page),
            layout,
            name: identity.name,
            code_page: identity.code_page,
            location,
        })
    }

    /// Returns `NET/PO`.
    pub(super) fn shown(&self) -> String {
        self.name.view(self.code_page)
    }

    /// Returns the `$SYSTEM` mailbox.
    pub(super) fn system(&self) -> Party {
        Party::system(self.name.clone())
    }

    /// Returns the mailbag of a local mailbox. ACCESS2.GLB is replaced whole, so it can be read without a lock.
    pub(super) fn user_mailbag(&self, mailbox: &[u8]) -> Result<Option<HexId>, PostofficeError> {
        let bytes = self.layout.read(&layout::ACCESS2)?.unwrap_or_default();
        for record in RecordReader::<_, Access2Record>::new(&bytes[..], 0) {
            let record = record.map_err(|source| match self.layout.path(&layout::ACCESS2) {
                Ok(path) => PostofficeError::Codec { path, source },
                Err(error) => error,
            })?;
            let is_same = self
                .code_page
                .eq_ignore_case(record.mailbox.as_bytes(), mailbox);
            if record.state.is_active() && is_same {
                return Ok(record.mailbag.id());
            }
        }
        Ok(None)
    }

    /// Returns a file as a session log names it: `M:P1\new\...`.
    pub(super) fn file_name(&self, file: &str) -> String {
        let file = file.replace('/', "\\");
        match &self.location {
            DataLocation::Drive(letter) => format!("{letter}:{file}"),
            DataLocation::Path(path) => format!("{}\\{file}", path.display()),
        }
    }
}

/// All postoffices that the run knows.
#[derive(Debug)]
pub(super) struct Sites {
    /// Those that it was given, in order.
    pub(super) given: Vec<Rc<Site>>,
    /// Those that a route leads to, by its text.
    routed: HashMap<String, Result<Rc<Site>, String>>,
}

impl Sites {
    /// Opens what `-d` says. What is not there is returned beside, unless it is everything.
    pub(super) fn open(data: &[Data]) -> Result<(Self, Vec<ToolError>), ToolError> {
        let mut given: Vec<Rc<Site>> = Vec::new();
        let mut errors = Vec::new();
        for data in data {
            let (locations, is_range) = match data {
                Data::One(location) => (vec![location.clone()], false),
                Data::Range(first, last) => {
                    ((*first..=*last).map(DataLocation::Drive).collect(), true)
                }
            };
            for (number, location) in locations.into_iter().enumerate() {
                let site = match location.directory() {
                    Ok(directory) => Site::open_at(location, &directory),
                    // A drive inside a range need not be defined.
                    Err(_) if is_range && number > 0 => continue,
                    Err(error) => Err(error),
                };
                match site {
                    Ok(site) => add(&mut given, site)?,
                    Err(error) => errors.push(error),
                }
            }
        }
        if given.is_empty() {
            return Err(errors
                .into_iter()
                .next()
                .unwrap_or_else(|| ToolError::usage("no postoffice was given")));
        }
        let sites = Self {
            given,
            routed: HashMap::new(),
        };
        Ok((sites, errors))
    }

    /// Finds a given postoffice.
    pub(super) fn find(&self, key: &PlaceKey) -> Option<&Rc<Site>> {
        self.given.iter().find(|site| site.key == *key)
    }

    /// Opens the postoffice that a route leads to, and makes sure that it is the one meant.
    pub(super) fn follow(&mut self, route: &str, key: &PlaceKey) -> Result<Rc<Site>, String> {
        let found = self.routed.entry(route.to_owned()).or_insert_with(|| {
            let location = DataLocation::from(OsStr::new(route));
            Site::open(location).map(Rc::new).map_err(|e| e.message)
        });
        match found {
            Ok(site) if site.key == *key => Ok(Rc::clone(site)),
            Ok(site) => Err(format!("the route to {key} leads to {}: {route}", site.key)),
            Err(error) => Err(error.clone()),
        }
    }
}

fn add(given: &mut Vec<Rc<Site>>, site: Site) -> Result<(), ToolError> {
    for known in given.iter() {
        if known.layout.root() == site.layout.root() {
            return Ok(());
        }
        if known.key == site.key {
            return Err(ToolError::usage(format!(
                "both {} and {} are {}",
                known.layout.root().display(),
                site.layout.root().display(),
                site.key
            )));
        }
    }
    given.push(Rc::new(site));
    Ok(())
}
