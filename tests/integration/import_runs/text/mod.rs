//! Plain import of text files.

mod places;
mod templates;
mod users;

use std::fs;

use dirsync::codec::{AliasKind, HexId, NetpoTable, NmeRecord, RecordReader};
use dirsync::postoffice::places::Places;
use dirsync::postoffice::{File, layout};

use crate::support::{Office, name};

pub(super) fn office() -> Office {
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
pub(super) fn a(name: &str, address: &str) -> String {
    format!("A {name:<30} {address}\n")
}

pub(super) fn pol(office: &Office) -> Vec<NmeRecord> {
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

pub(super) fn pol_names(office: &Office) -> Vec<String> {
    let text = |record: &NmeRecord| String::from_utf8_lossy(record.name.as_bytes()).into_owned();
    pol(office).iter().map(text).collect()
}

pub(super) fn stem(office: &Office, place: &str) -> HexId {
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
