//! Work follows the changes, whatever the number of entries (`spec/exchange.md` IO-21). The figures of 50,000 entries in 10
//! organizations are those of `benches/interorg.rs`.

use super::world::{PEOPLE, World};

/// Entries of each organization; the case says 5,000.
const ENTRIES: usize = 60;

#[test]
fn ioc_039_a_day_of_changes_costs_what_has_changed() {
    let names = ["ORG1", "ORG2", "ORG3", "ORG4"];
    let world = World::new(&names);
    for member in &world.members {
        let domain = format!("{}.example", member.name.to_lowercase());
        for n in 0..ENTRIES {
            member.person(
                &format!("User {n}"),
                &format!("u{n}"),
                &format!("u{n}@{domain}"),
            );
        }
    }
    let mailed = || {
        let mut bytes = 0;
        let mut written = 0;
        for (_, run) in world.round_with("cycle --json") {
            let done = run.ends(0).json();
            bytes += done["mail"]["bytes"].as_u64().expect("bytes");
            for took in done["branch"]["took"].as_array().expect("a list") {
                let counts = &took["counts"];
                let count = |what: &str| counts[what].as_u64().unwrap_or(0);
                written += count("added") + count("modified") + count("deleted") + count("swept");
            }
        }
        (bytes, written)
    };
    let all = (names.len() * (names.len() - 1) * ENTRIES) as u64;
    let (first, written) = mailed();
    assert_eq!(written, all);
    for member in &world.members {
        assert_eq!(
            member.others().len(),
            (names.len() - 1) * ENTRIES,
            "{}",
            member.name
        );
        member.modify(
            &format!("cn=User 7,{PEOPLE}"),
            "changetype: modify\nreplace: title\ntitle: Manager",
        );
    }
    let (day, written) = mailed();
    assert_eq!(
        written,
        (names.len() * (names.len() - 1)) as u64,
        "one of each goes to all others"
    );
    assert!(day * 5 < first, "{day} bytes of {first}");
    let (none, written) = mailed();
    assert_eq!(written, 0);
    assert!(none < day, "{none} bytes of {day}");
}
