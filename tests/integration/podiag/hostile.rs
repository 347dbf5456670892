//! Whatever bytes a file holds, an examination ends, names a file and leaves the others to be examined.

use std::fs;

use dirsync::diagnosis::{Finding, Severity};
use dirsync::postoffice::{File, layout};

use super::bases::{Base, Case};

/// Every file of a postoffice with records, counters or text of ours.
fn victims(case: &Case) -> Vec<String> {
    let mut victims = Vec::new();
    for dir in [
        "GLB", "NME", "USR", "XTN", "GRP", "MEM", "KEY", "MBG", "TPL", "INF",
    ] {
        for entry in fs::read_dir(case.path().join(dir)).expect("readable") {
            let name = entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("text");
            // Of the tables and texts of the original only sizes are known.
            let is_known = ![
                "ERR", "ENG", "ANS", "C850", "TRANS", "DS_MSG", "WELC", "POP",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix));
            if is_known {
                victims.push(format!("{dir}/{name}"));
            }
        }
    }
    victims.sort();
    victims
}

fn above_remark(findings: &[Finding]) -> Vec<&Finding> {
    let above = findings
        .iter()
        .filter(|f| f.check.severity > Severity::Remark);
    above.collect()
}

/// Places of a file that are worth a try: its ends, and steps through it that meet every field of a small record.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 12).max(1);
    (0..len).step_by(step).chain(len.checked_sub(1))
}

fn attack(base: Base, mut change: impl FnMut(&mut Vec<u8>, usize)) {
    let case = base.link();
    for victim in victims(&case) {
        let whole = fs::read(case.path().join(&victim)).expect("readable");
        for at in places(whole.len()) {
            let mut bytes = whole.clone();
            change(&mut bytes, at);
            case.put_at(&victim, &bytes);
            // Neither a panic nor a hang; and a finding about one file names a file.
            for finding in case.findings() {
                assert!(!finding.found.is_empty(), "{victim} at {at}: {finding:?}");
            }
        }
        case.put_at(&victim, &whole);
    }
    assert!(
        above_remark(&case.findings()).is_empty(),
        "all files are as they were"
    );
}

#[test]
fn files_cut_at_any_place_are_examined() {
    for base in [Base::WithGal, Base::Server] {
        attack(base, |bytes, at| bytes.truncate(at));
    }
}

#[test]
fn files_with_a_changed_byte_are_examined() {
    for base in [Base::WithGal, Base::Server] {
        attack(base, |bytes, at| bytes[at] ^= 0xff);
    }
}

#[test]
fn files_of_noise_are_examined() {
    let case = Base::Server.link();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = move |len: usize| -> Vec<u8> {
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..len).map(next).collect()
    };
    let victims = victims(&case);
    for victim in &victims {
        let len = fs::metadata(case.path().join(victim)).expect("there").len();
        let bytes = noise(usize::try_from(len).expect("small"));
        case.put_at(victim, &bytes);
        case.findings();
    }
    // With every file damaged there still is a diagnosis, and it is a bad one.
    let findings = case.findings();
    assert_eq!(findings[0].check.severity, Severity::Fatal);
    assert!(above_remark(&findings).len() > 10);
}

#[test]
fn one_damaged_file_hides_no_other() {
    let case = Base::Server.link();
    case.put(&layout::MASTER, &[7; 176]);
    case.put(&layout::ACCESS2, b"torn");
    case.put(&layout::NETWORK, b"torn");
    case.put(&layout::REQTRANS, b"torn");
    case.put(&layout::SORTLOCK, b"");
    case.put(&layout::ADMIN_NME, b"torn");
    case.server(|config| config.header.requestor_count = 9);
    let ids = case.ids();
    for id in [
        "master-damaged",
        "size-wrong",
        "queue-damaged",
        "sortlock-left",
        "srvconf-wrong",
    ] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }
    let sizes = case
        .findings()
        .into_iter()
        .filter(|f| f.check.id == "size-wrong");
    let files: Vec<_> = sizes.filter_map(|finding| finding.file).collect();
    assert_eq!(
        files,
        ["GLB/ACCESS2.GLB", "GLB/NETWORK.GLB", "NME/ADMIN.NME"]
    );
}

#[test]
fn a_name_of_control_characters_cannot_act_on_the_screen() {
    let case = Base::Requestor.copy();
    case.requestor(|config| {
        config.server_postoffice = super::bases::text("\x1b[2J\r\nX");
    });
    let ran = case.podiag(&[]).ends(5);
    assert!(
        ran.stdout.contains("NET/<1B>[2J<0D><0A>X"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains('\x1b'));
}

#[test]
fn a_huge_file_in_the_place_of_a_small_one_is_not_read() {
    let case = Base::New.link();
    for file in [
        layout::REQCONF,
        layout::MASTER,
        layout::TID,
        layout::SYSTEM_KEY,
    ] {
        let path = case.at(&file);
        fs::remove_file(&path).expect("there");
        let huge = fs::File::create(&path).expect("writable");
        huge.set_len(1 << 40).expect("a file with a hole");
    }
    let ids = case.ids();
    assert!(
        ids.contains(&"master-damaged") && ids.contains(&"size-wrong"),
        "{ids:?}"
    );
    // A pipe in the place of a file is not waited for.
    let fifo = case.at(&File::gateway_glb("SMTP").expect("a gateway"));
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    case.ids();
}
