//! Messages that were refused: kept in `MBG/QUARANT` with the reason in front.

use super::delivery::copy_below;
use super::{Waiting, make};
use crate::postoffice::batch::Batch;
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{Dir, File, Layout, MailPart};

/// Bytes of a reason that are kept.
const MAX_REASON_LEN: usize = 900;

/// Decides that a message goes from its Maildir into the quarantine, with the reason in a `DirSync-Refused:` header above its
/// own ones; below a `From ` line, where it begins with one. Everything else stays byte by byte.
///
/// # Errors
/// It cannot be read; the staging area cannot be written.
pub fn quarantine(
    layout: &Layout,
    batch: &Batch<'_>,
    mail: &Waiting,
    reason: &str,
) -> Result<(), PostofficeError> {
    let Some(mut input) = layout.open_file(&mail.file)? else {
        return Ok(()); // taken away meanwhile
    };
    let path = layout.path(&mail.file)?;
    let kept = unused_name(layout, mail.file.name())?;
    make(batch, Dir::Quarantine);
    let mut staged = batch.replace(&kept)?;
    let header = format!("DirSync-Refused: {}\n", one_line(reason));
    copy_below(header.as_bytes(), &mut input, &mut staged).writing(&path)?;
    staged.finish()?;
    super::take(batch, mail)
}

/// Returns a name that is not there yet: two messages may have come under one.
fn unused_name(layout: &Layout, name: &str) -> Result<File, PostofficeError> {
    let base: String = name.chars().take(File::MAX_NAME_LEN - 8).collect();
    let mut number = 1;
    loop {
        let name = match number {
            1 => base.clone(),
            _ => format!("{base}.{number}"),
        };
        let file = File::named(Dir::QuarantineIn(MailPart::New), &name)?;
        if !layout.exists(&file)? {
            return Ok(file);
        }
        number += 1;
    }
}

/// Keeps a reason from adding a header of its own.
fn one_line(reason: &str) -> String {
    let mut line = String::new();
    for c in reason.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if line.len() + c.len_utf8() > MAX_REASON_LEN {
            break;
        }
        line.push(c);
    }
    line
}
