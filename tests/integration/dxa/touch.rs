//! Entries that are sent again on request (`spec/exchange.md` NT-03).

use dirsync::directory::entry::Entry;
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::Search;

use super::net::{Alone, Net};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";
const PEOPLE: &str = "ou=People,o=Org";

/// An agent whose entries everybody has.
fn settled(names: &[&str]) -> Net {
    let net = Net::requestor(&[SERVER, OTHER]);
    for name in names {
        net.scene.person(name, &name[..4].to_uppercase());
    }
    net.round();
    net.round();
    net
}

/// Takes entries of the agent out of the list of an office, as somebody there may.
fn lose(net: &Net, office: &str, names: &[&str]) {
    let lines = names.iter().map(|name| {
        let mailbox = name[..4].to_uppercase();
        format!("D {name}\tPCM:NET1/AGENT/{mailbox}\r\n")
    });
    let file = net.site.beside("lost.txt");
    std::fs::write(&file, lines.collect::<String>()).expect("written");
    let args = format!("admin -ppw -y -f{}", file.display());
    net.site.run(office, "import", &args).ends(0);
}

/// Returns when each person was changed last, as the directory has it.
fn csn(scene: &Scene) -> Vec<(String, String)> {
    let people = dirsync::directory::dn::Dn::parse(PEOPLE).expect("a name");
    let search = Search::new(people).filter(Filter::equal("objectClass", "inetOrgPerson"));
    let found = scene
        .connection()
        .find(&search.attributes(&["cn", "entryCSN"]))
        .expect("read");
    assert!(!found.is_empty());
    let text = |entry: &Entry, name: &str| entry.attributes.text(name).expect("there").to_owned();
    let mut csn: Vec<_> = found
        .iter()
        .map(|entry| (text(entry, "cn"), text(entry, "entryCSN")))
        .collect();
    csn.sort();
    csn
}

#[test]
fn ntc_005_006_a_touched_entry_is_sent_as_a_and_m_and_the_source_stays_as_it_is() {
    let net = settled(&["Lena Berg", "Maxi Berg"]);
    lose(&net, SERVER, &["Lena Berg"]);
    assert_eq!(net.site.names_in(SERVER, "NET1/AGENT"), ["Maxi Berg"]);
    // A round alone does not notice.
    net.round();
    assert_eq!(net.site.names_in(SERVER, "NET1/AGENT"), ["Maxi Berg"]);

    let before = csn(&net.scene);
    let run = net.scene.dxa("touch NET1/AGENT/LENA").ends(0);
    assert_eq!(
        run.stdout,
        "HQ: MS:NET1/AGENT/LENA: goes out with the next exchange\n"
    );
    let ran = net.scene.dxa("cycle").ends(0);
    assert!(ran.stdout.contains("sent M 1, A 1"), "{}", ran.stdout);
    let run = net.scene.dxa("touch").ends(0);
    assert!(
        run.stdout.contains("LENA: sent under number"),
        "{}",
        run.stdout
    );
    net.serve();
    let ran = net.scene.dxa("cycle --step t3").ends(0);
    assert!(
        ran.stdout.contains("touched entry: arrived"),
        "{}",
        ran.stdout
    );
    let run = net.scene.dxa("touch --json").ends(0).json();
    assert_eq!(run["touched"][0]["state"], "arrived", "{run}");
    assert_eq!(csn(&net.scene), before, "the source was not written");
    for office in [SERVER, OTHER] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, ["Lena Berg", "Maxi Berg"], "{office}");
    }
    let ran = net.scene.dxa("cycle").ends(0);
    assert!(ran.stdout.contains("changes: none"), "{}", ran.stdout);
}

#[test]
fn ntc_008_all_that_is_missing_is_marked_and_nothing_else() {
    let names = [
        "Anna", "Bert", "Carl", "Dora", "Emil", "Fred", "Gert", "Hugo",
    ];
    let net = settled(&names);
    let lost = &names[1..6];
    lose(&net, SERVER, lost);
    let side = net.site.path(SERVER);
    let line = format!("touch --all-missing {} --json", side.display());
    let run = net.scene.dxa(&line).ends(0).json();
    let touched: Vec<_> = run["touched"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| line["entry"].as_str().unwrap_or_default().to_owned())
        .collect();
    let expected = lost
        .iter()
        .map(|name| format!("MS:NET1/AGENT/{}", name.to_uppercase()));
    assert_eq!(touched, expected.collect::<Vec<_>>());
    net.round();
    let run = net.scene.dxa("touch --json").ends(0).json();
    let states = run["touched"].as_array().expect("a list").iter();
    assert!(
        states.clone().all(|line| line["state"] == "arrived"),
        "{run}"
    );
    assert_eq!(states.count(), 5);
    assert_eq!(net.site.names_in(SERVER, "NET1/AGENT"), names);
}

#[test]
fn what_does_not_go_out_is_refused_with_its_reason() {
    let alone = Alone::new();
    let trusted = "syncTrustLevel: 100\n";
    alone.scene.configure("trust = 20");
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.person_in(PEOPLE, "Maxi Berg", "MAXI", trusted);
    alone.cycle();
    let run = alone.scene.dxa("touch PCM:NET1/AGENT/MAXI").ends(1);
    assert!(run.stdout.contains("not sent: trust"), "{}", run.stdout);
    alone.scene.dxa("touch PCM:NET1/AGENT/NOBODY").ends(66);
    let run = alone
        .scene
        .dxa(&format!("touch cn=lena\\20berg,{PEOPLE}"))
        .ends(0);
    assert!(run.stdout.contains("MS:NET1/AGENT/LENA"), "{}", run.stdout);
    assert_eq!(
        alone.cycle(),
        [
            "A Lena Berg|PCM:NET1/AGENT/LENA",
            "M Lena Berg|PCM:NET1/AGENT/LENA"
        ]
    );
    assert_eq!(alone.cycle(), Vec::<String>::new());
}

#[test]
fn a_dry_run_marks_nothing() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    let before = alone.scene.files();
    let run = alone.scene.dxa("touch NET1/AGENT/LENA --dry-run").ends(0);
    assert!(run.stdout.contains("Dry run"), "{}", run.stdout);
    assert!(before == alone.scene.files(), "a file was changed");
}

#[test]
fn ntc_007_consent_that_cannot_be_read_is_told_and_a_rewrite_helps_where_it_can_be() {
    let alone = Alone::new();
    alone.scene.configure("consent-attribute = \"jpegPhoto\"");
    alone
        .scene
        .person_in(PEOPLE, "Lena Berg", "LENA", "jpegPhoto:: eWVz\n");
    // Bytes that are no text, as after a transfer in the wrong code page.
    alone
        .scene
        .person_in(PEOPLE, "Maxi Berg", "MAXI", "jpegPhoto:: /w==\n");
    alone.scene.dxa("cycle").ends(1);
    let run = alone.scene.dxa("touch NET1/AGENT/MAXI").ends(1);
    assert!(
        run.stdout.contains("MAXI: not sent: consent-unreadable"),
        "{}",
        run.stdout
    );
    let before = csn(&alone.scene);
    let run = alone
        .scene
        .dxa("touch NET1/AGENT/MAXI NET1/AGENT/LENA --rewrite")
        .ends(1);
    assert!(
        run.stdout.contains("MAXI: not sent: consent-unreadable"),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stdout.matches("; jpegPhoto rewritten\n").count(),
        2,
        "{}",
        run.stdout
    );
    let after = csn(&alone.scene);
    assert_eq!(after.len(), 2);
    let mut both = before.iter().zip(&after);
    assert!(
        both.all(|(before, after)| before != after),
        "the directory takes both for changed"
    );
}
