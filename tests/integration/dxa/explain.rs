//! Where one entry stands, told from the data folder alone.

use super::net::Alone;
use super::scene::{Scene, resync};

const PEOPLE: &str = "ou=People,o=Org";

fn explain(scene: &Scene, entry: &str) -> String {
    let mut command = scene.command("explain");
    command.arg(entry);
    let output = command.output().expect("it runs");
    assert!(
        output
            .status
            .code()
            .is_some_and(|code| [0, 66].contains(&code)),
        "{output:?}"
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn an_entry_is_told_from_its_reading_to_its_confirmation() {
    let alone = Alone::new();
    let scene = &alone.scene;
    assert!(explain(scene, "NET1/AGENT/LENA").starts_with("Nothing is known of NET1/AGENT/LENA"));
    scene.person("Lena Berg", "LENA");
    alone.cycle();
    for entry in [
        "NET1/AGENT/LENA",
        "PCM:net1/agent/lena",
        "MS:NET1/AGENT/LENA",
        "lena berg",
    ] {
        let told = explain(scene, entry);
        assert!(
            told.starts_with("MS:NET1/AGENT/LENA on HQ (requestor, "),
            "{entry}: {told}"
        );
        assert!(
            told.contains("\n  here: cn=Lena Berg,ou=People,o=Org, read whole "),
            "{told}"
        );
        assert!(
            told.contains("; goes out as Lena Berg MS:NET1/AGENT/LENA\n"),
            "{told}"
        );
        assert!(
            told.contains("\n  there: Lena Berg MS:NET1/AGENT/LENA\n"),
            "{told}"
        );
        assert!(
            told.contains("\n  waiting under number 2: A Lena Berg PCM:NET1/AGENT/LENA\n"),
            "{told}"
        );
        assert!(
            told.ends_with("\n  next: nothing new: what was sent waits for its confirmation\n"),
            "{told}"
        );
    }
    let by_name = explain(scene, &format!("CN=lena berg, {PEOPLE}"));
    assert!(by_name.starts_with("MS:NET1/AGENT/LENA on HQ"), "{by_name}");
    scene.dxa("touch NET1/AGENT/LENA").ends(0);
    let told = explain(scene, "NET1/AGENT/LENA");
    assert!(
        told.ends_with("\n  next: an A and an M: it is touched\n"),
        "{told}"
    );
}

#[test]
fn an_entry_that_stays_here_is_told_with_the_rule_that_keeps_it() {
    let alone = Alone::new();
    let scene = &alone.scene;
    scene.configure("trust = 20");
    scene.person_in(PEOPLE, "Maxi Berg", "MAXI", "syncTrustLevel: 21\n");
    scene.person("Lena Berg", "LENA");
    alone.cycle();
    let told = explain(scene, "NET1/AGENT/MAXI");
    assert!(told.contains("; stays here: trust: "), "{told}");
    assert!(told.contains("\n  there: was not sent\n"), "{told}");
    assert!(told.contains("\n  next: nothing: trust: "), "{told}");
    scene.change(&format!("cn=Lena Berg,{PEOPLE}"), "changetype: delete");
    alone.cycle();
    let told = explain(scene, "NET1/AGENT/LENA");
    assert!(
        told.contains("\n  waiting under number 3: D Lena Berg PCM:NET1/AGENT/LENA\n"),
        "{told}"
    );
}

#[test]
fn an_entry_of_a_list_is_told_from_its_report_while_the_directory_is_gone() {
    let scene = Scene::new();
    let numbers = (14, 80, 1, 100);
    let list = resync(numbers, &["R PCM:NET1/PO1", "A Ann\tPCM:NET1/PO1/ANN"]);
    scene.drop_file("RESYNC.GLB", &list);
    scene.dxa("lists").ends(0);
    let config = std::fs::read_to_string(scene.config()).expect("read");
    let gone = config.replace("ldap://", "ldap://127.0.0.1:1/nobody/");
    std::fs::write(scene.config(), gone).expect("written");
    let told = explain(&scene, "NET1/PO1/ANN");
    assert!(
        told.starts_with("MS:NET1/PO1/ANN on HQ (requestor, "),
        "{told}"
    );
    assert!(told.contains("RESYNC.GLB.report: add added\n"), "{told}");
    assert!(
        told.contains("\n  next: nothing: it is not in the export containers\n"),
        "{told}"
    );
}
