//! Q146738: the operator asks for a cycle now, and the agent does what its role is.

use crate::dxa::net::{Alone, Net, letters};

#[test]
fn seed_c_a_forced_cycle_is_t1_of_a_requestor() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    alone.scene.person("Max Berg", "MAX");
    alone
        .scene
        .replace("cn=Lena Berg,ou=People,o=Org", "displayName", "Lena Berger");
    let run = alone.scene.dxa("cycle").ends(0);
    assert!(
        run.stdout.contains(
            "T1: request sent connection=HQ because=\"the agent is a requestor of NET1/PO1\""
        ),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("sent M 1, A 1"), "{}", run.stdout);
    assert!(
        !run.stdout.contains("error"),
        "no pretended error: {}",
        run.stdout
    );
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn seed_c_a_forced_cycle_is_t2_of_the_server() {
    let net = Net::server(&["NET1/PO1", "NET1/PO2"]);
    net.scene.unit("PO1");
    net.scene.unit("PO2");
    let both = ["PO1", "PO2"].map(|name| {
        format!(
            "[[connection]]\nname = \"{name}\"\nrole = \"server\"\naddress = \"NET1/{name}\"\nowner = \"{name}\"\n\
             import-container = \"ou={name},o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
        )
    });
    net.scene.configure_connections(&both.concat());
    net.scene.person("Lena Berg", "LENA");
    net.site.t1("NET1/PO1");
    net.site.t1("NET1/PO2");
    net.carry();
    assert!(
        letters(&net.scene, "MBG/SYSTEM/new").len() >= 2,
        "both have asked"
    );
    let run = net.scene.dxa("cycle").ends(0);
    for office in ["PO1", "PO2"] {
        let because = format!(
            "T2: reply sent connection={office} because=\"NET1/{office} is a requestor and has asked\""
        );
        assert!(run.stdout.contains(&because), "{}", run.stdout);
    }
    assert!(
        !run.stdout.contains("error"),
        "no pretended error: {}",
        run.stdout
    );
    let sent: Vec<_> = letters(&net.scene, "P1/new")
        .iter()
        .map(|letter| letter.to() + " " + letter.subject())
        .collect();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(letters(&net.scene, "MBG/SYSTEM/new").is_empty());
}
