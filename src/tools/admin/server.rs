//! `config dirsync options server yes|no` and `config dirsync server ...`: the dir-sync server.

use serde_json::json;

use super::password::MAX_STORED;
use super::run::{Run, refused, refused_because, stage_master};
use super::words::{Requestors, Server, ServerOptions};
use crate::address::AddressType;
use crate::codec::process::{ProcessFile, ProcessKind};
use crate::codec::srvconf::{RequestorRecord, SrvConf};
use crate::codec::sync_number::SrvSync;
use crate::codec::{FixedText, TextTooLong};
use crate::list::ListId;
use crate::messages::Message;
use crate::plan::outcome::{Action, Outcome};
use crate::postoffice::accounts::Accounts;
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::tools::exit::{ExitCode, ToolError};

/// `options server yes`: makes SRVCONF.GLB and an empty MSTTRANS.GLB; the server is its own requestor.
pub(super) fn enable(run: &mut Run<'_>) -> Result<(), ToolError> {
    if run.po().server_config()?.is_some() {
        run.remark("nothing changes: this postoffice is the dir-sync server");
        return Ok(());
    }
    // A server that starts again counts from 1; what it sends itself would be old (3.2, Q103421 bug 2082).
    let held = run.state.config.srv_sync;
    if held != SrvSync::ZERO {
        return Err(ToolError::new(
            ExitCode::OutOfStep,
            format!(
                "this postoffice has taken updates up to SrvSync {held} from its server and would ignore those of a \
                 new one: run listds -r -z first"
            ),
        ));
    }
    // They would come into the lists in the middle of what the new server sends.
    if run.po().layout().len(&layout::SRVTRANS)?.unwrap_or(0) > 0 {
        return Err(ToolError::new(
            ExitCode::OutOfStep,
            "updates of an earlier server wait in SRVTRANS.GLB: bring them into the lists first (import -q)",
        ));
    }
    if run.po().layout().len(&layout::MSTTRANS)?.unwrap_or(0) > 0 {
        run.confirm("MSTTRANS.GLB of an earlier server is here; the new one begins empty.")?;
    }
    let (network, postoffice) = own_name(run.po()).map_err(unstorable)?;
    let stamp = run.stamp();
    let mut conf = SrvConf::default();
    conf.header.administrator = administrator(run);
    // Requestors compare stamps with those of the server before this one: the clock goes on where that stood.
    conf.header.stamp = stamp.0;
    register(&mut conf, network, postoffice);
    let mut master = run.po().master().clone();
    master.is_server = true;
    run.count_setting();
    run.say("this postoffice is the dir-sync server now, and registered with itself");
    run.remark("register the other postoffices: config dirsync server requestors create NET/PO");
    run.commit(|_, _, batch, config| {
        stage_config(batch, &mut conf)?;
        batch.truncate(&layout::MSTTRANS)?;
        stage_master(batch, &master)?;
        let is_same = config.server_network == network && config.server_postoffice == postoffice;
        if !is_same {
            config.server_stamp = 0;
            config.password = FixedText::default();
        }
        config.server_network = network;
        config.server_postoffice = postoffice;
        Ok(())
    })
}

/// `options server no`: removes what only a server has (Q136487).
pub(super) fn disable(run: &mut Run<'_>) -> Result<(), ToolError> {
    let Some(conf) = run.po().server_config()? else {
        run.remark("nothing changes: this postoffice is no dir-sync server");
        return Ok(());
    };
    let count = conf
        .requestors
        .iter()
        .filter(|r| r.state.is_active())
        .count();
    run.confirm(&format!(
        "SRVCONF.GLB and MSTTRANS.GLB go, with {count} requestors; they cannot be had back."
    ))?;
    let bytes = run.po().read_optional(&layout::PROCESS)?;
    let mut schedule = None;
    if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
        let mut file = ProcessFile::read_from(&bytes[..])
            .map_err(|e| run.po().damaged(&layout::PROCESS, e))?;
        let before = file.records.len();
        file.records.retain(|entry| entry.kind != ProcessKind::T2);
        let gone = before - file.records.len();
        schedule = Some(file).filter(|_| gone > 0);
        if gone > 0 {
            run.say(format!("{gone} entries for T2 removed from the schedule"));
        }
    }
    let (network, postoffice) = own_name(run.po()).map_err(unstorable)?;
    let mut master = run.po().master().clone();
    master.is_server = false;
    run.count_setting();
    run.say(format!(
        "this postoffice is no dir-sync server any more; {count} requestors struck off"
    ));
    run.commit(|po, _, batch, config| {
        batch.remove(&layout::SRVCONF)?;
        batch.remove(&layout::MSTTRANS)?;
        if let Some(schedule) = &schedule {
            let mut staged = batch.replace(&layout::PROCESS)?;
            schedule
                .write_to(&mut staged)
                .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
            staged.finish()?;
        }
        let page = po.code_page();
        let same =
            |a: &FixedText<11>, b: &FixedText<11>| page.eq_ignore_case(a.as_bytes(), b.as_bytes());
        if same(&config.server_network, &network) && same(&config.server_postoffice, &postoffice) {
            config.server_network = FixedText::default();
            config.server_postoffice = FixedText::default();
        }
        stage_master(batch, &master)
    })
}

pub(super) fn run(run: &mut Run<'_>, word: &Server) -> Result<(), ToolError> {
    let Some(mut conf) = run.po().server_config()? else {
        return Err(refused(10, "here: this postoffice is no dir-sync server"));
    };
    let changed = match word {
        Server::Options(args) => options(run, &mut conf, args)?,
        Server::Requestors(Requestors::List) => {
            list(run, &conf);
            return Ok(());
        }
        Server::Requestors(Requestors::Create { name, password }) => {
            create(run, &mut conf, name, password.as_deref())?
        }
        Server::Requestors(Requestors::Modify { name, password }) => {
            modify(run, &mut conf, name, password)?
        }
        Server::Requestors(Requestors::Delete { name }) => delete(run, &mut conf, name)?,
    };
    match changed {
        true => run.commit(|_, _, batch, _| stage_config(batch, &mut conf)),
        false => Ok(()),
    }
}

fn create(
    run: &mut Run<'_>,
    conf: &mut SrvConf,
    text: &str,
    password: Option<&str>,
) -> Result<bool, ToolError> {
    let name = run.place_name(AddressType::Pcm, text)?;
    let id = ListId::of_place(AddressType::Pcm, &name, run.po().name(), run.code_page());
    // Its replies are mail, which has to find it.
    if let Err(missing) = run.state.places.check(&id) {
        return Err(refused(missing.message(), text));
    }
    if conf
        .find(name.network(), name.postoffice(), run.code_page())
        .is_some()
    {
        return Err(refused_because(format!("{text} is registered already")));
    }
    let password = match password {
        Some(password) => stored_password(run, password, text)?,
        None => FixedText::default(),
    };
    let (network, postoffice) = (field(name.network())?, field(name.postoffice())?);
    let record = register(conf, network, postoffice);
    record.password = password;
    let number = record.registration;
    let shown = name.view(run.code_page());
    run.say(format!("requestor PCM:{shown} registered, number {number}"));
    if password.is_empty() {
        run.remark("without a password anybody can speak for it");
    }
    run.count(
        Action::Add,
        Outcome::Added,
        "SRVCONF",
        &shown,
        &format!("PCM:{shown}"),
    )?;
    Ok(true)
}

fn modify(
    run: &mut Run<'_>,
    conf: &mut SrvConf,
    text: &str,
    password: &str,
) -> Result<bool, ToolError> {
    let index = find(run, conf, text)?;
    let password = stored_password(run, password, text)?;
    if conf.requestors[index].password == password {
        run.remark("nothing changes: that is its password");
        return Ok(false);
    }
    conf.requestors[index].password = password;
    let what = if password.is_empty() {
        "removed"
    } else {
        "set"
    };
    run.say(format!("password of requestor PCM:{text} {what}"));
    run.count(
        Action::Modify,
        Outcome::Modified,
        "SRVCONF",
        text,
        &format!("PCM:{text}"),
    )?;
    Ok(true)
}

fn delete(run: &mut Run<'_>, conf: &mut SrvConf, text: &str) -> Result<bool, ToolError> {
    let index = find(run, conf, text)?;
    let name = run.place_name(AddressType::Pcm, text)?;
    if name.is_same(run.po().name(), run.code_page()) {
        return Err(refused_because(
            "the server is its own requestor: see config dirsync options server no",
        ));
    }
    run.confirm(&format!("{text} is struck off, its numbers are forgotten."))?;
    // The size counts those who are registered (Q77926), and the number is not given again.
    conf.requestors.remove(index);
    run.say(format!("requestor PCM:{text} deleted"));
    run.count(
        Action::Delete,
        Outcome::Deleted,
        "SRVCONF",
        text,
        &format!("PCM:{text}"),
    )?;
    Ok(true)
}

fn list(run: &mut Run<'_>, conf: &SrvConf) {
    let page = run.code_page();
    let rows = conf.requestors.iter().filter(|r| r.state.is_active());
    let rows = rows.map(|requestor| {
        vec![
            json!(page.decode(&requestor.requestor_name())),
            json!(requestor.registration),
            json!(!requestor.password.is_empty()),
            json!(requestor.req_sync.0),
            json!(requestor.srv_sync.0),
            json!(requestor.import_count.0),
        ]
    });
    let rows = rows.collect();
    let columns = &[
        "name", "number", "password", "req_sync", "srv_sync", "imports",
    ];
    run.show(columns, rows);
}

/// Two settings that know nothing of each other (Q111703).
fn options(run: &mut Run<'_>, conf: &mut SrvConf, args: &ServerOptions) -> Result<bool, ToolError> {
    let before = conf.header.clone();
    if let Some(days) = args.keep_updates {
        conf.header.keep_updates_days = days;
    }
    if let Some(mailbox) = &args.administrator {
        let accounts = Accounts::load(run.po())?;
        let found = accounts.find(&run.encode(mailbox)?);
        let index = found.ok_or_else(|| refused(29, &**mailbox))?;
        conf.header.administrator = accounts.get(index).mailbox;
    }
    if conf.header == before {
        run.remark("nothing changes: that is how it is set");
        return Ok(false);
    }
    let who = run.code_page().decode(conf.header.administrator.as_bytes());
    run.count_setting();
    run.say(format!(
        "updates are kept {} days, notes go to {who}",
        conf.header.keep_updates_days
    ));
    Ok(true)
}

/// Adds a requestor under the next number.
fn register(
    conf: &mut SrvConf,
    network: FixedText<11>,
    postoffice: FixedText<11>,
) -> &mut RequestorRecord {
    let number = conf.header.next_registration.max(1);
    conf.header.next_registration = number.saturating_add(1);
    conf.requestors
        .push(RequestorRecord::new(network, postoffice, number));
    conf.requestors.last_mut().expect("pushed above")
}

fn find(run: &Run<'_>, conf: &SrvConf, text: &str) -> Result<usize, ToolError> {
    let name = run.place_name(AddressType::Pcm, text)?;
    conf.find(name.network(), name.postoffice(), run.code_page())
        .ok_or_else(|| refused(120, text))
}

/// Returns a password as it is stored, cut to what is compared (message 89).
pub(super) fn stored_password(
    run: &mut Run<'_>,
    text: &str,
    whose: &str,
) -> Result<FixedText<9>, ToolError> {
    let bytes = run.encode(text)?;
    if bytes.len() > MAX_STORED {
        run.warn(Message::new(89, whose));
    }
    let cut = run.code_page().cut(&bytes, MAX_STORED);
    FixedText::new(cut).map_err(|e| ToolError::usage(format!("password of {whose}: {e}")))
}

fn stage_config(batch: &Batch<'_>, conf: &mut SrvConf) -> Result<(), PostofficeError> {
    conf.set_requestor_count();
    let mut staged = batch.replace(&layout::SRVCONF)?;
    conf.write_to(&mut staged)
        .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
    staged.finish()
}

fn administrator(run: &Run<'_>) -> FixedText<11> {
    let bytes = run.encode(&run.administrator).ok();
    let accounts = Accounts::load(run.po()).ok();
    let found = bytes.zip(accounts).and_then(|(bytes, accounts)| {
        let index = accounts.find(&bytes)?;
        Some(accounts.get(index).mailbox)
    });
    found.unwrap_or_default()
}

fn own_name(po: &Postoffice) -> Result<(FixedText<11>, FixedText<11>), TextTooLong> {
    let name = po.name();
    Ok((
        FixedText::new(name.network())?,
        FixedText::new(name.postoffice())?,
    ))
}

fn field(text: &[u8]) -> Result<FixedText<11>, ToolError> {
    FixedText::new(text).map_err(unstorable)
}

fn unstorable(error: TextTooLong) -> ToolError {
    ToolError::usage(error.to_string())
}
