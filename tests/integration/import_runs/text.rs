//! Plain import of text files.

use std::fs;

use dirsync::codec::{
    AccessFlags, AliasKind, HexId, NetpoTable, NmeRecord, RecordReader, RouteKind,
};
use dirsync::postoffice::accounts::Accounts;
use dirsync::postoffice::places::{Places, Route};
use dirsync::postoffice::{Dir, File, Postoffice, layout};

use crate::support::{Office, name};

fn office() -> Office {
    Office::new("NET/OWN").define(&[
        "PCM:NET/PO",
        "PCM:NET/PO10",
        "PCM:NET2/PO2",
        "SMTP",
        "MCI",
        "SNADS:GATE/DGN1",
        "SNADS:GATE/DGN2",
    ])
}

/// One entry in the columns of the format.
fn a(name: &str, address: &str) -> String {
    format!("A {name:<30} {address}\n")
}

fn pol(office: &Office) -> Vec<NmeRecord> {
    let bytes = office.bytes(&layout::ADMIN_NME);
    assert_eq!(
        bytes,
        office.bytes(&layout::ADMINSHD_NME),
        "the shadow is identical"
    );
    RecordReader::new(&bytes[..], 0)
        .map(|record| record.expect("whole"))
        .collect()
}

fn pol_names(office: &Office) -> Vec<String> {
    let text = |record: &NmeRecord| String::from_utf8_lossy(record.name.as_bytes()).into_owned();
    pol(office).iter().map(text).collect()
}

fn stem(office: &Office, place: &str) -> HexId {
    let po = office.open();
    let places = Places::load(&po).expect("readable");
    places
        .find(&name(place))
        .and_then(|place| place.stem())
        .expect("defined")
}

#[test]
fn imp_s001_a_bad_line_is_named_and_its_neighbours_are_done() {
    let office = office();
    let run = office
        .import_text(
            "",
            "A First\tPCM:NET/PO/FIRST\n!bad\nA Second\tPCM:NET/PO/SECOND\n",
        )
        .ends(1);
    assert!(
        run.stdout.contains("2 IMPORT: Error  [ 12] "),
        "{}",
        run.stdout
    );
    assert_eq!(office.names("PCM:NET/PO"), ["First", "Second"]);
}

#[test]
fn imp_s004_an_entry_that_keeps_its_name_stays_in_the_pol() {
    let office = office();
    office
        .import_text("-a", &a("Doe, John D", "PCM:NET/PO/JDOE"))
        .ends(0);
    let text = "M Doe, John D\tPCM:NET/PO/JDOE\n  Doe, John D\tPCM:NET/PO/JOHND\n";
    office.import_text("-a", text).ends(0);
    assert_eq!(pol_names(&office), ["Administrator", "Doe, John D"]);
    assert_eq!(office.list("PCM:NET/PO")[0].1, "JOHND");
    // An A for a name that is there is warned of, and changes nothing.
    let run = office
        .import_text("-a", &a("Doe, John D", "PCM:NET/PO/JOHND"))
        .ends(0);
    assert!(
        run.stdout
            .contains("Warning[ 27] Alias already exists Doe, John D"),
        "{}",
        run.stdout
    );
    assert_eq!(pol_names(&office), ["Administrator", "Doe, John D"]);
}

const TEMPLATE: &str = "T SNADS:GATE/DGN1\n Division:~15~25~A~none~\n City/ST/Zip:~15~40~A~~\n";

fn info_size(office: &Office) -> usize {
    office.bytes(&File::inf(stem(office, "GATE/DGN1"))).len()
}

fn info_of(office: &Office, entry: usize) -> Vec<String> {
    let bytes = office.bytes(&File::inf(stem(office, "GATE/DGN1")));
    let record = &bytes[entry * 67..(entry + 1) * 67];
    let field = |bytes: &[u8]| {
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        String::from_utf8(bytes[..end].to_vec()).expect("text")
    };
    vec![field(&record[..26]), field(&record[26..])]
}

#[test]
fn imp_s005_template_information_does_not_grow_when_a_file_is_imported_again() {
    let office = office();
    let start = format!(
        "{TEMPLATE}A\tDoe, John D\tSNADS:GATE/DGN1/JOHND\nA\tDoe, Jane\tSNADS:GATE/DGN1/JANE\n"
    );
    office.import_text("-t -a", &start).ends(0);
    let text = "M\tDoe, John D\tSNADS:GATE/DGN1/JOHND\n- Division:/DIV 1\n- City//ST//Zip:/Rome\n";
    let mut sizes = Vec::new();
    for _ in 0..3 {
        office.import_text("-t -a", text).ends(0);
        sizes.push(info_size(&office));
        assert_eq!(info_of(&office, 1), ["DIV 1", "Rome"]);
        assert_eq!(
            info_of(&office, 0),
            ["none", ""],
            "fields not given have the default"
        );
    }
    assert_eq!(sizes, [2 * 67; 3]);
}

#[test]
fn imp_s056_and_s057_t_starts_the_information_of_a_list_anew_and_an_a_alone_does_not() {
    let office = office();
    let first = format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n- Division:/D1\n");
    office.import_text("-t", &first).ends(0);
    let second = "A\tTwo\tSNADS:GATE/DGN1/TWO\n- Division:/D2\n";
    office.import_text("-t", second).ends(0);
    assert_eq!(
        info_of(&office, 0)[0],
        "D1",
        "S057: others keep their information"
    );
    let third = "T SNADS:GATE/DGN1\n Division:~15~25~A~anew~\n City/ST/Zip:~15~40~A~~\nA\tTri\tSNADS:GATE/DGN1/TRI\n- Division:/D3\n";
    let run = office.import_text("-t", third).ends(0);
    let warned = "SNADS:GATE/DGN1: T defines its template anew, and the information of 2 entries";
    assert!(run.stdout.contains(warned), "{}", run.stdout);
    let divisions: Vec<_> = (0..3).map(|n| info_of(&office, n)[0].clone()).collect();
    assert_eq!(office.names("SNADS:GATE/DGN1"), ["One", "Tri", "Two"]);
    assert_eq!(divisions, ["anew", "D3", "anew"]);
    let template = office.bytes(&File::tpl(stem(&office, "GATE/DGN1")));
    assert_eq!(
        template,
        b"Division:~15~25~A~anew~\rCity/ST/Zip:~15~40~A~~\r"
    );
}

#[test]
fn imp_f070_f071_unknown_prompts_and_templates_without_t_are_said() {
    let office = office();
    office.import_text("-t", TEMPLATE).ends(0);
    let run = office
        .import_text(
            "-t",
            "A One\tSNADS:GATE/DGN1/ONE\n- Fone:/555\n- Division:/X\n",
        )
        .ends(1);
    assert!(
        run.stdout.contains("2 IMPORT: Error  [ 37] "),
        "{}",
        run.stdout
    );
    assert_eq!(info_of(&office, 0)[0], "X");
    let run = office
        .import_text("", "A Two\tSNADS:GATE/DGN1/TWO\n- Division:/Y\n")
        .ends(0);
    assert!(run.stdout.contains("[ 73] "), "{}", run.stdout);
    assert_eq!(info_of(&office, 1)[0], "none");
}

#[test]
fn imp_s027_s103_pol_entries_behind_a_gateway_point_to_its_mailbag() {
    let office = office();
    let bags = |office: &Office| {
        fs::read_dir(office.path().join("MBG"))
            .expect("readable")
            .count()
    };
    let before = bags(&office);
    office
        .import_text("-a -gsnads", &a("Sue", "SNADS:GATE/DGN1/SUE"))
        .ends(0);
    assert_eq!(bags(&office), before);
    let po = office.open();
    let places = Places::load(&po).expect("readable");
    let gateway = places
        .network(b"GATE")
        .expect("defined")
        .record
        .mailbag
        .id()
        .expect("a mailbag");
    let entry = pol(&office)
        .into_iter()
        .find(|e| e.name.as_bytes() == b"Sue")
        .expect("in the POL");
    assert_eq!(entry.id, gateway);
}

#[test]
fn imp_s029_s098_mci_addresses_break_before_ems_and_mbx() {
    let office = office();
    let line = a("Mci", "MCI:John Doe EMS:MCI Mail MBX:123-4567");
    office.import_text("", &line).ends(0);
    let names = office.bytes(&File::gateway_nme("MCI").expect("a type"));
    assert_eq!(names.len() % 45, 0);
    assert_eq!(
        office.list("MCI:")[0].1,
        "John Doe\r\nEMS:MCI Mail\r\nMBX:123-4567"
    );
}

#[test]
fn imp_s032_flag_changes_with_every_change_and_only_then() {
    let office = office();
    let flag = |office: &Office| office.bytes(&layout::FLAG);
    office.import_text("", &a("One", "PCM:NET/PO/ONE")).ends(0);
    let first = flag(&office);
    assert_eq!(first.len(), 2);
    office.import_text("", &a("Two", "PCM:NET/PO/TWO")).ends(0);
    assert_ne!(flag(&office), first);
    let second = flag(&office);
    office.import_text("", &a("Two", "PCM:NET/PO/TWO")).ends(0);
    assert_eq!(flag(&office), second, "nothing changed");
}

#[test]
fn imp_s041_s101_a_pol_entry_has_the_tid_of_its_list() {
    let office = office();
    office
        .import_text("-a -gSMTP", &a("Ann", "SMTP:ann@example.com"))
        .ends(0);
    office
        .import_text("-a", &a("Bob", "PCM:NET/PO/BOB"))
        .ends(0);
    let tid_in_pol = |who: &[u8]| {
        pol(&office)
            .into_iter()
            .find(|entry| entry.name.as_bytes() == who)
            .expect("in the POL")
    };
    assert_eq!(tid_in_pol(b"Ann").tid, office.list("SMTP:")[0].2);
    let bob = tid_in_pol(b"Bob");
    assert_eq!(bob.tid, office.list("PCM:NET/PO")[0].2);
    assert_eq!(bob.kind, AliasKind::External, "alias type 2 (Q107767)");
    assert_eq!(bob.kind.as_byte(), 2);
    let netpo = office.bytes(&layout::NETPO);
    let netpo = NetpoTable::read_from(&netpo[..]).expect("whole");
    let address = netpo.at(bob.pointer).expect("it points into NETPO");
    assert_eq!(
        [
            address.network.as_bytes(),
            address.postoffice.as_bytes(),
            address.mailbox.as_bytes()
        ],
        [&b"NET"[..], b"PO", b"BOB"]
    );
    assert_eq!(address.mailbag, stem(&office, "NET/PO").0);
}

#[test]
fn imp_s059_s060_autocreate_needs_a_server_only_when_it_creates() {
    let office = office();
    let before = office.bytes(&layout::NETWORK);
    let run = office
        .import_text("-c", &a("New", "PCM:NET/NEW/ONE"))
        .ends(66);
    assert!(
        run.stderr.contains("No Server name has been set"),
        "{}",
        run.stderr
    );
    let fatal = office.log(&layout::DIRSYNC_LOG);
    assert!(
        fatal.iter().any(|line| line.starts_with("Fatal  [ 54] ")),
        "{fatal:?}"
    );
    assert_eq!(office.bytes(&layout::NETWORK), before);
    office
        .import_text("-c", &a("Known", "PCM:NET/PO/ONE"))
        .ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Known"]);
}

fn hub() -> Route {
    Route {
        kind: RouteKind::Indirect,
        text: b"NET/HUB"[..].into(),
    }
}

#[test]
fn imp_s036_s061_a_new_postoffice_is_routed_like_the_server() {
    let office = Office::new("NET/OWN")
        .define(&["PCM:NET/HUB"])
        .define_routed(&["PCM:NET/SRV"], &hub())
        .registered_with("NET/SRV");
    office
        .import_text("-c", &a("New", "PCM:NET/NEW/ONE"))
        .ends(0);
    office
        .import_text("-c", &a("Far", "PCM:FARNET/FARPO/ONE"))
        .ends(0);
    let po = office.open();
    let places = Places::load(&po).expect("readable");
    for place in ["NET/NEW", "FARNET/FARPO"] {
        let place = places.find(&name(place)).expect("created");
        assert_eq!(place.route(), hub());
        let stem = place.stem().expect("a mailbag");
        assert_eq!(office.bytes(&File::key(stem)).len(), 560);
        assert!(office.exists(&File::mbg(stem)));
    }
    let hub = places.find(&name("NET/HUB")).expect("defined");
    assert_eq!(hub.record.indirect_count, 3);
    for network in places.networks() {
        let xtn = office.bytes(&File::xtn(network.record.xtn.id().expect("a network")));
        assert_eq!(xtn.len() % 698, 0);
    }
    assert_eq!(office.names("PCM:FARNET/FARPO"), ["Far"]);
}

#[test]
fn imp_s062_on_the_server_a_new_postoffice_is_routed_direct() {
    let office = server();
    let run = office
        .import_text("-c", &a("New", "PCM:NET/NEW/ONE"))
        .ends(0);
    assert!(
        run.stdout
            .contains("[ 60] Using direct routing for autocreated postoffice"),
        "{}",
        run.stdout
    );
    let po = office.open();
    let places = Places::load(&po).expect("readable");
    assert_eq!(
        places.find(&name("NET/NEW")).expect("created").route().kind,
        RouteKind::Direct
    );
}

/// A postoffice that has SRVCONF.GLB.
fn server() -> Office {
    let office = Office::new("NET/SRV");
    let config = dirsync::codec::srvconf::SrvConf::default();
    let mut bytes = Vec::new();
    config.write_to(&mut bytes).expect("written");
    let path = office.path().join("GLB/SRVCONF.GLB");
    fs::write(path, bytes).expect("writable");
    office
}

#[test]
fn imp_s063_a_new_dgn_has_no_mailbag_pair() {
    let office = office();
    let count = |dir: &str| {
        fs::read_dir(office.path().join(dir))
            .expect("readable")
            .count()
    };
    let (bags, keys) = (count("MBG"), count("KEY"));
    office
        .import_text("-c", &a("Sue", "SNADS:GATE/DGN9/SUE"))
        .ends(0);
    assert_eq!((count("MBG"), count("KEY")), (bags, keys));
    assert_eq!(office.names("SNADS:GATE/DGN9"), ["Sue"]);
}

#[test]
fn imp_s064_reserved_network_names_are_refused() {
    let office = office().registered_with("NET/PO");
    let before = office.bytes(&layout::NETWORK);
    let run = office
        .import_text("-c", &a("Mac", "PCM:MSMAIL/PO/MAC"))
        .ends(1);
    assert!(
        run.stdout.contains("[ 64] Reserved network name"),
        "{}",
        run.stdout
    );
    assert_eq!(office.bytes(&layout::NETWORK), before);
}

#[test]
fn imp_f081_f082_unknown_places_are_refused_by_number() {
    let office = Office::new("NET1/OWN");
    let text = [
        a("U1", "PCM:NET9/PO1/U1"),
        a("U2", "PCM:NET1/PO9/U2"),
        a("U3", "SMTP:u1@x.com"),
        a("U4", "SNADS:G/D/U4"),
    ]
    .concat();
    let run = office.import_text("", &text).ends(1);
    for (line, number) in [(1, 31), (2, 32), (3, 44), (4, 44)] {
        let start = format!("{line} IMPORT: Error  [ {number}] ");
        assert!(run.stdout.contains(&start), "{start} in {}", run.stdout);
    }
}

#[test]
fn imp_f078_f084_a_name_is_unique_in_its_list() {
    let office = office();
    office
        .import_text("", &a("Bob Smith", "PCM:NET/PO/BSMITH"))
        .ends(0);
    let text = [
        a("Bob Smith", "PCM:NET/PO/BSMITH2"),
        a("Bob Smith", "PCM:NET2/PO2/BSMITH"),
    ]
    .concat();
    let run = office.import_text("", &text).ends(1);
    assert!(
        run.stdout
            .contains("1 IMPORT: Warning[ 27] Alias already exists Bob Smith")
    );
    assert_eq!(office.list("PCM:NET/PO")[0].1, "BSMITH");
    assert_eq!(office.names("PCM:NET2/PO2"), ["Bob Smith"]);
}

#[test]
fn imp_f008_a_misspelt_m_is_29_and_nothing_else() {
    let office = office();
    office
        .import_text("", &a("Black, Fred (Folkstone)", "PCM:NET/PO/FredB"))
        .ends(0);
    let before = office.list("PCM:NET/PO");
    let text = "M Black, Fred {Folkstone}        PCM:NET/PO/FredB\n";
    let run = office.import_text("", text).ends(1);
    assert!(
        run.stdout
            .contains("1 IMPORT: Error  [ 29] Alias does not exist"),
        "{}",
        run.stdout
    );
    assert_eq!(office.list("PCM:NET/PO"), before);
}

#[test]
fn imp_s067_r_by_option_replaces_only_the_nodes_in_the_file() {
    let office = office();
    let text = [
        a("One", "SNADS:GATE/DGN1/ONE"),
        a("Two", "SNADS:GATE/DGN1/TWO"),
        a("Tri", "SNADS:GATE/DGN2/TRI"),
    ]
    .concat();
    office.import_text("", &text).ends(0);
    let xtn = office
        .snapshot()
        .into_iter()
        .filter(|(p, _)| p.extension().is_some_and(|e| e == "XTN"));
    let xtn: Vec<_> = xtn.collect();
    let run = office
        .import_text("-r -gsnads", &a("Two", "SNADS:GATE/DGN1/TWO"))
        .ends(0);
    assert!(
        run.stdout.contains("SNADS:GATE/DGN2"),
        "the other node is named: {}",
        run.stdout
    );
    assert_eq!(office.names("SNADS:GATE/DGN1"), ["Two"]);
    assert_eq!(office.names("SNADS:GATE/DGN2"), ["Tri"]);
    for (path, bytes) in xtn {
        assert_eq!(fs::read(path).expect("there"), bytes);
    }
}

/// The names of nodes are not held to letters and digits, on the command line either.
#[test]
fn g_narrows_to_one_node_by_the_rules_of_its_type() {
    let office = office();
    let text = [
        a("One", "SNADS:GATE/D-1/ONE"),
        a("Two", "SNADS:GATE/D-2/TWO"),
    ]
    .concat();
    office.import_text("-c -gsnads:Gate\\d-1", &text).ends(0);
    assert_eq!(office.names("SNADS:GATE/D-1"), ["One"]);
    office.import_text("-c -gsnads:GATE/D-2", &text).ends(0);
    assert_eq!(office.names("SNADS:GATE/D-2"), ["Two"]);
    office.import_text("-gpcm:GATE/D-2", &text).ends(2);
}

#[test]
fn imp_s072_a_plain_import_of_gateway_names_is_not_distributed() {
    let office = office().registered_with("NET/PO");
    office
        .import_text("", &a("Ann", "SMTP:ann@example.com"))
        .ends(0);
    assert_eq!(office.bytes(&layout::REQTRANS), b"");
}

#[test]
fn imp_s083_a_gateway_list_of_40_000_names() {
    let office = office();
    let text: String = (0..40_000)
        .map(|n| format!("A Name {n:05}\tSMTP:user{n}@example.com\n"))
        .collect();
    office.import_text("", &text).ends(0);
    let names = office.bytes(&File::gateway_nme("SMTP").expect("a type"));
    assert_eq!(names.len(), 40_000 * 45);
}

#[test]
fn imp_s085_tids_of_unchanged_entries_are_kept_over_an_r() {
    let office = office();
    let text = [a("One", "PCM:NET/PO/ONE"), a("Two", "PCM:NET/PO/TWO")].concat();
    office.import_text("", &text).ends(0);
    let before = office.list("PCM:NET/PO");
    office
        .import_text("", &format!("R PCM:NET/PO\n{text}"))
        .ends(0);
    assert_eq!(office.list("PCM:NET/PO"), before);
}

#[test]
fn imp_s088_names_that_exist_are_warned_of_and_the_others_added() {
    let office = office();
    office
        .import_text("-a", &a("One", "PCM:NET/PO/ONE"))
        .ends(0);
    let text = [a("One", "PCM:NET/PO/ONE"), a("Two", "PCM:NET/PO/TWO")].concat();
    let run = office.import_text("-a", &text).ends(0);
    assert!(
        run.stdout.contains("Warning[ 27] Alias already exists One"),
        "{}",
        run.stdout
    );
    assert_eq!(pol_names(&office), ["Administrator", "One", "Two"]);
}

#[test]
fn imp_s089_message_texts_are_built_in() {
    let office = office();
    fs::remove_file(office.file(&layout::DS_MSG)).expect("there");
    let run = office
        .import_text("", "D Nobody\tPCM:NET/PO/NOBODY\n")
        .ends(1);
    assert!(
        run.stdout.contains("Alias does not exist Nobody"),
        "{}",
        run.stdout
    );
}

#[test]
fn imp_s091_names_of_postoffices_are_compared_whole() {
    let office = office();
    office
        .import_text("", &a("Ten", "PCM:NET/PO10/TEN"))
        .ends(0);
    let ten = office.list("PCM:NET/PO10");
    office
        .import_text("", &format!("R PCM:NET/PO\n{}", a("One", "PCM:NET/PO/ONE")))
        .ends(0);
    assert_eq!(office.list("PCM:NET/PO10"), ten);
}

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
fn imp_s071_a_gateway_list_survives_extract_and_import_unchanged() {
    let office = office();
    let text = [
        a("Ann", "SMTP:ann@example.com"),
        a("Bob with a name of thirty byte", "SMTP:bob@example.com"),
        a("Cid", "SMTP:gate!cid"),
    ]
    .concat();
    office.import_text("", &text).ends(0);
    office.import("-x -gsmtp -f{}/first.txt").ends(0);
    let again = Office::new("NET/OWN").define(&["SMTP"]);
    let list = fs::read(office.beside("first.txt")).expect("written");
    again.write("first.txt", &list);
    again.import("-gsmtp -f{}/first.txt").ends(0);
    again.import("-x -gsmtp -f{}/second.txt").ends(0);
    assert_eq!(fs::read(again.beside("second.txt")).expect("written"), list);
    assert_eq!(
        String::from_utf8(list).expect("text"),
        text.replace('\n', "\r\n")
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

/// Holds a lock on a file for a while, as an MTA does (Q117562).
fn hold(office: &Office, file: &File, seconds: &str) -> std::process::Child {
    let held = std::process::Command::new("flock")
        .arg("-s")
        .arg(office.file(file))
        .args(["sleep", seconds])
        .spawn()
        .expect("flock is there");
    std::thread::sleep(std::time::Duration::from_millis(300));
    held
}

#[test]
fn defect_08_autocreate_waits_for_an_mta_that_reads_the_xtn_and_then_says_59() {
    let office = server();
    office
        .import_text("-c", &a("First", "PCM:NET/PO1/ONE"))
        .ends(0);
    let po = office.open();
    let places = Places::load(&po).expect("readable");
    let xtn = File::xtn(
        places.networks()[0]
            .record
            .xtn
            .id()
            .expect("made by the first import"),
    );
    drop(po);
    let mut held = hold(&office, &xtn, "1");
    office
        .import_text("-c", &a("Second", "PCM:NET/PO2/TWO"))
        .ends(0);
    held.wait().expect("it ends");
    let before = office.bytes(&xtn);
    assert_eq!(before.len(), 2 * 698);
    let mut held = hold(&office, &xtn, "30");
    let run = office
        .import_text("-c", &a("Third", "PCM:NET/PO3/TRI"))
        .ends(73);
    held.kill().expect("it runs");
    held.wait().expect("it ends");
    assert!(
        run.stderr.contains("Error autocreating postoffice"),
        "{}",
        run.stderr
    );
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.iter().any(|line| line.starts_with("Fatal  [ 59] ")),
        "{log:?}"
    );
    assert_eq!(office.bytes(&xtn), before);
}

#[test]
fn defect_27_names_that_their_own_list_refuses_do_not_reach_the_pol() {
    let office = office();
    let text = [
        a("Good", "SNADS:GATE/DGN1/GOOD"),
        a("Bad", "SNADS:GATE/NODGN/BAD"),
    ]
    .concat();
    office.import_text("-a", &text).ends(1);
    assert_eq!(pol_names(&office), ["Administrator", "Good"]);
}

#[test]
fn defect_28_information_is_matched_by_prompt_in_any_order() {
    let office = office();
    let start = format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n");
    office.import_text("-t", &start).ends(0);
    let text = "M\tOne\tSNADS:GATE/DGN1/ONE\n- City//ST//Zip:/Rome\n- Division:/D7\n";
    office.import_text("-t", text).ends(0);
    assert_eq!(info_of(&office, 0), ["D7", "Rome"]);
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

#[test]
fn defect_43_fields_that_an_m_does_not_name_get_their_default_or_stay_by_option() {
    let office = office();
    let start =
        format!("{TEMPLATE}A\tOne\tSNADS:GATE/DGN1/ONE\n- Division:/D1\n- City//ST//Zip:/Rome\n");
    office.import_text("-t", &start).ends(0);
    let text = "M\tOne\tSNADS:GATE/DGN1/ONE\n- City//ST//Zip:/Bonn\n";
    office.import_text("-t --keep-info", text).ends(0);
    assert_eq!(info_of(&office, 0), ["D1", "Bonn"]);
    office.import_text("-t", text).ends(0);
    assert_eq!(info_of(&office, 0), ["none", "Bonn"]);
}

#[test]
fn a_list_that_is_no_whole_number_of_records_is_named_and_not_rewritten() {
    let office = office();
    office.import_text("", &a("One", "PCM:NET/PO/ONE")).ends(0);
    let file = File::usr(stem(&office, "NET/PO"));
    let mut bytes = office.bytes(&file);
    bytes.extend_from_slice(b"stray");
    office.put(&file, &bytes);
    let run = office.import_text("", &a("Two", "PCM:NET/PO/TWO")).ends(65);
    assert!(
        run.stderr
            .contains("size is 58 bytes, expected a multiple of 53"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains(".USR"), "{}", run.stderr);
    assert_eq!(office.bytes(&file), bytes);
}

#[test]
fn import_s_and_t_files_feed_back_unchanged_with_their_templates() {
    let office = office();
    let start = format!("{TEMPLATE}A\tDoe, John\tSNADS:GATE/DGN1/JOHN\n- City//ST//Zip:/A/B\n");
    office.import_text("-t", &start).ends(0);
    office.import("-x -t -gsnads -f{}/first.txt").ends(0);
    let other = Office::new("NET/OWN").define(&["SNADS:GATE/DGN1", "SNADS:GATE/DGN2"]);
    other.write(
        "first.txt",
        fs::read(office.beside("first.txt")).expect("written"),
    );
    other.import("-t -f{}/first.txt").ends(0);
    other.import("-x -t -gsnads -f{}/second.txt").ends(0);
    let read = |office: &Office, file: &str| fs::read(office.beside(file)).expect("written");
    assert_eq!(read(&other, "second.txt"), read(&office, "first.txt"));
}
