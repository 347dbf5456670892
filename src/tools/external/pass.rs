//! The pass: every postoffice in turn, until nothing moves any more.
//!
//! The original needed two passes, one from P1 into a mailbag and one to the neighbour; here a message goes the whole way that
//! the postoffices given allow. Running it again is harmless: what is gone is gone, and what an interrupted run had delivered
//! already is found under its name, or known by its fingerprint to the program that takes it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::item::{Item, Row};
use super::office::Office;
use super::options::Options;
use super::report::Record;
use super::session_log::SessionLog;
use super::site::{Site, Sites};
use super::transport::Transport;
use crate::address::AddressType;
use crate::codec::RouteKind;
use crate::codec::codepage::CodePage;
use crate::postoffice::mailbag::{self, Skipped, Tries, Waiting};
use crate::postoffice::places::Places;
use crate::postoffice::{Dir, Holder, Postoffice, PostofficeError, layout};
use crate::protocol::delivery::{KnownRoute, PlaceKey};
use crate::protocol::mail::{FaultKind, Label, MailAddress, Party};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};

/// The routes that a postoffice knows.
pub(super) type Routes = HashMap<PlaceKey, KnownRoute>;

/// Everything a pass works with.
pub(super) struct Pass<'o> {
    pub(super) options: &'o Options,
    pub(super) clock: Clock,
    pub(super) sites: Sites,
    pub(super) transport: Option<Transport>,
    pub(super) record: Record,
    pub(super) session: SessionLog,
    pub(super) interrupt: Interrupt,
    /// Routes by postoffice, as far as they were read.
    routes: HashMap<PlaceKey, Option<Rc<Routes>>>,
    /// Messages that were tried, by postoffice, Maildir and name without tries: once in a pass.
    tried: HashSet<(PlaceKey, bool, String)>,
    /// Postoffices that cannot be worked on in this pass.
    closed: HashSet<PlaceKey>,
    /// Messages sent to other postoffices.
    pub(super) sent_count: u32,
}

impl<'o> Pass<'o> {
    pub(super) fn new(
        options: &'o Options,
        clock: Clock,
        sites: Sites,
        transport: Option<Transport>,
        record: Record,
        session: SessionLog,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            options,
            clock,
            sites,
            transport,
            record,
            session,
            interrupt,
            routes: HashMap::new(),
            tried: HashSet::new(),
            closed: HashSet::new(),
            sent_count: 0,
        }
    }

    /// Serves all postoffices until nothing more can be moved.
    pub(super) fn run(&mut self) -> Result<(), ToolError> {
        let given = self.sites.given.clone();
        for site in &given {
            let name = site.shown();
            self.session.say(&format!(
                "{}: {name}: Checking for dispatch mail...",
                site.location
            ));
            if !self.serve(site)? {
                self.session.say("No mail.");
            }
            self.flush_session()?;
        }
        // What came to a postoffice that was served before; each hop makes the number of rounds one more, and is bounded.
        while self.interrupt.check().is_ok() {
            let mut moved = false;
            for site in &given {
                moved |= self.serve(site)?;
            }
            self.flush_session()?;
            if !moved || self.options.dry_run {
                return Ok(());
            }
        }
        self.interrupted()
    }

    /// Returns an error once a signal came. What is delivered stays so.
    pub(super) fn interrupted(&self) -> Result<(), ToolError> {
        self.interrupt.check().map_err(|error| {
            ToolError::new(
                error.exit,
                "interrupted; what was not delivered waits for the next run",
            )
        })
    }

    fn flush_session(&mut self) -> Result<(), ToolError> {
        match self.options.dry_run {
            true => Ok(()),
            false => self.session.flush(),
        }
    }

    /// Serves one postoffice; tells whether there was anything to do. An error of one does not keep the others waiting.
    fn serve(&mut self, site: &Rc<Site>) -> Result<bool, ToolError> {
        if self.closed.contains(&site.key) || self.interrupt.check().is_err() {
            return Ok(false);
        }
        match self.serve_open(site) {
            Ok(done) => Ok(done),
            Err(error) => {
                if error.exit == ExitCode::Busy {
                    self.record.summary.busy.push(site.shown());
                }
                self.record.error(&error);
                self.closed.insert(site.key.clone());
                Ok(false)
            }
        }
    }

    fn serve_open(&mut self, site: &Rc<Site>) -> Result<bool, ToolError> {
        // Without a lock: where nothing waits, nobody is disturbed.
        let (items, skipped) = self.collect(site)?;
        for skipped in skipped {
            let name = skipped.name;
            if self.tried.insert((site.key.clone(), false, name.clone())) {
                let text = format!("{}: {name}: {}", site.shown(), skipped.reason);
                self.record.note(text);
                let exit = self.record.summary.exit;
                self.record.summary.exit = exit.worst(ExitCode::Partial);
            }
        }
        if items.is_empty() && (self.options.dry_run || !is_interrupted(site)?) {
            return Ok(false);
        }
        let po = match self.options.dry_run {
            true => Postoffice::open_read(site.layout.root())?,
            false => {
                let holder = Holder::new("external", "External", "External", self.clock.local());
                Postoffice::open_write(site.layout.root(), holder)?
            }
        };
        let routes = self.routes_of(site, &po)?;
        let (items, _) = self.collect(site)?;
        if items.is_empty() {
            return Ok(false);
        }
        for item in &items {
            self.tried.insert(tried_key(site, item));
        }
        Office::new(self, Rc::clone(site), po, routes).serve(items)?;
        Ok(true)
    }

    /// Returns what is to be tried: everything outgoing, and what came in for somebody else, in front what arrived first; and
    /// what is no message or cannot be read.
    fn collect(&self, site: &Site) -> Result<(Vec<Item>, Vec<Skipped>), ToolError> {
        let mut items = Vec::new();
        let mut outgoing = mailbag::list(&site.layout, Dir::P1)?;
        let incoming = mailbag::incoming(&site.layout)?;
        outgoing.mails.extend(incoming.mails);
        for waiting in outgoing.mails {
            match read_label(site, &waiting) {
                Ok(Some(label)) => {
                    let item = Item { waiting, label };
                    let is_ours = !item.is_incoming() || is_for_another(&item, site);
                    if is_ours && !self.tried.contains(&tried_key(site, &item)) {
                        items.push(item);
                    }
                }
                Ok(None) => {}
                Err(error) => outgoing.skipped.push(Skipped {
                    name: waiting.file.to_string(),
                    reason: error.to_string(),
                }),
            }
        }
        Ok((items, outgoing.skipped))
    }

    fn routes_of(&mut self, site: &Site, po: &Postoffice) -> Result<Rc<Routes>, ToolError> {
        if let Some(Some(routes)) = self.routes.get(&site.key) {
            return Ok(Rc::clone(routes));
        }
        let routes = Rc::new(read_routes(po)?);
        self.routes
            .insert(site.key.clone(), Some(Rc::clone(&routes)));
        Ok(routes)
    }

    /// Returns the Internet address of a given postoffice: `--mail-from`, else the mail route that one of the others has to it,
    /// else one on this machine.
    pub(super) fn address_of(&mut self, key: &PlaceKey) -> MailAddress {
        if let Some(address) = &self.options.mail_from {
            return address.clone();
        }
        for site in self.sites.given.clone() {
            let routes = self.routes.entry(site.key.clone()).or_insert_with(|| {
                let po = Postoffice::open_read(site.layout.root()).ok()?;
                read_routes(&po).ok().map(Rc::new)
            });
            let route = routes.as_ref().and_then(|routes| routes.get(key));
            if let Some(KnownRoute::Mail(text)) = route {
                if let Ok(address) = MailAddress::parse(text) {
                    return address;
                }
            }
        }
        let here = format!("dirsync@{}", super::host_name());
        MailAddress::parse(&here).expect("host_name returns what can stand in an address")
    }

    /// Takes a line of the report.
    pub(super) fn take(&mut self, row: &Row) -> Result<(), ToolError> {
        self.record.take(row)
    }
}

/// Tells whether a run was interrupted there: opening it for writing then completes or discards what is left.
fn is_interrupted(site: &Site) -> Result<bool, PostofficeError> {
    let staging = site.layout.dir_path(Dir::Staging)?;
    Ok(staging.exists() || site.layout.exists(&layout::DIRSYNC_JNL)?)
}

/// Reads the header of a message; `None` where it was taken away meanwhile.
fn read_label(
    site: &Site,
    waiting: &Waiting,
) -> Result<Option<Result<Label, FaultKind>>, PostofficeError> {
    let Some(input) = site.layout.open_file(&waiting.file)? else {
        return Ok(None);
    };
    let path = site.layout.path(&waiting.file)?;
    let head = mailbag::read_head(input, Label::MAX_HEAD_LEN)
        .map_err(|source| PostofficeError::Read { path, source })?;
    Ok(Some(Label::parse(&head, site.code_page)))
}

fn tried_key(site: &Site, item: &Item) -> (PlaceKey, bool, String) {
    let base = item.tries().base.to_owned();
    (site.key.clone(), item.is_incoming(), base)
}

/// Tells whether a message that came in is to be sent on: it is for another postoffice, or for a person here.
fn is_for_another(item: &Item, site: &Site) -> bool {
    let to = item.label.as_ref().ok().and_then(|label| label.to.as_ref());
    to.is_some_and(|to: &Party| {
        !to.is_system() || PlaceKey::new(&to.place, site.code_page) != site.key
    })
}

fn read_routes(po: &Postoffice) -> Result<Routes, PostofficeError> {
    let page = po.code_page();
    let text = |bytes: &[u8]| page.decode(bytes);
    let places = Places::load(po)?;
    let mut routes = Routes::new();
    for place in places.of_family(AddressType::Pcm) {
        let route = place.route();
        let known = match route.kind {
            RouteKind::Direct => KnownRoute::Direct(text(&route.text)),
            RouteKind::Indirect => hub(&route.text, page),
            RouteKind::Mail => KnownRoute::Mail(text(&route.text)),
            RouteKind::None | RouteKind::Other(_) => KnownRoute::None,
        };
        routes.insert(PlaceKey::new(&place.name(), page), known);
    }
    Ok(routes)
}

/// A hub that is no name is no route.
fn hub(text: &[u8], page: CodePage) -> KnownRoute {
    match Party::parse(text, page) {
        Ok(party) => KnownRoute::Indirect(PlaceKey::new(&party.place, page)),
        Err(_) => KnownRoute::None,
    }
}

/// Returns the name under which a message is delivered.
pub(super) fn base_name(file_name: &str) -> String {
    Tries::of(file_name).base.to_owned()
}
