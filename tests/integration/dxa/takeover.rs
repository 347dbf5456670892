//! Who still points at the old server, once its part has come to the agent (`spec/exchange.md` DX-34).

use std::fs;

use super::net::{Net, quarantine};
use super::scene::Scene;

const ONE: &str = "NET1/PO1";
const TWO: &str = "NET1/PO2";
const OLD: &str = "NET1/OLD";

fn connection(name: &str) -> String {
    format!(
        "[[connection]]\nname = \"{name}\"\nrole = \"server\"\naddress = \"NET1/{name}\"\n\
         import-container = \"ou={name},o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
    )
}

/// An agent that took over from NET1/OLD; NET1/PO1 points at it, NET1/PO2 still at the old server.
fn half_done() -> Net {
    let net = Net::server(&[ONE, TWO]);
    net.site
        .admin(TWO, &format!("config dirsync requestor registration {OLD}"))
        .ends(0);
    serve(&net.scene);
    net
}

fn serve(scene: &Scene) {
    let both = ["PO1", "PO2"].map(|name| {
        scene.unit(name);
        connection(name)
    });
    scene.configure_connections(&both.concat());
}

#[test]
fn dxc_102_a_requestor_that_still_points_at_the_old_server_is_listed() {
    let net = half_done();
    net.site.t1(ONE);
    net.carry();
    net.scene.dxa("cycle").ends(0);
    // Without its folder: it has never asked here.
    let run = net.scene.dxa("takeover --check").ends(5);
    let asked =
        "NET1/PO1 (PO1): points here (it has asked here); asked here last at 2026-11-27T10:00:00Z";
    assert!(run.stdout.contains(asked), "{}", run.stdout);
    let never = "NET1/PO2 (PO2): does not point here, as far as is known (it has never asked here)";
    assert!(run.stdout.contains(never), "{}", run.stdout);
    assert!(
        run.stdout.contains("1 of 2 have something to do"),
        "{}",
        run.stdout
    );

    // With it: whose it is.
    let folders = [ONE, TWO].map(|name| format!("-d {}", net.site.path(name).display()));
    let check = format!("takeover --check {}", folders.join(" "));
    let before = (net.site.snapshot(TWO), net.scene.files());
    let run = net.scene.dxa(&format!("{check} --json")).ends(5).json();
    assert!(
        before == (net.site.snapshot(TWO), net.scene.files()),
        "something was written"
    );
    let all = run["requestors"].as_array().expect("a list");
    let [one, two] = &all[..] else {
        panic!("{run}")
    };
    assert_eq!(
        (&one["points"], &one["to_do"]),
        (&"here".into(), &serde_json::json!([])),
        "{run}"
    );
    assert_eq!(two["address"], TWO);
    assert_eq!(
        (&two["points"], &two["server"]),
        (&"elsewhere".into(), &OLD.into()),
        "{run}"
    );
    assert_eq!(two["asked"], serde_json::Value::Null);
    assert_eq!(
        (&run["to_be_changed"], &run["exit"]),
        (&1.into(), &5.into()),
        "{run}"
    );

    // What it says is to be done, is enough.
    let run = net.scene.dxa(&check).ends(5);
    let words = [
        "config dirsync requestor registration NET1/AGENT",
        "listds -r -z",
        "config dirsync requestor export",
    ];
    for text in words {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
        match text.strip_prefix("listds") {
            Some(words) => net.site.run(TWO, "listds", &format!("admin -ppw{words}")),
            None => net.site.admin(TWO, text),
        }
        .ends(0);
    }
    let run = net.scene.dxa(&check).ends(0);
    let new = "NET1/PO2 (PO2): points here (its REQCONF.GLB); has never asked here";
    assert!(run.stdout.contains(new), "{}", run.stdout);
    assert!(run.stdout.ends_with("All point here.\n"), "{}", run.stdout);
    net.round_served().ends(0);
    net.scene.dxa("takeover --check").ends(0);
}

#[test]
fn dxc_102_the_old_server_and_who_is_registered_there_are_looked_at() {
    let net = half_done();
    net.site
        .admin(OLD, "external create NET1/FAR --route direct:/nowhere")
        .ends(0);
    net.site
        .admin(OLD, "config dirsync server requestors create NET1/FAR")
        .ends(0);
    let folders = [OLD, ONE, TWO].map(|name| format!("-d {}", net.site.path(name).display()));
    let check = format!("takeover --check {}", folders.join(" "));
    let run = net.scene.dxa(&check).ends(5);
    for text in [
        "NET1/OLD: points at NET1/OLD (its REQCONF.GLB); is a dirsync server itself",
        "config dirsync options server no",
        "NET1/FAR: points at NET1/OLD (the SRVCONF.GLB of NET1/OLD)",
        "there is no connection to NET1/FAR",
        "NET1/PO2 (PO2): points at NET1/OLD (its REQCONF.GLB)",
        "3 of 4 have something to do",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    net.site
        .admin(OLD, "config dirsync options server no")
        .ends(0);
    let run = net.scene.dxa(&check).ends(5);
    assert!(
        run.stdout.contains("NET1/OLD: points at no server"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("1 of 3 have something to do"),
        "{}",
        run.stdout
    );
    let nowhere = net.scene.data("nowhere");
    let run = net
        .scene
        .dxa(&format!("takeover --check -d {}", nowhere.display()))
        .ends(66);
    assert!(run.stderr.contains("nowhere"), "{}", run.stderr);
}

#[test]
fn mail_for_the_old_server_that_comes_here_tells_too() {
    let scene = Scene::new();
    serve(&scene);
    scene.dxa("cycle").ends(0);
    let text = "DirSync-From: PCM:NET1/PO2\r\nDirSync-To: PCM:NET1/OLD\r\nSubject: dirsync\r\nMessage-ID: <a@x>\r\n\r\n\
        [DIRSYNC]\r\nTRANSACTIONS=INBODY\r\nTASK=UPDATEREQ\r\nREQNAME=PCM:NET1/PO2\r\nREQSEQ=0\r\nSRVSEQ=0\r\n";
    let folder = scene.data("postoffice/MBG/SYSTEM/new");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("strayed"), text).expect("written");
    let strayed = "NET1/PO2 (PO2): points at NET1/OLD (its mail); has never asked here";
    let run = scene.dxa("takeover --check").ends(5);
    assert!(run.stdout.contains(strayed), "{}", run.stdout);
    // The cycle puts it aside, and it still tells.
    scene.dxa("cycle").ends(1);
    assert_eq!(quarantine(&scene).len(), 1);
    let run = scene.dxa("takeover --check").ends(5);
    assert!(run.stdout.contains(strayed), "{}", run.stdout);
}

#[test]
fn there_is_nothing_to_take_over_for_who_is_no_server() {
    let scene = Scene::new();
    scene.dxa("takeover --check").ends(78);
    let run = scene.dxa("takeover").ends(2);
    assert!(run.stderr.contains("--check"), "{}", run.stderr);
}
