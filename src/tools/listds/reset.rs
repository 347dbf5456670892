//! `listds -r -z`: a requestor begins again (`spec/protocol.md` 5.4 and 9.1).

use crate::codec::Record;
use crate::codec::reqconf::{QueuePointers, ReqConf};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::messages::Severity;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Postoffice, PostofficeError, Role, layout};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::session::Session;

/// Why a server is refused; the words of the original are not published.
const REFUSED: &str = "this postoffice is the dir-sync server (GLB/SRVCONF.GLB exists): its own numbers would no longer \
     fit its requestor record, which cannot be undone. For a global reset first switch the server off \
     (admin config dirsync options server no), then run listds -r -z";

/// What the operator still has to do; the reset alone leaves the two sides apart (Q96060, Q119452, Q180297).
pub const STILL_TO_DO: [&str; 5] = [
    "Kept: server name, password, dates of the last export and import, types, options, REQTRANS.GLB.",
    "Still to be done before the next cycle:",
    "- on the server, delete the record of this requestor and create it again;",
    "- here, select the address types and the templates again (admin config dirsync requestor types, options);",
    "- here, export the local list (admin config dirsync requestor export).",
];

/// A configuration before and after.
#[derive(Debug)]
pub struct Reset {
    /// As it was.
    pub before: ReqConf,
    /// As it is now, or would be.
    pub after: ReqConf,
    /// What the batch noticed.
    pub warnings: Vec<String>,
}

/// Returns the configuration with the three numbers 0 and the four pointers -1.
///
/// The original forgot the pointers in 3.5 (Q140462, Q112301). Name of the server (older versions cleared it,
/// Q96060) and dates of the last export and import (Q131681) stay, and so does everything else.
#[must_use]
pub fn reset(config: &ReqConf) -> ReqConf {
    ReqConf {
        req_sync: ReqSync::ZERO,
        srv_sync: SrvSync::ZERO,
        import_sync: ImportSync::ZERO,
        pointers: QueuePointers::RESET,
        ..config.clone()
    }
}

/// Reads the configuration and decides; nothing is written.
///
/// # Errors
/// The postoffice is the server ([`ExitCode::NotHere`]); REQCONF.GLB is missing or damaged.
pub fn decide(po: &Postoffice) -> Result<Reset, ToolError> {
    if po.role()? == Role::Server {
        return Err(ToolError::new(ExitCode::NotHere, REFUSED));
    }
    let before = po.requestor_config()?;
    let after = reset(&before);
    Ok(Reset {
        before,
        after,
        warnings: Vec::new(),
    })
}

/// Decides and writes, with a line in the logs; the logs also get the reason of a failure.
///
/// # Errors
/// As [`decide`]; or it could not be written, and nothing was changed.
pub fn carry_out(session: &mut Session) -> Result<Reset, ToolError> {
    let result = decide(&session.po).and_then(|mut reset| {
        if reset.before != reset.after {
            reset.warnings = write(session, &reset).map_err(|error| {
                let message = error.message(session.drive);
                let mut failed = ToolError::from(error);
                failed.logged = message;
                failed
            })?;
        }
        Ok(reset)
    });
    result.map_err(|error| {
        match &error.logged {
            Some(message) => session.log_message(message.clone()),
            None => session.log(&LogLine::text(Severity::Fatal, error.to_string())),
        }
        session.fail(error)
    })
}

fn write(session: &mut Session, reset: &Reset) -> Result<Vec<String>, PostofficeError> {
    let without_success = session.log.clone();
    let ReqConf {
        req_sync,
        srv_sync,
        import_sync,
        ..
    } = &reset.before;
    session.log(&LogLine::status(format!(
        "Requestor numbers set to zero: ReqSync was {req_sync}, SrvSync {srv_sync}, ImportSync {import_sync}"
    )));
    let written = commit(session, &reset.after);
    if written.is_err() {
        session.log = without_success;
    }
    written
}

fn commit(session: &mut Session, config: &ReqConf) -> Result<Vec<String>, PostofficeError> {
    let mut bytes = [0; ReqConf::LEN];
    config.encode(&mut bytes);
    let Session {
        po,
        log,
        clock,
        program,
        ..
    } = session;
    let batch = po.batch()?;
    log.add_warnings(clock.now(), &batch);
    if let Some(farewell) = program.farewell {
        log.add(clock.now(), &LogLine::status(farewell));
    }
    batch.replace_bytes(&layout::REQCONF, &bytes)?;
    log.stage(&batch)?;
    let committed = batch.commit()?;
    Ok(committed.warnings.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::FixedText;
    use crate::codec::timestamp::Timestamp;

    #[test]
    fn a_reset_touches_the_numbers_and_the_pointers_alone() {
        let before = ReqConf {
            server_network: FixedText::new(b"NET").expect("short"),
            server_postoffice: FixedText::new(b"HUB").expect("short"),
            password: FixedText::new(b"SECRET").expect("short"),
            req_sync: ReqSync(17),
            srv_sync: SrvSync(80),
            import_sync: ImportSync(2),
            pointers: QueuePointers([1, 2, 3, 4]),
            last_export: Timestamp(5),
            last_import: Timestamp(6),
            types: 0x0101,
            limit: 7,
            own_generation: 8,
            server_stamp: 9,
            highest_tid: 10,
            highest_mailbag: 11,
            ..ReqConf::default()
        };
        let after = reset(&before);
        assert_eq!(
            (after.req_sync, after.srv_sync, after.import_sync),
            (ReqSync(0), SrvSync(0), ImportSync(0))
        );
        assert_eq!(after.pointers.0, [-1; 4]);
        let numbers_back = ReqConf {
            req_sync: ReqSync(17),
            srv_sync: SrvSync(80),
            import_sync: ImportSync(2),
            pointers: QueuePointers([1, 2, 3, 4]),
            ..after
        };
        assert_eq!(numbers_back, before);
    }
}
