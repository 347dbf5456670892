use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::*;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::codec::{Fingerprint, HexId, IdsFile};
use crate::postoffice::{Holder, Postoffice, layout, setup};

const NOW: Timestamp = Timestamp(1_700_000_000);

struct Site {
    _root: tempfile::TempDir,
    po: Postoffice,
}

impl Site {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("PO");
        let name = PostofficeName::parse(b"NET/PO", CodePage::Cp850).unwrap();
        setup::create(&path, &name, CodePage::Cp850).unwrap();
        let holder = Holder::new("test", "", "", jiff::Zoned::default());
        let po = Postoffice::open_write(&path, holder).unwrap();
        Self { _root: root, po }
    }

    fn layout(&self) -> &Layout {
        self.po.layout()
    }

    fn write(&self, file: &str, bytes: &[u8], arrived: u64) {
        let path = self.layout().root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(arrived);
        file.set_modified(time).unwrap();
    }

    fn names(&self, dir: Dir) -> Vec<String> {
        self.layout().list(dir).unwrap()
    }
}

#[test]
fn mail_is_listed_in_the_order_of_its_arrival() {
    let site = Site::new();
    assert_eq!(incoming(site.layout()).unwrap(), Mailbag::default());
    site.write("MBG/SYSTEM/new/b", b"2", 20);
    site.write("MBG/SYSTEM/new/a", b"2", 20);
    site.write("MBG/SYSTEM/cur/z:2,S", b"first", 10);
    site.write("MBG/SYSTEM/tmp/0", b"being written", 1);
    site.write("MBG/SYSTEM/new/.hidden", b"", 1);
    let bag = incoming(site.layout()).unwrap();
    let names: Vec<_> = bag.mails.iter().map(|m| m.file.to_string()).collect();
    assert_eq!(
        names,
        [
            "MBG/SYSTEM/cur/z:2,S",
            "MBG/SYSTEM/new/a",
            "MBG/SYSTEM/new/b"
        ]
    );
    assert_eq!(bag.mails[0].len, 5);
    assert!(bag.skipped.is_empty());
}

#[test]
fn what_is_no_message_is_passed_over_and_said() {
    let site = Site::new();
    site.write("MBG/SYSTEM/new/good", b"x", 1);
    site.write("MBG/SYSTEM/new/with blank", b"x", 1);
    let new = site.layout().root().join("MBG/SYSTEM/new");
    fs::create_dir(new.join("directory")).unwrap();
    symlink("/etc/passwd", new.join("link")).unwrap();
    let bag = incoming(site.layout()).unwrap();
    assert_eq!(bag.mails.len(), 1);
    let skipped: Vec<_> = bag
        .skipped
        .iter()
        .map(|s| (s.name.as_str(), s.reason.as_str()))
        .collect();
    assert_eq!(
        skipped,
        [
            ("MBG/SYSTEM/new/directory", "it is no file"),
            ("MBG/SYSTEM/new/link", "it is no file"),
            (
                "MBG/SYSTEM/new/with blank",
                "it holds a blank, a control character or one outside of ASCII"
            ),
        ]
    );
}

#[test]
fn the_head_of_a_message_is_read_without_its_body() {
    let long = format!("A: b\nC: {}\r\n\r\n", "x".repeat(9000));
    let body = "y".repeat(1 << 20);
    let head = read_head(format!("{long}{body}").as_bytes(), 1 << 16).unwrap();
    assert!(head.starts_with(long.as_bytes()) && head.len() < long.len() + 4096);
    assert_eq!(read_head(long.as_bytes(), 100).unwrap().len(), 100);
    assert_eq!(read_head(&b"A: b"[..], 1 << 16).unwrap(), b"A: b");
    assert_eq!(read_head(&b""[..], 1 << 16).unwrap(), b"");
    assert!(read_head(body.as_bytes(), 1 << 16).unwrap().len() == 1 << 16);
    // The empty line may lie on the border of two pieces.
    for len in 4085..4100 {
        let head = format!("A: {}\n\nbody{body}", "x".repeat(len));
        let read = read_head(head.as_bytes(), 1 << 16).unwrap();
        assert!(
            read.windows(2).any(|w| w == b"\n\n") && read.len() <= 8192,
            "{len}"
        );
    }
}

#[test]
fn reading_is_bounded() {
    let site = Site::new();
    site.write("MBG/SYSTEM/new/a", b"12345", 1);
    let mail = incoming(site.layout()).unwrap().mails.remove(0);
    let read = |limit| read(site.layout(), &mail, limit).unwrap();
    assert_eq!(read(5), MailBytes::Whole(b"12345".to_vec()));
    assert_eq!(read(4), MailBytes::TooLarge);
    fs::remove_file(site.layout().path(&mail.file).unwrap()).unwrap();
    assert_eq!(read(5), MailBytes::Gone);
}

#[test]
fn sent_and_taken_change_together() {
    let site = Site::new();
    site.write("MBG/SYSTEM/new/a", b"in", 1);
    let read_only = site.layout().root().join("MBG/SYSTEM/new/a");
    fs::set_permissions(read_only, fs::Permissions::from_mode(0o400)).unwrap();
    let mail = incoming(site.layout()).unwrap().mails.remove(0);
    let send = |commit: bool| {
        let batch = site.po.batch().unwrap();
        let outbox = Outbox::open(site.layout(), &batch, NOW).unwrap();
        for text in ["first", "second"] {
            let mut staged = outbox.post("00ff").unwrap();
            staged.write_all(text.as_bytes()).unwrap();
            staged.finish().unwrap();
        }
        assert_eq!(outbox.count(), 2);
        take(&batch, &mail).unwrap();
        if commit {
            batch.commit().unwrap();
        }
    };
    send(false);
    assert_eq!(site.names(Dir::MailIn(MailPart::New)), ["a"]);
    assert!(site.names(Dir::MailOut(MailPart::New)).is_empty());
    send(true);
    assert!(site.names(Dir::MailIn(MailPart::New)).is_empty());
    let sent = ["1700000000.000001.00ff", "1700000000.000002.00ff"];
    assert_eq!(site.names(Dir::MailOut(MailPart::New)), sent);
    for part in ["tmp", "cur"] {
        assert!(site.layout().root().join("P1").join(part).is_dir());
    }
}

#[test]
fn ds_s042_without_p1_nothing_can_be_sent() {
    let site = Site::new();
    let p1 = site.layout().root().join("P1");
    let refused = |reason: &str| {
        let batch = site.po.batch().unwrap();
        let error = Outbox::open(site.layout(), &batch, NOW).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(matches!(error, PostofficeError::NoOutgoing { .. }));
        assert_eq!(error.exit_code(), 73);
    };
    // The mode counts for root as well, as for every other file.
    fs::set_permissions(&p1, fs::Permissions::from_mode(0o555)).unwrap();
    refused("mail cannot be sent: it is read-only");
    fs::set_permissions(&p1, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(p1.join("new")).unwrap();
    fs::set_permissions(p1.join("new"), fs::Permissions::from_mode(0o555)).unwrap();
    refused("P1/new: mail cannot be sent: it is read-only");
    fs::remove_dir_all(&p1).unwrap();
    site.layout().forget();
    refused("mail cannot be sent: no such directory");
    fs::write(&p1, "").unwrap();
    site.layout().forget();
    refused("it is no directory");
}

#[test]
fn a_refused_message_is_kept_whole_with_the_reason() {
    let site = Site::new();
    site.write("MBG/SYSTEM/new/a:2,", b"Subject: x\r\n\r\n\xff\0", 1);
    site.write("MBG/SYSTEM/cur/a:2,", b"From x\nSubject: y\n\n", 2);
    site.write("MBG/SYSTEM/new/empty", b"", 3);
    let bag = incoming(site.layout()).unwrap();
    for mail in &bag.mails {
        let batch = site.po.batch().unwrap();
        quarantine(
            site.layout(),
            &batch,
            mail,
            "[158] Requestor not registered\r\nBcc: x",
        )
        .unwrap();
        batch.commit().unwrap();
    }
    assert!(incoming(site.layout()).unwrap().mails.is_empty());
    let kept = |name: &str| {
        let file = File::named(Dir::QuarantineIn(MailPart::New), name).unwrap();
        site.layout().read(&file).unwrap().unwrap()
    };
    let line = b"DirSync-Refused: [158] Requestor not registered  Bcc: x\n";
    assert_eq!(
        kept("a:2,"),
        [&line[..], b"Subject: x\r\n\r\n\xff\0"].concat()
    );
    assert_eq!(
        kept("a:2,.2"),
        [b"From x\n", &line[..], b"Subject: y\n\n"].concat()
    );
    assert_eq!(kept("empty"), line);
}

#[test]
fn a_second_copy_is_known() {
    let site = Site::new();
    let print = |n: u8| Fingerprint([n; 32]);
    let mut seen = Seen::load(&site.po).unwrap();
    assert!(seen.remember(print(1), NOW) && !seen.remember(print(1), NOW));
    let commit = |seen: &mut Seen, now| {
        let batch = site.po.batch().unwrap();
        seen.stage(&batch, now).unwrap();
        batch.commit().unwrap();
    };
    commit(&mut seen, NOW);
    for n in 2..10 {
        let mut seen = Seen::load(&site.po).unwrap();
        assert!(seen.contains(&print(n - 1)) && !seen.contains(&print(n)));
        seen.remember(print(n), NOW);
        commit(&mut seen, NOW);
    }
    assert_eq!(
        site.layout().len(&layout::DIRSYNC_IDS).unwrap(),
        Some(16 + 9 * 40)
    );

    // Damage is said, costs what it hits, and is mended by the next change.
    let mut bytes = site.layout().read(&layout::DIRSYNC_IDS).unwrap().unwrap();
    bytes[16 + 45] ^= 1;
    bytes.truncate(bytes.len() - 3);
    site.write("GLB/DIRSYNC.IDS", &bytes, 1);
    let mut seen = Seen::load(&site.po).unwrap();
    assert_eq!(
        seen.damage().unwrap(),
        "DIRSYNC.IDS: 2 records are damaged, 7 are whole"
    );
    assert!(seen.contains(&print(1)) && !seen.contains(&print(2)));
    seen.remember(print(20), NOW);
    commit(&mut seen, NOW);
    let seen = Seen::load(&site.po).unwrap();
    assert_eq!(seen.damage(), None);
    assert!(seen.contains(&print(1)) && seen.contains(&print(20)));

    // What is old is forgotten.
    let later = Timestamp(NOW.0 + IdsFile::MAX_AGE + 1);
    let mut seen = Seen::load(&site.po).unwrap();
    seen.remember(print(30), later);
    commit(&mut seen, later);
    assert_eq!(
        site.layout().len(&layout::DIRSYNC_IDS).unwrap(),
        Some(16 + 40)
    );
}

#[test]
fn a_mailbox_has_a_maildir_of_its_own() {
    let site = Site::new();
    let batch = site.po.batch().unwrap();
    make(&batch, Dir::UserMail(HexId(0x1a)));
    batch.commit().unwrap();
    for part in ["tmp", "new", "cur"] {
        assert!(
            site.layout()
                .root()
                .join("MBG/0000001A")
                .join(part)
                .is_dir()
        );
    }
    site.write("MBG/0000001A/new/x", b"note", 1);
    assert_eq!(
        list(site.layout(), Dir::UserMail(HexId(0x1a)))
            .unwrap()
            .mails
            .len(),
        1
    );
}

#[test]
fn a_delivery_needs_no_lock_and_happens_whole_or_not_at_all() {
    let site = Site::new();
    let layout = Layout::open(site.layout().root()).unwrap();
    let mut delivery = Delivery::new(&layout, "NET/A");
    let add = |delivery: &mut Delivery<'_>, name: &str, text: &str| {
        delivery.add(Dir::System, name, "X: 1\n", text.as_bytes())
    };
    assert_eq!(
        add(&mut delivery, "1.a", "A: b\n\n").unwrap(),
        Delivered::New
    );
    assert_eq!(site.names(Dir::MailIn(MailPart::Tmp)), ["1.a.NET_A"]);
    drop(delivery);
    assert!(site.names(Dir::MailIn(MailPart::Tmp)).is_empty());

    for many in [1, 20] {
        let mut delivery = Delivery::new(&layout, "NET/A");
        for n in 0..many {
            add(&mut delivery, &format!("{many}.{n}"), "From x\nA: b\n\n").unwrap();
        }
        delivery.commit().unwrap();
    }
    assert!(site.names(Dir::MailIn(MailPart::Tmp)).is_empty());
    assert_eq!(site.names(Dir::MailIn(MailPart::New)).len(), 21);
    let file = File::named(Dir::MailIn(MailPart::New), "1.0").unwrap();
    assert_eq!(
        layout.read(&file).unwrap().unwrap(),
        b"From x\nX: 1\nA: b\n\n"
    );

    // The same message again is no second one; another message does not take its place.
    let mut delivery = Delivery::new(&layout, "NET/A");
    assert_eq!(
        add(&mut delivery, "1.0", "From x\nA: b\n\n").unwrap(),
        Delivered::AlreadyThere
    );
    let error = add(&mut delivery, "1.0", "From x\nA: c\n\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("MBG/SYSTEM/new/1.0: cannot write"),
        "{error}"
    );
    for name in ["../1", "a/b", "", "."] {
        assert!(
            matches!(add(&mut delivery, name, ""), Err(PostofficeError::Name(_))),
            "{name}"
        );
    }
    drop(delivery);
    assert!(site.names(Dir::MailIn(MailPart::Tmp)).is_empty());
}

#[test]
fn a_maildir_without_write_bit_takes_nothing() {
    let site = Site::new();
    let mbg = site.layout().root().join("MBG");
    fs::set_permissions(mbg.clone(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut delivery = Delivery::new(site.layout(), "NET/A");
    // Its parent is one of the published directories; only root gets past its mode.
    let made = delivery.add(Dir::System, "a", "", &b""[..]);
    assert!(made.is_ok() || matches!(made, Err(PostofficeError::Write { .. })));
    fs::set_permissions(&mbg, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(mbg.join("0000000A")).unwrap();
    fs::set_permissions(mbg.join("0000000A"), fs::Permissions::from_mode(0o555)).unwrap();
    let error = delivery
        .add(Dir::UserMail(HexId(10)), "a", "", &b""[..])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("MBG/0000000A: cannot write: permission denied"),
        "{error}"
    );
    fs::remove_dir_all(site.layout().root().join("P1")).unwrap();
    site.layout().forget();
    assert!(delivery.add(Dir::P1, "a", "", &b""[..]).is_err());
}
