//! Healthy postoffices, made once with the programs and copied for each test.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{
    AliasKind, FixedText, GalIndexEntry, GalIndexHeader, NetpoRecord, NmeRecord, Record,
    RecordState,
};
use dirsync::diagnosis::{Finding, Survey, diagnose};
use dirsync::postoffice::{File, HeldLayout, layout};

use crate::support::{NOW, Run, run};

/// A kind of healthy postoffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Base {
    /// As `admin setup` makes it.
    New,
    /// A requestor with users, groups, lists, gateways and waiting transactions.
    Requestor,
    /// A dir-sync server with two requestors and a master list.
    Server,
    /// A requestor with a global list.
    WithGal,
}

/// A postoffice of one test.
pub(super) struct Case {
    directory: tempfile::TempDir,
}

impl Base {
    /// Copies the healthy postoffice.
    pub(super) fn copy(self) -> Case {
        self.copy_by(|from, to| fs::copy(from, to).map(|_| ()))
    }

    /// Makes a postoffice of the same files, for a test that changes them by [`Case::put`] alone.
    pub(super) fn link(self) -> Case {
        self.copy_by(|from, to| fs::hard_link(from, to))
    }

    fn copy_by(self, file: fn(&Path, &Path) -> io::Result<()>) -> Case {
        let directory = tempfile::tempdir().expect("a temporary directory");
        copy(&self.made(), &directory.path().join("PO"), file);
        Case { directory }
    }

    /// Returns the directory of the healthy postoffice, made when it is first asked for.
    fn made(self) -> PathBuf {
        static MADE: OnceLock<BTreeMap<Base, tempfile::TempDir>> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            [Self::New, Self::Requestor, Self::Server, Self::WithGal]
                .map(|base| (base, base.make()))
                .into()
        });
        made[&self].path().join("PO")
    }

    fn make(self) -> tempfile::TempDir {
        let case = Case {
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        let own = if self == Self::Server {
            "NET/SRV"
        } else {
            "NET/REQ"
        };
        case.admin(&["setup", own]);
        match self {
            Self::New => {}
            Self::Requestor => make_requestor(&case),
            Self::Server => make_server(&case),
            Self::WithGal => {
                make_requestor(&case);
                make_gal(&case, &["Ann Able", "Bob", "bob the builder", "Zoe"]);
            }
        }
        case.directory
    }
}

fn make_requestor(case: &Case) {
    for words in [
        "external create NET/SRV --route mail:srv@mail.example",
        "external create NET/FAR --route indirect:NET/SRV",
        "gateway install SMTP",
        "gateway install SNADS GATE",
        "external create GATE/NODE --type SNADS",
        "config dirsync requestor registration NET/SRV",
        "config dirsync requestor types PCM,SMTP,SNADS",
        "local create One one",
        "local create Two two",
        "local create Three three",
        "group create All all one two",
    ] {
        case.admin(&words.split(' ').collect::<Vec<_>>());
    }
    case.import(
        "A Far One\tPCM:NET/FAR/one\nA Far Two\tPCM:NET/FAR/two\nA Node\tSNADS:GATE/NODE/node\n",
        "",
    );
    case.import("A Smith, Sue\tSMTP:sue@mail.example\n", "-a");
}

fn make_server(case: &Case) {
    for words in [
        "external create NET/REQ --route mail:req@mail.example",
        "external create NET/OTH --route indirect:NET/REQ",
        "config dirsync options server yes",
        "config dirsync server requestors create NET/REQ --password secret",
        "config dirsync server requestors create NET/OTH --password other",
        "passwd",
    ] {
        let words: Vec<_> = words.split(' ').collect();
        match words[..] {
            ["passwd"] => {
                let file = case.directory.path().join("password");
                fs::write(&file, "geheim\n").expect("writable");
                let file = file.display().to_string();
                case.admin(&["passwd", "--new-password-file", &file]);
            }
            _ => case.admin(&words),
        }
    }
    let records: Vec<_> = (1..=4)
        .map(|n| master_record(n, &format!("A User {n}\tPCM:NET/REQ/user{n}")))
        .collect();
    case.put(&layout::MSTTRANS, &queue(&records));
    case.server(|config| {
        config.header.srv_sync.0 = 4;
        config.header.cycle = 2;
        for record in &mut config.requestors {
            record.req_sync.0 = 1;
            record.srv_sync.0 = 4;
            record.last_update = stamp("2026-11-20T10:00:00Z");
        }
    });
    case.requestor(|config| {
        config.req_sync.0 = 1;
        config.srv_sync.0 = 4;
        config.import_sync.0 = 1;
    });
    case.put(
        &layout::REQTRANS,
        &queue(&[QueueRecord::dummy(Timestamp(1), 1)]),
    );
}

/// Makes the three files of a global list, all entries elsewhere.
pub(super) fn make_gal(case: &Case, names: &[&str]) {
    let mut list = Vec::new();
    let mut netpo = 0x7f67_697f_u32.to_le_bytes().to_vec();
    let mut index: Vec<(Vec<u8>, GalIndexEntry)> = Vec::new();
    for (name, n) in names.iter().zip(0_u32..) {
        let tid = 0x7f67_697f - n;
        let record = NmeRecord {
            pointer: 4 + 43 * n,
            ..NmeRecord::new(AliasKind::External, text(name), tid)
        };
        let pointer = u32::try_from(list.len()).expect("small");
        list.extend(encoded(&record));
        netpo[..4].copy_from_slice(&tid.to_le_bytes());
        netpo.extend(encoded(&NetpoRecord {
            state: RecordState::Active,
            kind: AliasKind::External,
            network: text("NET"),
            postoffice: text("FAR"),
            mailbox: text("one"),
            tid,
            ..NetpoRecord::default()
        }));
        for (word, n) in name.split(' ').zip(0..) {
            index.push((word.as_bytes().to_vec(), GalIndexEntry { word: n, pointer }));
        }
    }
    index.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut header = GalIndexHeader::default();
    for ((word, _), n) in index.iter().zip(0..) {
        let slot = match word[0] {
            letter @ b'a'..=b'z' => usize::from(letter - b'a') + 26,
            letter @ b'A'..=b'Z' => usize::from(letter - b'A'),
            _ => continue,
        };
        if header.offsets[slot] == 0 {
            header.offsets[slot] = 208 + 6 * n;
        }
    }
    let mut bytes = encoded(&header);
    index
        .iter()
        .for_each(|(_, entry)| bytes.extend(encoded(entry)));
    case.put(&layout::GAL_NME, &list);
    case.put(&layout::GALNETPO, &netpo);
    case.put(&layout::GALINDEX, &bytes);
}

impl Case {
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("PO")
    }

    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Copies another postoffice beside this one, and returns where it is.
    pub(super) fn neighbour(&self, base: Base) -> PathBuf {
        let path = self.beside("NEIGHBOUR");
        copy(&base.made(), &path, |from, to| {
            fs::copy(from, to).map(|_| ())
        });
        path
    }

    pub(super) fn at(&self, file: &File) -> PathBuf {
        self.path().join(file.to_string())
    }

    pub(super) fn bytes(&self, file: &File) -> Vec<u8> {
        fs::read(self.at(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    pub(super) fn put(&self, file: &File, bytes: &[u8]) {
        self.put_at(&file.to_string(), bytes);
    }

    /// Writes a new file in the place of the one there, which may be shared with other tests.
    pub(super) fn put_at(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("in a directory")).expect("writable");
        let old = fs::metadata(&path).ok();
        if old.is_some() {
            fs::remove_file(&path).expect("writable");
        }
        fs::write(&path, bytes).expect("writable");
        if let Some(old) = old {
            fs::set_permissions(&path, old.permissions()).expect("ours");
        }
        path
    }

    pub(super) fn remove(&self, file: &File) {
        fs::remove_file(self.at(file)).expect("there");
    }

    /// Changes the record at a place of a file with a header of `base` bytes.
    pub(super) fn edit<T: Record>(
        &self,
        file: &File,
        base: usize,
        index: usize,
        change: impl FnOnce(&mut T),
    ) {
        let mut bytes = self.bytes(file);
        let range = base + index * T::LEN..base + (index + 1) * T::LEN;
        let mut record = T::decode(&bytes[range.clone()]).expect("a record");
        change(&mut record);
        record.encode(&mut bytes[range]);
        self.put(file, &bytes);
    }

    pub(super) fn requestor(&self, change: impl FnOnce(&mut dirsync::codec::ReqConf)) {
        self.edit(&layout::REQCONF, 0, 0, change);
    }

    pub(super) fn server(&self, change: impl FnOnce(&mut dirsync::codec::SrvConf)) {
        let bytes = self.bytes(&layout::SRVCONF);
        let mut config = dirsync::codec::SrvConf::read_from(&bytes[..]).expect("whole");
        change(&mut config);
        let mut bytes = Vec::new();
        config.write_to(&mut bytes).expect("a vector takes it");
        self.put(&layout::SRVCONF, &bytes);
    }

    /// Runs a program that signs in.
    pub(super) fn run(&self, program: &str, words: &[&str]) -> Run {
        let data = format!("-d{}", self.path().display());
        let login = ["admin", "-pgeheim", &data];
        let words = login.iter().chain(words).map(|word| (*word).to_owned());
        run(program, words.collect(), |command| {
            command.current_dir(self.directory.path());
        })
    }

    pub(super) fn podiag(&self, words: &[&str]) -> Run {
        self.run("podiag", words)
    }

    pub(super) fn admin(&self, words: &[&str]) {
        self.run("admin", &[&["-y"], words].concat()).ends(0);
    }

    pub(super) fn import(&self, transactions: &str, option: &str) {
        let lines: Vec<_> = transactions
            .lines()
            .map(|line| {
                let (name, address) = line.split_once('\t').expect("a name and an address");
                format!("{name:<33}{address}\r\n")
            })
            .collect();
        fs::write(self.directory.path().join("in.txt"), lines.concat()).expect("writable");
        let words: Vec<_> = ["-y", "-fin.txt", option]
            .into_iter()
            .filter(|w| !w.is_empty())
            .collect();
        self.run("import", &words).ends(0);
    }

    /// Examines the postoffice.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let held = HeldLayout::open_read(&self.path()).expect("a postoffice");
        diagnose(&Survey::take(&held, stamp(NOW)))
    }

    pub(super) fn ids(&self) -> Vec<&'static str> {
        self.findings()
            .iter()
            .map(|finding| finding.check.id)
            .collect()
    }

    pub(super) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(), &mut files);
        files
    }
}

fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
}

fn copy(from: &Path, to: &Path, file: fn(&Path, &Path) -> io::Result<()>) {
    fs::create_dir(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            copy(&entry.path(), &target, file);
        } else {
            file(&entry.path(), &target).expect("writable");
        }
    }
}

pub(super) fn stamp(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().expect("a time")).expect("in range")
}

pub(super) fn text<const N: usize>(text: &str) -> FixedText<N> {
    FixedText::new(text.as_bytes()).expect("fits")
}

pub(super) fn encoded<T: Record>(record: &T) -> Vec<u8> {
    let mut bytes = vec![0; T::LEN];
    record.encode(&mut bytes);
    bytes
}

pub(super) fn queue(records: &[QueueRecord]) -> Vec<u8> {
    let mut writer = QueueWriter::new(Vec::new(), &Framing::OURS);
    for record in records {
        writer.write(record).expect("a vector takes it");
    }
    writer.finish().expect("a vector takes it").0
}

pub(super) fn master_record(number: u32, text: &str) -> QueueRecord {
    QueueRecord::transaction(
        stamp("2026-11-20T10:00:00Z"),
        number,
        1,
        text.as_bytes().to_vec(),
    )
}
