//! What those know who had the connector to Notes (NT-02 to NT-13), the log and the reports.

use std::fs;

use serde_json::Value;

use super::{PEOPLE, SERVER, apply, said};
use crate::dxa::net::Alone;

#[test]
fn nt_11_another_name_of_an_attribute_is_the_same_attribute() {
    let alone = Alone::with(
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
fn section_2_the_numbers_of_old_are_in_the_log_where_they_are_looked_for() {
    let alone = Alone::with("required = { people = [\"title\"] }");
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
    let alone = Alone::with(
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
    let alone = Alone::with(
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
