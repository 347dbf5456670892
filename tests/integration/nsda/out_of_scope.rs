//! What of DISPATCH is no part of `nsda --due`.
//!
//! Polling, sleeping and what runs meanwhile belong to a system's own scheduler: `nsda --due` looks once and ends, and a
//! systemd timer or cron starts it. Drives, modems and the idle process of DISPATCH are out of scope by the design
//! (section 5), and with them its INI file:
//!
//! | case | about | here |
//! |---|---|---|
//! | DS-C024 | global and instance sections of DISPATCH.INI | out of scope; `-dmp`, `--home`, `--instance` are what its keys said, and the session is always logged |
//! | DS-C025 | comments in an INI file | out of scope: there is none |
//! | DS-C026 | break time appended to the idle command | out of scope: no idle process |
//! | DS-C027 | conversion of a break time above 120 minutes | out of scope: no break time |
//! | DS-C028 | separator of a break time | out of scope: no break time |
//! | DS-C029 | a break time in the idle command | refused at the start, as every option of the idle process |

use super::stand_ins::StandIns;
use crate::support::Office;
use dirsync::postoffice::layout;

#[test]
fn ds_c024_what_the_ini_said_of_drives_and_instance_are_options() {
    let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
    let mut command = programs.command("--due -dmm --home m --instance Normal");
    command.env("DIRSYNC_DRIVE_M", office.path());
    let ran = programs.ran(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    let log = office.bytes(&layout::DISPATCH_LOG);
    assert!(log.starts_with(b"Normal     11/21/26 08:30 Checking the process table on NET1\\PO1"));
}

#[test]
fn ds_c026_ds_c027_ds_c028_ds_c029_options_of_the_idle_process_are_refused_at_the_start() {
    let programs = StandIns::new();
    for option in [
        "-iexternal",
        "-br00:01:00",
        "-bt18:00",
        "-bd01/01/96",
        "-tu121",
        "-tl0",
        "-n1800",
        "-f",
    ] {
        let ran = programs.nsda(&format!("--due {option}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{option}");
        let told = format!("unknown option '{option}'");
        assert!(ran.stderr.contains(&told), "{option}: {ran:?}");
    }
    assert!(programs.started().is_empty());
}
