//! Carries out a saved plan exactly as it stands, or says what has moved since it was made.

use std::io::Write;

use super::Request;
use super::effects::{Source, StateMark, effects};
use crate::codec::resync::ResyncHeader;
use crate::list::ListId;
use crate::plan::ListPlan;
use crate::plan::saved::SavedPlan;
use crate::postoffice::Postoffice;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{Decided, Effects, Pass, Report, State};
use crate::tools::session::Session;

/// Applies a saved plan; of the request only its wishes and its framing count.
///
/// # Errors
/// It is for another postoffice, or what it rests on has changed: nothing was changed, and the error names what.
pub fn run_saved(
    mut session: Session,
    saved: SavedPlan,
    request: &Request,
    report: Report,
    interrupt: &Interrupt,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let mut messages = Vec::new();
    let checked = check(&session.po, &saved).and_then(|header| {
        let mut state = State::load(&session.po)?;
        if saved.head.replace {
            state.ownership.start_anew();
        }
        let source = Source {
            header: Some(&header),
            framing: request.framing.as_ref(),
            damaged: &[],
        };
        let effects: Effects = effects(&session, &state, &source, &mut messages)?;
        Ok((state, effects))
    });
    let (state, effects) = match checked {
        Ok(checked) => checked,
        Err(error) => return Err(session.fail(error).into()),
    };
    let decided = Decided {
        plan: saved.plan,
        pol: saved.pol,
        counts: saved.head.counts,
        entry_count: saved.head.entry_count,
        ..Decided::default()
    };
    let pass = Pass {
        session,
        state,
        wishes: &request.wishes,
        report,
        interrupt,
        messages,
    };
    pass.conclude(decided, effects, screen)
}

/// Checks everything the plan rests on, and returns the header of its resync file.
fn check(po: &Postoffice, saved: &SavedPlan) -> Result<ResyncHeader, ToolError> {
    let code_page = po.code_page();
    let name = po.name().view(code_page);
    if !name.eq_ignore_ascii_case(&saved.head.postoffice) {
        let reason = format!(
            "list-for-other: the plan is for {}, this is {name}",
            saved.head.postoffice
        );
        return Err(ToolError::new(ExitCode::NotHere, reason));
    }
    let now = StateMark::take(po)?;
    let mut moved = Vec::new();
    for (file, len, crc32) in &saved.head.state {
        let same = now
            .parts
            .iter()
            .any(|(known, f)| known == file && (f.len, f.crc32) == (*len, *crc32));
        if !same {
            moved.push(file.clone());
        }
    }
    let state = State::load(po)?;
    for list in saved.plan.lists.iter().filter(|list| !list.is_empty()) {
        if has_moved(po, &state, list)? {
            moved.push(list.id.display(code_page));
        }
    }
    if !moved.is_empty() {
        let reason = format!(
            "the plan no longer holds, changed since it was made: {}; make it anew with resync plan",
            moved.join(", ")
        );
        return Err(ToolError::new(ExitCode::OutOfStep, reason));
    }
    let text = code_page.encode(&saved.head.header).unwrap_or_default();
    ResyncHeader::decode(&text)
        .map_err(|e| ToolError::new(ExitCode::Damaged, format!("plan: resync header: {e}")))
}

fn has_moved(po: &Postoffice, state: &State, list: &ListPlan) -> Result<bool, ToolError> {
    let is_known = state.places.check(&list.id).is_ok();
    match list.id {
        ListId::Postoffice { .. } | ListId::Gateway(_) if is_known => {
            Ok(po.load_list(&state.places, &list.id)?.fingerprint != list.fingerprint)
        }
        // A list that autocreate will make has nothing that could have moved.
        _ => Ok(false),
    }
}
