//! Q150976, Q215505: the server makes full lists for the requestors that are named, and a PC Mail requestor takes its own.

use std::fs;
use std::path::PathBuf;

use crate::dxa::net::Net;
use crate::dxa::scene::{Scene, names};

const OFFICES: [&str; 3] = ["NET1/PO1", "NET1/PO2", "NET1/PO3"];

/// A requestor of ours, with an export set of its own.
fn connection(number: usize) -> String {
    format!(
        "[[connection]]\nname = \"R{number}\"\nrole = \"server\"\naddress = \"NET1/PO{number}\"\nowner = \"R{number}\"\n\
         import-container = \"ou=R{number},o=Org\"\nexport-containers = [\"ou=People,o=Org\", \"ou=For{number},o=Org\"]\n"
    )
}

/// A server with three requestors that have asked once, and a person for each of them alone.
fn served() -> Net {
    let net = Net::server(&OFFICES);
    let scene = &net.scene;
    for number in 1..=3 {
        scene.unit(&format!("R{number}"));
        scene.unit(&format!("For{number}"));
        let only = format!("Only {number}");
        scene.person_in(
            &format!("ou=For{number},o=Org"),
            &only,
            &format!("ONLY{number}"),
            "",
        );
    }
    scene.configure_connections(&[1, 2, 3].map(connection).concat());
    scene.person("Lena Berg", "LENA");
    net.round_served().ends(0);
    net.round_served().ends(0);
    net
}

fn lists(scene: &Scene) -> Vec<PathBuf> {
    let out = scene.data("out");
    names(&out).iter().map(|name| out.join(name)).collect()
}

fn others(net: &Net, office: &str) -> Vec<String> {
    net.site.names_in(office, "NET1/AGENT")
}

#[test]
fn seed_b_a_resync_made_for_named_requestors() {
    let net = served();
    for (office, number) in OFFICES.iter().zip(1..) {
        assert_eq!(
            others(&net, office),
            ["Lena Berg".to_owned(), format!("Only {number}")],
            "{office}"
        );
    }
    // What the requestors are told of next never arrives at the first.
    net.scene.person("Max Berg", "MAX");
    let run = net.scene.dxa("resync R1 NOBODY").ends(66);
    assert!(run.stderr.contains("NOBODY"), "{}", run.stderr);
    assert!(lists(&net.scene).is_empty(), "no file at all");

    let before = net.scene.dxa("status --json").ends(0).json()["connections"].take();
    net.scene.dxa("resync R1 R3").ends(0);
    let made = lists(&net.scene);
    assert_eq!(made.len(), 2, "{made:?}");
    let after = net.scene.dxa("status --json").ends(0).json()["connections"].take();
    assert_eq!(before[1]["numbers"], after[1]["numbers"], "R2 is as it was");

    // A list for another is refused by who it is not for.
    let list = fs::read(&made[0]).expect("a list");
    net.site.put(OFFICES[1], "GLB/RESYNC.GLB", &list);
    assert_ne!(net.site.import(OFFICES[1]).exit, 0);
    fs::remove_file(net.site.path(OFFICES[1]).join("GLB/RESYNC.GLB")).expect("it stays");

    net.site.put(OFFICES[0], "GLB/RESYNC.GLB", &list);
    let run = net.site.import(OFFICES[0]).ends(0);
    assert!(!run.stdout.contains("Fatal"), "{}", run.stdout);
    assert_eq!(
        others(&net, OFFICES[0]),
        ["Lena Berg", "Max Berg", "Only 1"]
    );

    // Its next T1 is neither old nor a gap, and it gets what comes after the list and nothing twice.
    net.scene.person("Nora Berg", "NORA");
    let run = net.round_served().ends(0);
    for word in ["sequence-old", "sequence-gap", "full list"] {
        assert!(
            !run.stdout.contains(&format!("{word}: connection=R1")),
            "{}",
            run.stdout
        );
    }
    net.round_served().ends(0);
    assert_eq!(
        others(&net, OFFICES[0]),
        ["Lena Berg", "Max Berg", "Nora Berg", "Only 1"]
    );
    assert_eq!(
        others(&net, OFFICES[1]),
        ["Lena Berg", "Max Berg", "Nora Berg", "Only 2"]
    );

    // A second call makes new files and leaves the old ones.
    net.scene.dxa("resync R1 R3").ends(0);
    assert_eq!(lists(&net.scene).len(), 4);
}
