//! A whole cycle whose mail goes through a real mail system.

use super::site::Site;
use crate::support::mta::Mta;

const D: &str = "NET/D";
const A: &str = "NET/A";

/// Makes two postoffices that reach each other by mail alone, with a password between them.
fn apart() -> Site {
    let site = Site::routed(&[D, A], |_, other| format!("mail:{}", address(other)));
    site.export(&[(D, &["Dan", "Dora"]), (A, &["Ann", "Abe", "Ada"])]);
    let password = "--password sesame";
    for (office, words) in [
        (
            D,
            format!("config dirsync server requestors modify {A} {password}"),
        ),
        (
            A,
            format!("config dirsync requestor registration {D} {password}"),
        ),
    ] {
        site.admin(office, &words).ends(0);
    }
    site
}

/// The mail address of a postoffice: `a@po.test` for NET/A.
fn address(office: &str) -> String {
    let own = office.rsplit('/').next().expect("NET/PO").to_lowercase();
    format!("{own}@po.test")
}

/// Hands the mail of one postoffice to the mail system; what is for itself it gets at once.
fn hand_over(site: &Site, office: &str, mta: &Mta) {
    let (relay, from) = (mta.address(), address(office));
    let args = format!("-0 --smtp {relay} --mail-from {from}");
    site.run(office, "external", &args).ends(0);
}

#[test]
fn a_cycle_runs_through_postfix_signed_and_whole() {
    let site = apart();
    let boxes = [D, A].map(|office| site.path(office).join("MBG/SYSTEM"));
    let mta = Mta::start(&[("d@po.test", &boxes[0]), ("a@po.test", &boxes[1])]);

    for office in [D, A] {
        site.t1(office);
        hand_over(&site, office, &mta);
    }
    // A status report and a request of each.
    mta.wait_for(&boxes[0], 4);
    site.t2();
    hand_over(&site, D, &mta);
    mta.wait_for(&boxes[1], 1);
    for office in [D, A] {
        site.t3(office).ends(0);
    }
    assert_eq!(site.numbers(D), (3, 7, 1));
    assert_eq!(site.numbers(A), (4, 7, 1));

    // What came through is what the owners hold, and nothing was refused on the way.
    for (office, other) in [(D, A), (A, D)] {
        let names = |run: &str| -> Vec<String> {
            let at = if run == "own" { other } else { office };
            let args = format!("admin -ppw -x{other} -f/dev/stdout");
            let text = site.run(at, "import", &args).ends(0).stdout;
            let mut lines: Vec<_> = text
                .lines()
                .filter(|line| line.starts_with("A ") && !line.starts_with("A Administrator "))
                .map(|line| line.trim_end().to_owned())
                .collect();
            lines.sort();
            lines
        };
        assert_eq!(names("there"), names("own"), "{other} at {office}");
        assert!(!names("own").is_empty());
        assert!(site.quarantine(office).is_empty(), "{office}");
    }
}
