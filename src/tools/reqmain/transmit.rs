//! T1: the status report, then the request (`spec/protocol.md` 3.2).

use super::queue::Queue;
use super::{Failure, server_of, set_numbers, stage_config};
use crate::address::{AddressType, PostofficeName};
use crate::codec::reqconf::ReqConf;
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{Outcome, Tally};
use crate::postoffice::mailbag::{Outbox, check_outgoing};
use crate::postoffice::places::{Places, types_of};
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::protocol::message::{Form, RequestHead};
use crate::protocol::requestor::{Requestor, send};
use crate::protocol::server::Pace;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::Run;
use crate::tools::post::{
    MailLine, Payload, PayloadWriter, post, request_letter, sent_line, status_letter,
};
use crate::tools::report;

/// Runs T1.
pub(super) fn run(run: &mut Run, interrupt: &Interrupt) -> Result<(), Failure> {
    let config = run.session.po.requestor_config()?;
    let server = server_of(&config)?;
    check_defined(&run.session.po, &server)?;
    let own = Requestor::from_config(&config);
    let queue = load_queue(run, &own)?;
    let sending = send(&own, queue.last());
    let mut payload = payload(run, &queue, interrupt)?;

    let mut next = config.clone();
    sending.next.put(&mut next);
    next.request_count = config.request_count.wrapping_add(1);
    let types: Vec<_> = types_of(config.types)
        .iter()
        .map(|kind| kind.token())
        .collect();
    run.say(Message::new(167, types.join(",")));
    if let Some(remark) = &sending.remark {
        run.worsen(remark.consequence());
        remark
            .lines("")
            .into_iter()
            .for_each(|line| run.say_line(line));
    }
    set_numbers(run, &config, &next);

    let counted = match payload.count() {
        0 => Message::new(171, ""),
        count => Message::new(106, count.to_string()),
    };
    let log = run
        .session
        .po
        .read_optional(&layout::DSSERVER_LOG)?
        .unwrap_or_default();
    if run.dry_run {
        check_outgoing(run.session.po.layout()).map_err(|e| not_sent(run, &server, e))?;
        run.say(counted);
        return Ok(());
    }
    let (log_before, said_before) = (run.session.log.clone(), run.notes.len());
    run.say(counted);
    let sent = commit(
        run,
        &config,
        &next,
        &server,
        &sending.head,
        &log,
        &mut payload,
    );
    match sent {
        Ok(lines) => {
            for line in lines {
                run.reporter.mail(&line)?;
            }
            Ok(())
        }
        Err(error) => {
            // What was said of success is not so.
            run.session.log = log_before;
            run.notes.truncate(said_before);
            Err(not_sent(run, &server, error))
        }
    }
}

/// Message 113, with what stood in the way behind it.
fn not_sent(run: &mut Run, server: &PostofficeName, error: PostofficeError) -> Failure {
    let to = format!("{}/$SYSTEM", server.view(run.code_page()));
    let cause = error.message(run.session.drive);
    let message = Message::new(113, to);
    let mut failed = ToolError::from(error);
    failed.message = format!("{message}: {}", failed.message);
    let failed = failed.with_message(message.clone());
    Failure::new(failed, cause.into_iter().chain([message]).collect())
}

/// The server must be defined here, or its mail goes nowhere (55; Q114246).
fn check_defined(po: &Postoffice, server: &PostofficeName) -> Result<(), ToolError> {
    let code_page = po.code_page();
    if server.is_same(po.name(), code_page) {
        return Ok(());
    }
    let places = Places::load(po)?;
    let id = ListId::postoffice(AddressType::Pcm, server, code_page);
    if places.check(&id).is_ok() {
        return Ok(());
    }
    let message = Message::new(55, server.view(code_page));
    Err(ToolError::new(ExitCode::NotFound, message.to_string()).with_message(message))
}

/// Reads REQTRANS. Missing or damaged it ends the run in the published lines (Q119017).
fn load_queue(run: &mut Run, own: &Requestor) -> Result<Queue, Failure> {
    let file = layout::REQTRANS;
    let stem = file.stem();
    let failed = |mut messages: Vec<Message>, error: ToolError| {
        let corrupt = Message::new(40, stem);
        let error = error.with_message(corrupt.clone());
        messages.push(corrupt);
        messages.push(Message::new(152, ""));
        Failure::new(error, messages)
    };
    match Queue::load(&run.session.po, own.req_sync) {
        Ok(Some(queue)) => Ok(queue),
        Ok(None) => {
            let path = run.session.po.layout().path(&layout::REQTRANS)?;
            let error = ToolError::from(PostofficeError::Missing { path });
            Err(failed(vec![Message::new(2, stem)], error))
        }
        Err(error @ PostofficeError::Queue { .. }) => {
            let text = error.to_string();
            let detail = Message::new(4, format!("{stem}: {text}"));
            Err(failed(vec![detail], error.into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts what waits into the form of the queues.
fn payload(run: &mut Run, queue: &Queue, interrupt: &Interrupt) -> Result<Payload, ToolError> {
    let code_page = run.code_page();
    let mut writer = PayloadWriter::new(Form::Internal, code_page);
    let mut pace = Pace::new(0);
    let mut tally = Tally::new(&mut run.reporter);
    for record in queue.records() {
        interrupt.check()?;
        writer.push(record, &mut pace)?;
        tally.read();
        tally
            .record(Outcome::Added, None, || sent_line(record, code_page))
            .map_err(|e| ToolError::new(ExitCode::CannotWrite, e.to_string()))?;
    }
    run.counts = *tally.counts();
    writer.finish()
}

/// Sends both messages and starts DSSERVER.LOG anew with the lines of this run (Q149271), all in one batch.
fn commit(
    run: &mut Run,
    config: &ReqConf,
    next: &ReqConf,
    server: &PostofficeName,
    head: &RequestHead,
    log: &[u8],
    payload: &mut Payload,
) -> Result<Vec<MailLine>, PostofficeError> {
    let (code_page, own) = (run.code_page(), run.own());
    let letters = [
        status_letter(&own, server, log, next, code_page),
        request_letter(&own, server, next, head, payload, code_page),
    ];
    let po = &run.session.po;
    let batch = po.batch()?;
    let outbox = Outbox::open(po.layout(), &batch, run.now)?;
    let mut lines = Vec::new();
    for letter in letters {
        let mut line = MailLine {
            mail: "sent",
            from: letter.from.view(code_page),
            to: letter.to.view(code_page),
            subject: letter.subject.clone(),
            transactions: letter.payload.as_ref().map(|p| p.count().into()),
            ..MailLine::default()
        };
        let id = post(po.layout(), &outbox, run.now, code_page, letter)?;
        line.id = Some(id.as_str().to_owned());
        lines.push(line);
    }
    if !log.is_empty() {
        batch.truncate(&layout::DSSERVER_LOG)?;
    }
    stage_config(&batch, config, next)?;
    run.session.log.stage(&batch)?;
    run.reporter
        .flush()
        .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
    let committed = batch.commit()?;
    let warnings = committed.warnings.iter();
    run.notes.extend(warnings.map(|warning| report::Note {
        number: None,
        text: warning.to_string(),
    }));
    Ok(lines)
}
