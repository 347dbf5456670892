//! What goes out: containers, names, numbers, kinds (DX-09 to DX-28, LD-03).

use std::fs;

use base64::Engine;

use super::{FIRST, PEOPLE, SECOND, apply};
use crate::dxa::net::Alone;
use crate::dxa::scene::resync;

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn dx_28_a_name_that_cannot_be_written_any_more_takes_nobody_away() {
    let alone = Alone::with("strict-charset = true");
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.person("Max Berg", "MAX");
    assert_eq!(alone.cycle().len(), 3);
    let dn = format!("cn=Lena Berg,{PEOPLE}");
    alone.scene.replace(&dn, "displayName", "สมชาย");
    assert_eq!(alone.cycle(), [""; 0]);
    // Nor does a full list.
    let all = alone.cycle_with("--export-all");
    assert!(
        all.contains(&"A Lena Berg|PCM:NET1/AGENT/LENA".to_owned()),
        "{all:?}"
    );
    alone.scene.replace(&dn, "displayName", "Lena Tal");
    let sent = alone.cycle();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("M Lena Berg"), "{sent:?}");
}

#[test]
fn dx_09_a_request_for_which_no_number_is_left_is_refused() {
    let alone = Alone::new();
    let numbers = (u32::MAX - 1, 80, 1, 100);
    apply(&alone.scene, numbers, &["A Ann\tPCM:NET1/PO1/ANN"]);
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.person("Max Berg", "MAX");
    let run = alone.cycle_that_ends(73);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("no number is left"), "{said}");
}

#[test]
fn dx_11_a_step_may_be_written_as_it_is_spoken_of() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.dxa("cycle --step T1").ends(0);
    alone.scene.dxa("cycle --step t3").ends(0);
    alone.scene.dxa("cycle --step T4").ends(2);
}

#[test]
fn dx_16_no_type_at_all_is_a_mistake_and_deletes_nobody() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.cycle();
    alone.scene.configure("types = []");
    let run = alone.cycle_that_ends(2);
    assert!(run.stderr.contains("types"), "{}", run.stderr);
}

#[test]
fn ld_03_names_in_the_directory_may_hold_whatever_they_like() {
    let alone = Alone::new();
    let scene = &alone.scene;
    let units = [
        r"ou=A\, B \+ \22C\22,o=Org",
        r"ou=\#1\; \3Cx\3E,o=Org",
        "ou=Größe,o=Org",
    ];
    for unit in units {
        let ldif = base64(unit);
        scene.add(&format!("dn:: {ldif}\nobjectClass: organizationalUnit\n"));
    }
    let import = r"ou=In \3D\2C Out,o=Org";
    scene.add(&format!("dn: {import}\nobjectClass: organizationalUnit\n"));
    let listed: Vec<_> = units.iter().map(|unit| format!("'{unit}'")).collect();
    scene.configure_connections(&format!(
        "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\nowner = 'dss/\"N*\\T\"/(PO1)'\n\
         import-container = '{import}'\nlayout = \"per-postoffice\"\nexport-containers = [{}]\n",
        listed.join(", ")
    ));
    let names = [r"\#Ann \22Q\22 Gray", r"Ben\, Jr. \+ Son", "Zoë Berg"];
    for ((unit, name), mailbox) in units.iter().zip(names).zip(["ANN", "BEN", "ZOE"]) {
        let dn = base64(&format!("cn={name},{unit}"));
        scene.add(&format!(
            "dn:: {dn}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\nsn: x\n\
             syncProxyPrimary: MS:NET1/AGENT/{mailbox}\n"
        ));
    }
    let sent = alone.cycle();
    assert_eq!(
        sent[1..],
        [
            "A #Ann \"Q\" Gray|PCM:NET1/AGENT/ANN",
            "A Ben, Jr. + Son|PCM:NET1/AGENT/BEN",
            "A Zoë Berg|PCM:NET1/AGENT/ZOE"
        ]
    );
    assert_eq!(alone.cycle(), [""; 0]);
    let dn = base64(&format!("cn={},{}", names[1], units[1]));
    let output = scene.slapd.client(
        "ldapmodify",
        &[],
        &format!("dn:: {dn}\nchangetype: delete\n"),
    );
    assert!(output.status.success(), "{output:?}");
    assert_eq!(alone.cycle(), ["D Ben, Jr. + Son|PCM:NET1/AGENT/BEN"]);

    let texts = ["A Kay\tSMTP:k+\"y\"=,\\<k>;#@x", "A Ann\tPCM:NET1/PO1/ANN"];
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &texts));
    scene.dxa("lists").ends(0);
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &texts));
    let list = scene.dxa("lists --json").ends(0).json()["lists"][0].clone();
    assert_eq!(
        (&list["unchanged"], &list["foreign"]),
        (&2.into(), &0.into()),
        "{list}"
    );
    let (_, seq, ..) = SECOND;
    let numbers = (14, seq + 1, 3, 300);
    scene.drop_file("RESYNC.GLB", &resync(numbers, &texts[1..]));
    let list = scene.dxa("lists --json").ends(0).json()["lists"][0].clone();
    assert_eq!(
        (&list["unchanged"], &list["swept"]),
        (&1.into(), &1.into()),
        "{list}"
    );
    let checked = scene.dxa("check").ends(0);
    assert!(
        checked.stdout.contains("1 entries of dss/"),
        "{}",
        checked.stdout
    );
}

#[test]
fn dx_13_there_may_be_as_many_export_containers_as_one_likes() {
    let alone = Alone::new();
    let units: Vec<_> = (0..160)
        .map(|number| format!("ou=U{number},o=Org"))
        .collect();
    let ldif: Vec<_> = units
        .iter()
        .enumerate()
        .map(|(number, unit)| {
            format!(
                "dn: {unit}\nobjectClass: organizationalUnit\n\n\
                 dn: cn=P{number},{unit}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\nsn: P\n\
                 syncProxyPrimary: MS:NET1/AGENT/P{number}\n"
            )
        })
        .collect();
    alone.scene.add(&ldif.join("\n"));
    let text = fs::read_to_string(alone.scene.config()).expect("readable");
    let listed: Vec<_> = units.iter().map(|unit| format!("\"{unit}\"")).collect();
    let text = text.replace(
        &format!("[\"{PEOPLE}\"]"),
        &format!("[{}]", listed.join(",\n")),
    );
    fs::write(alone.scene.config(), text).expect("written");
    assert_eq!(alone.cycle().len(), 161);
    assert_eq!(alone.cycle(), [""; 0]);
}
