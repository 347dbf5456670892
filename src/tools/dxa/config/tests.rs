use super::*;

const LEAST: &str = r#"
[agent]
address = "NET1/AGENT"
data = "data"

[directory]
url = "ldap://127.0.0.1"
"#;

const HQ: &str = r#"
[[connection]]
name = "HQ"
role = "requestor"
address = "NET1/PO1"
import-container = "ou=HQ,o=Org"
export-containers = ["ou=People,o=Org"]
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/dirsync/dxa.toml"))
}

fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Err(ConfigError::Settings { faults, .. }) => {
            faults.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_left_out_is_what_most_want() {
    let config = parse(&format!("{LEAST}{HQ}")).expect("a configuration");
    assert_eq!(config.agent.data, Path::new("/etc/dirsync/data"));
    let connection = config.connection("hq").expect("found without case");
    assert_eq!(connection.import.owner, "HQ/NET1/PO1");
    assert_eq!(
        connection.export.owned.as_slice(),
        std::slice::from_ref(&config.agent.address)
    );
    assert_eq!(connection.export.types, [crate::address::AddressType::Pcm]);
    assert_eq!(connection.exchange, Direction::Both);
}

#[test]
fn dxc_026_027_an_address_is_there_once_and_the_first_holder_is_named() {
    let twice = HQ.replace("\"HQ\"", "\"BRANCH\"").replace("ou=HQ", "ou=B");
    assert_eq!(
        faults(&format!("{LEAST}{HQ}{twice}")),
        ["connection BRANCH: address: requestor-twice: NET1/PO1 is the address of connection HQ"]
    );
    let own = HQ.replace("NET1/PO1", "net1/agent");
    assert_eq!(
        faults(&format!("{LEAST}{own}")),
        ["connection HQ: address: requestor-twice: that is the address of the agent itself"]
    );
    // A longer name is another one (Q162841).
    let longer = twice.replace("NET1/PO1", "NET1/PO10");
    assert!(parse(&format!("{LEAST}{HQ}{longer}")).is_ok());
}

#[test]
fn dxc_087_an_empty_list_of_export_containers_is_refused() {
    let empty = HQ.replace("\"ou=People,o=Org\"", "");
    let found = faults(&format!("{LEAST}{empty}"));
    assert!(
        found[0].starts_with("connection HQ: export-containers: empty"),
        "{found:?}"
    );
    let receiver = empty.replace("role =", "exchange-options = \"receive\"\nrole =");
    assert!(parse(&format!("{LEAST}{receiver}")).is_ok());
}

#[test]
fn dxc_071_any_attribute_may_be_mapped() {
    let mapped = format!(
        "{LEAST}{HQ}[[connection.mapping]]\nprompt = \"Initials:\"\nattribute = \"initials\"\n"
    );
    let config = parse(&mapped).expect("a configuration");
    assert_eq!(config.connections[0].mappings[0].attribute, "initials");
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let wrong = HQ
        .replace("HQ\"", "H Q\"")
        .replace("NET1/PO1", "NET1")
        .replace("ou=HQ", "HQ")
        .replace("role =", "trust = 101\ntypes = [\"PCM\", \"POST\"]\nrole =");
    let agent = LEAST.replace("ldap://", "http://");
    let found = faults(&format!(
        "resync-connections = [\"LONDON\"]\n{agent}{wrong}"
    ));
    for part in [
        "directory.url",
        "name:",
        "address:",
        "import-container:",
        "trust: 101",
        "types: \"POST\"",
        "\"LONDON\"",
    ] {
        assert!(
            found.iter().any(|fault| fault.contains(part)),
            "{part}: {found:#?}"
        );
    }
}

#[test]
fn a_setting_that_nobody_knows_is_refused_with_its_line() {
    let error = parse(&format!("{LEAST}{HQ}trust-level = 3\n")).expect_err("unknown");
    let text = error.to_string();
    assert!(
        text.contains("line 15") && text.contains("trust-level"),
        "{text}"
    );
}

#[test]
fn a_password_comes_from_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("secret"), "so secret\r\n").expect("a file");
    let bound = LEAST.replace(
        "url",
        "bind-dn = \"cn=agent\"\npassword-file = \"secret\"\nurl",
    );
    let config = Config::parse(&bound, &folder.path().join("dxa.toml")).expect("a configuration");
    assert!(!format!("{config:?}").contains("so secret"));
    let secret = config.directory.password.expect("a password");
    assert_eq!(secret.reveal(), "so secret");
    let missing = bound.replace("\"secret\"", "\"other\"");
    let found = faults(&missing);
    assert!(found[0].contains("other"), "{found:?}");
}

#[test]
fn the_sample_says_what_holds_where_nothing_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/dxa.toml");
    let sample = Config::load(&path).expect("it can be used as it is");
    let least = parse(&format!("{LEAST}{HQ}")).expect("a configuration");
    let connection = |config: &Config| format!("{:?}", config.connections);
    assert_eq!(connection(&sample), connection(&least));
    // Every setting that is told behind a # is one.
    let text = std::fs::read_to_string(&path).expect("read");
    let settings = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains(" = "));
    let told = settings.filter(|line| {
        !line.starts_with("password-")
            && !line.starts_with("bind-dn")
            && !line.starts_with("copies-keep")
            && !line.starts_with("address-map")
            && !line.starts_with("consent-blank")
    });
    for line in told {
        let uncommented = text.replace(&format!("# {line}"), line);
        let mapping = line.starts_with("prompt")
            || line.starts_with("attribute")
            || line.starts_with("value")
            || line.starts_with("direction");
        if !mapping {
            Config::parse(&uncommented, &path).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}
