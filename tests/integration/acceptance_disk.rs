//! Media that are full, spelled otherwise, linked elsewhere or not quite there: the real programs on them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::codec::HexId;
use dirsync::postoffice::{File, layout};

use crate::support::{Office, run};

fn office() -> Office {
    let office = Office::new("NET/PO").define(&["PCM:NET/PO2", "SMTP"]);
    office
        .import_text("-a", "A One\tPCM:NET/PO2/ONE\nA At\tSMTP:a@b\n")
        .ends(0);
    office
}

/// Returns the files without the logs.
fn without_logs(office: &Office) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = office.snapshot();
    files.retain(|path, _| !path.ends_with("DIRSYNC.LOG") && !path.ends_with("DSSERVER.LOG"));
    files
}

/// Gives everything below a directory its name in lower case.
fn lower(directory: &Path) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            lower(&path);
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("text");
        fs::rename(&path, path.with_file_name(name.to_lowercase())).expect("renamed");
    }
}

#[test]
fn a_size_limit_is_a_failure_to_write_like_a_full_disk_and_changes_nothing() {
    let office = office();
    let text: String = (0..3000)
        .map(|n| format!("A User {n:04}\tSMTP:user{n}@example.org\r\n"))
        .collect();
    let file = office.write("in.txt", text);
    let before = without_logs(&office);
    let import = Path::new(env!("CARGO_BIN_EXE_import")).display();
    let line = format!(
        "ulimit -f 20; exec {import} admin -pX -y -d{} -f{}",
        office.path().display(),
        file.display()
    );
    let output = Command::new("sh").args(["-c", &line]).output().expect("sh");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(73), "{errors}");
    assert!(errors.contains("cannot write: File too large"), "{errors}");
    assert!(before == without_logs(&office));
    office.import("-f{}/in.txt").ends(0);
    assert_eq!(office.names("SMTP:").len(), 3001);
}

#[test]
fn a_postoffice_in_lower_case_is_worked_on_as_one_in_upper_case() {
    let text =
        "M One\tPCM:NET/PO2/ONE\n  Uno\tPCM:NET/PO2/ONE\nD At\tSMTP:a@b\nA Jane\tPCM:NET/PO/JANE\n";
    let (upper, lower_case) = (office(), office());
    lower(&lower_case.path());
    for office in [&upper, &lower_case] {
        office.import_text("-a", text).ends(0);
    }
    let content = |office: &Office| {
        let root = office.path();
        let files = office.snapshot().into_iter();
        let named = files.map(|(path, bytes)| {
            let below = path
                .strip_prefix(&root)
                .expect("below")
                .display()
                .to_string();
            (below.to_uppercase(), bytes)
        });
        named.collect::<BTreeMap<_, _>>()
    };
    let (upper_files, lower_files) = (content(&upper), content(&lower_case));
    assert_eq!(
        upper_files.keys().collect::<Vec<_>>(),
        lower_files.keys().collect::<Vec<_>>(),
        "no file is there in two spellings"
    );
    for (name, bytes) in &upper_files {
        assert!(lower_files[name] == *bytes, "{name}");
    }
    let path = lower_case.path().join("glb/access.glb");
    assert!(path.exists(), "a file keeps its spelling");
}

#[test]
fn two_spellings_of_a_file_stop_the_run_before_anything_is_written() {
    let office = office();
    let list = office.file(&File::usr(HexId(2)));
    fs::copy(&list, list.with_extension("usr")).expect("copied");
    let before = without_logs(&office);
    for line in ["-f{}/in.txt -v", "-f{}/in.txt --dry-run", "-x -f{}/out.txt"] {
        office.write("in.txt", "A Two\tPCM:NET/PO2/TWO\r\n");
        let run = office.import(line).ends(65);
        assert!(
            run.stderr.contains("differ in more than letter case"),
            "{}",
            run.stderr
        );
    }
    assert!(before == without_logs(&office));
    assert!(!office.beside("out.txt").exists());
}

#[test]
fn links_that_lead_out_of_the_postoffice_are_not_followed() {
    let office = office();
    let outside = tempfile::tempdir().expect("a temporary directory");
    let list = office.file(&File::usr(HexId(2)));
    let secret = outside.path().join("list");
    fs::rename(&list, &secret).expect("moved");
    symlink(&secret, &list).expect("linked");
    let before = fs::read(&secret).expect("readable");
    for line in ["-f{}/in.txt", "-x -f{}/out.txt"] {
        office.write("in.txt", "A Two\tPCM:NET/PO2/TWO\r\n");
        let run = office.import(line).ends(65);
        assert!(
            run.stderr.contains("leads out of the postoffice"),
            "{}",
            run.stderr
        );
    }
    assert_eq!(fs::read(&secret).expect("readable"), before);
}

#[test]
fn without_flag_a_reader_goes_unlocked_and_a_writer_makes_it() {
    let office = office();
    fs::remove_file(office.file(&layout::FLAG)).expect("there");
    let before = office.snapshot();
    office.import("-x -f{}/out.txt").ends(0);
    office.import("-f{}/out.txt --dry-run").ends(0);
    office.run("listds", "admin -pX").ends(0);
    assert!(before == office.snapshot(), "readers make no file");
    office.import_text("", "A Two\tPCM:NET/PO2/TWO\n").ends(0);
    assert_eq!(office.bytes(&layout::FLAG).len(), 2);
}

#[test]
fn what_is_no_file_to_read_is_66_and_named_with_message_56() {
    let office = office();
    let directory = office.path().display().to_string();
    for line in ["", "-e ", "--check "] {
        for file in [&directory, "none.txt"] {
            let run = office.import(&format!("{line}-f{file}")).ends(66);
            let start = format!("import: Error accessing input file {file}");
            assert!(
                run.stderr.starts_with(&start),
                "{line}{file}: {}",
                run.stderr
            );
        }
    }
    let run = run(
        "import",
        vec!["-x".into(), format!("-f{directory}"), "a".into()],
        |command| {
            command.env("DIRSYNC_DRIVE_M", office.path());
        },
    );
    assert_eq!(run.exit, 77, "the login comes first");
    let run = office.import(&format!("-x -f{directory}")).ends(73);
    assert!(
        run.stderr.contains("Error accessing output file"),
        "{}",
        run.stderr
    );
}
