//! SRVMAIN -T: an answer for every requestor whose request has come (`spec/protocol.md` 4.3 to 4.5).

use super::notes::{self, Note};
use super::reply::Source;
use super::sending::Sending;
use super::served::Served;
use super::{Run, who};
use crate::codec::srvconf::SrvConf;
use crate::codec::sync_number::ReqSync;
use crate::postoffice::PostofficeError;
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::places::Places;
use crate::protocol::outcome::Line;
use crate::protocol::server::{Registered, Server};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::full_list::master;
use crate::tools::post::{MailLine, ServerNumbers};
use crate::tools::session::Session;

/// Runs SRVMAIN -T.
pub(super) fn run(
    run: &mut Run,
    mut conf: SrvConf,
    interrupt: &Interrupt,
) -> Result<(), ToolError> {
    run.open_master()?;
    let mut server = Server::from_header(&conf.header);
    run.server = Some(ServerNumbers {
        sync_before: server.sync.0,
        sync_after: server.sync.0,
        cycle: server.cycle,
    });
    let code_page = run.code_page();
    let mut due = Vec::new();
    for (index, record) in conf.requestors.iter().enumerate() {
        if !record.state.is_active() {
            continue;
        }
        match Registered::from_record(record).due.reply {
            true => due.push(index),
            false => {
                let name = who(record, code_page);
                run.say_line(Line::status(format!("No Tasks From Requestor: {name}")));
            }
        }
    }
    let mut summary = Vec::new();
    if !due.is_empty() {
        let no_stamp = || ToolError::new(ExitCode::CannotWrite, "SRVCONF.GLB: no STAMP is left");
        server.issue(run.now).ok_or_else(no_stamp)?;
        server.put(&mut conf.header);
        conf.set_requestor_count();
        summary = transmit(run, &mut conf, &mut server, due, interrupt)?;
    }
    end(run, &conf, &server, summary)
}

/// Answers the requestors that are due; returns a line for each, for the administrator.
fn transmit(
    run: &mut Run,
    conf: &mut SrvConf,
    server: &mut Server,
    due: Vec<usize>,
    interrupt: &Interrupt,
) -> Result<Vec<String>, ToolError> {
    let Run {
        session,
        reporter,
        dry_run,
        now,
        ..
    } = run;
    let Session {
        po,
        log,
        clock,
        drive,
        ..
    } = session;
    let po = &*po;
    let master_list = super::master(po)?;
    let places = Places::load(po)?;
    let details = reporter.wants_lines();
    let own = conf
        .requestors
        .iter()
        .find(|record| super::is_own(po, record));
    let taken = own.map_or(ReqSync::ZERO, |record| record.req_sync);
    let mut sending = Sending {
        po,
        clock,
        master: master(po, server, Some(&master_list), taken)?,
        source: Source::new(po, &master_list, server.sync, *now, interrupt, details),
        server,
        places: &places,
        dry_run: *dry_run,
    };
    let mut served = Vec::new();
    let outcome = sending.all(conf, due, log, reporter, *drive, &mut served);
    drop(sending);
    let failed = served.iter().filter(|s: &&Served| s.cannot_write).count();
    let count: usize = served.iter().map(|s| s.count).sum();
    let mut summary = Vec::new();
    for one in served {
        summary.extend(one.summary.iter().cloned());
        run.absorb(one)?;
    }
    if failed > 0 && count == 0 {
        run.exit = run.exit.worst(ExitCode::CannotWrite);
    }
    outcome.map(|()| summary)
}

/// Ends the run: the summary report to the administrator (6.4), and what the log still has.
fn end(
    run: &mut Run,
    conf: &SrvConf,
    server: &Server,
    summary: Vec<String>,
) -> Result<(), ToolError> {
    run.reporter.flush()?;
    if run.dry_run {
        return Ok(());
    }
    let told = std::mem::take(&mut run.told);
    let note = (!summary.is_empty()).then(|| {
        let mut lines = vec![format!(
            "Cycle {}, highest SrvSync {}.",
            server.cycle, server.sync
        )];
        lines.extend(summary);
        lines.extend(told);
        Note {
            subject: format!("Directory server report, cycle {}", server.cycle),
            text: lines.join("\r\n") + "\r\n",
        }
    });
    let before = run.session.log.clone();
    match last_batch(run, conf, note.as_ref()) {
        Ok(line) => line.map_or(Ok(()), |line| run.reporter.mail(&line)),
        Err(_) => {
            // Nobody is told by mail, but the log has to say it.
            run.session.log = before;
            let Session { po, log, .. } = &mut run.session;
            Ok(log.append_now(po.layout())?)
        }
    }
}

fn last_batch(
    run: &mut Run,
    conf: &SrvConf,
    note: Option<&Note>,
) -> Result<Option<MailLine>, PostofficeError> {
    let po = &run.session.po;
    let batch = po.batch()?;
    let mut line = None;
    if let Some(note) = note {
        let outbox = Outbox::open(po.layout(), &batch, run.now)?;
        line = Some(notes::send(po, &outbox, conf, note, run.now)?);
    }
    run.session.log.stage(&batch)?;
    batch.commit()?;
    Ok(line)
}
