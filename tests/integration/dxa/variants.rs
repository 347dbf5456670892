//! Rules beside the words of their cases: other spellings, other orders, numbers at their limits (`spec/exchange.md`).

use std::fs;

use base64::Engine;
use serde_json::Value;

use super::net::Alone;
use super::scene::{CONTAINER, Numbers, Scene, resync};
use crate::support::Run;
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

/// A manual entry in the container, as somebody made it for an address of the other side.
fn by_hand(scene: &Scene, owner: &str) {
    scene.remote(CONTAINER, owner, "Ann by hand", "MS:NET2/PO2/ANN");
}

fn said(run: &Run, id: &str) -> Vec<String> {
    let lines = run.stdout.lines().filter(|line| line.starts_with(id));
    lines.map(str::to_owned).collect()
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
fn section_2_the_numbers_of_old_are_in_the_log_where_they_are_looked_for() {
    let alone = with("required = { people = [\"title\"] }");
    let scene = &alone.scene;
    scene.person_in(PEOPLE, "Lena Berg", "LENA", "title: Clerk\n");
    scene.person("Max Berg", "MAX");
    let run = scene.dxa("cycle").ends(0);
    assert_eq!(
        said(&run, "NT41110"),
        ["NT41110 info entries considered connection=HQ count=2"]
    );
    let failed = said(&run, "NT64073");
    assert_eq!(failed.len(), 1, "{}", run.stdout);
    assert!(
        failed[0].contains("cn=Max Berg,ou=People,o=Org"),
        "{failed:?}"
    );
    assert!(failed[0].contains("missing-attribute"), "{failed:?}");
    alone.fresh();

    apply(scene, (0, 10, 1, 100), &["A Ann\tPCM:NET1/PO1/ANN"]);
    let profile = "TASK=UPDATE\nREQNAME=PCM:NET1/AGENT\nREQSEQ=0\nWAS=12\nSRVSEQ=13\nIMPSEQ=1\n";
    let add = ["0000000013 A Carl                           PCM:NET1/PO1/CARL"];
    scene.put_mail(SERVER, "gap", profile, &add);
    let run = scene.dxa("cycle").ends(4);
    let mismatch = said(&run, "NT64161");
    assert_eq!(mismatch.len(), 1, "{}", run.stdout);
    assert!(mismatch[0].ends_with("out=12 in=10"), "{mismatch:?}");
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
    let reports = super::scene::names(&done).into_iter();
    let reports: Vec<_> = reports.filter(|name| name.ends_with(".report")).collect();
    let text = fs::read_to_string(done.join(&reports[0])).expect("readable");
    let twice = "the list has it already, as \\\"Ann\\\"";
    assert!(
        text.contains("address-duplicate") && text.contains(twice),
        "{text}"
    );
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
fn every_command_that_takes_a_report_ends_it_with_its_summary() {
    let alone = Alone::new();
    alone.scene.person("Lena Berg", "LENA");
    let report = alone.scene.config().with_file_name("report.jsonl");
    for command in [
        "check",
        "cycle",
        "lists",
        "move",
        "touch",
        "touch NET1/AGENT/LENA",
        "explain NET1/AGENT/LENA",
        "status",
        "reset HQ",
        "remove HQ --entries keep",
    ] {
        let _ = fs::remove_file(&report);
        let line = format!("{command} --json --report {}", report.display());
        let run = alone.scene.dxa(&line);
        let exit = run.exit;
        run.json();
        let text = fs::read_to_string(&report).unwrap_or_else(|e| panic!("{command}: {e}"));
        let last = text
            .lines()
            .next_back()
            .unwrap_or_else(|| panic!("{command}: empty"));
        let last: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(last["program"], "dxa", "{command}: {last}");
        assert_eq!(last["exit"], exit, "{command}: {last}");
    }
}

#[test]
fn nt_12_a_line_may_be_made_of_attributes_and_follows_them() {
    let alone = with(
        "[[connection.mapping]]\nprompt = \"Office:\"\nvalue = 'JOIN(\", \", UPPER(l), FIRST(title, ou))'\n\
         [[connection.mapping]]\nprompt = \"Signature:\"\nvalue = 'NAMEF(cn) \" \" initials \" \" NAMEL(displayName)'\n",
    );
    alone
        .scene
        .person_in(PEOPLE, "Lena Berg", "LENA", "l: Bonn\nou: Sales\nst: NW\n");
    let sent = alone.cycle_lines("");
    let lena = |sent: &[String]| {
        let lena = sent.iter().find(|text| text.contains("NET1/AGENT/LENA"));
        let mut lines: Vec<_> = lena
            .expect("Lena")
            .split("~- ")
            .map(str::to_owned)
            .collect();
        lines.retain(|line| line.starts_with("Office") || line.starts_with("Signature"));
        lines
    };
    assert_eq!(lena(&sent), ["Office:/BONN, Sales", "Signature:/Lena Berg"]);
    let dn = format!("cn=Lena Berg,{PEOPLE}");
    alone.scene.replace(&dn, "title", "Clerk");
    let sent = alone.cycle_lines("");
    assert_eq!(lena(&sent), ["Office:/BONN, Clerk", "Signature:/Lena Berg"]);
    assert_eq!(alone.cycle(), [""; 0]);
    // What is left empty is cleared there, and another expression makes the difference (NT-09).
    for name in ["title", "ou", "l"] {
        let lines = format!("changetype: modify\ndelete: {name}");
        alone.scene.change(&dn, &lines);
    }
    assert_eq!(lena(&alone.cycle_lines(""))[1], "Office:/");
    let text = fs::read_to_string(alone.scene.config()).expect("readable");
    let text = text.replace("UPPER(l)", "LOWER(st)");
    fs::write(alone.scene.config(), text).expect("written");
    let check = alone.scene.dxa("check").ends(0);
    assert!(check.stdout.contains("LOWER(st)"), "{}", check.stdout);
    assert_eq!(lena(&alone.cycle_lines(""))[0], "Office:/nw");
}

#[test]
fn nt_12_nt_13_every_fault_of_a_mapping_is_told_before_anything_is_sent() {
    let alone = with(
        "[[connection.mapping]]\nprompt = \"A:\"\nvalue = 'PROPER(cn)'\n\
         [[connection.mapping]]\nprompt = \"B:\"\nvalue = 'cn'\nattribute = \"sn\"\n\
         [[connection.mapping]]\nprompt = \"C:\"\nvalue = 'cn'\ndirection = \"receive\"\n\
         [[connection.mapping]]\nprompt = \"D:\"\n",
    );
    alone.scene.person("Lena Berg", "LENA");
    let run = alone.cycle_that_ends(2);
    for fault in [
        "mapping A:: value, column 1: found \"PROPER(cn)\", expected FIRST",
        "mapping B:: attribute is set too",
        "mapping C:: value: made of attributes it only goes out",
        "mapping D:: \"\" is no name of an attribute",
    ] {
        assert!(run.stderr.contains(fault), "{fault}: {}", run.stderr);
    }
    alone
        .scene
        .configure("[[connection.mapping]]\nprompt = \"A:\"\nvalue = 'UPPER(nosuch)'\n");
    let run = alone.cycle_that_ends(2);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(
        said.contains("mapping 1, \"A:\": the directory knows no attribute nosuch"),
        "{said}"
    );
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

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
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

#[test]
fn nt_09_a_code_page_and_unique_names_that_change_send_the_difference_and_no_more() {
    let alone = Alone::new();
    let other = alone.scene.unit("Other");
    let scene = &alone.scene;
    let text = fs::read_to_string(scene.config()).expect("readable");
    let both = text.replace(
        &format!("[\"{PEOPLE}\"]"),
        &format!("[\"{PEOPLE}\", \"{other}\"]"),
    );
    fs::write(scene.config(), &both).expect("written");
    // Ø is in page 850 and not in 437.
    scene.person("Søren Berg", "SOREN");
    scene.person_in(&other, "Lena Berg", "LENA", "");
    assert_eq!(alone.cycle().len(), 3);
    fs::write(scene.config(), format!("{both}code-page = 437\n")).expect("written");
    let sent = alone.cycle();
    assert_eq!(sent.len(), 1, "{sent:?}");
    // Under its new name, though the old one cannot be written in the page: the address says who is meant.
    assert!(
        sent[0].starts_with("M S?ren Berg") && sent[0].matches("S?ren").count() == 2,
        "{sent:?}"
    );
    assert_eq!(alone.cycle(), [""; 0]);
    fs::write(scene.config(), &both).expect("written");
    let sent = alone.cycle();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(alone.cycle(), [""; 0]);
    // Nor does the page keep anybody there who is gone here.
    fs::write(scene.config(), format!("{both}code-page = 437\n")).expect("written");
    scene.change(&format!("cn=Søren Berg,{PEOPLE}"), "changetype: delete");
    assert_eq!(alone.cycle(), ["D S?ren Berg|PCM:NET1/AGENT/SOREN"]);
}
