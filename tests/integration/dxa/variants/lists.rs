//! What comes in: lists and replies (DX-10, DX-18, LD-08, LD-16, NT-01, NT-07, NT-16).

use std::fs;

use super::{FIRST, SECOND, SERVER, apply, said};
use crate::dxa::net::Alone;
use crate::dxa::scene::{CONTAINER, Scene, names, resync};
use crate::support::slapd::Setup;

fn mapping(prompt: &str, attribute: &str) -> String {
    format!("[[connection.mapping]]\nprompt = \"{prompt}\"\nattribute = \"{attribute}\"\n")
}

/// A manual entry in the container, as somebody made it for an address of the other side.
fn by_hand(scene: &Scene, owner: &str) {
    scene.remote(CONTAINER, owner, "Ann by hand", "MS:NET2/PO2/ANN");
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
fn nt_16_an_address_that_a_manual_entry_has_is_said_once_and_counted_and_the_entry_can_be_adopted()
{
    let scene = Scene::new();
    by_hand(&scene, "somebody");
    let list = [
        "A Ann\tPCM:NET2/PO2/ANN\r\n- Title:/Clerk",
        "A Ben\tPCM:NET1/PO1/BEN",
    ];
    let mut stamp = 100;
    let mut apply = |exit: i32| {
        stamp += 1;
        let numbers = (14, 80 + stamp, stamp, stamp);
        scene.drop_file("RESYNC.GLB", &resync(numbers, &list));
        scene.dxa("lists").ends(exit)
    };
    let first = apply(1);
    let [line] = &said(&first, "DI236")[..] else {
        panic!("{}", first.stdout);
    };
    assert!(
        line.contains(&format!("syncKey=MS:NET2/PO2/ANN,{CONTAINER}")),
        "{line}"
    );
    assert!(
        line.contains("somebody") && line.contains("dxa adopt MS:NET2/PO2/ANN"),
        "{line}"
    );
    for _ in 0..2 {
        let again = apply(1);
        assert_eq!(said(&again, "DI236"), [""; 0], "{}", again.stdout);
        assert!(again.stdout.contains("refused 1"), "{}", again.stdout);
    }
    // Nothing is written by a look at it.
    let look = scene.dxa("adopt PCM:net2/po2/ann --dry-run").ends(0);
    assert!(
        look.stdout
            .contains("syncImportedFrom: somebody -> dss/NET1/PO1"),
        "{}",
        look.stdout
    );
    let uuid = |scene: &Scene| {
        let entries = scene.entries(CONTAINER);
        let ann = entries
            .iter()
            .find(|e| e.attributes.text("syncKey") == Some("MS:NET2/PO2/ANN"));
        let ann = ann.expect("Ann");
        let text = |name: &str| ann.attributes.text(name).map(str::to_owned);
        (text("entryUUID"), text("syncImportedFrom"), text("title"))
    };
    let before = uuid(&scene);
    assert_eq!(before.1.as_deref(), Some("somebody"));
    scene.dxa("adopt NET2/PO2/ANN").ends(0);
    let after = uuid(&scene);
    assert_eq!(
        (&after.0, after.1.as_deref()),
        (&before.0, Some("dss/NET1/PO1"))
    );
    let ended = apply(0);
    assert_eq!(said(&ended, "DI236").len(), 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("no duplicate any more"),
        "{}",
        ended.stdout
    );
    assert_eq!(uuid(&scene).2.as_deref(), Some("Clerk"));
    let again = scene.dxa("adopt NET2/PO2/ANN --json").ends(0).json();
    assert_eq!(
        again["adopted"]["changes"],
        serde_json::json!([]),
        "{again}"
    );
}

#[test]
fn nt_16_nobody_adopts_what_is_not_a_manual_entry_of_the_container() {
    let scene = Scene::new();
    scene.add(
        "dn: cn=Kate,ou=People,o=Org\nobjectClass: inetOrgPerson\ncn: Kate\nsn: K\nmail: kate@org.example\n",
    );
    let run = scene.dxa("adopt SMTP:kate@org.example").ends(78);
    assert!(run.stderr.contains("not-owner: cn=Kate"), "{}", run.stderr);
    scene.dxa("adopt NET1/PO1/NOBODY").ends(66);
    scene.dxa("adopt NET1/PO1/NOBODY --connection HX").ends(66);

    // A plain entry in the container, made without the class, becomes one of it and stays the same entry.
    scene.add(&format!(
        "dn: cn=Kay,{CONTAINER}\nobjectClass: inetOrgPerson\ncn: Kay\nsn: K\nmail: kay@far.example\n"
    ));
    scene.dxa("adopt SMTP:kay@far.example").ends(0);
    let entries = scene.entries(CONTAINER);
    let [kay] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!(
        kay.dn.to_string(),
        format!("syncKey=SMTP:kay@far.example,{CONTAINER}")
    );
    assert_eq!(
        kay.attributes.text("syncImportedFrom"),
        Some("dss/NET1/PO1")
    );
    assert_eq!(kay.attributes.text("cn"), Some("Kay"));
    let list = apply(&scene, FIRST, &["A Kay Berg\tSMTP:kay@far.example"]);
    assert_eq!(
        (&list["modified"], &list["refused"]),
        (&1.into(), &0.into()),
        "{list}"
    );
}

#[test]
fn nt_01_an_entry_that_stands_twice_in_a_list_is_counted_so_that_it_adds_up() {
    let scene = Scene::new();
    let texts = [
        "A Ann\tPCM:NET1/PO1/ANN",
        "A Ben\tPCM:NET1/PO1/BEN",
        "A Anne\tpcm:net1/po1/Ann",
    ];
    for numbers in [FIRST, SECOND] {
        scene.drop_file("RESYNC.GLB", &resync(numbers, &texts));
        let list = scene.dxa("lists --json").ends(1).json()["lists"][0].clone();
        let count = |name: &str| list[name].as_u64().expect("a number");
        let there = ["added", "modified", "unchanged", "renamed"].map(count);
        let entries = scene.entries(CONTAINER).len() as u64;
        assert_eq!(
            (there.iter().sum::<u64>(), count("refused")),
            (entries, 1),
            "{list}"
        );
        assert_eq!(scene.shown()[0], "MS:NET1/PO1/ANN=Ann");
    }
    let done = scene.data("done");
    let reports = names(&done).into_iter();
    let reports: Vec<_> = reports.filter(|name| name.ends_with(".report")).collect();
    let text = fs::read_to_string(done.join(&reports[0])).expect("readable");
    let twice = "the list has it already, as \\\"Ann\\\"";
    assert!(
        text.contains("address-duplicate") && text.contains(twice),
        "{text}"
    );
}
