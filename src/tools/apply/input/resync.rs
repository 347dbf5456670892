//! A resync file: whether this requestor may take it, and what is in it (`spec/protocol.md` 5.3).

use std::io::BufReader;
use std::path::Path;

use super::Reading;
use crate::address::PostofficeName;
use crate::codec::queue::{Framed, RecordKind};
use crate::codec::resync::{Ending, ResyncError, ResyncHeader, ResyncReader};
use crate::messages::{Message, Severity};
use crate::postoffice::{Postoffice, PostofficeError, Role, layout};
use crate::protocol::resync::{Lower, RequestorState, Verdict, judge};
use crate::tools::apply::FRAMING;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::pass::State;

impl Reading<'_> {
    /// Reads SRVTRANS.GLB where an operator has copied a resync file over it by hand (Q119449).
    pub(super) fn copied_resync(&mut self, state: &State) -> Result<bool, ToolError> {
        let Some(mut queue) = self.open_queue(&layout::SRVTRANS)? else {
            return Ok(false);
        };
        let mut framed = Framed::default();
        let is_resync = self.read.header.is_none()
            && matches!(queue.read(&mut framed), Ok(true))
            && framed.record.kind == RecordKind::ResyncHeader;
        if is_resync {
            let path = self.po.layout().path(&layout::SRVTRANS)?;
            self.resync(&path, state)?;
        }
        Ok(is_resync)
    }

    pub(super) fn resync(&mut self, path: &Path, state: &State) -> Result<(), ToolError> {
        let refuse = |exit, reason: String| refusal(path, exit, &reason);
        let open = framed::open(path, self.framing).map_err(|error| {
            let exit = match error.kind() {
                std::io::ErrorKind::NotFound => ExitCode::NotFound,
                _ => ExitCode::Damaged,
            };
            refuse(exit, error.to_string())
        })?;
        let damaged =
            |error: ResyncError| refuse(ExitCode::Damaged, format!("list-damaged: {error}"));
        let mut reader = ResyncReader::new(BufReader::new(open), &FRAMING).map_err(damaged)?;
        self.judge(path, reader.header(), state)?;
        let mut framed = Framed::default();
        while reader.read(&mut framed).map_err(damaged)? {
            self.record(&framed)?;
        }
        self.read.is_whole &= matches!(reader.ending(), Some(Ending::Whole(_)));
        self.read.header = Some(reader.header().clone());
        Ok(())
    }

    fn judge(
        &mut self,
        path: &Path,
        header: &ResyncHeader,
        state: &State,
    ) -> Result<(), ToolError> {
        let own = requestor_state(self.po, state)?;
        let refuse = |exit, reason: &str| Err(refusal(path, exit, reason));
        match judge(header, &own, self.code_page) {
            Verdict::Take => Ok(()),
            Verdict::TakeOlder(lower) => {
                let argument = format!(
                    "{}; the file is newer than the last answer of the server, which was restored from an older copy: \
                     the numbers go back",
                    list(&lower)
                );
                let message = Message::new(14, argument)
                    .with_severity(Severity::Warning)
                    .with_text("RESYNC.GLB is taken:");
                self.read.messages.push(message.into());
                self.went_back = true;
                Ok(())
            }
            Verdict::Own => refuse(
                ExitCode::NotHere,
                "list-own: this postoffice is the directory server and does not apply its own list; \
                 copy RESYNC.GLB to the requestors and delete it here",
            ),
            Verdict::ForOther {
                found,
                expected,
                role,
            } => {
                let found = self.code_page.decode(&found);
                let expected = expected.view(self.code_page);
                let reason =
                    format!("list-for-other: the file names {role} {found}, this is {expected}");
                refuse(ExitCode::NotHere, &reason)
            }
            Verdict::Stale(lower) => {
                let reason = format!(
                    "sequence-old: {}; have a new one made on the server (import -s)",
                    list(&lower)
                );
                refuse(ExitCode::OutOfStep, &reason)
            }
        }
    }
}

/// Returns what a requestor knows about itself.
fn requestor_state(po: &Postoffice, state: &State) -> Result<RequestorState, PostofficeError> {
    let config = &state.config;
    let server = config.has_server().then(|| {
        PostofficeName::from_checked(
            config.server_network.as_bytes(),
            config.server_postoffice.as_bytes(),
        )
    });
    Ok(RequestorState {
        name: po.name().clone(),
        server,
        is_server: po.role()? == Role::Server,
        req_sync: config.req_sync,
        srv_sync: config.srv_sync,
        import_sync: config.import_sync,
        server_stamp: config.server_stamp,
    })
}

fn refusal(path: &Path, exit: ExitCode, reason: &str) -> ToolError {
    let message = Message::new(14, format!("{}: {reason}", path.display()));
    ToolError::new(exit, message.to_string()).with_message(message)
}

fn list(lower: &[Lower]) -> String {
    lower
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
