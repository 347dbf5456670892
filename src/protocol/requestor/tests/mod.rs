use super::*;

mod confirmed;
mod sending;
mod updates;

fn own() -> Requestor {
    Requestor {
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        import_sync: ImportSync(1),
        stamp: Stamp(500),
        sent: ReqSync(22),
        ..Requestor::default()
    }
}

fn reply() -> ReplyHead {
    ReplyHead {
        req_sync: ReqSync(22),
        srv_sync: SrvSync(85),
        was: Some(SrvSync(80)),
        import_sync: ImportSync(1),
        stamp: Stamp(600),
        after: Some(vec![Stamp(500)]),
        ..ReplyHead::default()
    }
}

fn queue(last: u32) -> QueueView {
    QueueView {
        last: ReqSync(last),
        at_confirmed: RecordDigest::UNKNOWN,
    }
}

fn taken(own: &Requestor, last: u32, reply: &ReplyHead) -> Taken {
    match judge(own, queue(last), reply) {
        Verdict::Take(taken) => *taken,
        left => panic!("{left:?}"),
    }
}

fn left(own: &Requestor, reply: &ReplyHead) -> (Requestor, Remark) {
    match judge(own, queue(22), reply) {
        Verdict::Leave { next, remark } => (next, remark),
        taken => panic!("{taken:?}"),
    }
}
