//! Both ends of a link in one process: what one writes the other reads, through real Maildirs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::inbox::Inbox;
use super::maildir;
use super::quarantine::Quarantine;
use super::queue::Queue;
use super::sending::{self, folder_of};
use super::side::Link;
use crate::directory::interorg::wire::Unit;
use crate::directory::interorg::{
    Answer, Branch, Card, CardKind, Epoch, Receipt, Request, SourceKey, Span, Usn,
};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::interorg::config::Config;
use crate::tools::dxa::interorg::cycle::hear_mail;
use crate::tools::dxa::interorg::evidence::Evidence;
use crate::tools::dxa::interorg::talk::{BranchTold, Talk};
use crate::tools::dxa::interorg::told::Told;
use crate::tools::exit::ToolError;

const HUB: &str = "[agent]\ndata = \"hub\"\n[mail]\nmaildir = \"post/dirsync@hub.example\"\nfolder = \"post\"\n\
    [hub]\naddress = \"dirsync@hub.example\"\nlimit = 16384\n[[hub.branch]]\nname = \"ORG1\"\n\
    address = \"dirsync@org1.example\"\nkey-file = \"key\"\n";

const BRANCH: &str = "[agent]\ndata = \"org1\"\n[directory]\nurl = \"ldap://127.0.0.1\"\n[mail]\n\
    maildir = \"post/dirsync@org1.example\"\nfolder = \"post\"\n[branch]\nname = \"org1\"\n\
    address = \"dirsync@org1.example\"\nhub = \"DirSync@hub.example\"\nkey-file = \"key\"\nlimit = 16384\n\
    import-container = \"ou=Others,o=Org1\"\n[[branch.export]]\ncontainer = \"ou=People,o=Org1\"\n";

struct Ends {
    folder: tempfile::TempDir,
    hub: Config,
    branch: Config,
}

impl Ends {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("key"), "a key that nobody guesses").expect("a key");
        let parse = |text| {
            let config = Config::parse(text, &folder.path().join("dxa.toml"));
            config.expect("a configuration")
        };
        let (hub, branch) = (parse(HUB), parse(BRANCH));
        Self {
            folder,
            hub,
            branch,
        }
    }

    /// Sends a unit from one end; returns how many messages it was.
    fn send(&self, config: &Config, unit: Unit) -> usize {
        let links = Link::all(config);
        let queue = Queue::at(&config.data);
        queue.make().expect("made");
        let staged = queue.stage(&links[0], unit, now(), |_, _| {});
        let staged = staged.expect("written");
        queue.publish(&staged).expect("it goes");
        let way = config.mail.way.as_ref();
        let sent = sending::send(&queue, &links, way, &Interrupt::default()).expect("sent");
        assert_eq!((sent.sent as usize, sent.queued), (staged.parts(), 0));
        assert!(queue.waiting().expect("read").is_empty());
        staged.parts()
    }

    fn look<'l>(&self, config: &Config, links: &'l [Link]) -> Inbox<'l> {
        let quarantine = Quarantine(self.folder.path().join("aside"));
        let interrupt = Interrupt::default();
        let maildir = &config.mail.maildir;
        Inbox::look(maildir, &quarantine, links, now(), false, &interrupt).expect("a look")
    }
}

fn now() -> Timestamp {
    "2026-11-27T10:00:00Z".parse().expect("a moment")
}

fn card(name: &str) -> Card {
    Card {
        kind: CardKind::Mailbox,
        dn: format!("cn={name},o=Org"),
        mail: Some(format!("{name}@org.example")),
        target: None,
        secondary: Vec::new(),
        attributes: BTreeMap::from([("cn".to_owned(), vec!["x".repeat(200)])]),
    }
}

fn request() -> Request {
    let mut core = Branch::new("ORG1", Epoch::new("e-1").expect("an epoch"));
    let cards = (0..50).map(|n| (SourceKey::new("ORG1", &n.to_string()), card(&n.to_string())));
    core.ask("r-1", &cards.collect(), Vec::new(), &mut BTreeMap::new())
}

fn answer(id: &str, upto: u64, earlier: &[&str]) -> Answer {
    Answer {
        id: id.to_owned(),
        branch: "ORG1".to_owned(),
        answers: "r-1".to_owned(),
        epoch: Epoch::new("h-1").expect("an epoch"),
        span: Span {
            after: Usn(0),
            upto: Usn(upto),
        },
        is_full: true,
        receipt: Receipt(id.to_owned()),
        earlier: earlier.iter().map(|id| Receipt((*id).to_owned())).collect(),
        taken: None,
        wants_all: false,
        changes: Vec::new(),
        refused: Vec::new(),
    }
}

#[test]
fn the_hub_reads_what_a_branch_writes() {
    let ends = Ends::new();
    let request = request();
    let parts = ends.send(&ends.branch, Unit::Request(request.clone()));
    assert!(parts > 1, "{parts}");
    let folder = ends.hub.mail.maildir.join("new");
    for file in fs::read_dir(folder).expect("a folder") {
        let len = file.expect("a file").metadata().expect("there").len();
        assert!(len <= 16_384, "{len}");
    }
    let links = Link::all(&ends.hub);
    let mut inbox = ends.look(&ends.hub, &links);
    assert!(inbox.aside.is_empty(), "{:?}", inbox.aside);
    let bundle = inbox.whole.remove(0);
    let loaded = inbox.load(&bundle, |_, _| {}).expect("read");
    assert_eq!(loaded, Some(Unit::Request(request)));
    inbox.finish(&bundle).expect("removed");
    assert!(ends.look(&ends.hub, &links).whole.is_empty());
}

/// A branch that notes what it hears.
#[derive(Default)]
struct Ear {
    heard: Vec<String>,
    fails: bool,
}

impl Talk for Ear {
    fn hear(&mut self, answer: &Answer) -> Result<(), ToolError> {
        self.heard.push(answer.id.clone());
        match self.fails {
            true => Err(ToolError::usage("not now")),
            false => Ok(()),
        }
    }

    fn ask(&mut self) -> Result<Option<Request>, ToolError> {
        Ok(None)
    }

    fn told(&mut self) -> BranchTold {
        BranchTold::default()
    }
}

#[test]
fn a_branch_hears_answers_in_order_and_one_that_it_could_not_apply_comes_again() {
    let ends = Ends::new();
    ends.send(&ends.hub, Unit::Answer(answer("a-2", 9, &["a-1"])));
    ends.send(&ends.hub, Unit::Answer(answer("a-1", 5, &[])));
    let links = Link::all(&ends.branch);
    let hear = |ear: &mut Ear| {
        let mut inbox = ends.look(&ends.branch, &links);
        let mut evidence = Evidence::new(&ends.branch, now());
        let (interrupt, mut told) = (Interrupt::default(), Told::default());
        hear_mail(
            ear,
            &mut inbox,
            &links,
            &mut evidence,
            &interrupt,
            &mut told,
        )
    };
    let mut deaf = Ear {
        fails: true,
        ..Ear::default()
    };
    hear(&mut deaf).expect_err("it fails");
    let mut ear = Ear::default();
    hear(&mut ear).expect("heard");
    assert_eq!(
        (deaf.heard, ear.heard),
        (
            vec!["a-1".to_owned()],
            vec!["a-1".to_owned(), "a-2".to_owned()]
        )
    );
    assert_eq!(
        maildir::list(&ends.branch.mail.maildir)
            .expect("listed")
            .count(),
        0
    );
}

#[test]
fn no_address_leads_out_of_the_folder_of_mail() {
    let address = crate::protocol::mail::MailAddress::parse("../../etc/X@y").expect("an address");
    let folder = folder_of(Path::new("/post"), &address);
    assert_eq!(folder, Path::new("/post/..%2F..%2Fetc%2Fx@y"));
}

#[test]
fn a_unit_in_the_queue_takes_the_place_of_the_one_before_it() {
    let ends = Ends::new();
    let links = Link::all(&ends.branch);
    let queue = Queue::at(&ends.branch.data);
    queue.make().expect("made");
    let stage = |id: &str| {
        let mut request = request();
        request.id = id.to_owned();
        let staged = queue.stage(&links[0], Unit::Request(request), now(), |_, _| {});
        staged.expect("written")
    };
    let first = stage("r-1");
    assert_eq!(queue.publish(&first).expect("it goes"), 0);
    let second = stage("r-2");
    let parts = first.parts();
    assert_eq!(queue.publish(&second).expect("it goes"), parts);
    assert_eq!(queue.waiting().expect("read").len(), second.parts());
    // A request that was written and not published is made again.
    let _third = stage("r-3");
    assert_eq!(queue.recover(&links, |_| Ok(true)).expect("looked"), 0);
    assert_eq!(maildir_tmp(&ends.branch.data), 0);
}

fn maildir_tmp(data: &Path) -> usize {
    let tmp = data.join("mail-out/tmp");
    fs::read_dir(tmp).expect("a folder").count()
}
