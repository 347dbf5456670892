//! The worked example of `spec/protocol.md` 12.1, row by row, by the real programs.

use super::site::Site;

const D: &str = "NET/D";
const A: &str = "NET/A";

/// ReqSync and SrvSync as LISTDS -R shows them.
fn listds_requestor(site: &Site, office: &str) -> (u32, u32) {
    let run = site.run(office, "listds", "admin -ppw -r --json").ends(0);
    let json = run.json();
    let number = |key: &str| json["requestor"][key].as_u64().expect(key) as u32;
    (number("req_sync"), number("srv_sync"))
}

/// Highest SrvSync, and ReqSync and SrvSync of each requestor, as LISTDS -S shows them.
fn listds_server(site: &Site) -> (u32, Vec<(String, u32, u32)>) {
    let screen = site.run(D, "listds", "admin -ppw -s").ends(0).stdout;
    let after = |line: &str, key: &str| {
        let (_, rest) = line.split_once(key).expect(key);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().expect("a number")
    };
    let mut sync = None;
    let mut requestors = Vec::new();
    let mut name = String::new();
    for line in screen.lines() {
        if line.starts_with("Highest SrvSync is ") {
            sync = Some(after(line, "Highest SrvSync is "));
        } else if let Some(found) = line.strip_prefix("Requestor name: ") {
            name = found.to_owned();
        } else if line.starts_with("ReqSync = ") {
            requestors.push((
                name.clone(),
                after(line, "ReqSync = "),
                after(line, "SrvSync = "),
            ));
        }
    }
    (sync.expect("a header line"), requestors)
}

/// Numbers of a queue as LISTQ shows them.
fn listq(site: &Site, office: &str, queue: &str) -> Vec<u32> {
    let args = format!("admin -ppw -f{queue} --json");
    let json = site.run(office, "listq", &args).ends(0).json();
    let transactions = json["transactions"].as_array().expect("an array");
    let numbers = transactions
        .iter()
        .map(|t| t["sync"].as_u64().expect("a number") as u32);
    numbers.collect()
}

fn subjects(site: &Site, from: &str, to: &str) -> Vec<String> {
    let letters = site.sent_to(from, to);
    letters
        .iter()
        .map(|letter| letter.subject().to_owned())
        .collect()
}

/// x = y + z in the subject of a request (invariant 2).
fn check_request(subject: &str) {
    let numbers: Vec<u32> = subject
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().expect("digits"))
        .collect();
    let [r, was, _, _, sent] = numbers[..] else {
        panic!("{subject}");
    };
    assert_eq!(r, was + sent, "{subject}");
}

#[test]
fn ds_p012_ds_p017_ds_p019_the_worked_example_row_by_row() {
    let site = Site::exported();

    // After T0.
    assert_eq!(listq(&site, D, "reqtrans"), [1, 2, 3]);
    assert_eq!(listq(&site, A, "reqtrans"), [1, 2, 3, 4]);
    assert_eq!(listds_server(&site).0, 0);
    assert_eq!(site.queue(A, "REQTRANS")[0].1, "R PCM:NET/A");

    // T1.
    site.t1(D);
    site.t1(A);
    assert_eq!(
        subjects(&site, D, D),
        [
            "Status report from NET/D",
            "ReqTx R=3 (was 0), S=0, I=0 3 sent"
        ]
    );
    assert_eq!(
        subjects(&site, A, D),
        [
            "Status report from NET/A",
            "ReqTx R=4 (was 0), S=0, I=0 4 sent"
        ]
    );
    for (office, to) in [(D, D), (A, D)] {
        check_request(&subjects(&site, office, to)[1]);
        assert_eq!(listds_requestor(&site, office), (0, 0));
    }
    site.carry();

    // T2 -R.
    site.t2_receive().ends(0);
    assert_eq!(listq(&site, D, "msttrans"), [1, 2, 3, 4, 5, 6, 7]);
    let master = site.queue(D, "MSTTRANS");
    assert_eq!(
        (&*master[0].1, &*master[3].1),
        ("R PCM:NET/D", "R PCM:NET/A")
    );
    let (sync, requestors) = listds_server(&site);
    assert_eq!(sync, 7);
    assert_eq!(
        requestors,
        [
            ("PCM:NET/D".to_owned(), 3, 0),
            ("PCM:NET/A".to_owned(), 4, 0)
        ]
    );

    // T2 -T.
    site.t2_transmit().ends(0);
    let reply = &site.sent_to(D, A)[0];
    assert_eq!(reply.profile.task.as_deref(), Some("IMPORT"));
    assert!(
        reply.subject().starts_with("SrvTx R=4 S=7 (was 0), I=1 "),
        "{}",
        reply.subject()
    );
    let own = &site.sent_to(D, D)[0];
    assert_eq!(own.profile.task.as_deref(), Some("IMPORT"));
    assert!(
        own.subject().starts_with("SrvTx R=3 S=7 (was 0), I=1 "),
        "{}",
        own.subject()
    );
    for requestor in [D, A] {
        let (_, srv_sync, imports) = site.registered(requestor);
        assert_eq!((srv_sync, imports), (7, 1), "{requestor}");
    }
    site.carry();

    // T3.
    site.t3(D).ends(0);
    site.t3(A).ends(0);
    assert_eq!(site.numbers(D), (3, 7, 1));
    assert_eq!(site.numbers(A), (4, 7, 1));
    assert_eq!(
        site.queue(D, "REQTRANS"),
        [(3, "# Last confirmed ReqSync.".to_owned())]
    );
    assert_eq!(
        site.queue(A, "REQTRANS"),
        [(4, "# Last confirmed ReqSync.".to_owned())]
    );
    for office in [D, A] {
        let (req_sync, srv_sync) = listds_requestor(&site, office);
        assert!(req_sync <= srv_sync, "{office}");
        assert_eq!(site.read(office, "GLB/REQTRANS.GLB").len(), 49, "{office}");
        assert!(site.read(office, "GLB/SRVTRANS.GLB").is_empty(), "{office}");
    }
    site.assert_converged();

    // T0.
    site.user(A, "Amy");
    assert_eq!(listq(&site, A, "reqtrans"), [4, 5]);

    // T1.
    site.t1(D);
    site.t1(A);
    assert_eq!(
        subjects(&site, D, D)[1],
        "ReqTx R=3 (was 3), S=7, I=1 0 sent"
    );
    assert_eq!(
        subjects(&site, A, D)[1],
        "ReqTx R=5 (was 4), S=7, I=1 1 sent"
    );
    for (office, to) in [(D, D), (A, D)] {
        check_request(&subjects(&site, office, to)[1]);
    }
    site.carry();

    // T2.
    site.t2();
    assert_eq!(listq(&site, D, "msttrans"), (1..=8).collect::<Vec<_>>());
    assert_eq!(site.registered(A).0, 5);
    assert_eq!(listds_server(&site).0, 8);
    assert_eq!(subjects(&site, D, D), ["SrvTx R=3 S=8 (was 7), I=1 1 sent"]);
    assert_eq!(subjects(&site, D, A), ["SrvTx R=5 S=8 (was 7), I=1 1 sent"]);
    site.carry();

    // T3: its own record comes back to A, and message 66 says that it touches nothing.
    site.t3(D).ends(0);
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(
        site.queue(A, "SRVTRANS"),
        [(8, "A Amy|PCM:NET/A/AMY".to_owned())]
    );
    let import = site.import(A).ends(0);
    assert!(import.stdout.contains("[ 66]"), "{}", import.stdout);
    assert_eq!(site.numbers(D), (3, 8, 1));
    assert_eq!(site.numbers(A), (5, 8, 1));
    let (sync, requestors) = listds_server(&site);
    assert_eq!(sync, 8);
    assert_eq!(
        requestors,
        [
            ("PCM:NET/D".to_owned(), 3, 8),
            ("PCM:NET/A".to_owned(), 5, 8)
        ]
    );
    site.assert_converged();
}
