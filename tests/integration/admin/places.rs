//! Gateways and other postoffices.

use dirsync::codec::{NetworkKind, NetworkRecord, XtnRecord};

use super::site::{Site, records};

fn networks(site: &Site) -> Vec<NetworkRecord> {
    records(&site.bytes("GLB/NETWORK.GLB"))
}

fn network(site: &Site, name: &str) -> NetworkRecord {
    let networks = networks(site).into_iter();
    let mut active = networks.filter(|n| n.state.is_active());
    active
        .find(|n| n.name.as_bytes() == name.as_bytes())
        .unwrap_or_else(|| panic!("no {name}"))
}

fn places(site: &Site, name: &str) -> Vec<XtnRecord> {
    let stem = network(site, name).xtn.id().expect("an .XTN").0;
    let all: Vec<XtnRecord> = records(&site.bytes(&format!("XTN/{stem:08X}.XTN")));
    all.into_iter().filter(|p| p.state.is_active()).collect()
}

#[test]
fn a_postoffice_brings_its_network_and_has_a_mailbag() {
    let site = Site::new();
    site.done(&[
        "external",
        "create",
        "OTHER/PO2",
        "--route",
        "direct:/srv/po2",
    ]);
    assert_eq!(network(&site, "OTHER").kind, NetworkKind::Pcm);
    let places = places(&site, "OTHER");
    let stem = places[0].mailbag.id().unwrap().0;
    assert_eq!(places[0].route.as_bytes(), b"/srv/po2");
    assert_eq!(site.len(&format!("KEY/{stem:08X}.KEY")), 560);
    assert_eq!(site.len(&format!("MBG/{stem:08X}.MBG")), 0);
    site.import(
        &[],
        "A Fred F                         PCM:OTHER/PO2/FRED\r\n",
    );
    let listed = site.list(&["external", "list"]);
    assert_eq!(listed[0]["name"], "OTHER/PO2");
    assert_eq!(listed[0]["route"], "direct:/srv/po2");
    assert_eq!(listed[0]["entries"], 1);
}

#[test]
fn a_hub_stays_while_others_are_routed_through_it() {
    let site = Site::new();
    site.done(&[
        "external",
        "create",
        "NET/HUB",
        "--route",
        "mail:dirsync@hub.example",
    ]);
    site.done(&[
        "external",
        "create",
        "FAR/PO9",
        "--route",
        "indirect:net/hub",
    ]);
    let said = site.refused(&["external", "delete", "NET/HUB"], 1);
    assert!(
        said.contains("NET/HUB: 1 postoffices are routed through it"),
        "{said}"
    );
    site.done(&["external", "delete", "FAR/PO9", "--with-network"]);
    let left = networks(&site).into_iter().filter(|n| n.state.is_active());
    assert_eq!(left.count(), 1, "FAR went with its last postoffice");
    site.done(&["external", "delete", "net/hub"]);
    assert!(site.list(&["external", "list"]).is_empty());
}

#[test]
fn a_deleted_postoffice_leaves_no_file_no_name_and_no_member() {
    let site = Site::new();
    site.done(&["external", "create", "OTHER/PO2", "--route", "direct:/po2"]);
    site.import(
        &["-a"],
        "A Fred F                         PCM:OTHER/PO2/FRED\r\n",
    );
    site.done(&["group", "create", "Mixed", "MIXED", "Admin", "Fred F"]);
    let stem = format!("{:08X}", places(&site, "OTHER")[0].mailbag.id().unwrap().0);
    let said = site.done(&["external", "delete", "OTHER/PO2"]);
    assert!(
        said.contains("1 entries left the postoffice list and 1 groups"),
        "{said}"
    );
    let left: Vec<_> = site.tree().into_keys().collect();
    assert!(
        !left
            .iter()
            .any(|path| path.to_str().unwrap().contains(&stem)),
        "{left:?}"
    );
    assert_eq!(site.pol_names(), ["Administrator", "Mixed"]);
    let groups = site.list(&["group", "list"]);
    assert_eq!(groups[0]["members"], serde_json::json!(["Administrator"]));
    // The network keeps its empty .XTN, and takes the postoffice again in the place of the old one.
    site.done(&["external", "create", "OTHER/PO2", "--route", "direct:/po2"]);
    assert_eq!(places(&site, "OTHER").len(), 1);
    assert!(site.list(&["external", "list"])[0]["entries"] == 0);
}

#[test]
fn what_does_not_fit_is_refused() {
    let site = Site::registered();
    for (words, code, says) in [
        (
            &["external", "create", "NET/PO1", "--route=direct:/x"][..],
            1,
            "is this postoffice",
        ),
        (
            &["external", "create", "net/dss", "--route=direct:/x"],
            1,
            "is defined already",
        ),
        (
            &["external", "create", "SMTP/PO2", "--route=direct:/x"],
            1,
            "Reserved network name",
        ),
        (
            &["external", "create", "NET/ELEVENCHARS", "--route=direct:/x"],
            2,
            "1 to 10",
        ),
        (
            &["external", "create", "NET/PO-2", "--route=direct:/x"],
            2,
            "letters and digits",
        ),
        (
            &["external", "create", "NET", "--route=direct:/x"],
            2,
            "NET",
        ),
        (&["external", "create", "NET/PO2"], 2, "--route"),
        (
            &["external", "create", "NET/PO2", "--route=carrier:pigeon"],
            2,
            "direct, indirect or mail",
        ),
        (
            &["external", "create", "NET/PO2", "--route=direct:"],
            2,
            "direct:PATH",
        ),
        (
            &["external", "create", "NET/PO2", "--route=mail:nobody"],
            2,
            "USER@HOST",
        ),
        (
            &["external", "create", "NET/PO2", "--route=mail:a@b@c"],
            2,
            "USER@HOST",
        ),
        (
            &["external", "create", "NET/PO2", "--route=indirect:NET/PO2"],
            2,
            "its own hub",
        ),
        (
            &["external", "create", "NET/PO2", "--route=indirect:NET/NONE"],
            66,
            "Postoffice not found",
        ),
        (
            &["external", "create", "NET/PO2", "--route=indirect:NONE/X"],
            66,
            "Network not found",
        ),
        (
            &["external", "create", "GATE/NODE", "--type=SNADS"],
            66,
            "Gateway not installed: SNADS",
        ),
        (
            &["external", "create", "A/B", "--type=SMTP"],
            2,
            "no postoffices or nodes",
        ),
        (
            &["external", "create", "A/B", "--type=UUCP"],
            2,
            "Unknown address type",
        ),
        (
            &["external", "delete", "NET/NONE"],
            66,
            "Postoffice not found",
        ),
        (&["external", "delete", "NONE/PO"], 66, "Network not found"),
        (
            &["external", "delete", "NET/DSS"],
            1,
            "is the dir-sync server",
        ),
        (&["gateway", "install", "PCM"], 2, "is no gateway"),
        (
            &["gateway", "install", "SNADS", "MSMAIL"],
            1,
            "Reserved network name",
        ),
        (
            &["gateway", "install", "SNADS", "NET"],
            1,
            "Network name already in use",
        ),
        (&["gateway", "remove", "SMTP"], 66, "Gateway not installed"),
    ] {
        let said = site.refused(words, code);
        assert!(said.contains(says), "{words:?}: {said}");
    }
}

#[test]
fn a_gateway_of_one_part_has_a_list_and_a_mailbag() {
    let site = Site::new();
    site.done(&["gateway", "install", "smtp"]);
    let gateway = network(&site, "SMTP");
    assert_eq!(gateway.kind, NetworkKind::Smtp);
    assert!(gateway.xtn.id().is_none() && gateway.mailbag.id().is_some());
    assert_eq!((site.len("NME/SMTP.NME"), site.len("GLB/SMTP.GLB")), (0, 4));
    assert_eq!(
        site.bytes("GLB/MASTER.GLB")[0x92..0x94],
        [0, 1],
        "bit 0x0100"
    );
    site.refused(&["gateway", "install", "SMTP", "SECOND"], 1);
    site.import(
        &["-a"],
        "A Gus G                          SMTP:gus@example.org\r\n",
    );
    assert_eq!(site.list(&["gateway", "list"])[0]["entries"], 1);
    assert_eq!(site.pol_names(), ["Administrator", "Gus G"]);
    let said = site.done(&["gateway", "remove", "SMTP"]);
    assert!(
        said.contains("gateway SMTP removed, with 1 entries"),
        "{said}"
    );
    assert!(!site.exists("NME/SMTP.NME") && !site.exists("GLB/SMTP.GLB"));
    assert_eq!(site.pol_names(), ["Administrator"]);
    assert_eq!(site.bytes("GLB/MASTER.GLB")[0x92..0x94], [0, 0]);
    assert!(site.list(&["gateway", "list"]).is_empty());
}

#[test]
fn nodes_behind_a_gateway_use_its_mailbag() {
    let site = Site::new();
    site.done(&["gateway", "install", "SNADS", "SNADSGATE"]);
    site.done(&[
        "external",
        "create",
        "SNADSGATE/SNADSDGN",
        "--type",
        "SNADS",
    ]);
    let gateway = network(&site, "SNADSGATE");
    assert!(gateway.xtn.id().is_some() && gateway.mailbag.id().is_some());
    let node = places(&site, "SNADSGATE")[0].mailbag.id().unwrap().0;
    assert!(
        !site.exists(&format!("KEY/{node:08X}.KEY")),
        "no pair of its own (Q119640)"
    );
    site.import(
        &["-a"],
        "A Sue S                          SNADS:SNADSGATE/SNADSDGN/SUE\r\n",
    );
    let entry = site
        .pol()
        .into_iter()
        .find(|r| r.name.as_bytes() == b"Sue S")
        .unwrap();
    assert_eq!(Some(entry.id), gateway.mailbag.id(), "defect 23");
    let said = site.refused(&["gateway", "remove", "SNADS"], 1);
    assert!(said.contains("1 nodes are defined behind it"), "{said}");
    site.refused(&["external", "create", "NOGATE/DGN", "--type", "SNADS"], 66);
    site.done(&[
        "external",
        "delete",
        "SNADSGATE/SNADSDGN",
        "--type",
        "SNADS",
    ]);
    site.done(&["gateway", "remove", "SNADS", "snadsgate"]);
    assert_eq!(site.pol_names(), ["Administrator"]);
}

#[test]
fn stems_are_never_given_twice() {
    let site = Site::new();
    site.done(&["external", "create", "OTHER/PO2", "--route", "direct:/po2"]);
    site.done(&["gateway", "install", "SMTP"]);
    site.done(&["local", "create", "Ann A", "ANN"]);
    site.done(&["external", "create", "OTHER/PO3", "--route", "direct:/po3"]);
    let mut stems: Vec<_> = networks(&site)
        .iter()
        .flat_map(|n| [n.xtn.id(), n.mailbag.id()])
        .flatten()
        .collect();
    stems.extend(places(&site, "OTHER").iter().filter_map(|p| p.mailbag.id()));
    stems.extend(site.account("ANN").mailbag.id());
    let count = stems.len();
    stems.sort();
    stems.dedup();
    assert_eq!((stems.len(), count), (5, 5));
}
