//! The systemd units of `contrib/systemd`: whole, and naming a program and options that there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::postoffice::layout;

use super::stand_ins::StandIns;
use crate::support::Office;

/// Where the units expect the programs.
pub(crate) const INSTALLED: &str = "/usr/local/bin/";

pub(crate) fn unit(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd");
    fs::read_to_string(directory.join(name)).expect(name)
}

/// Reads a unit as `Section.Key` with its value; every line must be a comment, a section or a setting.
pub(crate) fn settings(text: &str) -> BTreeMap<String, String> {
    let mut section = "";
    let mut settings = BTreeMap::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = name;
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
        let known = settings.insert(format!("{section}.{key}"), value.to_owned());
        assert!(!section.is_empty() && known.is_none(), "{line}");
    }
    settings
}

#[test]
fn the_service_runs_a_program_of_ours_with_options_that_it_has() {
    let settings = settings(&unit("dirsync-due@.service"));
    assert_eq!(settings["Service.Type"], "oneshot");
    let line = &settings["Service.ExecStart"];
    let (program, arguments) = line.split_once(' ').expect("arguments");
    assert_eq!(program.strip_prefix(INSTALLED), Some("nsda"));

    // Run as systemd would, the instance being the path of a postoffice.
    let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
    let arguments = arguments.replace("%f", &office.path().display().to_string());
    let ran = programs.nsda(&arguments);
    assert_eq!(ran.code.to_string(), settings["Service.SuccessExitStatus"]);
    assert!(office.exists(&layout::DISPATCH_LOG));
}

#[test]
fn the_timer_starts_the_service_of_its_name_and_systemd_has_nothing_to_remark() {
    let settings = settings(&unit("dirsync-due@.timer"));
    assert_eq!(settings["Timer.OnCalendar"], "*:0/5");
    assert_eq!(settings["Install.WantedBy"], "timers.target");
    assert!(!settings.contains_key("Timer.Unit"));

    let program = env!("CARGO_BIN_EXE_nsda");
    verify(
        program,
        "nsda",
        &["dirsync-due@.service", "dirsync-due@.timer"],
    );
}

/// Where systemd is installed, its own check too.
pub(crate) fn verify(program: &str, installed: &str, names: &[&str]) {
    let Some(analyze) = systemd_analyze() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    for name in names {
        let text = unit(name).replace(&format!("{INSTALLED}{installed}"), program);
        fs::write(directory.path().join(name), text).expect("writable");
    }
    for name in names {
        let verify = Command::new(&analyze)
            .args(["verify", "--man=no", name])
            .current_dir(directory.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&verify.stderr);
        assert!(verify.status.success() && said.is_empty(), "{name}: {said}");
    }
}

fn systemd_analyze() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|directory| directory.join("systemd-analyze"));
    found.into_iter().find(|program| program.is_file())
}
