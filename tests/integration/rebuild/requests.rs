//! How a rebuild is asked for: the command line, T3, permission.

use dirsync::codec::ReqOptions;
use dirsync::postoffice::layout;

use super::{BANNER, filled};

#[test]
fn ds_s059_a_requestor_that_keeps_no_list_says_so_at_t3() {
    let office = filled();
    let run = office.rebuild("--if-wanted").ends(0);
    assert_eq!(run.stdout, "NET/OWN: 0 read\nGAL not active on this PO\n");
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG),
        [
            format!("Status       {BANNER}").as_str(),
            "Status       GAL not active on this PO"
        ]
    );
    assert_eq!(
        office.log(&layout::DSSERVER_LOG).last().unwrap(),
        "1  -1 GAL not active on this PO"
    );
    assert!(!office.exists(&layout::GAL_NME));
    assert_eq!(
        office.rebuild("--if-wanted --json").ends(0).json()["gal"],
        serde_json::Value::Null
    );
    let before = office.snapshot();
    office.rebuild("--if-wanted --dry-run").ends(0);
    assert!(before == office.snapshot());

    // An operator may rebuild it all the same.
    office.rebuild("").ends(0);
    assert_eq!(office.gal().len(), 6);

    let office = filled().configure(|config| {
        config.options = config.options.with(ReqOptions::REBUILD, true);
    });
    office.rebuild("--if-wanted").ends(0);
    assert_eq!(office.gal().len(), 6);
}

#[test]
fn without_f_and_without_a_terminal_nothing_is_done() {
    let office = filled();
    let before = office.snapshot();
    let run = office.run("rebuild", "").ends(2);
    assert!(
        run.stderr.contains("give -f where there is no terminal"),
        "{}",
        run.stderr
    );
    assert!(before == office.snapshot());
}

#[test]
fn the_help_has_every_option() {
    let office = filled();
    for help in ["-?", "--help"] {
        let run = office.run("rebuild", help).ends(0);
        for option in [
            "--data",
            "--force",
            "--order",
            "--wait",
            "--if-wanted",
            "--dry-run",
            "--json",
        ] {
            assert!(run.stdout.contains(option), "{option}: {}", run.stdout);
        }
    }
    let version = office.run("rebuild", "--version").ends(0).stdout;
    assert!(version.starts_with("rebuild "), "{version}");
    office.run("rebuild", "-q").ends(2);
}

#[test]
fn ds_c006_the_published_line_rebuilds() {
    let office = filled();
    let path = office.path().display().to_string();
    office
        .run_args("rebuild", vec!["-F".into(), format!("-D{path}")])
        .ends(0);
    assert_eq!(office.gal().len(), 6);
}

#[test]
fn no_postoffice_is_message_202() {
    let office = filled();
    let run = office.run("rebuild", "-f -d{}/none").ends(66);
    assert!(
        run.stderr.contains("No Valid Postoffice found."),
        "{}",
        run.stderr
    );
    std::fs::remove_file(office.path().join("GLB/MASTER.GLB")).unwrap();
    let run = office.rebuild("").ends(66);
    assert!(
        run.stderr.contains("No Valid Postoffice found."),
        "{}",
        run.stderr
    );
}
