//! Who may sign in and who may read or change what: passwords and modes.

use crate::codec::AccessFlags;
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{Dir, File, layout};

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_password_file(survey, out);
    check_administrators(survey, out);
    check_requestors(survey, out);
    check_logs(survey, out);
}

fn check_password_file(survey: &Survey, out: &mut Vec<Finding>) {
    let file = &layout::DIRSYNC_PWD;
    let Some(entry) = survey
        .files
        .get(file)
        .filter(|entry| entry.mode & 0o077 != 0)
    else {
        return;
    };
    let found = format!("mode {:03o}", entry.mode & 0o777);
    let finding = Finding::at(&c::PASSWORD_FILE_OPEN, file, found, "mode 600");
    out.push(finding.remedy(Remedy::system(
        "shut it, and set new passwords if others were on this machine",
        "chmod 600",
        [file],
    )));
}

/// An account without a line in DIRSYNC.PWD accepts any password.
fn check_administrators(survey: &Survey, out: &mut Vec<Finding>) {
    let passwords = match &survey.passwords {
        Seen::Absent => None,
        Seen::Whole(passwords) => Some(passwords),
        Seen::Unusable => return,
    };
    let open: Vec<_> = survey
        .accounts
        .active()
        .filter(|(_, account)| account.flags.contains(AccessFlags::ADMINISTRATOR))
        .filter(|(_, account)| {
            let mailbox = survey.code_page.decode(account.mailbox.as_bytes());
            passwords.is_none_or(|passwords| !passwords.is_set(&mailbox))
        })
        .map(|(_, account)| super::shown(survey, account.mailbox.as_bytes()))
        .collect();
    if open.is_empty() {
        return;
    }
    let finding = Finding::at(
        &c::ADMINISTRATOR_OPEN,
        &layout::DIRSYNC_PWD,
        super::listed(&open),
        "a password",
    );
    out.push(finding.remedy(Remedy::signed_in("set one", "admin", "passwd")));
}

fn check_requestors(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(config) = super::server::config(survey) else {
        return;
    };
    let open: Vec<_> = config
        .requestors
        .iter()
        .filter(|record| record.state.is_active() && record.password.is_empty())
        .map(|record| super::shown(survey, &record.requestor_name()))
        .collect();
    if open.is_empty() {
        return;
    }
    let finding = Finding::at(
        &c::REQUESTOR_OPEN,
        &layout::SRVCONF,
        super::listed(&open),
        "a password of each, which signs its mail",
    );
    out.push(finding.remedy(
        "set the same one on both sides: admin config dirsync server requestors modify NET/PO --password, and there config \
         dirsync requestor registration --password",
    ));
}

fn check_logs(survey: &Survey, out: &mut Vec<Finding>) {
    let open = survey
        .files
        .entries(Dir::Log)
        .filter(|(name, entry)| entry.is_file && name.ends_with(".LOG") && entry.mode & 0o002 != 0)
        .filter_map(|(name, entry)| Some((File::named(Dir::Log, name).ok()?, entry)));
    for (file, entry) in open {
        let found = format!("mode {:03o}", entry.mode & 0o777);
        let finding = Finding::at(&c::LOG_OPEN, &file, found, "no write bit for others");
        out.push(finding.remedy(Remedy::system("shut it", "chmod o-w", [&file])));
    }
}
