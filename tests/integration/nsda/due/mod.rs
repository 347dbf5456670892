//! `nsda --due`: what is due runs, in time and in order, whatever is wrong with one postoffice or another.

mod faults;
mod times;

use std::path::Path;

use dirsync::codec::ProcessFile;
use dirsync::codec::timestamp::Timestamp;
use dirsync::postoffice::layout;

use super::stand_ins::StandIns;
use crate::scene::Ran;
use crate::support::{Office, run};

pub(super) const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";

/// Saturday noon; the schedules of the tests are made then.
pub(super) const SATURDAY: &str = "1994-02-26T12:00:00Z";

/// Imports a schedule with `dssched`.
pub(super) fn schedule_at(office: &Office, text: &str, zone: &str, now: &str) {
    let file = office.write("schedule.txt", text);
    let args = ["admin", "-ppw", &format!("-i{}", file.display())].map(str::to_owned);
    let ran = run("dssched", args.to_vec(), |command| {
        command
            .env("DIRSYNC_DRIVE_M", office.path())
            .envs([("TZ", zone), ("DIRSYNC_NOW", now)]);
    });
    ran.ends(0);
}

pub(super) fn scheduled(own: &str, text: &str) -> Office {
    let office = Office::new(own);
    schedule_at(&office, text, "UTC", SATURDAY);
    office
}

pub(super) fn table(office: &Office) -> ProcessFile {
    ProcessFile::read_from(&office.bytes(&layout::PROCESS)[..]).expect("whole")
}

/// Changes PROCESS.GLB as another program would.
pub(super) fn change(office: &Office, change: impl FnOnce(&mut ProcessFile)) {
    let mut file = table(office);
    change(&mut file);
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).expect("a vector takes it");
    office.put(&layout::PROCESS, &bytes);
}

pub(super) fn times(office: &Office) -> Vec<String> {
    let records = table(office).records;
    let moment = |at: Timestamp| at.to_jiff().to_string();
    records.into_iter().map(|r| moment(r.current)).collect()
}

pub(super) fn due(programs: &StandIns, offices: &[&Office], more: &str, now: &str) -> Ran {
    let paths: Vec<_> = offices
        .iter()
        .map(|office| format!("-d{}", office.path().display()))
        .collect();
    let line = format!("--due {} {more}", paths.join(" "));
    programs.nsda_at(&line, "UTC", now)
}

pub(super) fn dispatch_log(office: &Office) -> Vec<String> {
    let text = String::from_utf8(office.bytes(&layout::DISPATCH_LOG)).expect("text");
    assert!(text.is_empty() || text.ends_with("\r\n"));
    text.lines().map(str::to_owned).collect()
}

pub(super) fn at(path: &Path) -> String {
    path.display().to_string()
}
