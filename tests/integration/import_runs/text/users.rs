//! Local users: created whole, renamed with their files, deleted without leaving any.

use std::fs;

use dirsync::codec::{AccessFlags, HexId};
use dirsync::postoffice::accounts::Accounts;
use dirsync::postoffice::{Dir, File, Postoffice, layout};

use super::{a, office, pol_names};
use crate::support::Office;

fn accounts(office: &Office) -> (Postoffice, Accounts) {
    let po = office.open();
    let accounts = Accounts::load(&po).expect("readable");
    (po, accounts)
}

#[test]
fn imp_s099_s100_s084_local_users_are_created_whole() {
    let office = office();
    let text = [
        a("One", "PCM:NET/OWN/ONE"),
        a("Two", "PCM:NET/OWN/TWO"),
        a("Tri", "PCM:NET/OWN/TRI"),
    ]
    .concat();
    office.import_text("", &text).ends(0);
    let len = |file| office.bytes(&file).len();
    assert_eq!(
        (
            len(layout::ACCESS),
            len(layout::ACCESS2),
            len(layout::ACCESS3)
        ),
        (4 * 586, 4 * 69, 4 * 512)
    );
    assert_eq!(pol_names(&office), ["Administrator", "One", "Tri", "Two"]);
    let (_, accounts) = accounts(&office);
    let mut tids = Vec::new();
    for (_, account) in accounts.iter().skip(1) {
        let mailbag = account.mailbag.id().expect("a mailbag");
        assert_ne!(mailbag, HexId(0));
        assert_eq!(
            office.bytes(&File::mbg(mailbag)),
            b"",
            "S084: no welcome message"
        );
        assert_eq!(office.bytes(&File::key(mailbag)).len(), 560);
        tids.push(account.tid);
    }
    tids.sort_unstable();
    tids.dedup();
    assert_eq!(tids.len(), 3);
    assert!(!tids.contains(&0));
    assert_eq!((len(layout::NETPO) - 4) % 43, 0);
}

#[test]
fn imp_s007_s008_a_renamed_mailbox_keeps_its_files() {
    let office = office();
    office
        .import_text("", &a("BeforeAfter", "PCM:NET/OWN/before"))
        .ends(0);
    let before = *accounts(&office).1.iter().nth(1).expect("created").1;
    let text = "M\tBeforeAfter\tPCM:NET/OWN/before\n \tBeforeAfter\tPCM:NET/OWN/after\n";
    office.import_text("-gpcm", text).ends(0);
    let after = *accounts(&office).1.iter().nth(1).expect("there").1;
    assert_eq!(after.mailbox.as_bytes(), b"after");
    assert_eq!((after.mailbag, after.tid), (before.mailbag, before.tid));
    let folder = File::folder_index(after.mailbag.id().expect("a mailbag"));
    assert_eq!(office.bytes(&folder).len(), 100);
}

#[test]
fn a_deleted_local_user_leaves_no_files() {
    let office = office();
    office
        .import_text("", &a("Gone", "PCM:NET/OWN/GONE"))
        .ends(0);
    let mailbag = accounts(&office)
        .1
        .iter()
        .nth(1)
        .expect("created")
        .1
        .mailbag
        .id()
        .expect("one");
    office.import_text("", "D Gone\tPCM:NET/OWN/GONE\n").ends(0);
    assert_eq!(accounts(&office).1.count(), 1);
    assert_eq!(pol_names(&office), ["Administrator"]);
    for file in [
        File::mbg(mailbag),
        File::key(mailbag),
        File::folder_index(mailbag),
    ] {
        assert!(!office.exists(&file), "{file}");
    }
    let folder = office
        .open()
        .layout()
        .dir_path(Dir::FoldersUser(mailbag))
        .expect("a path");
    assert!(!folder.exists(), "defect 5: the folder goes too");
}

#[test]
fn local_user_tokens_are_taken_and_refused_for_others() {
    let office = office();
    let text = "A Boss\tPCM:NET/OWN/BOSS\n&ACCESS=ADMIN\n&PASSWORD=secretlong\n&DIRSYNC=NO\nA Ext\tPCM:NET/PO/EXT\n&REMOTE=YES\n";
    let run = office.import_text("", text).ends(1);
    assert!(run.stdout.contains("[ 89] "), "{}", run.stdout);
    assert!(run.stdout.contains("[ 82] "), "{}", run.stdout);
    assert!(!run.stdout.contains("secret"));
    let (_, accounts) = accounts(&office);
    let boss = accounts.iter().nth(1).expect("created").1;
    assert!(boss.flags.contains(AccessFlags::ADMINISTRATOR));
    assert!(!boss.flags.contains(AccessFlags::IN_DIRSYNC));
    assert_eq!(office.names("PCM:NET/PO"), ["Ext"]);
    let text = office.write("again.txt", "");
    office
        .run("import", &format!("boss -pwrong -y -f{}", text.display()))
        .ends(77);
    office
        .run(
            "import",
            &format!("boss -pSECRETLO -y -f{}", text.display()),
        )
        .ends(0);
}

#[test]
fn imp_s013_without_tid_glb_nobody_is_created() {
    let office = office();
    let access = office.bytes(&layout::ACCESS2);
    let mut permissions = fs::metadata(office.file(&layout::TID))
        .expect("there")
        .permissions();
    permissions.set_readonly(true);
    fs::set_permissions(office.file(&layout::TID), permissions).expect("settable");
    office
        .import_text("", &a("One", "PCM:NET/OWN/ONE"))
        .ends(73);
    assert_eq!(office.bytes(&layout::ACCESS2), access);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.iter().any(|line| line.starts_with("Fatal  [ 39] ")),
        "{log:?}"
    );
}

#[test]
fn imp_s015_tids_stay_unique_and_stable_when_the_counters_are_reset() {
    let office = office();
    office
        .import_text(
            "",
            &[a("One", "PCM:NET/OWN/ONE"), a("Ext", "PCM:NET/PO/EXT")].concat(),
        )
        .ends(0);
    let old: Vec<_> = accounts(&office)
        .1
        .iter()
        .map(|(_, a)| (a.mailbag, a.tid))
        .collect();
    let external = office.list("PCM:NET/PO");
    office.put(&layout::TID, &[0; 4]);
    office.put(&layout::CONTROL, &[0; 8]);
    let office = office.configure(|config| {
        config.highest_tid = 0;
        config.highest_mailbag = 0;
    });
    office.import_text("", &a("Two", "PCM:NET/OWN/TWO")).ends(0);
    let new: Vec<_> = accounts(&office)
        .1
        .iter()
        .map(|(_, a)| (a.mailbag, a.tid))
        .collect();
    assert_eq!(new[..2], old[..]);
    assert_eq!(office.list("PCM:NET/PO"), external);
    let (mailbag, tid) = new[2];
    assert!(old.iter().all(|(m, t)| *m != mailbag && *t != tid));
    assert_ne!(tid, external[0].2);
    assert_ne!(tid, 0);
}

#[test]
fn imp_s033_a_registered_requestor_announces_its_new_user_with_his_information() {
    let office = office().registered_with("NET/PO");
    office.put(&layout::ADMIN_TPL, b"Phone:~10~20~A~~\r");
    office
        .import_text("-t", "A One\tPCM:NET/OWN/ONE\n- Phone:/555\n")
        .ends(0);
    let queued = office.queued(&layout::REQTRANS);
    assert_eq!(
        queued,
        [(1, "A One\tPCM:NET/OWN/ONE\r\n- Phone:/555".to_owned())]
    );
}

#[test]
fn the_guard_counts_accounts_too() {
    let office = office();
    let names: Vec<_> = (0..130)
        .map(|n| format!("Local {n:03}\tPCM:NET/OWN/L{n}\n"))
        .collect();
    let all = |code: &str| {
        names
            .iter()
            .map(|name| format!("{code} {name}"))
            .collect::<String>()
    };
    office.import_text("", &all("A")).ends(0);
    let run = office.import_text("", &all("D")).ends(3);
    assert!(
        run.stdout
            .contains("LOCAL: 130 of 131 entries would be deleted by name"),
        "{}",
        run.stdout
    );
    assert_eq!(accounts(&office).1.count(), 131);
    office.import_text("--allow-deletes 130", &all("D")).ends(0);
    assert_eq!(accounts(&office).1.count(), 1);
}

#[test]
fn defect_29_an_option_of_a_local_user_leaves_the_others_alone() {
    let office = office();
    office
        .import_text("", "A One\tPCM:NET/OWN/ONE\n&REMOTE=YES\n")
        .ends(0);
    office
        .import_text("", "M One\tPCM:NET/OWN/ONE\n&DIRSYNC=NO\n")
        .ends(0);
    let flags = accounts(&office).1.iter().nth(1).expect("created").1.flags;
    assert!(flags.contains(AccessFlags::REMOTE));
    assert!(!flags.contains(AccessFlags::IN_DIRSYNC));
}
