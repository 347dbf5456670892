//! Q239649, Q250578: the same alias in several organizations, and two who want one address.

use super::world::{PEOPLE, World};

/// Three organizations with a `jsmith` each, one user without address, and two with the same.
fn world() -> World {
    let world = World::new(&["ORG1", "ORG2", "ORG3"]);
    for member in &world.members {
        let domain = format!("{}.example", member.name.to_lowercase());
        member.person("John Smith", "jsmith", &format!("jsmith@{domain}"));
    }
    world.member("ORG2").person("Nora Nomail", "nora", "");
    world
        .member("ORG2")
        .person("Ann Shared", "ann2", "shared@company.example");
    world
        .member("ORG3")
        .person("Ann Shared", "ann3", "Shared@Company.example");
    world
}

fn said(ran: &[(String, crate::support::Run)], what: &str) -> Vec<String> {
    let lines = ran.iter().flat_map(|(_, run)| run.stdout.lines());
    lines
        .filter(|line| line.contains(what))
        .map(str::to_owned)
        .collect()
}

#[test]
fn seed_d_the_same_alias_in_three_organizations() {
    let world = world();
    let ran = world.round();
    let holds = |name: &str| world.member(name).others();
    // Whoever of the two was first has the address; the other one waits, and everybody is told.
    let shared: Vec<_> = holds("ORG1")
        .into_iter()
        .filter(|entry| entry.to_lowercase().ends_with("shared@company.example"))
        .collect();
    assert_eq!(shared.len(), 1, "{shared:?}");
    for (branch, others) in [
        ("ORG1", ["org2", "org3"]),
        ("ORG2", ["org1", "org3"]),
        ("ORG3", ["org1", "org2"]),
    ] {
        let smiths: Vec<_> = holds(branch)
            .into_iter()
            .filter(|entry| entry.starts_with("jsmith"))
            .collect();
        let expected = others.map(|other| format!("jsmith jsmith@{other}.example"));
        assert_eq!(smiths, expected, "{branch}");
    }
    let no_smtp = said(&ran, "reason=no-smtp");
    assert!(
        no_smtp
            .iter()
            .all(|line| line.contains("cn=Nora Nomail,ou=People,o=Org")),
        "{no_smtp:?}"
    );
    assert!(!no_smtp.is_empty());
    let duplicate = said(&ran, "reason=smtp-duplicate");
    assert!(!duplicate.is_empty());
    assert!(
        duplicate
            .iter()
            .all(|line| line.contains("shared@company.example is held by ")
                && line.contains("cn=Ann Shared")),
        "{duplicate:?}"
    );
    let status = world.member("ORG1").dxa("status").ends(0);
    assert_eq!(
        status.stdout.matches("waits: ").count(),
        1,
        "{}",
        status.stdout
    );

    // Both are repaired at the source, and arrive without Export All.
    let (loser, winner) = match shared[0].starts_with("ann2") {
        true => ("ORG3", "ORG2"),
        false => ("ORG2", "ORG3"),
    };
    let change = |address: &str| format!("changetype: modify\nreplace: mail\nmail: {address}");
    world.member(loser).modify(
        &format!("cn=Ann Shared,{PEOPLE}"),
        &change("other@company.example"),
    );
    world.member("ORG2").modify(
        &format!("cn=Nora Nomail,{PEOPLE}"),
        "changetype: modify\nadd: mail\nmail: nora@org2.example",
    );
    let ran = world.round();
    assert_eq!(said(&ran, "full list"), [""; 0]);
    let ann = |name: &str| format!("ann{} ", &name[3..]);
    let others = holds("ORG1");
    assert!(
        others.contains(&(ann(loser) + "other@company.example")),
        "{others:?}"
    );
    assert!(
        others.iter().any(|entry| entry.starts_with(&ann(winner))),
        "{others:?}"
    );
    assert!(
        others.contains(&"nora nora@org2.example".to_owned()),
        "{others:?}"
    );
    let third = holds(winner);
    assert!(
        third.contains(&(ann(loser) + "other@company.example")),
        "{third:?}"
    );
    let status = world.member("ORG1").dxa("status").ends(0);
    assert!(!status.stdout.contains("waits: "), "{}", status.stdout);

    // Nothing more to say: all have what they had.
    let before: Vec<_> = world.members.iter().map(|member| member.others()).collect();
    world.round();
    let after: Vec<_> = world.members.iter().map(|member| member.others()).collect();
    assert_eq!(before, after);
}

#[test]
fn who_moves_or_is_renamed_stays_the_same_person_everywhere() {
    let world = World::new(&["ORG1", "ORG2"]);
    let org2 = world.member("ORG2");
    org2.person("John Smith", "jsmith", "jsmith@org2.example");
    world.round();
    let uuid = |world: &World| {
        let entries = world.member("ORG1").entries();
        entries[0].attributes.text("entryUUID").map(str::to_owned)
    };
    let before = uuid(&world);
    org2.modify(
        &format!("cn=John Smith,{PEOPLE}"),
        "changetype: modrdn\nnewrdn: cn=John Smyth\ndeleteoldrdn: 1",
    );
    org2.modify(
        &format!("cn=John Smyth,{PEOPLE}"),
        "changetype: modify\nreplace: uid\nuid: jsmyth",
    );
    world.round();
    assert_eq!(
        world.member("ORG1").others(),
        ["jsmyth jsmith@org2.example"]
    );
    assert_eq!(uuid(&world), before);
    org2.modify(&format!("cn=John Smyth,{PEOPLE}"), "changetype: delete");
    world.round();
    assert_eq!(world.member("ORG1").others(), [""; 0]);
}

#[test]
fn a_branch_that_leaves_takes_its_entries_along_where_that_is_wanted() {
    let world = World::new(&["ORG1", "ORG2"]);
    for member in &world.members {
        let mail = format!("a@{}.example", member.name.to_lowercase());
        member.person("Ann", "ann", &mail);
    }
    world.round();
    let org2 = world.member("ORG2");
    assert_eq!(org2.others(), ["ann a@org1.example"]);
    let run = org2.dxa("leave ORG2 --entries delete").ends(0);
    assert!(
        run.stdout.starts_with("Left: 1 entries of others deleted"),
        "{}",
        run.stdout
    );
    assert_eq!(org2.others(), [""; 0]);
    assert_eq!(
        world.member("ORG1").others(),
        ["ann a@org2.example"],
        "the hub is another matter"
    );
}

#[test]
fn one_entry_is_explained_and_touched_without_its_source() {
    let world = world();
    let hub = world.member("ORG1");
    hub.dxa("explain jsmith@org2.example").ends(66);
    world.round();
    let told = hub.dxa("explain jsmith@org2.example").ends(0).stdout;
    assert!(
        told.starts_with("ORG2:")
            && told.contains(" at the hub: cn=John Smith,ou=People,o=Org, USN "),
        "{told}"
    );
    assert!(
        told.contains("\n  the others see: John Smith <jsmith@org2.example>\n"),
        "{told}"
    );
    assert!(told.contains("\n  not confirmed yet by: "), "{told}");
    assert!(
        told.contains(" at the branch: ") && told.contains("is in the import container"),
        "{told}"
    );
    let own = world
        .member("ORG2")
        .dxa("explain jsmith@org2.example")
        .ends(0)
        .stdout;
    assert!(
        own.contains("told to the hub as \"John Smith\" under number "),
        "{own}"
    );
    assert!(
        own.ends_with("next: nothing, unless it changes: the hub has it\n"),
        "{own}"
    );
    let told = hub.dxa("explain shared@company.example").ends(0).stdout;
    assert!(told.contains("\n  waits: smtp-duplicate: "), "{told}");
    assert!(
        told.contains("\n  next: nothing, until smtp-duplicate is settled at a source\n"),
        "{told}"
    );
    world.round();
    let told = hub.dxa("explain jsmith@org2.example").ends(0).stdout;
    assert!(
        told.contains("\n  next: nothing: every branch has confirmed it\n"),
        "{told}"
    );

    // Somebody took it out of ORG3 by hand. Nobody but the operator knows.
    let others = "ou=Others,o=Org";
    let org3 = world.member("ORG3");
    let found = org3.slapd.client(
        "ldapsearch",
        &["-LLL", "-b", others, "(mail=jsmith@org2.example)", "1.1"],
        "",
    );
    let dn = String::from_utf8_lossy(&found.stdout).replace("\n ", "");
    let dn = dn
        .trim()
        .strip_prefix("dn: ")
        .expect("it is there")
        .to_owned();
    org3.modify(&dn, "changetype: delete");
    world.round();
    assert!(
        !org3
            .others()
            .contains(&"jsmith jsmith@org2.example".to_owned())
    );
    hub.dxa("touch nobody@org2.example").ends(66);
    let run = hub.dxa("touch jsmith@org2.example").ends(0);
    assert!(
        run.stdout.contains("goes with the next answers, USN "),
        "{}",
        run.stdout
    );
    world.round();
    assert!(
        org3.others()
            .contains(&"jsmith jsmith@org2.example".to_owned())
    );
    world
        .member("ORG2")
        .dxa("touch jsmith@org2.example")
        .ends(78);
}
