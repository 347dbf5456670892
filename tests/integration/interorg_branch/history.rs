//! Whatever happens, in the end each directory has what the hub shows, an address once.

use std::collections::BTreeMap;
use std::fs;

use dirsync::directory::interorg::Answer;
use dirsync::plan::outcome::Reason;
use dirsync::tools::dxa::interorg::branch::Wanted;

use super::scene::{Hub, Org, PEOPLE, because};

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // Numerical Recipes; the upper bits are the better ones.
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff;
        (self.0 >> 16) % end
    }
}

/// The names that people have now, by organization and number.
type People = BTreeMap<(usize, u64), String>;

fn dn(name: &str) -> String {
    format!("cn={name},{PEOPLE}")
}

/// Somebody comes, or gets another address.
fn edit(org: &Org, at: usize, chance: &mut Chance, people: &mut People) {
    let (who, address) = (chance.below(3), chance.below(5));
    let mail = format!("a{address}@company.example");
    match people.get(&(at, who)) {
        Some(name) => org.replace(&dn(name), "mail", &mail),
        None => {
            let name = format!("Person {who}");
            org.person(&name, &format!("p{who}"), &mail, "");
            people.insert((at, who), name);
        }
    }
}

/// Somebody goes, or gets another name.
fn leave(org: &Org, at: usize, chance: &mut Chance, people: &mut People) {
    let who = chance.below(3);
    let Some(name) = people.remove(&(at, who)) else {
        return;
    };
    if chance.below(2) == 0 {
        org.delete(&dn(&name));
        return;
    }
    let new = format!("Person {who} {}", chance.below(1_000));
    org.slapd.modify(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn={new}\ndeleteoldrdn: 1\n",
        dn(&name)
    ));
    people.insert((at, who), new);
}

/// Somebody who does not go out takes an address, or gives it up.
fn hold(org: &Org, at: usize, chance: &mut Chance, holders: &mut BTreeMap<usize, bool>) {
    let holder = "cn=Holder,ou=Private,o=Org";
    let address = format!("SMTP:A{}@company.example", chance.below(5));
    let is_there = holders.entry(at).or_default();
    match (*is_there, chance.below(2)) {
        (true, 0) => org.delete(holder),
        (true, _) => {
            org.replace(holder, "syncProxySecondary", &address);
            return;
        }
        (false, _) => org.slapd.add(&format!(
            "dn: {holder}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: Holder\nsn: Holder\n\
             syncProxySecondary: {address}\n"
        )),
    }
    *is_there = !*is_there;
}

/// Looks whether an organization has what the hub shows it.
fn check(org: &Org, hub: &mut Hub, seed: u64) {
    let before = org.shown();
    let all = Wanted {
        import_all: true,
        ..Wanted::default()
    };
    let (request, _) = org.with(|side| side.ask(all));
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let took = org.hear(&answer);
    let state = format!("seed {seed}, {}: {took:#?}", org.name);
    assert_eq!(took.counts.changed() + took.counts.swept, 0, "{state}");
    assert_eq!(org.shown(), before, "{state}");
    let there: BTreeMap<_, _> = org
        .entries()
        .into_iter()
        .map(|entry| {
            let text = |name| entry.attributes.text(name).unwrap_or("-").to_owned();
            (text("syncKey"), text("mail"))
        })
        .collect();
    let refused = because(&took.lines, Reason::SmtpDuplicate);
    for change in &answer.changes {
        let key = change.key.to_string();
        let card = change.card.as_ref().expect("it is there");
        let line = refused.iter().find(|line| line.key == key);
        let Some(line) = line else {
            assert_eq!(there.get(&key), card.mail.as_ref(), "{state}");
            continue;
        };
        let (address, holder) = line.detail.split_once(" is held by ").expect("a holder");
        let found = org
            .slapd
            .search(holder, "(objectClass=*)", &[])
            .to_lowercase();
        assert!(found.contains(address), "{line:?}: {found}");
    }
    let told: Vec<_> = answer.changes.iter().map(|c| c.key.to_string()).collect();
    assert!(there.keys().all(|key| told.contains(key)), "{state}");
}

#[test]
fn whatever_happens_each_directory_has_in_the_end_what_the_hub_shows() {
    for seed in 1..=3 {
        let orgs = ["ORG1", "ORG2", "ORG3"].map(Org::new);
        for org in &orgs {
            org.slapd
                .add("dn: ou=Private,o=Org\nobjectClass: organizationalUnit\nou: Private\n");
        }
        let mut hub = Hub::new();
        let mut chance = Chance(seed);
        let mut people = People::new();
        let mut holders = BTreeMap::new();
        let mut late: Vec<(usize, Answer)> = Vec::new();
        for _ in 0..60 {
            let at = usize::try_from(chance.below(3)).expect("small");
            let org = &orgs[at];
            match chance.below(16) {
                0..=4 => edit(org, at, &mut chance, &mut people),
                5 | 6 => leave(org, at, &mut chance, &mut people),
                7 | 8 => hold(org, at, &mut chance, &mut holders),
                9..=11 => {
                    let (request, _) = org.ask();
                    let (_, answer) = hub.serve(&[&request]).remove(0);
                    org.hear(&answer);
                    late.push((at, answer));
                }
                12 => {
                    let _lost = org.ask();
                }
                13 => {
                    let (request, _) = org.ask();
                    late.push((at, hub.serve(&[&request]).remove(0).1));
                }
                14 => {
                    let which = chance.below(8);
                    let which = usize::try_from(which).expect("small");
                    if let Some((at, answer)) = late.get(which) {
                        orgs[*at].hear(answer);
                    }
                }
                _ => {
                    if org.data("branch.db").exists() {
                        fs::remove_file(org.data("branch.db")).expect("removed");
                    }
                }
            }
        }
        for _ in 0..5 {
            hub.round(&orgs.each_ref());
        }
        for org in &orgs {
            check(org, &mut hub, seed);
        }
    }
}
