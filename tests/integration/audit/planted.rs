//! Planted faults: all of them are found, and nothing else.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::resync::ResyncWriter;
use dirsync::codec::timestamp::Timestamp;

use super::scene::Scene;
use crate::support::{Office, resync_header};

/// Entries of a side; a million with `DIRSYNC_AUDIT_ENTRIES=1000000`.
pub(super) fn entry_count() -> usize {
    let wanted = env::var("DIRSYNC_AUDIT_ENTRIES").ok();
    wanted.map_or(20_000, |count| count.parse().expect("a number"))
}

/// Entries of one postoffice.
const LIST_LEN: usize = 2000;

/// Faults of each kind.
const FAULTS: usize = 12;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Person {
    address: String,
    name: String,
    title: String,
    sync: u32,
}

impl Person {
    /// One in eight is somebody on the Internet.
    fn new(number: usize) -> Self {
        let address = match number % 8 {
            7 => format!("SMTP:user{number:07}@mail.example"),
            _ => format!(
                "PCM:NET{}/PO{}/U{number:07}",
                number / LIST_LEN / 8,
                number / LIST_LEN
            ),
        };
        Self {
            address,
            name: format!("Jörg Number {number:07}"),
            // A list of a gateway has no template.
            title: match number % 8 {
                7 => String::new(),
                _ => format!("Title {}", number % 97),
            },
            sync: u32::try_from(number).expect("small") + 10,
        }
    }

    fn key(&self) -> String {
        match self.address.strip_prefix("PCM:") {
            Some(rest) => format!("MS:{}", rest.to_uppercase()),
            None => self.address.clone(),
        }
    }
}

/// A generator of numbers whose sequence is always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// What is expected: an outcome and what is shown of it, by key.
type Expected = BTreeMap<(String, String), String>;

/// Damages side B in known ways.
fn damage(a: &[Person], numbered: bool) -> (Vec<Person>, Expected) {
    let mut random = Random(5220);
    let mut taken = Vec::new();
    let mut pick = |has_title: bool| loop {
        let at = random.below(a.len());
        let is_fit = !has_title || !a[at].title.is_empty();
        if is_fit && !taken.contains(&at) {
            taken.push(at);
            return at;
        }
    };
    let mut b: Vec<Option<Person>> = a.iter().cloned().map(Some).collect();
    let mut more = Vec::new();
    let mut expected = Expected::new();
    let mut expect = |outcome: &str, key: String, what: &str| {
        expected.insert((outcome.to_owned(), key), what.to_owned());
    };
    for fault in 0..FAULTS {
        let at = pick(false);
        b[at] = None;
        expect("missing", a[at].key(), "");

        let at = pick(false);
        let person = b[at].as_mut().expect("picked once");
        person.name = format!("Jorg Number {at:07}");
        expect("altered", person.key(), "name");

        let at = pick(true);
        let person = b[at].as_mut().expect("picked once");
        person.title.push_str(", retired");
        expect("altered", person.key(), "title");

        let at = pick(false);
        let mut twin = b[at].clone().expect("picked once");
        twin.name = format!("Another {at:07}");
        expect("duplicated", twin.key(), "address-duplicate");
        more.push(twin);

        let mut extra = Person::new(a.len() + fault);
        extra.name = format!("Ghost {fault}");
        expect("extra", extra.key(), "");
        more.push(extra);

        if numbered {
            let at = pick(false);
            let person = b[at].as_mut().expect("picked once");
            person.sync -= 9;
            expect("stale", person.key(), "sequence-old");
        }
    }
    let mut b: Vec<_> = b.into_iter().flatten().chain(more).collect();
    // In an order of its own.
    for at in (1..b.len()).rev() {
        b.swap(at, random.below(at + 1));
    }
    (b, expected)
}

/// Returns the transaction of a person; lines are parted by `end`.
fn transaction(person: &Person, end: &str) -> String {
    let Person {
        address,
        name,
        title,
        ..
    } = person;
    match &title[..] {
        "" => format!("A {name}\t{address}"),
        title => format!("A {name}\t{address}{end}- Title:/{title}"),
    }
}

fn text(people: &[Person]) -> String {
    let lines = people.iter().map(|person| transaction(person, "\n") + "\n");
    lines.collect()
}

fn records(people: &[Person]) -> impl Iterator<Item = QueueRecord> {
    people.iter().map(|person| {
        let text = CodePage::Cp850.encode(&transaction(person, "\r\n"));
        QueueRecord::transaction(Timestamp(1), person.sync, 0, text.expect("in the page"))
    })
}

fn queue(people: &[Person]) -> Vec<u8> {
    let mut people = people.to_vec();
    people.sort_by_key(|person| person.sync);
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    records(&people).for_each(|record| writer.write(&record).expect("written"));
    writer.finish().expect("written").0
}

fn resync(people: &[Person]) -> Vec<u8> {
    let header = resync_header(1, 1, 1, 1);
    let mut writer = ResyncWriter::new(Vec::new(), &header, Timestamp(1)).expect("written");
    records(people).for_each(|record| writer.write(&record).expect("written"));
    writer.finish().expect("written").0
}

fn ldif(people: &[Person]) -> String {
    let mut ldif = "version: 1\n\n".to_owned();
    for (number, person) in people.iter().enumerate() {
        let (key, sync) = (person.key(), person.sync);
        let name = STANDARD.encode(&person.name);
        write!(
            ldif,
            "dn: syncKey={key}+uid={number},o=Org\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\n\
             syncKey: {key}\nsyncAddress: {key}\nsyncImportedFrom: dss/NET/SRV\nsyncSourceSeq: {sync}\n\
             syncOriginalName:: {name}\ncn:: {name}\nsn: x\n"
        )
        .expect("written");
        match &person.title[..] {
            "" => ldif.push('\n'),
            title => writeln!(ldif, "title: {title}\n").expect("written"),
        }
    }
    ldif
}

/// What a queue does not name may have been there before it.
fn in_doubt(outcome: &str, mut expected: Expected) -> Expected {
    for ((_, _), what) in expected.iter_mut().filter(|((o, _), _)| o == outcome) {
        "list-incomplete".clone_into(what);
    }
    expected
}

/// Compares two sides, and asserts that what is found is what was planted.
fn assert_found(scene: &Scene, sides: [&Path; 2], more: &str, expected: &Expected, count: usize) {
    let [a, b] = sides.map(|side| side.display().to_string());
    let audited = scene.audit(&a, &b, &format!("--memory 1m {more}"));
    let mut found = Expected::new();
    for line in &audited.lines {
        let outcome = line["outcome"].as_str().expect("text");
        if matches!(outcome, "equal" | "excluded" | "gap") {
            continue;
        }
        let mut what = line["reason"].as_str().unwrap_or_default().to_owned();
        for difference in line["differences"].as_array().into_iter().flatten() {
            let attribute = difference["attribute"].as_str().expect("text");
            what.push_str(attribute.trim_end_matches(':').to_lowercase().as_str());
        }
        let key = line["entry"].as_str().expect("text").to_owned();
        let before = found.insert((outcome.to_owned(), key), what);
        assert_eq!(before, None, "{line}");
    }
    let not_found: Vec<_> = expected
        .iter()
        .filter(|e| found.get(e.0) != Some(e.1))
        .collect();
    let not_planted: Vec<_> = found
        .iter()
        .filter(|f| expected.get(f.0) != Some(f.1))
        .collect();
    assert_eq!((not_found, not_planted), (vec![], vec![]));
    assert_eq!(audited.exit, 5, "{}", audited.summary);
    let altered = 2 * FAULTS as u64;
    assert_eq!(audited.count("/equal"), (count - FAULTS) as u64 - altered);
    // The sides are larger than the memory: the sorts went through files.
    let size = fs::metadata(sides[0]).expect("there").len();
    assert!(
        !sides[0].is_file() || audited.count("/spilled") > size,
        "{}",
        audited.summary
    );
}

#[test]
fn planted_faults_are_found_between_text_and_text() {
    let scene = Scene::new();
    let a: Vec<_> = (0..entry_count()).map(Person::new).collect();
    let (b, expected) = damage(&a, false);
    let sides = [
        scene.text("a.txt", &text(&a)),
        scene.text("b.txt", &text(&b)),
    ];
    assert_found(&scene, [&sides[0], &sides[1]], "", &expected, a.len());
}

#[test]
fn planted_faults_are_found_between_a_queue_and_ldif() {
    let scene = Scene::new();
    let a: Vec<_> = (0..entry_count()).map(Person::new).collect();
    let (b, expected) = damage(&a, true);
    let expected = in_doubt("extra", expected);
    let sides = [
        scene.write("MSTTRANS.GLB", queue(&a)),
        scene.write("b.ldif", ldif(&b)),
    ];
    assert_found(&scene, [&sides[0], &sides[1]], "", &expected, a.len());
}

#[test]
fn planted_faults_are_found_between_a_resync_file_and_a_queue() {
    let scene = Scene::new();
    let a: Vec<_> = (0..entry_count()).map(Person::new).collect();
    let (b, expected) = damage(&a, false);
    let expected = in_doubt("missing", expected);
    let sides = [
        scene.write("a.glb", resync(&a)),
        scene.write("MSTTRANS.GLB", queue(&b)),
    ];
    assert_found(&scene, [&sides[0], &sides[1]], "", &expected, a.len());
}

#[test]
fn planted_faults_are_found_in_a_postoffice_and_the_repair_mends_them() {
    let scene = Scene::new();
    let a: Vec<_> = (0..entry_count()).map(Person::new).collect();
    let (b, expected) = damage(&a, false);
    let mut places: Vec<_> = (0..a.len() + FAULTS)
        .map(|number| Person::new(number).address)
        .filter_map(|address| address.rsplit_once('/').map(|(list, _)| list.to_owned()))
        .collect();
    places.dedup();
    places.sort();
    places.dedup();
    let lists: Vec<_> = places.iter().map(String::as_str).chain(["SMTP"]).collect();
    let office = Office::new("HERE/HERE").define(&lists);
    let templates: String = places
        .iter()
        .map(|list| format!("T {list}\n Title:~15~40~A~~\n"))
        .collect();
    office
        .import_text("-t", &format!("{templates}{}", text(&b)))
        .ends(0);
    let a_text = scene.text("a.txt", &format!("{templates}{}", text(&a)));
    let path = office.path();
    let wanted = places
        .iter()
        .map(|list| format!("--list {list} "))
        .collect::<String>()
        + "--list SMTP:";
    let more = format!("{wanted} --repair {{}}/repair.txt");
    let [left, right] = [a_text.display().to_string(), path.display().to_string()];
    let audited = scene.audit(&left, &right, &more);
    let mut found: Vec<_> = audited
        .lines
        .iter()
        .filter(|line| !matches!(line["outcome"].as_str(), Some("equal" | "excluded")))
        .map(|line| {
            (
                line["outcome"].as_str().expect("text").to_owned(),
                line["entry"].as_str().expect("text").to_owned(),
            )
        })
        .collect();
    found.sort();
    assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>());
    office
        .import(
            "-t -f{}/repair.txt"
                .replace("{}", &scene.path("").display().to_string())
                .as_str(),
        )
        .ends(0);
    let audited = scene.audit(&left, &right, &more).ends(0, "COMPLETE");
    assert_eq!(audited.count("/equal"), a.len() as u64);
}
