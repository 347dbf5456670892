//! Q245837: only part of the entries arrive, all logs are clean, and nobody can tell who is missing.

use crate::dxa::net::Net;
use crate::dxa::scene::Scene;

const SERVER: &str = "NET1/PO1";
const PEOPLE: &str = "ou=People,o=Org";

/// The attribute that says whether an entry may leave; its bytes need not be text.
const CONSENT: &str = "jpegPhoto";

/// Values of it, in base 64: yes, no, blank, bytes that are no text, and a word that nobody knows.
const YES: &str = "eWVz";
const NO: &str = "bm8=";
const BLANK: &str = "IA==";
const UNREADABLE: &str = "/w==";
const UNKNOWN: &str = "SmVpbg==";

fn name(number: usize) -> String {
    format!("Person {number:03}")
}

/// A hundred people who all said yes, and a server that has them.
fn hundred() -> Net {
    let net = Net::requestor(&[SERVER]);
    net.scene
        .configure(&format!("consent-attribute = \"{CONSENT}\""));
    for number in 0..100 {
        let more = format!("{CONSENT}:: {YES}\n");
        net.scene
            .person_in(PEOPLE, &name(number), &format!("P{number:03}"), &more);
    }
    net.round();
    net.round();
    assert_eq!(there(&net).len(), 100);
    net
}

fn there(net: &Net) -> Vec<String> {
    net.site.names_in(SERVER, "NET1/AGENT")
}

/// Lets people say something else.
fn say(scene: &Scene, numbers: std::ops::Range<usize>, value: &str) {
    for number in numbers {
        let dn = format!("cn={},{PEOPLE}", name(number));
        scene.change(
            &dn,
            &format!("changetype: modify\nreplace: {CONSENT}\n{CONSENT}:: {value}"),
        );
    }
}

#[test]
fn seed_e_a_partial_sync_never_looks_like_a_whole_one() {
    let net = hundred();
    let scene = &net.scene;
    say(scene, 80..90, NO);
    say(scene, 90..95, BLANK);
    say(scene, 95..98, UNREADABLE);
    say(scene, 98..100, UNKNOWN);

    // The run says what it is, and names each of the five.
    let run = scene.dxa("cycle").ends(1);
    let counts = "100 entries = 80 exported + 15 excluded (consent-blank 5, consent-no 10) + 5 not exportable \
         (consent-unreadable 3, consent-unrecognised 2)";
    assert!(
        run.stdout.contains(counts) && run.stdout.contains("PARTIAL"),
        "{}",
        run.stdout
    );
    let log = std::fs::read_to_string(scene.data("dxa.log")).expect("a log");
    for number in 95..100 {
        assert!(log.contains(&name(number)), "{number} is not named: {log}");
    }
    net.serve();
    scene.dxa("cycle --step t3");

    // Who said no, or nothing, is gone; of whom nobody can tell stays.
    let left = there(&net);
    let expected: Vec<_> = (0..80).chain(95..100).map(name).collect();
    assert_eq!(left, expected);
    let told = scene.dxa("explain NET1/AGENT/P096").ends(0).stdout;
    assert!(
        told.contains("what is there stays: consent-unreadable"),
        "{told}"
    );

    // Somebody who is readable and missing is touched, and arrives. The source stays as it is.
    let file = net.site.beside("lost.txt");
    std::fs::write(&file, "D Person 007\tPCM:NET1/AGENT/P007\r\n").expect("written");
    net.site
        .run(
            SERVER,
            "import",
            &format!("admin -ppw -y -f{}", file.display()),
        )
        .ends(0);
    assert_eq!(there(&net).len(), 84);
    let missing = format!(
        "touch --all-missing {} --json",
        net.site.path(SERVER).display()
    );
    let touched = scene.dxa(&missing).json();
    let marked = touched["touched"].as_array().expect("a list").iter();
    let marked: Vec<_> = marked
        .filter(|line| line["state"] == "marked")
        .map(|line| &line["entry"])
        .collect();
    assert_eq!(marked, ["MS:NET1/AGENT/P007"], "{touched}");
    scene.dxa("cycle").ends(1);
    net.serve();
    let run = scene.dxa("cycle --step t3");
    assert!(
        run.stdout.contains("touched entry: arrived"),
        "{}",
        run.stdout
    );
    assert_eq!(there(&net), expected);
}
