use super::*;
use crate::protocol::message::{ReplyHead, RequestHead};
use crate::protocol::outcome::Remark;
use crate::protocol::requestor::Requestor;

mod answers;
mod lost_state;
mod requests;

const UNKNOWN: RecordDigest = RecordDigest::UNKNOWN;

fn server() -> Server {
    Server {
        sync: SrvSync(80),
        cycle: 11,
        stamp: Stamp(500),
        issued: Issued::from_newest([500, 400]),
    }
}

fn entry() -> Registered {
    Registered {
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        import_count: ImportSync(1),
        sent: Issued::from_newest([500]),
        ..Registered::default()
    }
}

/// A request of the requestor that `entry` is the record of.
fn request() -> RequestHead {
    RequestHead {
        req_sync: ReqSync(22),
        confirmed: Some(ReqSync(17)),
        srv_sync: SrvSync(80),
        import_sync: Some(ImportSync(1)),
        stamp: Stamp(500),
        ..RequestHead::default()
    }
}

fn digest(text: &str) -> RecordDigest {
    RecordDigest::of(Timestamp(1), text.as_bytes())
}

fn take_all(
    server: &mut Server,
    entry: &mut Registered,
    numbers: impl IntoIterator<Item = u32>,
) -> Vec<Numbered> {
    let take = |n: u32| take(server, entry, ReqSync(n), digest(&n.to_string()), false);
    numbers.into_iter().map(take).collect()
}

fn hear_all(server: &mut Server, entry: &mut Registered, request: &RequestHead) -> Vec<Remark> {
    let sync = server.sync;
    hear(server, entry, request, sync, UNKNOWN)
}

/// Settles an answer that reaches the highest number.
fn settle(server: &mut Server, entry: &mut Registered, answer: &Answer) -> ReplyHead {
    let sync = server.sync;
    answered(server, entry, answer, sync)
}

fn master(low: u32) -> Master {
    Master {
        low: SrvSync(low),
        applied: SrvSync(80),
        own_stamp: Stamp::NONE,
        own_is_ahead: false,
    }
}

fn updates(after: u32) -> Content {
    let after = SrvSync(after);
    Content::Master { after }
}
