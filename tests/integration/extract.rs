//! `import -x` and `import -st` on real postoffices: the scenarios of `spec/import-cases.jsonl`, each by its id.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::codepage::CodePage;
use dirsync::codec::{FixedText, Record, RecordReader, UsrRecord};
use dirsync::importfile::Reader;
use dirsync::list::ListId;
use dirsync::postoffice::places::Places;
use dirsync::postoffice::{File, layout};
use proptest::prelude::*;

use crate::support::{Office, Run};

/// The own names and the list of NET2/PO2 that Q132681 prints, as far as its article is known: two groups, six users
/// in order of creation, the external list in its own order.
fn q132681() -> Office {
    let office = Office::new("NET1/PO1").define(&["PCM:NET2/PO2"]).groups(&[
        ("g10to4", "g10to4", 50, &[1]),
        ("g15to9", "g15to9", 51, &[1]),
    ]);
    office
        .import_text(
            "",
            "A adminsch                       PCM:NET1/PO1/adminsch\n\
             A PO1 User One                   PCM:NET1/PO1/one1\n\
             A one2                           PCM:NET1/PO1/one2\n\
             A one3                           PCM:NET1/PO1/one3\n\
             A one4                           PCM:NET1/PO1/one4\n\
             A two2                           PCM:NET2/PO2/two2\n\
             A PO2 User One                   PCM:NET2/PO2/two1\n\
             A Administrator                  PCM:NET2/PO2/admin\n\
             A two3                           PCM:NET2/PO2/two3\n\
             A g2                             PCM:NET2/PO2/g2\n\
             A adminsch                       PCM:NET2/PO2/adminsch\n",
        )
        .ends(0);
    office
}

const Q132681_LINES: &str = "\
A g10to4                         PCM:NET1/PO1/g10to4\r
A g15to9                         PCM:NET1/PO1/g15to9\r
A Administrator                  PCM:NET1/PO1/Admin\r
A adminsch                       PCM:NET1/PO1/adminsch\r
A PO1 User One                   PCM:NET1/PO1/one1\r
A one2                           PCM:NET1/PO1/one2\r
A one3                           PCM:NET1/PO1/one3\r
A one4                           PCM:NET1/PO1/one4\r
A Administrator                  PCM:NET2/PO2/admin\r
A adminsch                       PCM:NET2/PO2/adminsch\r
A g2                             PCM:NET2/PO2/g2\r
A PO2 User One                   PCM:NET2/PO2/two1\r
A two2                           PCM:NET2/PO2/two2\r
A two3                           PCM:NET2/PO2/two3\r
";

/// Runs `import` for an extract into `out.txt`.
fn extract(office: &Office, args: &str) -> Run {
    office.import(&format!("{args} -f{{}}/out.txt"))
}

fn out(office: &Office) -> String {
    CodePage::Cp850.decode(&fs::read(office.beside("out.txt")).expect("written"))
}

#[test]
fn imp_s069_groups_then_users_in_order_of_creation_then_other_lists_in_their_order() {
    let office = q132681();
    let run = office
        .run("import", "-x -dm admin -ppw -f{}/out.txt")
        .ends(0);
    assert_eq!(out(&office), Q132681_LINES);
    assert!(
        run.stdout.starts_with("NET1/PO1: 14 read, 14 added"),
        "{}",
        run.stdout
    );
}

#[test]
fn imp_s069_s100_an_extract_changes_no_byte_of_the_postoffice() {
    let office = q132681();
    let before = office.snapshot();
    for file in before.keys() {
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).expect("ours");
    }
    extract(&office, "-x -t").ends(0);
    assert_eq!(office.snapshot(), before);
    assert_eq!(office.bytes(&layout::ADMIN_NME).len() % 45, 0);
    assert_eq!(
        office.bytes(&layout::ADMIN_NME),
        office.bytes(&layout::ADMINSHD_NME)
    );
}

#[test]
fn imp_s068_an_extract_goes_on_where_the_file_ends() {
    let office = Office::new("NET/PO").define(&["PROFS:VMGATE/NODE1"]);
    office
        .import_text(
            "",
            "A Ann                            PROFS:VMGATE/NODE1/ANN\n",
        )
        .ends(0);
    office.write("out.txt", "R PROFS:VMGATE/NODE1");
    extract(&office, "-x -gPROFS").ends(0);
    assert_eq!(
        out(&office),
        "R PROFS:VMGATE/NODE1\r\nA Ann                            PROFS:VMGATE/NODE1/ANN\r\n"
    );
}

#[test]
fn imp_s070_nodes_extracted_here_are_created_there_and_extract_the_same() {
    let from = Office::new("NET/M").define(&["PROFS:VMGATE/NODE1", "PROFS:VMGATE/NODE2"]);
    from.import_text(
        "",
        "A Ann                            PROFS:VMGATE/NODE1/ANN\n\
         A Bob                            PROFS:VMGATE/NODE2/BOB\n\
         A Älfi                           PROFS:VMGATE/NODE2/ALFI\n",
    )
    .ends(0);
    extract(&from, "-x -gprofs").ends(0);
    let first = out(&from);
    assert_eq!(first.lines().count(), 3);

    let to = Office::new("NET/N").define(&["PROFS:VMGATE"]);
    to.import_text("-c", &first.replace('\r', "")).ends(0);
    extract(&to, "-x -gprofs").ends(0);
    assert_eq!(out(&to), first);
}

#[test]
fn imp_s020_a_gateway_is_known_by_its_kind_whatever_it_is_called() {
    let office = Office::new("NET/PO").define(&["SNADS:SMTP/DGN"]);
    office
        .import_text("", "A Ann                            SNADS:SMTP/DGN/ANN\n")
        .ends(0);
    extract(&office, "-x -gSNADS").ends(0);
    assert_eq!(
        out(&office),
        "A Ann                            SNADS:SMTP/DGN/ANN\r\n"
    );

    let empty = Office::new("NET/PO").define(&["SNADS:SMTP/DGN"]);
    let run = extract(&empty, "-x -gSNADS").ends(0);
    assert_eq!(out(&empty), "");
    assert!(run.stdout.contains("no entries"), "{}", run.stdout);
}

#[test]
fn imp_s038_a_name_without_address_is_message_43_once_and_the_others_are_written() {
    let office = Office::new("NET/PO").define(&["X400"]);
    office
        .import_text("", "A Ann                            X400:/c=us/s=ann\n")
        .ends(0);
    let office = office.name_without_address("X400", "Lost");
    let run = extract(
        &office,
        "-x -gX400 --json --report {}/report.txt -l{}/failed.txt",
    )
    .ends(1);
    assert_eq!(
        out(&office),
        "A Ann                            X400:/c=us/s=ann\r\n"
    );
    let summary = run.json();
    assert_eq!(
        (&summary["read"], &summary["added"], &summary["refused"]),
        (&2.into(), &1.into(), &1.into())
    );
    let messages = summary["messages"].as_array().expect("an array");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["number"], 43);
    let report = fs::read_to_string(office.beside("report.txt")).expect("written");
    assert_eq!(report.lines().count(), 3);
    assert!(
        report.contains(r#""reason":"no-address","message":43"#),
        "{report}"
    );
    let failed = fs::read_to_string(office.beside("failed.txt")).expect("written");
    assert!(
        failed.contains("[ 43]") && failed.starts_with('#'),
        "{failed}"
    );
}

#[test]
fn an_address_without_a_name_is_left_out_with_a_warning() {
    let office = Office::new("NET/PO").define(&["X400"]);
    office
        .import_text("", "A Ann                            X400:/c=us/s=ann\n")
        .ends(0);
    office.put(&File::gateway_nme("X400").expect("a gateway"), b"");
    let run = extract(&office, "-x -gX400 --json").ends(1);
    assert_eq!(out(&office), "");
    assert_eq!(run.json()["messages"][0]["number"], 46);
}

#[test]
fn templates_go_along_with_t_and_come_back_as_they_were() {
    let template = "T PCM:NET/EXT\n Phone:~15~20~A~none~\n City/ST:~15~20~A~~\n";
    let from = Office::new("NET/PO").define(&["PCM:NET/EXT", "PCM:NET/BARE"]);
    from.import_text(
        "-t",
        &format!(
            "{template}\
             A Ann                            PCM:NET/EXT/ANN\n- Phone:/555\n- City//ST:/Bellevue\n\
             A Bob                            PCM:NET/EXT/BOB\n- Phone:/\n\
             A Cid                            PCM:NET/BARE/CID\n"
        ),
    )
    .ends(0);
    let run = extract(&from, "-x -t --json").ends(0);
    assert_eq!(
        out(&from).replace('\r', ""),
        format!(
            "A Administrator                  PCM:NET/PO/Admin\n\
             {template}\
             A Ann                            PCM:NET/EXT/ANN\n- Phone:/555\n- City//ST:/Bellevue\n\
             A Bob                            PCM:NET/EXT/BOB\n- Phone:/\n\
             A Cid                            PCM:NET/BARE/CID\n"
        )
    );
    let numbers: Vec<_> = run.json()["messages"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|message| (message["number"].clone(), message["text"].clone()))
        .collect();
    assert_eq!(numbers.len(), 2, "{numbers:?}");
    assert!(numbers.iter().all(|(number, _)| *number == 61));

    // What an extract writes is taken as it is, into the lists and into the dir-sync stream.
    let to = Office::new("NET/OTHER").define(&["PCM:NET/PO", "PCM:NET/EXT", "PCM:NET/BARE"]);
    to.import_text("-t", &out(&from).replace('\r', "")).ends(0);
    extract(&to, "-x -t").ends(0);
    let first = out(&from);
    let (_, lists) = first.split_once('\n').expect("lines");
    assert!(out(&to).contains(lists), "{}", out(&to));
    to.import_text("-e", &first.replace('\r', "")).ends(0);
    let queued = to.queued(&layout::REQTRANS);
    assert_eq!(queued.len(), 5);
    assert_eq!(
        queued[2].1,
        "A Ann\tPCM:NET/EXT/ANN\r\n- Phone:/555\r\n- City//ST:/Bellevue"
    );
}

#[test]
fn the_template_of_the_own_users_goes_along_too() {
    let office = Office::new("NET/PO");
    office.put(&layout::ADMIN_TPL, b"Phone:~15~4~A~~\r");
    office.put(&layout::ADMIN_INF, b"555\0\0");
    extract(&office, "-x -t").ends(0);
    assert_eq!(
        out(&office).replace('\r', ""),
        "T PCM:NET/PO\n Phone:~15~4~A~~\nA Administrator                  PCM:NET/PO/Admin\n- Phone:/555\n"
    );
}

#[test]
fn one_list_is_named_by_x_or_by_g() {
    let office = Office::new("NET/PO").define(&["PCM:NET/EXT", "FFAPI:PROXY/PO9", "SMTP"]);
    office
        .import_text(
            "",
            "A Ext                            PCM:NET/EXT/EXT\n\
             A Proxy                          PCM:PROXY/PO9/PROXY\n\
             A Smtp                           SMTP:a@b\n",
        )
        .ends(0);
    let own = "A Administrator                  PCM:NET/PO/Admin\r\n";
    let ext = "A Ext                            PCM:NET/EXT/EXT\r\n";
    let proxy = "A Proxy                          PCM:PROXY/PO9/PROXY\r\n";
    let smtp = "A Smtp                           SMTP:a@b\r\n";
    for (args, expected) in [
        ("-x", [own, ext, proxy].concat()),
        ("-x -gpcm", [own, ext, proxy].concat()),
        ("-x -gffapi", proxy.to_owned()),
        ("-xnet/ext", ext.to_owned()),
        ("-xNET\\EXT -gPCM:NET\\EXT", ext.to_owned()),
        ("-x -gPCM:NET/PO", own.to_owned()),
        ("-x -gSMTP", smtp.to_owned()),
        ("-x -gSMTP:", smtp.to_owned()),
    ] {
        fs::remove_file(office.beside("out.txt")).ok();
        extract(&office, args).ends(0);
        assert_eq!(out(&office), expected, "{args}");
    }
}

#[test]
fn a_list_that_is_not_there_is_66_and_leaves_no_file() {
    let office = Office::new("NET/PO").define(&["PCM:NET/EXT", "PROFS:GATE/NODE"]);
    for (args, text) in [
        ("-xNET/EX", "Postoffice not found PCM:NET/EX"),
        ("-xNOWHERE/PO", "Network not found PCM:NOWHERE/PO"),
        ("-x -gSMTP", "Gateway not installed: SMTP"),
        ("-x -gSNADS", "Gateway not installed: SNADS"),
        ("-x -gFFAPI", "Gateway not installed: FFAPI"),
        (
            "-xGATE/NODE2 -gPROFS",
            "Postoffice not found PROFS:GATE/NODE2",
        ),
        (
            "-xGATE/NODE -gSNADS",
            "Gateway not installed: SNADS:GATE/NODE",
        ),
    ] {
        let run = extract(&office, args).ends(66);
        assert_eq!(run.stderr, format!("import: {text}\n"), "{args}");
        assert!(!office.beside("out.txt").exists(), "{args}");
    }
    for args in [
        "-xNET/EXT -gPCM:NET/PO",
        "-xNET/EXT -gSMTP",
        "-x --code-page 437",
    ] {
        extract(&office, args).ends(2);
    }
}

#[test]
fn the_file_is_written_completely_or_not_at_all() {
    let office = Office::new("NET/PO").define(&["PCM:NET/EXT", "PCM:NET/BAD"]);
    office
        .import_text("", "A Ext                            PCM:NET/EXT/EXT\n")
        .ends(0);
    let places = Places::load(&office.open()).expect("readable");
    let bad = ListId::from_bytes(b"PCM:NET/BAD").expect("a list");
    let stem = places
        .place_of(&bad)
        .and_then(|place| place.stem())
        .expect("a stem");
    office.put(&File::usr(stem), &[0; UsrRecord::LEN + 1]);
    office.write("out.txt", "R SMTP:\r\n");
    extract(&office, "-x").ends(65);
    assert_eq!(out(&office), "R SMTP:\r\n");
    let beside: Vec<_> = fs::read_dir(office.beside("")).expect("readable").collect();
    assert_eq!(beside.len(), 3, "PO, in.txt, out.txt: {beside:?}");

    let run = office.import("-x -f{}/no/out.txt").ends(73);
    assert!(
        run.stderr.contains("Error accessing output file"),
        "{}",
        run.stderr
    );
    extract(&office, "-xNET/EXT --dry-run").ends(0);
    assert_eq!(out(&office), "R SMTP:\r\n");
}

#[test]
fn imp_s009_s010_a_foreign_system_gets_one_body_of_all_lists() {
    let office = Office::new("NET/SRV")
        .define(&["PCM:NET/EXT", "SMTP"])
        .groups(&[("All", "ALL", 50, &[1])])
        .server(&[("NET/SRV", 5, 80, 1)])
        .numbers(5, 80, 1);
    assert_eq!(office.bytes(&layout::GROUP).len(), 55);
    office
        .import_text("", "A Ext                            PCM:NET/EXT/EXT\n")
        .ends(0);
    office.write("out.txt", "what was here before");
    extract(&office, "-st").ends(0);
    assert_eq!(
        out(&office).replace('\r', ""),
        "[DIRSYNC-TRANSACTIONS]\n\
         0000000080 R PCM:NET/SRV\n\
         0000000080 A All                            PCM:NET/SRV/ALL\n\
         0000000080 A Administrator                  PCM:NET/SRV/Admin\n\
         0000000080 R PCM:NET/EXT\n\
         0000000080 A Ext                            PCM:NET/EXT/EXT\n\
         0000000080 R SMTP:\n"
    );
    let checked = office.run("import", "--check -f{}/out.txt").ends(0);
    assert_eq!(checked.json()["records"].as_array().map(Vec::len), Some(6));

    let bare = Office::new("NET/SRV").server(&[]);
    assert_eq!(bare.bytes(&layout::GROUP).len(), 4);
    extract(&bare, "-st").ends(0);
    assert_eq!(out(&bare).lines().count(), 3);
}

#[test]
fn imp_s053_only_the_server_extracts_for_foreign_systems() {
    let office = Office::new("NET/PO");
    let run = extract(&office, "-st").ends(78);
    assert_eq!(
        run.stderr,
        "import: Resync extract can be performed only at a Directory Synchronization Server\n"
    );
    assert!(!office.beside("out.txt").exists());
}

/// Any bytes a list file may hold.
fn field(len: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![8 => b' '..=b'~', 1 => 0x80..=0xff_u8, 1 => 1..b' '];
    proptest::collection::vec(byte, 0..=len)
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => "[A-Za-z0-9]{1,10}".prop_map(String::into_bytes), 1 => field(10)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a list holds: what is written reads back as it stands there, the rest is counted.
    #[test]
    fn an_extract_reads_back_entry_by_entry(entries in proptest::collection::vec((field(30), part()), 0..40)) {
        let office = Office::new("NET/PO").define(&["PCM:NET/EXT"]);
        let places = Places::load(&office.open()).expect("readable");
        let id = ListId::from_bytes(b"PCM:NET/EXT").expect("a list");
        let stem = places.place_of(&id).and_then(|place| place.stem()).expect("a stem");
        let mut bytes = Vec::new();
        for (name, mailbox) in &entries {
            let name = FixedText::new(name).expect("fits");
            let record = UsrRecord::new(name, FixedText::new(mailbox).expect("fits"), 7);
            let start = bytes.len();
            bytes.resize(start + UsrRecord::LEN, 0);
            record.encode(&mut bytes[start..]);
        }
        office.put(&File::usr(stem), &bytes);
        let run = extract(&office, "-xNET/EXT --json");
        let summary = run.json();
        let text = fs::read(office.beside("out.txt")).expect("written");
        let mut stored = RecordReader::<_, UsrRecord>::new(&bytes[..], 0).map(|r| r.expect("whole"));
        let mut count = 0;
        for block in Reader::new(&text[..], CodePage::Cp850) {
            let block = block.expect("memory");
            prop_assert!(block.messages.is_empty(), "{:?}", block.messages);
            let transaction = block.transaction.expect("an A");
            let entry = transaction.entry().expect("an A").clone();
            let trimmed = |name: &[u8]| name.iter().rposition(|&b| b != b' ').map_or(0, |at| at + 1);
            let found = stored.any(|record| {
                let name = record.name.as_bytes();
                name[..trimmed(name)] == *entry.name()
                    && Some(record.mailbox.as_bytes()) == entry.address().mailbox()
            });
            prop_assert!(found, "{entry:?} is not in the list, or not in its order");
            count += 1;
        }
        prop_assert_eq!(summary["added"].as_u64(), Some(count));
        prop_assert_eq!(summary["read"].as_u64(), Some(entries.len() as u64));
        prop_assert_eq!(summary["refused"].as_u64(), Some(entries.len() as u64 - count));
        prop_assert_eq!(run.exit, i32::from(count < entries.len() as u64));
    }
}
