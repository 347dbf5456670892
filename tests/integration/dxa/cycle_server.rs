//! The agent as the dirsync server of postoffices (`spec/exchange.md` DX-02, DX-11 to DX-18, DX-30).

use super::net::{Net, letters, quarantine};
use super::scene::Scene;

const ONE: &str = "NET1/PO1";
const TWO: &str = "NET1/PO2";

/// The settings of a connection to a requestor, which gets what the other one has.
fn connection(postoffice: &str, other: &str) -> String {
    format!(
        "[[connection]]\nname = \"{postoffice}\"\nrole = \"server\"\naddress = \"NET1/{postoffice}\"\n\
         owner = \"{postoffice}\"\nimport-container = \"ou={postoffice},o=Org\"\nrelay = true\ncustom-recipients = true\n\
         export-containers = [\"ou=People,o=Org\", \"ou={other},o=Org\"]\n"
    )
}

/// An agent that is the server of two postoffices.
fn served() -> Net {
    let net = Net::server(&[ONE, TWO]);
    serve_two(&net.scene);
    net
}

fn serve_two(scene: &Scene) {
    scene.unit("PO1");
    scene.unit("PO2");
    let both = connection("PO1", "PO2") + &connection("PO2", "PO1");
    scene.configure_connections(&both);
}

#[test]
fn dxc_019_entries_of_three_sides_go_all_ways_are_changed_and_go() {
    let net = served();
    net.scene.person("Lena Berg", "LENA");
    net.site.user(ONE, "Otto");
    net.site.user(TWO, "Tina");
    let run = net.round_served().ends(0);
    assert!(run.stdout.contains("T2: reply sent"), "{}", run.stdout);
    let run = net.round_served().ends(0);
    assert_eq!(
        run.stdout.matches("T2: reply sent").count(),
        2,
        "{}",
        run.stdout
    );
    net.round_served().ends(0);
    for office in [ONE, TWO] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, ["Lena Berg"], "{office}");
    }
    let users = |office: &str, list: &str| {
        let mut names = net.site.names_in(office, list);
        names.retain(|name| name != "Administrator");
        names
    };
    assert_eq!(users(TWO, ONE), ["Otto"]);
    assert_eq!(users(ONE, TWO), ["Tina"]);

    let lena = "cn=Lena Berg,ou=People,o=Org";
    net.scene.replace(lena, "displayName", "Lena Berger");
    net.site
        .admin(ONE, "local modify Otto --name Ottokar")
        .ends(0);
    net.round_served().ends(0);
    net.round_served().ends(0);
    for office in [ONE, TWO] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, ["Lena Berger"], "{office}");
    }
    assert_eq!(users(TWO, ONE), ["Ottokar"]);

    net.scene.change(lena, "changetype: delete");
    net.site.admin(ONE, "local delete OTTO").ends(0);
    net.round_served().ends(0);
    net.round_served().ends(0);
    for office in [ONE, TWO] {
        let names = net.site.names_in(office, "NET1/AGENT");
        assert_eq!(names, Vec::<String>::new(), "{office}");
    }
    assert_eq!(users(TWO, ONE), Vec::<String>::new());
    assert_eq!(users(ONE, TWO), ["Tina"]);
    let run = net.round_served().ends(0);
    assert_eq!(
        run.stdout.matches("transactions=0").count(),
        2,
        "{}",
        run.stdout
    );
}

#[test]
fn nobody_is_answered_twice_and_several_requests_are_answered_once() {
    let net = served();
    net.scene.person("Lena Berg", "LENA");
    net.site.t1(ONE);
    net.carry();
    net.site.t1(ONE);
    net.carry();
    net.scene.dxa("cycle").ends(0);
    assert_eq!(letters(&net.scene, "P1/new").len(), 1);
    let run = net.scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("no reply"), "{}", run.stdout);
    assert_eq!(letters(&net.scene, "P1/new").len(), 1);
}

#[test]
fn a_reply_that_was_lost_comes_again() {
    let net = served();
    net.site.user(ONE, "Otto");
    for _ in 0..3 {
        net.round_served().ends(0);
    }
    net.scene.person("Lena Berg", "LENA");
    net.site.t1(ONE);
    net.carry();
    net.scene.dxa("cycle").ends(0);
    for letter in letters(&net.scene, "P1/new") {
        std::fs::remove_file(letter.path).expect("removed");
    }
    assert_eq!(net.site.names_in(ONE, "NET1/AGENT"), Vec::<String>::new());
    net.round_served().ends(0);
    assert_eq!(net.site.names_in(ONE, "NET1/AGENT"), ["Lena Berg"]);
}

#[test]
fn dxc_028_mail_of_who_is_not_registered_is_put_aside_and_not_answered() {
    let scene = Scene::new();
    serve_two(&scene);
    scene.dxa("cycle").ends(0);
    let request = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO11\nREQSEQ=0\nSRVSEQ=0\n";
    scene.put_mail("NET1/PO11", "stranger", request, &[]);
    let run = scene.dxa("cycle").ends(1);
    assert!(run.stdout.contains("DX136"), "{}", run.stdout);
    assert!(
        run.stdout.contains("from=PCM:NET1/PO11/$SYSTEM"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("NET1/PO1 (PO1)"), "{}", run.stdout);
    assert_eq!(quarantine(&scene).len(), 1);
    assert!(letters(&scene, "P1/new").is_empty());
}

#[test]
fn dxc_030_names_are_compared_whole() {
    let scene = Scene::new();
    let registered = connection("PO1", "People").replace("NET1/PO1", "ANZAUDCU/MEL227TRK");
    scene.unit("PO1");
    scene.configure_connections(&registered);
    scene.dxa("cycle").ends(0);
    let request = |name: &str| format!("TASK=UPDATEREQ\nREQNAME=PCM:{name}\nREQSEQ=0\nSRVSEQ=0\n");
    let longer = "ANZAUDCU/MEL227TRK0";
    scene.put_mail(longer, "other", &request(longer), &[]);
    let run = scene.dxa("cycle").ends(1);
    assert!(run.stdout.contains("DX136"), "{}", run.stdout);
    assert!(letters(&scene, "P1/new").is_empty());
    let own = "anzaudcu/mel227trk";
    scene.put_mail(own, "own", &request(own), &[]);
    scene.dxa("cycle").ends(0);
    let sent = letters(&scene, "P1/new");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to(), "PCM:ANZAUDCU/MEL227TRK/$SYSTEM");
}

#[test]
fn dxc_049_050_the_owner_of_a_postoffice_may_delete_what_came_through_another() {
    let scene = Scene::new();
    serve_two(&scene);
    scene.unit("PO3");
    let three = connection("PO1", "PO2") + &connection("PO2", "PO1") + &connection("PO3", "PO1");
    scene.configure_connections(&three);
    scene.dxa("cycle").ends(0);
    scene.remote("ou=PO1,o=Org", "PO1", "User", "MS:NET1/PO2/U");
    let delete = ["0000000001 D User                           PCM:NET1/PO2/U"];
    let request = |name: &str| format!("TASK=UPDATEREQ\nREQNAME=PCM:{name}\nREQSEQ=1\nSRVSEQ=0\n");
    scene.put_mail("NET1/PO3", "three", &request("NET1/PO3"), &delete);
    let report = scene.data("../report");
    let run = scene
        .dxa(&format!("cycle --report {}", report.display()))
        .ends(1);
    assert!(run.stdout.contains("refused 1"), "{}", run.stdout);
    let lines = std::fs::read_to_string(&report).expect("a report");
    assert!(
        lines.contains("not-owner") && lines.contains("PO1"),
        "{lines}"
    );
    assert_eq!(scene.entries("ou=PO1,o=Org").len(), 1);

    scene.put_mail("NET1/PO2", "two", &request("NET1/PO2"), &delete);
    std::fs::remove_file(&report).expect("removed");
    scene
        .dxa(&format!("cycle --report {}", report.display()))
        .ends(0);
    let lines = std::fs::read_to_string(&report).expect("a report");
    assert!(lines.contains("owner-fallback"), "{lines}");
    assert_eq!(scene.entries("ou=PO1,o=Org").len(), 0);
}

#[test]
fn dxc_083_the_state_of_one_that_cannot_be_written_leaves_the_others_served() {
    let net = served();
    net.scene.person("Lena Berg", "LENA");
    for office in [ONE, TWO] {
        net.site.t1(office);
    }
    net.carry();
    let ledger = rusqlite::Connection::open(net.scene.data("ledger.db")).expect("a ledger");
    let forbid = "CREATE TRIGGER forbid BEFORE INSERT ON queue
        WHEN (SELECT name FROM connection WHERE id = NEW.connection) = 'PO1'
        BEGIN SELECT RAISE(ABORT, 'no room'); END";
    ledger.execute_batch(forbid).expect("a trigger");
    let run = net.scene.dxa("cycle").ends(73);
    assert!(run.stdout.contains("DX143"), "{}", run.stdout);
    assert!(run.stdout.contains("DX168"), "{}", run.stdout);
    let sent = letters(&net.scene, "P1/new");
    let to: Vec<_> = sent.iter().map(crate::cycle::site::Letter::to).collect();
    assert_eq!(to, ["PCM:NET1/PO2/$SYSTEM"]);
    ledger
        .execute_batch("DROP TRIGGER forbid")
        .expect("dropped");
    net.scene.dxa("cycle").ends(0);
    assert_eq!(
        letters(&net.scene, "P1/new").len(),
        2,
        "it is answered later"
    );
}

#[test]
fn a_wrong_password_is_put_aside() {
    let scene = Scene::new();
    scene.unit("PO1");
    let word = scene.config().with_file_name("word");
    std::fs::write(word, "geheim\n").expect("written");
    let one = connection("PO1", "People") + "password-file = \"word\"\n";
    scene.configure_connections(&one);
    scene.dxa("cycle").ends(0);
    let request = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO1\nREQSEQ=0\nSRVSEQ=0\n";
    scene.put_mail(ONE, "wrong", &format!("{request}PASSWORD=falsch\n"), &[]);
    scene.dxa("cycle").ends(1);
    assert_eq!(quarantine(&scene).len(), 1);
    scene.put_mail(ONE, "right", &format!("{request}PASSWORD=GEHEIM\n"), &[]);
    scene.dxa("cycle").ends(0);
    assert_eq!(letters(&scene, "P1/new").len(), 1);
}

#[test]
fn dxc_108_a_list_above_the_limit_is_written_for_somebody_to_carry() {
    let net = Net::server(&[ONE]);
    net.scene.unit("PO1");
    let one = connection("PO1", "People") + "limit = 400\n";
    net.scene.configure_connections(&one);
    for n in 0..10 {
        net.scene
            .person(&format!("User Nr{n}"), &format!("USER{n}"));
    }
    net.site.t1(ONE);
    net.carry();
    let run = net.scene.dxa("cycle").ends(1);
    assert!(run.stdout.contains("above the limit"), "{}", run.stdout);
    assert!(letters(&net.scene, "P1/new").is_empty());
    let file = net.scene.data("out/PO1-RESYNC.GLB");
    let words = format!("apply {} admin -ppw -y", file.display());
    net.site.run(ONE, "resync", &words).ends(0);
    let names = || net.site.names_in(ONE, "NET1/AGENT");
    assert_eq!(names().len(), 10);
    net.scene.person("Lena Berg", "LENA");
    let run = net.round_served().ends(0);
    assert!(
        run.stdout.contains("sent=\"changes: A 1\""),
        "{}",
        run.stdout
    );
    assert_eq!(names().len(), 11);
}

#[test]
fn changes_above_the_limit_come_with_several_replies() {
    let net = Net::server(&[ONE]);
    net.scene.unit("PO1");
    let one = connection("PO1", "People") + "limit = 400\n";
    net.scene.configure_connections(&one);
    net.round_served().ends(0);
    for n in 0..10 {
        net.scene
            .person(&format!("User Nr{n}"), &format!("USER{n}"));
    }
    let names = || net.site.names_in(ONE, "NET1/AGENT").len();
    net.round_served().ends(0);
    assert!((1..10).contains(&names()), "{}", names());
    for _ in 0..4 {
        net.round_served().ends(0);
    }
    assert_eq!(names(), 10);
}

#[test]
fn a_requestor_that_takes_no_templates_and_one_type_gets_neither() {
    let scene = Scene::new();
    scene.unit("PO1");
    let one = connection("PO1", "People") + "types = [\"PCM\", \"SMTP\"]\n";
    scene.configure_connections(&one);
    scene.dxa("cycle").ends(0);
    scene.person_in("ou=People,o=Org", "Lena Berg", "LENA", "title: Doctor\n");
    scene.remote(
        "ou=People,o=Org",
        "elsewhere",
        "Sam",
        "SMTP:sam@example.com",
    );
    let request = |more: &str| {
        format!(
            "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO1\nREQSEQ=1\nSRVSEQ=0\nTRANSACTIONS=INTERNAL\n{more}"
        )
    };
    let none = request("TEMPLATE=NO\nTYPES=PCM\n");
    scene.put_mail(ONE, "none", &none, &[]);
    scene.dxa("cycle").ends(0);
    let sent = letters(&scene, "P1/new");
    let texts: Vec<_> = sent[0].queued().into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        texts,
        ["R PCM:NET1/AGENT", "A Lena Berg|PCM:NET1/AGENT/LENA"]
    );
    std::fs::remove_file(&sent[0].path).expect("removed");
    let stamp = sent[0].profile.stamp.expect("a stamp");
    let all = request(&format!("TEMPLATE=YES\nTYPES=PCM,SMTP\nSTAMP={stamp}\n"))
        .replace("SRVSEQ=0", "SRVSEQ=2");
    scene.put_mail(ONE, "all", &all, &[]);
    scene.dxa("cycle").ends(0);
    let sent = letters(&scene, "P1/new");
    let texts: Vec<_> = sent[0].queued().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("- Title:/Doctor"), "{texts:?}");
    assert_eq!(
        texts[1].split('~').next(),
        Some("A Sam|SMTP:sam@example.com")
    );
}

#[test]
fn what_came_while_nothing_was_received_is_asked_for_later() {
    let net = Net::server(&[ONE]);
    net.scene.unit("PO1");
    let one = connection("PO1", "People");
    let send_only = format!("{one}exchange-options = \"send\"\n");
    net.scene.configure_connections(&send_only);
    net.site.user(ONE, "Otto");
    for _ in 0..3 {
        net.round_served().ends(0);
    }
    assert_eq!(net.scene.entries("ou=PO1,o=Org").len(), 0);
    net.scene.configure_connections(&one);
    for _ in 0..3 {
        net.round_served().ends(0);
    }
    let entries = net.scene.entries("ou=PO1,o=Org");
    let has_otto = entries
        .iter()
        .any(|entry| entry.attributes.text("syncKey") == Some("MS:NET1/PO1/OTTO"));
    assert!(has_otto, "{} entries", entries.len());
}

#[test]
fn a_dry_run_of_the_server_writes_nothing() {
    let net = served();
    net.scene.person("Lena Berg", "LENA");
    net.scene.dxa("cycle").ends(0);
    net.site.t1(ONE);
    net.carry();
    let before = net.scene.files();
    let run = net.scene.dxa("cycle --dry-run").ends(0);
    assert!(run.stdout.contains("sent R 1, A 1"), "{}", run.stdout);
    assert!(before == net.scene.files(), "a file was changed");
    net.scene.dxa("cycle").ends(0);
    assert_eq!(letters(&net.scene, "P1/new").len(), 1);
}
