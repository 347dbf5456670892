//! `--from-maildir`: a Maildir that a mail system shares among postoffices, sorted by `DirSync-To`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::item::{Outcome, Row};
use super::pass::{Pass, base_name};
use super::site::Site;
use crate::codec::codepage::CodePage;
use crate::postoffice::mailbag::{self, Delivery, MAX_MAIL_LEN};
use crate::postoffice::transfer_log::transfer_line;
use crate::postoffice::{Dir, PostofficeError, layout, log};
use crate::protocol::delivery::PlaceKey;
use crate::protocol::mail::{Label, Mail, Party, Reader};
use crate::tools::exit::{ExitCode, ToolError};

/// A message in the shared Maildir.
struct Shared {
    path: PathBuf,
    name: String,
    len: u64,
}

/// Sorts the messages; what is for none of the postoffices given stays.
pub(super) fn sort(pass: &mut Pass<'_>, directory: &Path) -> Result<(), ToolError> {
    if !directory.join("new").is_dir() {
        return Err(ToolError::new(
            ExitCode::NotFound,
            format!(
                "--from-maildir: {}: no Maildir, it has no new",
                directory.display()
            ),
        ));
    }
    let mut mails = Vec::new();
    for part in ["new", "cur"] {
        let path = directory.join(part);
        let found = mailbag::list_files(&path)?;
        for skipped in found.skipped {
            pass.record.note(format!(
                "{}/{}: {}",
                path.display(),
                skipped.name,
                skipped.reason
            ));
        }
        for (name, metadata) in found.files {
            let arrived = metadata.modified().map_err(|e| cannot_read(&path, e))?;
            let mail = Shared {
                path: path.join(&name),
                len: metadata.len(),
                name,
            };
            mails.push((arrived, mail));
        }
    }
    mails.sort_by(|(a, x), (b, y)| (a, &x.name).cmp(&(b, &y.name)));
    for (_, mail) in mails {
        pass.interrupted()?;
        let row = sort_one(pass, directory, &mail);
        pass.take(&row)?;
    }
    Ok(())
}

fn cannot_read(path: &Path, source: io::Error) -> ToolError {
    PostofficeError::Read {
        path: path.to_owned(),
        source,
    }
    .into()
}

fn sort_one(pass: &mut Pass<'_>, directory: &Path, mail: &Shared) -> Row {
    let mut row = Row {
        postoffice: directory.display().to_string(),
        file: mail.path.display().to_string(),
        id: None,
        from: String::new(),
        to: String::new(),
        subject: String::new(),
        size: mail.len,
        route: String::new(),
        outcome: Outcome::Waiting,
        reason: String::new(),
        tries: 0,
    };
    match addressee(pass, mail, &mut row) {
        Ok(Some((site, maildir))) => {
            row.route = "given".to_owned();
            let delivered = match pass.options.dry_run {
                true => Ok(()),
                false => deliver(pass, &site, maildir, mail, &row),
            };
            match delivered {
                Ok(()) => row.outcome = Outcome::Delivered,
                Err(error) => row.reason = error.to_string(),
            }
        }
        Ok(None) => row.reason = "it is for none of the postoffices given".to_owned(),
        Err(error) => row.reason = error.to_string(),
    }
    row
}

/// Finds out for whom a message is: by its header, and a report by the message that it is about.
fn addressee(
    pass: &Pass<'_>,
    mail: &Shared,
    row: &mut Row,
) -> Result<Option<(Rc<Site>, Dir)>, ToolError> {
    let open = || fs::File::open(&mail.path).map_err(|e| cannot_read(&mail.path, e));
    let head =
        mailbag::read_head(open()?, Label::MAX_HEAD_LEN).map_err(|e| cannot_read(&mail.path, e))?;
    for site in &pass.sites.given {
        // Each postoffice reads names in its own code page.
        let Ok(label) = Label::parse(&head, site.code_page) else {
            continue;
        };
        let shown = |party: &Option<Party>| {
            let text = party.as_ref().map(|p| p.view(site.code_page));
            text.unwrap_or_default()
                .trim_start_matches("PCM:")
                .to_owned()
        };
        row.id = Some(label.message_id.to_string());
        row.from = shown(&label.from);
        row.to = shown(&label.to);
        row.subject = label.subject;
        if let Some(to) = label.to {
            if PlaceKey::new(&to.place, site.code_page) == site.key {
                // A person's mail takes the way that the postoffice's own mail takes.
                let maildir = if to.is_system() { Dir::System } else { Dir::P1 };
                return Ok(Some((Rc::clone(site), maildir)));
            }
            continue;
        }
        if mail.len <= MAX_MAIL_LEN && is_about(site, &mail.path)? {
            return Ok(Some((Rc::clone(site), Dir::System)));
        }
    }
    Ok(None)
}

/// Tells whether a message without our headers is a report about one that a postoffice had sent.
fn is_about(site: &Site, path: &Path) -> Result<bool, ToolError> {
    let bytes = fs::read(path).map_err(|e| cannot_read(path, e))?;
    let reader = Reader {
        own: &site.name,
        code_page: site.code_page,
    };
    let fault = match Mail::parse(&bytes, &reader) {
        Ok(_) => return Ok(false),
        Err(fault) => fault,
    };
    let sender = fault
        .kind
        .report()
        .and_then(|report| report.sender.as_ref());
    Ok(sender.is_some_and(|sender| key(sender, site.code_page) == site.key))
}

fn key(party: &Party, page: CodePage) -> PlaceKey {
    PlaceKey::new(&party.place, page)
}

/// Delivers a message, then takes it out of the shared Maildir.
fn deliver(
    pass: &mut Pass<'_>,
    site: &Site,
    maildir: Dir,
    mail: &Shared,
    row: &Row,
) -> Result<(), PostofficeError> {
    let cannot_write = |source| PostofficeError::Write {
        path: mail.path.clone(),
        source,
    };
    let input = fs::File::open(&mail.path).map_err(|source| PostofficeError::Read {
        path: mail.path.clone(),
        source,
    })?;
    let mut delivery = Delivery::new(&site.layout, "maildir");
    delivery.add(maildir, &base_name(&mail.name), "", input)?;
    delivery.commit()?;
    if pass.options.received_log && maildir == Dir::System {
        let (now, zone) = (pass.clock.now(), pass.clock.zone());
        let line = transfer_line(now, zone, mail.len, &row.from, &row.to);
        if let Err(error) = log::append_now(&site.layout, &layout::RECV_LOG, line.as_bytes()) {
            pass.record.note(error.to_string());
        }
    }
    fs::remove_file(&mail.path).map_err(cannot_write)?;
    if let Some(parent) = mail.path.parent() {
        let directory = fs::File::open(parent).map_err(cannot_write)?;
        directory.sync_all().map_err(cannot_write)?;
    }
    Ok(())
}
