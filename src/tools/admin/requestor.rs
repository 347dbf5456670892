//! `config dirsync requestor registration|types|options|import|show`: what the requestor is set to.

use serde_json::{Value, json};

use super::gateway::address_type;
use super::run::{Run, refused};
use super::server::stored_password;
use super::words::{Requestor, RequestorOptions};
use crate::address::{AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::list::ListId;
use crate::messages::Message;
use crate::postoffice::mailbag::{Outbox, check_outgoing};
use crate::postoffice::places::gateway_bit;
use crate::postoffice::{PostofficeError, Role, layout};
use crate::protocol::message::Form;
use crate::protocol::requestor::{Requestor as Numbers, ask_import};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{PayloadWriter, post, request_letter};

pub(super) fn run(run: &mut Run<'_>, word: &Requestor) -> Result<(), ToolError> {
    let mut config = run.state.config.clone();
    match word {
        Requestor::Registration { name, password } => {
            registration(run, &mut config, name, password.as_deref())?;
        }
        Requestor::Types { types } => set_types(run, &mut config, types)?,
        Requestor::Options(args) => options(run, &mut config, args),
        Requestor::Import => return import(run, config),
        Requestor::Show => {
            show(run);
            return Ok(());
        }
        Requestor::Export | Requestor::Touch { .. } => return Ok(()), // see `stream`
    }
    if config == run.state.config {
        run.remark("nothing changes: that is how it is set");
        return Ok(());
    }
    run.count_setting();
    run.commit(|_, _, _, stored| {
        *stored = config;
        Ok(())
    })
}

/// `import`: asks for a full list at once, by a message of its own (Q142841). Without outgoing mail nothing is recorded
/// as asked for (Notice 40, Q124042). The next requests repeat the wish until the list has come, since the message may
/// be lost.
fn import(run: &mut Run<'_>, mut config: ReqConf) -> Result<(), ToolError> {
    check_registered(&config)?;
    if run.po().role()? == Role::Server {
        return Err(ToolError::new(
            ExitCode::NotHere,
            "this postoffice is the dir-sync server: its own lists are the full list",
        ));
    }
    let failed = |error: PostofficeError| {
        let message = Message::new(40, layout::Dir::P1.to_string());
        let text = format!("{message}: {error}");
        ToolError::new(ToolError::from(error).exit, text).with_message(message)
    };
    check_outgoing(run.po().layout()).map_err(failed)?;
    let sending = ask_import(&Numbers::from_config(&config));
    sending.next.put(&mut config);
    config.request_count = config.request_count.wrapping_add(1);
    let server = PostofficeName::from_checked(
        config.server_network.as_bytes(),
        config.server_postoffice.as_bytes(),
    );
    let mut payload = PayloadWriter::new(Form::Internal, run.code_page()).finish()?;
    let now = run.stamp();
    run.count_setting();
    run.say(format!(
        "a full list is asked for: a message for {} waits in P1",
        server.view(run.code_page())
    ));
    run.commit(|po, _, batch, stored| {
        let outbox = Outbox::open(po.layout(), batch, now)?;
        let code_page = po.code_page();
        let letter = request_letter(
            po.name(),
            &server,
            &config,
            &sending.head,
            &mut payload,
            code_page,
        );
        post(po.layout(), &outbox, now, code_page, letter)?;
        *stored = config;
        Ok(())
    })
}

/// Without a server there is nobody to speak to (message 54).
pub(super) fn check_registered(config: &ReqConf) -> Result<(), ToolError> {
    match config.has_server() {
        true => Ok(()),
        false => Err(refused(54, "")),
    }
}

fn registration(
    run: &mut Run<'_>,
    config: &mut ReqConf,
    text: &str,
    password: Option<&str>,
) -> Result<(), ToolError> {
    let name = run.place_name(AddressType::Pcm, text)?;
    let page = run.code_page();
    let own = run.po().name();
    if run.po().role()? == Role::Server && !name.is_same(own, page) {
        return Err(ToolError::new(
            ExitCode::NotHere,
            "a dir-sync server is its own requestor: see config dirsync options server no",
        ));
    }
    let id = ListId::of_place(AddressType::Pcm, &name, own, page);
    if run.state.places.check(&id).is_err() {
        return Err(refused(55, text));
    }
    let before = PostofficeName::from_checked(
        config.server_network.as_bytes(),
        config.server_postoffice.as_bytes(),
    );
    let shown = name.view(page);
    if !before.is_same(&name, page) {
        let unstorable = |error: crate::codec::TextTooLong| ToolError::usage(error.to_string());
        config.server_network = FixedText::new(name.network()).map_err(unstorable)?;
        config.server_postoffice = FixedText::new(name.postoffice()).map_err(unstorable)?;
        // Only stamps of one server are compared with each other.
        config.server_stamp = 0;
        run.say(format!("the dir-sync server of this postoffice is {shown}"));
        let numbers = (config.req_sync.0, config.srv_sync.0, config.import_sync.0);
        if numbers != (0, 0, 0) {
            run.remark(format!(
                "the numbers (ReqSync {}, SrvSync {}, ImportSync {}) stay: they fit if the server has only moved; \
                 for another server run listds -r -z, choose the types and export",
                numbers.0, numbers.1, numbers.2
            ));
        }
    }
    if let Some(password) = password {
        let password = stored_password(run, password, text)?;
        if config.password != password {
            config.password = password;
            let what = if password.is_empty() {
                "removed"
            } else {
                "set"
            };
            run.say(format!("password for {shown} {what}"));
        }
    }
    Ok(())
}

fn set_types(run: &mut Run<'_>, config: &mut ReqConf, types: &[String]) -> Result<(), ToolError> {
    let mut word = 0;
    for text in types {
        let kind = address_type(text)?;
        word |= u32::from(gateway_bit(kind).0);
        if kind != AddressType::Pcm && run.state.places.gateway(kind).is_none() {
            run.remark(format!(
                "no gateway of type {} is installed: its entries are left out (message 44)",
                kind.token()
            ));
        }
    }
    if wanted(config.types) == word {
        return Ok(());
    }
    let is_more = word & !wanted(config.types) != 0;
    config.types = word;
    run.say(format!("address types wanted: {}", names(word).join(", ")));
    if is_more && config.srv_sync.0 > 0 {
        run.remark(
            "what the server has sent out before is not sent again: ask for a full list \
             (config dirsync requestor import)",
        );
    }
    Ok(())
}

/// 0 stands for PC Mail alone.
fn wanted(types: u32) -> u32 {
    match types {
        0 => u32::from(gateway_bit(AddressType::Pcm).0),
        types => types,
    }
}

fn names(types: u32) -> Vec<&'static str> {
    let types = wanted(types);
    let families = AddressType::ALL.into_iter().filter(|k| k.family() == *k);
    families
        .filter(|kind| types & u32::from(gateway_bit(*kind).0) != 0)
        .map(AddressType::token)
        .collect()
}

fn options(run: &mut Run<'_>, config: &mut ReqConf, args: &RequestorOptions) {
    let settings = [
        (
            ReqOptions::TEMPLATES_SEND,
            args.templates_send,
            "templates send",
        ),
        (
            ReqOptions::TEMPLATES_RECEIVE,
            args.templates_receive,
            "templates receive",
        ),
        (ReqOptions::CREATE_PO, args.create_po, "create postoffices"),
        (ReqOptions::REBUILD, args.rebuild, "rebuild"),
    ];
    for (option, set, what) in settings {
        let Some(set) = set.filter(|set| config.options.contains(option) != set.is_yes()) else {
            continue;
        };
        config.options = config.options.with(option, set.is_yes());
        run.say(format!(
            "{what}: {}",
            if set.is_yes() { "yes" } else { "no" }
        ));
    }
    if let Some(limit) = args.limit.filter(|limit| *limit != config.limit) {
        config.limit = limit;
        run.say(match limit {
            0 => "limit of a reply: none".to_owned(),
            bytes => format!("limit of a reply: {bytes} bytes"),
        });
    }
}

fn show(run: &mut Run<'_>) {
    let config = run.state.config.clone();
    let page = run.code_page();
    let has = |option| json!(config.options.contains(option));
    let server = match config.has_server() {
        true => {
            let server = [
                config.server_network.as_bytes(),
                config.server_postoffice.as_bytes(),
            ];
            json!(page.decode(&server.join(&b'/')))
        }
        false => Value::Null,
    };
    let rows = [
        ("server", server),
        ("password", json!(!config.password.is_empty())),
        ("types", json!(names(config.types))),
        ("templates_send", has(ReqOptions::TEMPLATES_SEND)),
        ("templates_receive", has(ReqOptions::TEMPLATES_RECEIVE)),
        ("create_po", has(ReqOptions::CREATE_PO)),
        ("rebuild", has(ReqOptions::REBUILD)),
        ("import_requested", has(ReqOptions::IMPORT_REQUESTED)),
        ("limit", json!(config.limit)),
        ("req_sync", json!(config.req_sync.0)),
        ("srv_sync", json!(config.srv_sync.0)),
        ("import_sync", json!(config.import_sync.0)),
    ];
    let rows = rows.map(|(setting, value)| vec![json!(setting), value]);
    run.show(&["setting", "value"], rows.into());
}
