//! A ledger that is damaged is put aside and made anew, one that cannot be used for another reason is refused
//! (`spec/exchange.md` DX-12, DX-38).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::net::{Net, letters};
use super::scene::{Scene, names};

const SERVER: &str = "NET1/PO1";
const AGENT: &str = "NET1/AGENT";

/// Writes over the middle of the ledger, where its tables are; returns what it is now.
fn damage(scene: &Scene) -> Vec<u8> {
    let path = scene.data("ledger.db");
    let mut bytes = fs::read(&path).expect("a ledger");
    assert!(bytes.len() > 4096, "{}", bytes.len());
    bytes[4096..].fill(0xA5);
    fs::write(path, &bytes).expect("written");
    bytes
}

/// Returns the names of the ledgers that lie aside.
fn aside(scene: &Scene) -> Vec<String> {
    let mut names = names(&scene.data(""));
    names.retain(|name| name.contains("damaged"));
    names
}

#[test]
fn dx_12_a_damaged_ledger_goes_aside_and_everything_goes_once_more() {
    let net = Net::requestor(&[SERVER]);
    let scene = &net.scene;
    scene.person("Lena Berg", "LENA");
    scene.person("Max Berg", "MAX");
    net.site.user(SERVER, "Otto");
    net.round();
    net.round();
    let at_the_server = || net.site.names_in(SERVER, AGENT);
    assert_eq!(at_the_server(), ["Lena Berg", "Max Berg"]);
    let shown = scene.shown();
    assert_eq!(shown.len(), 2, "Administrator and Otto: {shown:?}");
    // What was deleted meanwhile is known by the list alone.
    scene.change("cn=Max Berg,ou=People,o=Org", "changetype: delete");

    let bytes = damage(scene);
    let before = scene.files();
    let first = scene.data("ledger.db.damaged-1").display().to_string();
    let run = scene.dxa("check").ends(0);
    let line = run.stdout.lines().find(|line| line.contains("DX249"));
    let line = line.unwrap_or_else(|| panic!("{}", run.stdout));
    assert!(line.starts_with("warning ledger: "), "{line}");
    assert!(
        line.contains("is damaged: ") && line.contains(&first),
        "{line}"
    );
    assert!(run.stdout.contains("full list: R 1, A 1"), "{}", run.stdout);
    let run = scene.dxa("cycle --dry-run").ends(0);
    assert!(
        run.stdout.contains("DX249 warn the ledger is damaged") && run.stdout.contains(&first),
        "{}",
        run.stdout
    );
    for command in ["status", "explain LENA"] {
        let run = scene.dxa(command).ends(65);
        assert!(run.stderr.contains(&first), "{command}: {}", run.stderr);
    }
    assert!(before == scene.files(), "who looks moves nothing");

    let run = scene.dxa("cycle").ends(0);
    let said = format!(
        "DX249 warn the ledger was damaged: it is put aside, and a new one begins file={first}"
    );
    assert!(run.stdout.contains(&said), "{}", run.stdout);
    assert!(run.stdout.contains("DX221"), "{}", run.stdout);
    assert!(run.stdout.contains("sent R 1, A 1"), "{}", run.stdout);
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert_eq!(log.matches(&said).count(), 1, "{log}");
    assert_eq!(aside(scene), ["ledger.db.damaged-1"]);
    assert!(fs::read(&first).expect("kept") == bytes, "it is as it was");
    assert_eq!(scene.shown(), shown, "nothing is deleted by guess");
    net.serve();
    scene.dxa("cycle").ends(0);
    net.serve();
    assert_eq!(at_the_server(), ["Lena Berg"]);
    assert_eq!(scene.shown(), shown);

    // The next one has a name of its own.
    damage(scene);
    scene.dxa("lists").ends(0);
    assert_eq!(aside(scene), ["ledger.db.damaged-1", "ledger.db.damaged-2"]);
    assert!(fs::read(&first).expect("kept") == bytes, "it is as it was");
    let run = scene.dxa("status").ends(0);
    assert!(
        run.stdout.contains("nothing exchanged yet"),
        "{}",
        run.stdout
    );
}

#[test]
fn dx_12_nothing_goes_aside_as_long_as_no_directory_answers() {
    let mut scene = Scene::new();
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let bytes = damage(&scene);
    scene.slapd.kill();
    scene.dxa("cycle").ends(75);
    assert!(fs::read(scene.data("ledger.db")).expect("there") == bytes);
    assert_eq!(aside(&scene), [""; 0]);
    scene.slapd.restart();
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("damaged-1"), "{}", run.stdout);
    assert_eq!(aside(&scene), ["ledger.db.damaged-1"]);
}

#[test]
fn dx_38_a_ledger_of_a_later_version_or_that_cannot_be_opened_is_refused_where_it_is() {
    let scene = Scene::new();
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let sent = letters(&scene, "P1/new").len();
    let path = scene.data("ledger.db");
    let ledger = rusqlite::Connection::open(&path).expect("a ledger");
    ledger
        .execute_batch("PRAGMA user_version = 99")
        .expect("set");
    drop(ledger);
    let bytes = fs::read(&path).expect("a ledger");
    let refused = |exit: i32, why: &str| {
        for command in ["check", "cycle", "cycle --dry-run", "status", "state show"] {
            let run = scene.dxa(command).ends(exit);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains("DX249") && said.contains(why), "{said}");
        }
        assert_eq!(letters(&scene, "P1/new").len(), sent);
        assert_eq!(aside(&scene), [""; 0]);
    };
    refused(65, "has format 99, expected 1");
    assert!(fs::read(&path).expect("there") == bytes);
    // A folder in its place is no file, whoever asks.
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("made");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("set");
    refused(73, "unable to open");
    assert!(path.is_dir());
}
