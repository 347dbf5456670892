//! `local create|modify|delete|list`: the users of the postoffice.
//!
//! Each change is one transaction worked in by the same decision and the same batch as a line of an import file.

use std::collections::BTreeMap;

use serde_json::json;

use super::password::{fold, given};
use super::run::{Run, refused, wrong};
use super::words::{Local, LocalCreate, LocalModify};
use crate::codec::{Access2Record, AccessFlags};
use crate::importfile::parse_info;
use crate::messages::Message;
use crate::plan::intake::{Filter, Intake, Setting};
use crate::plan::merge::{Rules, Source};
use crate::plan::op::Position;
use crate::plan::outcome::OutcomeSink;
use crate::postoffice::accounts::Accounts;
use crate::postoffice::groups::Groups;
use crate::postoffice::passwords::Passwords;
use crate::postoffice::pol::Pol;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ToolError;
use crate::tools::pass::{Effects, Settings, decide};
use crate::transaction::{Entry, InfoLine, Token, TokenName, Transaction};

pub(super) fn run(run: &mut Run<'_>, word: &Local) -> Result<(), ToolError> {
    match word {
        Local::Create(args) => create(run, args),
        Local::Modify(args) => modify(run, args),
        Local::Delete { mailbox } => delete(run, mailbox),
        Local::List => list(run),
    }
}

fn create(run: &mut Run<'_>, args: &LocalCreate) -> Result<(), ToolError> {
    let entry = own_entry(run, &run.encode(&args.name)?, &args.mailbox)?;
    check_mailbox(run, &args.mailbox)?;
    let mut tokens = Vec::new();
    if args.administrator {
        tokens.push(token(run, TokenName::Access, b"ADMIN")?);
    }
    if args.no_dirsync {
        tokens.push(token(run, TokenName::Dirsync, b"NO")?);
    }
    if args.remote {
        tokens.push(token(run, TokenName::Remote, b"YES")?);
    }
    if let Some(text) = given(&args.new_password)?.filter(|text| !text.is_empty()) {
        let folded = fold(run, &text, &args.mailbox);
        let value = run.encode(&folded)?;
        tokens.push(token(run, TokenName::Password, &value)?);
    }
    let info = info(run, &args.info)?;
    let said = format!("user {} created", shown(run, &entry));
    let transaction = Transaction::Add {
        entry,
        info,
        tokens,
    };
    carry_out(run, transaction, said)
}

fn modify(run: &mut Run<'_>, args: &LocalModify) -> Result<(), ToolError> {
    let account = account(run, &args.mailbox)?;
    let entry = own_entry(run, account.name.as_bytes(), &args.mailbox)?;
    let name = match &args.name {
        Some(name) => run.encode(name)?,
        None => account.name.as_bytes().to_vec(),
    };
    let mailbox = args.new_mailbox.as_ref().unwrap_or(&args.mailbox);
    let new = own_entry(run, &name, mailbox)?;
    if args.new_mailbox.is_some() {
        check_mailbox(run, mailbox)?;
    }
    let mut tokens = Vec::new();
    if let Some(set) = args.administrator {
        let value: &[u8] = if set.is_yes() { b"ADMIN" } else { b"USER" };
        tokens.push(token(run, TokenName::Access, value)?);
    }
    for (name, set) in [
        (TokenName::Dirsync, args.dirsync),
        (TokenName::Remote, args.remote),
    ] {
        if let Some(set) = set {
            tokens.push(token(run, name, set.token())?);
        }
    }
    let info = info(run, &args.info)?;
    let is_moved = args.name.is_some() || args.new_mailbox.is_some();
    if !is_moved && tokens.is_empty() && info.is_empty() {
        return Err(ToolError::usage("what is to change? See --help"));
    }
    let said = match new == entry {
        true => format!("user {} changed", shown(run, &entry)),
        false => format!("user {} is now {}", shown(run, &entry), shown(run, &new)),
    };
    let transaction = Transaction::Modify {
        entry,
        new: Some(new),
        info,
        tokens,
    };
    carry_out(run, transaction, said)
}

fn delete(run: &mut Run<'_>, mailbox: &str) -> Result<(), ToolError> {
    let account = account(run, mailbox)?;
    let entry = own_entry(run, account.name.as_bytes(), mailbox)?;
    let who = shown(run, &entry);
    run.confirm(&format!("{who} goes, with his mail and folders."))?;
    carry_out(
        run,
        Transaction::Delete { entry },
        format!("user {who} deleted"),
    )
}

/// Decides over one transaction as an import would, and does it.
fn carry_out(run: &mut Run<'_>, transaction: Transaction, said: String) -> Result<(), ToolError> {
    let templates = !transaction.info().is_empty() || run.po().local_template()?.is_some();
    let code_page = run.code_page();
    let mut intake = Intake::new(Setting {
        source: Source::Text,
        own: run.po().name().clone(),
        code_page,
        filter: Filter::default(),
        replace: false,
        nodes: BTreeMap::new(),
        keep_decisions: run.report.wants_details(),
    });
    intake.take(Position::default(), transaction);
    let settings = Settings {
        rules: Rules {
            source: Source::Text,
            whole: false,
            drop_marked: false,
            templates,
            keep_info: true,
            code_page,
        },
        pol: false,
        autocreate: false,
    };
    let interrupt = Interrupt::default();
    let (po, state) = (&run.session.po, &run.state);
    let decided = decide(po, state, intake, &settings, &mut run.report, &interrupt)?;
    run.count_pass(&decided);
    let messages: Vec<_> = decided
        .notes
        .iter()
        .map(|note| Message::new(note.message, code_page.decode(&note.argument)))
        .collect();
    if decided.counts.refused > 0 {
        let last = messages.into_iter().next_back();
        return Err(last.map_or_else(
            || super::run::refused_because("refused"),
            |message| refused(message.number, message.argument),
        ));
    }
    messages.into_iter().for_each(|message| run.warn(message));
    if decided.is_empty() {
        return Ok(());
    }
    run.say(said);
    let effects = Effects {
        templates,
        ..Effects::default()
    };
    run.commit_pass(decided, effects)
}

fn list(run: &mut Run<'_>) -> Result<(), ToolError> {
    let code_page = run.code_page();
    let accounts = Accounts::load(run.po())?;
    let passwords = Passwords::load(run.po())?;
    let rows = accounts.iter().map(|(_, record)| {
        let mailbox = code_page.decode(record.mailbox.as_bytes());
        let has = |flag| record.flags.contains(flag);
        vec![
            json!(mailbox),
            json!(code_page.decode(record.name.as_bytes())),
            json!(has(AccessFlags::ADMINISTRATOR)),
            json!(has(AccessFlags::IN_DIRSYNC)),
            json!(has(AccessFlags::REMOTE)),
            json!(passwords.is_set(&mailbox)),
        ]
    });
    let rows = rows.collect();
    let columns = &[
        "mailbox",
        "name",
        "administrator",
        "dirsync",
        "remote",
        "password",
    ];
    run.show(columns, rows);
    Ok(())
}

fn account(run: &Run<'_>, mailbox: &str) -> Result<Access2Record, ToolError> {
    let accounts = Accounts::load(run.po())?;
    match accounts.find(&run.encode(mailbox)?) {
        Some(index) => Ok(*accounts.get(index)),
        None => Err(refused(29, mailbox)),
    }
}

/// A group has an address too; two for one could not both get mail.
fn check_mailbox(run: &Run<'_>, mailbox: &str) -> Result<(), ToolError> {
    let groups = Groups::load(run.po(), &Pol::load(run.po())?)?;
    match groups.find_address(run.po(), &run.encode(mailbox)?) {
        Some(_) => Err(refused(85, format!("{mailbox} is the address of a group"))),
        None => Ok(()),
    }
}

/// Makes an entry of the postoffice itself from a name and a mailbox.
pub(super) fn own_entry(run: &Run<'_>, name: &[u8], mailbox: &str) -> Result<Entry, ToolError> {
    let code_page = run.code_page();
    let address = run
        .po()
        .name()
        .mailbox_address(&run.encode(mailbox)?, code_page)
        .map_err(|error| wrong(mailbox, &error))?;
    Entry::new(name, address, code_page).map_err(|error| wrong(&code_page.decode(name), &error))
}

/// Returns name and address for people.
pub(super) fn shown(run: &Run<'_>, entry: &Entry) -> String {
    let code_page = run.code_page();
    let name = code_page.decode(entry.name());
    format!("{name} ({})", entry.address().view(code_page))
}

fn token(run: &Run<'_>, name: TokenName, value: &[u8]) -> Result<Token, ToolError> {
    Token::new(name, value, run.code_page()).map_err(|error| wrong(name.text(), &error))
}

/// Reads details, and makes sure that the template has them.
fn info(run: &Run<'_>, texts: &[String]) -> Result<Vec<InfoLine>, ToolError> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let own = run.po().name().view(run.code_page());
    let template = run.po().local_template()?.ok_or_else(|| refused(65, own))?;
    let mut lines = Vec::new();
    for text in texts {
        let line = parse_info(&run.encode(text)?).map_err(|error| wrong(text, &error))?;
        lines.push(line);
    }
    let faults = template
        .fill(template.defaults(), &lines, run.code_page())
        .faults;
    match faults.first() {
        Some(fault) => Err(refused(
            fault.message,
            run.code_page().decode(&fault.argument),
        )),
        None => Ok(lines),
    }
}
