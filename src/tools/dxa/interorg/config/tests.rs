use std::fs;

use super::*;

const HUB: &str = r#"
[agent]
data = "data"
[mail]
folder = "post"
[hub]
address = "dirsync@hub.example"
[[hub.branch]]
name = "ORG1"
address = "dirsync@org1.example"
key-file = "org1.key"
"#;

const BRANCH: &str = r#"
[agent]
data = "data"
[directory]
url = "ldap://127.0.0.1"
[mail]
folder = "post"
[branch]
name = "ORG1"
address = "dirsync@org1.example"
hub = "dirsync@hub.example"
key-file = "org1.key"
import-container = "ou=Others,o=Org1"
[[branch.export]]
container = "ou=People,o=Org1"
"#;

fn faults(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(
        folder.path().join("org1.key"),
        "a key that nobody guesses\n",
    )
    .expect("a key");
    match Config::parse(text, &folder.path().join("dxa.toml")) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Settings { faults, .. }) => {
            faults.iter().map(ToString::to_string).collect()
        }
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn a_hub_needs_no_directory_and_a_branch_does() {
    assert_eq!(faults(HUB), [""; 0]);
    assert_eq!(faults(BRANCH), [""; 0]);
    let text = BRANCH.replace("[directory]\nurl = \"ldap://127.0.0.1\"", "");
    assert_eq!(
        faults(&text),
        ["directory: missing, but there is a [branch], which is one of a directory"]
    );
    assert!(is_meant(HUB) && is_meant(BRANCH) && !is_meant("[agent]\ndata = \"x\""));
}

#[test]
fn ioc_016_a_remote_branch_has_an_address_of_smtp() {
    let text = HUB.replace("\"dirsync@org1.example\"", "\"/o=Org1/ou=Site/cn=dirsync\"");
    assert_eq!(
        faults(&text),
        [
            "hub.branch ORG1: address: \"/o=Org1/ou=Site/cn=dirsync\", expected local, or USER@HOST: who is elsewhere is \
          reached by SMTP"
        ]
    );
    let text = HUB.replace("\"dirsync@org1.example\"", "\"cn=dirsync,o=Org1\"");
    assert_eq!(faults(&text).len(), 1);
}

#[test]
fn ioc_019_neither_container_lies_in_the_other() {
    for import in ["OU=others, ou=People,o=Org1", "ou=people,O=org1", "o=Org1"] {
        let text = BRANCH.replace("ou=Others,o=Org1", import);
        let faults = faults(&text);
        assert_eq!(faults.len(), 1, "{import}");
        assert!(
            faults[0].starts_with("branch.import-container: ")
                && faults[0].ends_with("one contains the other")
        );
    }
}

#[test]
fn ioc_028_a_domain_is_that_one_alone() {
    let wanted = |names: &[&str], mail: &str| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Domains::new(&names).has(mail)
    };
    assert!(wanted(&["org2.example"], "ann@ORG2.example"));
    assert!(!wanted(&["org2.example"], "ann@sub.org2.example"));
    assert!(!wanted(&["org2.example"], "ann@xorg2.example"));
    for below in [".org2.example", "*.Org2.example"] {
        assert!(wanted(&[below], "ann@sub.org2.example"));
        assert!(!wanted(&[below], "ann@org2.example"));
        assert!(!wanted(&[below], "ann@xorg2.example"));
    }
    for all in [&["*"][..], &[], &["org2.example", "*"]] {
        assert!(wanted(all, "ann@elsewhere.example"));
    }
}

#[test]
fn every_fault_is_named_at_once() {
    let text = BRANCH
        .replace("name = \"ORG1\"", "name = \"ORG 1\"")
        .replace("key-file = \"org1.key\"\n", "")
        .replace(
            "[[branch.export]]",
            "trust = 101\ndomains = [\"a b\"]\nattributes = [\"mail\"]\n[[branch.export]]",
        )
        .replace("folder = \"post\"", "");
    let faults = faults(&text);
    let settings: Vec<_> = faults
        .iter()
        .filter_map(|fault| fault.split(": ").next())
        .collect();
    assert_eq!(
        settings,
        [
            "branch.name",
            "branch.key-file",
            "branch.trust",
            "branch.domains",
            "branch.attributes",
            "mail"
        ]
    );
}

#[test]
fn one_file_is_for_one_thing() {
    let text = format!("{HUB}\n[[connection]]\nname = \"HQ\"");
    assert_eq!(
        faults(&text),
        [
            "connection: there is [hub] or [branch]: one file is towards postoffices or between organizations"
        ]
    );
}

#[test]
fn a_local_branch_and_its_hub_know_each_other() {
    let local = HUB.replace(
        "\"dirsync@org1.example\"\nkey-file = \"org1.key\"",
        "\"local\"",
    );
    assert_eq!(
        faults(&local),
        ["hub.branch ORG1: address: local, expected a [branch] with hub = \"local\" in this file"]
    );
    let branch = BRANCH.split_once("[branch]").expect("a branch").1;
    let branch = branch.replace(
        "hub = \"dirsync@hub.example\"\nkey-file = \"org1.key\"",
        "hub = \"local\"",
    );
    let both = format!("{local}\n[directory]\nurl = \"ldap://127.0.0.1\"\n[branch]{branch}");
    assert_eq!(faults(&both), [""; 0]);
    assert_eq!(
        faults(&both.replace("[branch]\nname = \"ORG1\"", "[branch]\nname = \"ORG2\"")),
        ["branch.name: ORG2, and the local branch of the hub is ORG1"]
    );
}

#[test]
fn two_branches_never_have_one_name_or_one_address() {
    let text = format!(
        "{HUB}\n[[hub.branch]]\nname = \"org1\"\naddress = \"DIRSYNC@org1.example\"\nkey-file = \"org1.key\""
    );
    assert_eq!(
        faults(&text),
        [
            "hub.branch org1: name: requestor-twice: there is a branch of that name already",
            "hub.branch org1: address: requestor-twice: branch ORG1 has it"
        ]
    );
}

#[test]
fn a_key_that_can_be_guessed_is_none() {
    let text = HUB.replace("org1.key", "short.key");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("short.key"), "secret\n").expect("a key");
    let error = Config::parse(&text, &folder.path().join("dxa.toml")).expect_err("a short key");
    let error = error.to_string();
    assert!(error.ends_with("hub.branch ORG1: key-file: a key of 6 bytes, expected 16 or more"));
    assert!(!error.contains("secret"));
}

#[test]
fn a_limit_that_holds_no_entry_is_none() {
    let hub = HUB.replace("[[hub.branch]]", "limit = 9000\n[[hub.branch]]");
    let expected = "9000, expected 0 for any, or 16384 bytes and more";
    assert_eq!(faults(&hub), [format!("hub.limit: {expected}")]);
    let branch = BRANCH.replace("[[branch.export]]", "limit = 9000\n[[branch.export]]");
    assert_eq!(faults(&branch), [format!("branch.limit: {expected}")]);
    assert_eq!(faults(&hub.replace("9000", "16384")), [""; 0]);
}

#[test]
fn the_sample_says_what_holds_where_nothing_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/hub.toml");
    let text = fs::read_to_string(path).expect("read");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["org1.key", "secret"] {
        let path = folder.path().join(name);
        fs::write(path, "a key that nobody guesses\n").expect("a key");
    }
    let parse = |text: &str| Config::parse(text, &folder.path().join("dxa.toml"));
    let sample = parse(&text).expect("it can be used as it is");
    // Every setting that is told behind a # is one, and says what holds without it.
    let told = text
        .lines()
        .filter(|line| line.starts_with("# ") && line.contains(" = "));
    let mut count = 0;
    for line in told {
        let said = text.replacen(line, &line[2..], 1);
        let said = match line[2..].split(" = ").next().expect("a name") {
            "copies-keep" => said.replace("# copies = ", "copies = "),
            "smtp-user" => said.replace("# smtp-password-file = ", "smtp-password-file = "),
            "smtp-password-file" => said.replace("# smtp-user = ", "smtp-user = "),
            // Which of the two limits is meant, the first replaced one says.
            _ => said,
        };
        let found = parse(&said).unwrap_or_else(|error| panic!("{line}: {error}"));
        let is_wish = ["copies", "metrics", "smtp-", "store-password"]
            .iter()
            .any(|name| line[2..].starts_with(name));
        if !is_wish {
            assert_eq!(format!("{found:?}"), format!("{sample:?}"), "{line}");
        }
        count += 1;
    }
    assert!(count > 18, "{count}");
}

#[test]
fn copies_do_not_lie_where_messages_do() {
    for folder in [
        "data/mail",
        "data/mail-out/new",
        "data/quarantine",
        "elsewhere/new",
    ] {
        let text = HUB
            .replace("[mail]", "[mail]\nmaildir = \"elsewhere\"")
            .replace(
                "data = \"data\"",
                &format!("data = \"data\"\ncopies = \"{folder}\""),
            );
        let faults = faults(&text);
        assert!(
            faults.len() == 1 && faults[0].starts_with("agent.copies: "),
            "{faults:?}"
        );
    }
}
