//! Attributes that must be there, lengths, mapped attributes and directions (`spec/exchange.md` NT-04 to NT-10, NT-12,
//! NT-13).

use std::fs;

use serde_json::Value;

use super::net::Alone;
use super::scene::{CONTAINER, Numbers, Scene, resync};

const PEOPLE: &str = "ou=People,o=Org";
const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

fn mapping(prompt: &str, attribute: &str, direction: &str) -> String {
    format!(
        "[[connection.mapping]]\nprompt = \"{prompt}\"\nattribute = \"{attribute}\"\ndirection = \"{direction}\"\n"
    )
}

/// Adds people `P0 Berg`, ... with more lines.
fn people(scene: &Scene, from: usize, count: usize, more: &str) {
    let person = |number| {
        format!(
            "dn: cn=P{number},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: P{number}\n\
             sn: P\nsyncProxyPrimary: MS:NET1/AGENT/P{number}\n{more}\n"
        )
    };
    let ldif: Vec<_> = (from..from + count).map(person).collect();
    scene.add(&ldif.join("\n"));
}

fn person(alone: &Alone, more: &str) {
    alone.scene.person_in(PEOPLE, "Lena Berg", "LENA", more);
}

/// Runs a cycle; returns what is sent, with its template lines, and the lines of the report that have a reason.
fn cycle(alone: &Alone, options: &str) -> (Vec<String>, Vec<String>) {
    let report = alone.scene.config().with_file_name("report.jsonl");
    let sent = alone.cycle_lines(&format!("{options} --report {}", report.display()));
    let lines = fs::read_to_string(report).expect("a report");
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let told = lines.filter_map(|line| {
        let reason = text(&line["reason"])?;
        let detail = text(&line["detail"])?;
        Some(format!("{} {reason} {detail}", text(&line["outcome"])?))
    });
    // Everybody has a surname.
    let sent = sent.into_iter().map(|text| {
        let text = text.replace("~- Last:/Berg", "");
        text.replace("~- Last:/P", "")
    });
    (sent.collect(), told.collect())
}

fn count(sent: &[String], verb: &str) -> usize {
    sent.iter().filter(|text| text.starts_with(verb)).count()
}

#[test]
fn ntc_011_one_record_that_lacks_something_keeps_no_other_back() {
    let alone = Alone::with("required = { people = [\"givenName\"] }");
    people(&alone.scene, 0, 1, "givenName: A\n");
    people(&alone.scene, 1, 1, "");
    people(&alone.scene, 2, 8, "givenName: A\n");
    let (sent, told) = cycle(&alone, "");
    assert_eq!(count(&sent, "A "), 9);
    let expected = "skipped missing-attribute givenName: missing, and nothing to derive it from";
    assert_eq!(told, [expected]);
}

#[test]
fn ntc_012_a_missing_attribute_is_named() {
    let alone = Alone::with("required = { people = [\"mail\"] }");
    person(&alone, "");
    let (sent, told) = cycle(&alone, "");
    assert_eq!(count(&sent, "A "), 0);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("skipped missing-attribute mail: "),
        "{told:?}"
    );
}

#[test]
fn ntc_013_the_alias_of_a_group_is_derived() {
    let alone = Alone::with(&format!(
        "required = {{ groups = [\"uid\", \"displayName\"] }}\n{}",
        mapping("Alias:", "uid", "send")
    ));
    alone.scene.add(&format!(
        "dn: cn=All Staff,{PEOPLE}\nobjectClass: organizationalRole\nobjectClass: syncLocalRecipient\ncn: All Staff\n\
         syncProxyPrimary: MS:NET1/AGENT/ALLSTAFF\n"
    ));
    let (sent, told) = cycle(&alone, "");
    assert_eq!(told, [""; 0]);
    assert_eq!(
        sent[1..],
        ["A All Staff|PCM:NET1/AGENT/ALLSTAFF~- Alias:/ALLSTAFF"]
    );
}

#[test]
fn ntc_014_a_name_of_three_hundred_bytes_goes_shortened_with_a_note_or_is_too_long() {
    let alone = Alone::new();
    person(&alone, "");
    let long = "x".repeat(300);
    let dn = format!("cn=Lena Berg,{PEOPLE}");
    alone.scene.replace(&dn, "displayName", &long);
    let (sent, told) = cycle(&alone, "");
    assert_eq!(sent[1], format!("A {}|PCM:NET1/AGENT/LENA", "x".repeat(30)));
    assert!(told[0].starts_with("note name-shortened "), "{told:?}");
    alone.scene.configure("limits = { displayName = 252 }");
    let (sent, told) = cycle(&alone, "");
    // It is there already, and nobody wants it gone.
    assert_eq!(sent, [""; 0]);
    assert_eq!(told, ["kept too-long displayName: 300/252"]);
}

#[test]
fn ntc_015_a_field_of_six_hundred_bytes_goes_whole_or_is_left_out() {
    let alone = Alone::new();
    let long = "d".repeat(600);
    person(&alone, &format!("description: {long}\ntitle: Boss\n"));
    let (sent, told) = cycle(&alone, "");
    assert!(sent[1].contains(&format!("Comment:/{long}")), "{sent:?}");
    assert_eq!(told, [""; 0]);
    alone.scene.configure("limits = { description = 512 }");
    let (sent, told) = cycle(&alone, "");
    // The line is cleared: an M changes only what it names.
    assert_eq!(
        sent,
        ["M Lena Berg|PCM:NET1/AGENT/LENA~- Title:/Boss~- Comment:/"]
    );
    assert_eq!(told, ["note value-dropped too-long: description: 600/512"]);
}

#[test]
fn ntc_016_what_must_be_there_and_is_too_long_keeps_the_entry_here_and_is_not_cut() {
    let alone = Alone::with("required = { people = [\"o\"] }\nlimits = { o = 31 }");
    person(&alone, &format!("o: {}\n", "d".repeat(40)));
    let (sent, told) = cycle(&alone, "");
    assert_eq!(count(&sent, "A "), 0);
    assert_eq!(told, ["skipped too-long o: 40/31"]);
}

#[test]
fn ntc_017_names_that_are_exchanged_on_the_way_are_seen_and_the_list_is_taken_when_it_comes_whole()
{
    let scene = Scene::new();
    let list = [
        "R PCM:NET1/PO1",
        "A Anna\tPCM:NET1/PO1/ANNA",
        "A Bert\tPCM:NET1/PO1/BERT",
    ];
    let whole = resync(FIRST, &list);
    let mut mixed = whole.clone();
    let at = |name: &[u8]| whole.windows(4).position(|w| w == name).expect("a name");
    let (anna, bert) = (at(b"Anna"), at(b"Bert"));
    mixed[anna..anna + 4].copy_from_slice(b"Bert");
    mixed[bert..bert + 4].copy_from_slice(b"Anna");
    scene.drop_file("RESYNC.GLB", &mixed);
    let run = scene.dxa("lists").ends(65);
    assert!(run.stdout.contains("list-damaged"), "{}", run.stdout);
    assert_eq!(scene.shown(), [""; 0]);
    scene.drop_file("RESYNC.GLB", &whole);
    scene.dxa("lists").ends(0);
    assert_eq!(
        scene.shown(),
        ["MS:NET1/PO1/ANNA=Anna", "MS:NET1/PO1/BERT=Bert"]
    );
}

#[test]
fn ntc_018_a_mapping_to_what_the_directory_lacks_is_refused_and_deletes_nobody() {
    let alone = Alone::new();
    people(&alone.scene, 0, 100, "");
    assert_eq!(count(&cycle(&alone, "").0, "A "), 100);
    alone
        .scene
        .configure(&mapping("Shirt:", "shirtSize", "both"));
    for options in ["", "--export-all"] {
        let run = alone.scene.dxa(&format!("cycle {options}")).ends(2);
        let expected = "mapping 1, \"Shirt:\": the directory knows no attribute shirtSize";
        assert!(run.stdout.contains(expected), "{}", run.stdout);
    }
    alone.scene.configure("");
    assert_eq!(cycle(&alone, "").0, [""; 0]);
}

#[test]
fn ntc_021_what_fails_in_a_full_load_is_not_deleted() {
    let alone = Alone::with("required = { people = [\"o\"] }");
    people(&alone.scene, 0, 100, "o: Acme\n");
    assert_eq!(count(&cycle(&alone, "").0, "A "), 100);
    for number in 0..3 {
        let dn = format!("cn=P{number},{PEOPLE}");
        alone.scene.change(&dn, "changetype: modify\ndelete: o");
    }
    assert_eq!(cycle(&alone, "").0, [""; 0]);
    let (sent, told) = cycle(&alone, "--export-all");
    assert_eq!((count(&sent, "R "), count(&sent, "A ")), (1, 100));
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.iter()
            .all(|line| line.starts_with("kept missing-attribute o")),
        "{told:?}"
    );
    let status = alone.scene.dxa("status").ends(0).stdout;
    assert!(
        status.contains("100 entries = 97 exported + 3 not exportable"),
        "{status}"
    );
}

#[test]
fn ntc_022_an_empty_list_is_refused() {
    let scene = Scene::new();
    let list = ["R PCM:NET1/PO1", "A Anna\tPCM:NET1/PO1/ANNA"];
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &list));
    scene.dxa("lists").ends(0);
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &[]));
    let run = scene.dxa("lists");
    assert!(
        run.stdout.contains("list-incomplete"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_ne!(run.exit, 0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANNA=Anna"]);
}

#[test]
fn ntc_024_025_a_value_that_comes_or_grows_is_sent() {
    let alone = Alone::new();
    person(&alone, "");
    cycle(&alone, "");
    for company in ["Acme", "Acme USA", "acme usa"] {
        alone
            .scene
            .replace(&format!("cn=Lena Berg,{PEOPLE}"), "o", company);
        let (sent, _) = cycle(&alone, "");
        let line = format!("M Lena Berg|PCM:NET1/AGENT/LENA~- Company:/{company}");
        assert_eq!(sent, [line]);
    }
}

#[test]
fn ntc_026_all_values_of_an_attribute_go() {
    let alone = Alone::with(&mapping("Alias:", "uid", "send"));
    person(&alone, "uid: lena\nuid: berg\nuid: lb\n");
    let (sent, _) = cycle(&alone, "");
    assert!(sent[1].ends_with("Alias:/berg, lb, lena"), "{sent:?}");
}

#[test]
fn ntc_027_an_attribute_that_is_mapped_anew_is_sent_of_all_who_have_it() {
    let alone = Alone::new();
    people(&alone.scene, 0, 50, "employeeType: clerk\n");
    people(&alone.scene, 50, 10, "");
    assert_eq!(count(&cycle(&alone, "").0, "A "), 60);
    alone
        .scene
        .configure(&mapping("Kind:", "employeeType", "both"));
    let (sent, _) = cycle(&alone, "");
    assert_eq!((sent.len(), count(&sent, "M ")), (50, 50));
    assert!(
        sent.iter().all(|text| text.ends_with("Kind:/clerk")),
        "{sent:?}"
    );
    assert_eq!(cycle(&alone, "").0, [""; 0]);
}

#[test]
fn ntc_028_an_attribute_of_groups_is_mapped_as_any_other() {
    let alone = Alone::with(&mapping("Group Type:", "businessCategory", "send"));
    alone.scene.add(&format!(
        "dn: cn=All,{PEOPLE}\nobjectClass: groupOfNames\nobjectClass: syncLocalRecipient\ncn: All\nmember: o=Org\n\
         businessCategory: mail only\nsyncProxyPrimary: MS:NET1/AGENT/ALL\n"
    ));
    let (sent, _) = cycle(&alone, "");
    assert_eq!(
        sent[1..],
        ["A All|PCM:NET1/AGENT/ALL~- Group Type:/mail only"]
    );
}

#[test]
fn ntc_029_030_what_goes_out_only_is_compared_with_nothing_that_comes_in() {
    let alone = Alone::with(&mapping("Plate:", "carLicense", "send"));
    person(&alone, "carLicense: B 1\n");
    let (sent, _) = cycle(&alone, "");
    assert!(sent[1].ends_with("Plate:/B 1"), "{sent:?}");
    assert_eq!(cycle(&alone, "").0, [""; 0]);

    let scene = &alone.scene;
    let list = ["R PCM:NET1/PO1", "A Ann\tPCM:NET1/PO1/ANN\r\n- Title:/Boss"];
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &list));
    scene.dxa("lists").ends(0);
    let ann = format!("syncKey=MS:NET1/PO1/ANN,{CONTAINER}");
    scene.replace(&ann, "carLicense", "protected");
    for numbers in [SECOND, (14, 89, 3, 300)] {
        scene.drop_file("RESYNC.GLB", &resync(numbers, &list));
        let run = scene.dxa("lists --json").ends(0).json();
        assert_eq!(run["lists"][0]["unchanged"], 1, "{run}");
    }
    let entry = &scene.entries(CONTAINER)[0];
    assert_eq!(entry.attributes.text("carLicense"), Some("protected"));
}

#[test]
fn ntc_038_every_rule_about_what_is_missing_is_told_before_anything_is_sent() {
    let alone = Alone::with(&format!(
        "consent-attribute = \"mayLeave\"\nfilters = [\"a = o, EQ, A\", \"b = o, EQ, B & tagOne, NE, C\"]\n\
         required = {{ groups = [\"tagTwo\"] }}\nlimits = {{ tagThree = 3 }}\n{}{}",
        mapping("Title:", "title", "send"),
        mapping("Shirt:", "shirtSize", "send")
    ));
    person(&alone, "");
    let run = alone.cycle_that_ends(2);
    let check = alone.scene.dxa("check").ends(2);
    for place in [
        "consent-attribute: the directory knows no attribute mayLeave",
        "filters b, condition 2: the directory knows no attribute tagOne",
        "required groups: the directory knows no attribute tagTwo",
        "limits: the directory knows no attribute tagThree",
        "mapping 2, \"Shirt:\": the directory knows no attribute shirtSize",
    ] {
        assert!(run.stdout.contains(place), "{place}: {}", run.stdout);
        assert!(check.stdout.contains(place), "{place}: {}", check.stdout);
    }
}

#[test]
fn ntc_039_names_of_rules_and_prompts_may_be_long() {
    let name = "aNameThatIsMuchLongerThanTenCharacters";
    let alone = Alone::with(&format!(
        "filters = [\"{name} = o, EQ, A\"]\n{}",
        mapping(
            "A prompt of more than thirty characters:",
            "employeeType",
            "send"
        )
    ));
    person(&alone, "o: A\nemployeeType: x\n");
    people(&alone.scene, 0, 1, "o: B\n");
    let (sent, told) = cycle(&alone, "");
    assert!(
        sent[1].contains("A prompt of more than thirty characters:/x"),
        "{sent:?}"
    );
    assert_eq!(told, [format!("skipped filtered {name}")]);
}
