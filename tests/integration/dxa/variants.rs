//! Rules beside the words of their cases: other spellings, other orders, numbers at their limits (`spec/exchange.md`).

use std::fs;

use serde_json::Value;

use super::net::Alone;
use super::scene::{CONTAINER, Numbers, Scene, resync};
use crate::support::slapd::Setup;

const PEOPLE: &str = "ou=People,o=Org";
const SERVER: &str = "NET1/PO1";
const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

fn with(settings: &str) -> Alone {
    let alone = Alone::new();
    alone.scene.configure(settings);
    alone
}

fn mapping(prompt: &str, attribute: &str) -> String {
    format!("[[connection.mapping]]\nprompt = \"{prompt}\"\nattribute = \"{attribute}\"\n")
}

/// Applies a list; returns what is said of it.
fn apply(scene: &Scene, numbers: Numbers, texts: &[&str]) -> Value {
    scene.drop_file("RESYNC.GLB", &resync(numbers, texts));
    scene.dxa("lists --json").ends(0).json()["lists"][0].clone()
}

#[test]
fn nt_11_another_name_of_an_attribute_is_the_same_attribute() {
    let alone = with(
        "filters = [\"x = surname, EQ, Berg\"]\nconsent-attribute = \"organizationName\"\n\
         required = { people = [\"commonName\"] }\nlimits = { commonName = 20 }\n",
    );
    alone
        .scene
        .person_in(PEOPLE, "Lena Berg", "LENA", "o: yes\n");
    alone
        .scene
        .person_in(PEOPLE, "Otto Tal", "OTTO", "o: yes\n");
    alone.scene.person_in(PEOPLE, "Max Berg", "MAX", "o: no\n");
    let long = "Maximilian Alexander Berg";
    alone.scene.person_in(PEOPLE, long, "LONG", "o: yes\n");
    let sent = alone.cycle();
    assert_eq!(sent[1..], ["A Lena Berg|PCM:NET1/AGENT/LENA"]);
}

#[test]
fn dx_28_a_name_that_cannot_be_written_any_more_takes_nobody_away() {
    let alone = with("strict-charset = true");
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
fn dx_10_what_waits_is_not_numbered_beyond_the_last_number() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone.scene.person("Max Berg", "MAX");
    alone.cycle();
    let numbers = (u32::MAX - 1, 80, 1, 100);
    let list = resync(numbers, &["A Ann\tPCM:NET1/PO1/ANN"]);
    alone.scene.drop_file("RESYNC.GLB", &list);
    let run = alone.scene.dxa("lists");
    assert!(![0, 101].contains(&run.exit), "{}", run.stderr);
}

#[test]
fn dx_18_an_owner_that_stands_in_is_said_once_in_a_run() {
    let scene = Scene::new();
    scene.configure("also-accept = [\"dss/NET9/PO9\"]");
    for name in ["U1", "U2", "U3"] {
        scene.remote(
            CONTAINER,
            "dss/NET9/PO9",
            name,
            &format!("MS:NET2/PO2/{name}"),
        );
    }
    let _ = apply(&scene, (0, 80, 0, 100), &["A Ann\tPCM:NET1/PO1/ANN"]);
    for (number, name) in [(81, "U1"), (82, "U2"), (83, "U3")] {
        let profile = format!(
            "TASK=UPDATE\nREQNAME=PCM:NET1/AGENT\nREQSEQ=0\nWAS={}\nSRVSEQ={number}\nIMPSEQ=0\n",
            number - 1
        );
        let line = format!("{number:010} M {name:<30} PCM:NET2/PO2/{name}");
        let info = "- Title:/Clerk";
        scene.put_mail(SERVER, name, &profile, &[&line, info]);
    }
    let run = scene.dxa("cycle --step t3").ends(0);
    assert_eq!(
        run.stdout.matches("DX282").count(),
        1,
        "{}{}",
        run.stdout,
        run.stderr
    );
    for entry in scene.entries(CONTAINER) {
        let is_other = entry.attributes.text("syncImportedFrom") == Some("dss/NET9/PO9");
        let title = entry.attributes.text("title");
        assert_eq!(title, is_other.then_some("Clerk"), "{entry:?}");
    }
}

#[test]
fn nt_07_what_is_gone_below_a_container_that_was_named_wider_is_still_guarded() {
    let alone = Alone::new();
    let people: Vec<_> = (0..120)
        .map(|number| {
            format!(
                "dn: cn=P{number},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: P{number}\n\
                 sn: P\nsyncProxyPrimary: MS:NET1/AGENT/P{number}\n"
            )
        })
        .collect();
    alone.scene.add(&people.join("\n"));
    assert_eq!(alone.cycle().len(), 121);
    // All of them go, and the setting names what lies above.
    let text = fs::read_to_string(alone.scene.config()).expect("readable");
    let wider = text.replace(
        &format!("export-containers = [\"{PEOPLE}\"]"),
        "export-containers = [\"o=Org\"]",
    );
    assert_ne!(wider, text);
    fs::write(alone.scene.config(), wider).expect("written");
    let names: Vec<_> = (0..120)
        .map(|number| format!("dn: cn=P{number},{PEOPLE}\nchangetype: delete\n"))
        .collect();
    let output = alone
        .scene
        .slapd
        .client("ldapmodify", &[], &names.join("\n"));
    assert!(output.status.success(), "{output:?}");
    let run = alone.cycle_that_ends(3);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("120 of 120"), "{said}");
}

#[test]
fn nt_07_people_that_were_moved_are_guarded_where_they_are_now() {
    let alone = Alone::new();
    let other = alone.scene.unit("Other");
    let both = |containers: &str| {
        let text = fs::read_to_string(alone.scene.config()).expect("readable");
        let lines = text
            .lines()
            .map(|line| match line.starts_with("export-containers") {
                true => format!("export-containers = [{containers}]"),
                false => line.to_owned(),
            });
        let text: Vec<_> = lines.collect();
        fs::write(alone.scene.config(), text.join("\n")).expect("written");
    };
    both(&format!("\"{PEOPLE}\", \"{other}\""));
    let name = |number| format!("cn=P{number}");
    let people: Vec<_> = (0..120)
        .map(|number| {
            format!(
                "dn: {},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: P{number}\nsn: P\n\
                 syncProxyPrimary: MS:NET1/AGENT/P{number}\n",
                name(number)
            )
        })
        .collect();
    alone.scene.add(&people.join("\n"));
    assert_eq!(alone.cycle().len(), 121);
    let moves: Vec<_> = (0..120)
        .map(|number| {
            format!(
                "dn: {},{PEOPLE}\nchangetype: modrdn\nnewrdn: {}\ndeleteoldrdn: 0\nnewsuperior: {other}\n",
                name(number),
                name(number)
            )
        })
        .collect();
    let change = |ldif: &str| {
        let output = alone.scene.slapd.client("ldapmodify", &[], ldif);
        assert!(output.status.success(), "{output:?}");
    };
    change(&moves.join("\n"));
    assert_eq!(alone.cycle(), [""; 0], "the same people");
    both(&format!("\"{other}\""));
    assert_eq!(alone.cycle(), [""; 0], "they are where they are looked for");
    let deletes: Vec<_> = (0..120)
        .map(|number| format!("dn: {},{other}\nchangetype: delete\n", name(number)))
        .collect();
    change(&deletes.join("\n"));
    alone.cycle_that_ends(3);
}

#[test]
fn ld_16_a_list_may_begin_with_a_remark() {
    let scene = Scene::new();
    apply(
        &scene,
        FIRST,
        &["A Ann\tPCM:NET1/PO1/ANN", "A Ben\tPCM:NET1/PO1/BEN"],
    );
    let out = scene.data("list.ldif");
    scene
        .dxa(&format!("export HQ --no-version -o {}", out.display()))
        .ends(0);
    let ldif = fs::read_to_string(&out).expect("readable");
    for remark in ["# a list of HQ\n", "# a\n# b\n\n# c\n", "\n", "\n\n# x\n\n"] {
        for version in ["", "version: 1\n\n"] {
            scene.drop_file("HQ.ldif", format!("{remark}{version}{ldif}").as_bytes());
            let list = scene.dxa("lists --json").ends(0).json()["lists"][0].clone();
            assert_eq!(list["fate"], "done", "{remark:?}: {list}");
            assert_eq!(list["unchanged"], 2, "{remark:?}: {list}");
        }
    }
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
fn nt_03_who_goes_out_is_touched_whoever_else_has_the_address_and_stays() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    alone
        .scene
        .person_in(PEOPLE, "Old Lena", "LENA", "syncHidden: TRUE\n");
    alone.cycle();
    let run = alone.scene.dxa("touch NET1/AGENT/LENA").ends(0);
    assert!(
        run.stdout.contains("goes out with the next exchange"),
        "{}",
        run.stdout
    );
    let sent = alone.cycle();
    assert_eq!(
        sent,
        [
            "A Lena Berg|PCM:NET1/AGENT/LENA",
            "M Lena Berg|PCM:NET1/AGENT/LENA"
        ]
    );
    let run = alone.scene.dxa("touch").ends(0);
    assert!(run.stdout.contains("sent under number"), "{}", run.stdout);
}

#[test]
fn nt_07_an_empty_full_list_is_refused_aloud() {
    let alone = Alone::new();
    let scene = &alone.scene;
    apply(scene, (0, 80, 1, 100), &["A Ann\tPCM:NET1/PO1/ANN"]);
    let profile = "TASK=IMPORT\nREQNAME=PCM:NET1/AGENT\nREQSEQ=0\nSRVSEQ=90\nIMPSEQ=2\n";
    scene.put_mail(SERVER, "empty", profile, &[]);
    let run = scene.dxa("cycle --step t3").ends(1);
    assert!(run.stdout.contains("list-incomplete"), "{}", run.stdout);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
}

#[test]
fn ld_08_addresses_that_are_swapped_are_so_under_a_server_that_keeps_them_apart() {
    let setup = Setup::new().overlay("unique", &["unique_uri ldap:///?mail?sub?"]);
    let scene = Scene::on(setup);
    scene.configure(&mapping("E-Mail:", "mail"));
    let list = |first: &str, second: &str, third: &str| {
        [("Ann", first), ("Ben", second), ("Cid", third)].map(|(name, mail)| {
            format!("A {name}\tPCM:NET1/PO1/{name}\r\n- E-Mail:/{mail}@o.example")
        })
    };
    let before = list("a", "b", "c");
    apply(&scene, FIRST, &before.each_ref().map(|text| &text[..]));
    let mails = || {
        let entries = scene.entries(CONTAINER);
        let mails = entries.iter().map(|entry| {
            let text = |name| entry.attributes.text(name).unwrap_or("-").to_owned();
            format!("{} {}", text("cn"), text("mail"))
        });
        mails.collect::<Vec<_>>()
    };
    assert_eq!(
        mails(),
        ["Ann a@o.example", "Ben b@o.example", "Cid c@o.example"]
    );
    let after = list("b", "c", "a");
    let said = apply(&scene, SECOND, &after.each_ref().map(|text| &text[..]));
    assert_eq!(
        mails(),
        ["Ann b@o.example", "Ben c@o.example", "Cid a@o.example"],
        "{said}"
    );
    assert_eq!(
        (&said["modified"], &said["refused"]),
        (&3.into(), &0.into())
    );
    for entry in scene.entries(CONTAINER) {
        assert!(entry.attributes.values("syncTemplate").is_empty());
    }
}
