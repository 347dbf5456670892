//! A cycle as people read it.

use std::io::Write;

use super::done::Done;
use super::hub::HubDone;

impl Done {
    /// Shows it to people.
    pub(super) fn show(&self, screen: &mut dyn Write) -> std::io::Result<()> {
        writeln!(screen, "Settings {}", self.settings.hash)?;
        if let Some(hub) = &self.hub {
            show_hub(hub, screen)?;
        }
        for line in &self.branch_shown {
            writeln!(screen, "{line}")?;
        }
        let mail = &self.mail;
        let aside: Vec<_> = mail
            .aside
            .iter()
            .map(|(why, n)| format!("{why} {n}"))
            .collect();
        let aside = match aside.is_empty() {
            true => String::new(),
            false => format!(" (now: {})", aside.join(", ")),
        };
        writeln!(
            screen,
            "Mail: {} in the quarantine{aside}, {} copies removed, {} not whole; sent {}, {} wait",
            mail.quarantine,
            mail.copies,
            mail.incomplete.len(),
            mail.sent.sent,
            mail.sent.queued
        )?;
        if self.dry_run {
            writeln!(screen, "Dry run: nothing was written.")?;
        }
        Ok(())
    }
}

fn show_hub(hub: &HubDone, screen: &mut dyn Write) -> std::io::Result<()> {
    if hub.requests.is_empty() {
        writeln!(screen, "Hub: no request")?;
    }
    for took in &hub.requests {
        let counts = [
            ("added", took.added),
            ("modified", took.modified),
            ("deleted", took.deleted),
            ("swept", took.swept),
            ("unchanged", took.unchanged),
        ];
        let counts = counts.iter().filter(|(_, n)| *n > 0);
        let mut counts: Vec<_> = counts.map(|(what, n)| format!("{what} {n}")).collect();
        let withheld = took.withheld.iter();
        counts.extend(withheld.map(|(reason, n)| format!("{reason} {n}")));
        if counts.is_empty() {
            counts.push("nothing new".to_owned());
        }
        let full = if took.is_full { " full list" } else { "" };
        let answer = &took.answer;
        let answered = if answer.is_full {
            "a full list of "
        } else {
            ""
        };
        write!(
            screen,
            "Hub: {}{full}: {}; answered {answered}{} changes up to {}",
            took.branch,
            counts.join(", "),
            answer.changes,
            answer.upto
        )?;
        if answer.messages != 1 {
            write!(screen, " in {} messages", answer.messages)?;
        }
        if answer.too_long > 0 {
            write!(screen, ", too-long {}", answer.too_long)?;
        }
        if took.wants_all {
            write!(screen, ", asked for everything")?;
        }
        writeln!(screen)?;
    }
    if hub.waiting > 0 {
        writeln!(screen, "Hub: {} entries wait", hub.waiting)?;
    }
    Ok(())
}
