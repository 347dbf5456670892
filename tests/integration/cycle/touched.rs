//! Entries that a requestor sends again, and what it is told of them (`spec/exchange.md` NT-03).

use super::site::Site;

const SERVER: &str = "NET/DSS";
const OFFICE: &str = "NET/PO1";

/// What the server has of the office, apart from its administrator.
fn there(site: &Site) -> Vec<String> {
    let mut names = site.names_in(SERVER, OFFICE);
    names.retain(|name| name != "Administrator");
    names
}

fn state(site: &Site) -> String {
    let run = site
        .admin(OFFICE, "config dirsync requestor touch --json")
        .ends(0);
    let rows = run.json()["entries"].clone();
    rows[0]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_touched_entry_is_told_to_have_arrived_or_to_be_missing_still() {
    let site = Site::with_users(&[(SERVER, &[]), (OFFICE, &["Ann", "Bob"])]);
    site.cycle();
    site.cycle();
    assert_eq!(there(&site), ["Ann", "Bob"]);
    let file = site.beside("lost.txt");
    std::fs::write(&file, "D Ann\tPCM:NET/PO1/ANN\r\n").expect("written");
    site.run(
        SERVER,
        "import",
        &format!("admin -ppw -y -f{}", file.display()),
    )
    .ends(0);
    assert_eq!(there(&site), ["Bob"]);
    site.cycle();
    assert_eq!(there(&site), ["Bob"], "a cycle alone does not notice");

    site.admin(OFFICE, "config dirsync requestor touch ANN")
        .ends(0);
    assert_eq!(state(&site), "not confirmed yet");
    site.cycle();
    assert_eq!(there(&site), ["Ann", "Bob"]);
    assert_eq!(state(&site), "arrived");
    let folder = site.path(OFFICE).join("LOG");
    let files = std::fs::read_dir(folder).expect("logs");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read(file.expect("a file").path()).unwrap_or_default()
    };
    let log = files.flat_map(read).collect::<Vec<u8>>();
    let log = String::from_utf8_lossy(&log).into_owned();
    assert!(
        log.contains("touched entry PCM:NET/PO1/ANN: arrived"),
        "{log}"
    );
}
