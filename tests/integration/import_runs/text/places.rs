//! Postoffices and gateways that a text file names: created, routed, replaced, or refused.

use std::fs;

use dirsync::codec::RouteKind;
use dirsync::postoffice::places::{Places, Route};
use dirsync::postoffice::{File, layout};

use super::{a, office};
use crate::support::{Office, name};

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
