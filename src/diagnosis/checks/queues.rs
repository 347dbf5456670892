//! The queues of the requestor, and the full list that waits.

use crate::address::PostofficeName;
use crate::codec::resync::ResyncHeader;
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::diagnosis::survey::queues::{IMPORT_QUEUES, Queue, Resync};
use crate::diagnosis::survey::reader::Seen;
use crate::postoffice::{File, Role, layout};
use crate::protocol::resync::{RequestorState, Verdict, judge};

/// Where the pointers are in REQCONF.GLB.
const POINTERS_BYTE: u64 = 52;

const IMPORT: &str = "-q -y";

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    check_requestor_queue(survey, out);
    let queues = &survey.queues;
    let all = IMPORT_QUEUES.iter().zip(&queues.import);
    let more = [
        (&layout::REQTRANS, &queues.requestor),
        (&layout::MSTTRANS, &queues.master),
    ];
    for (file, queue) in all.chain(more) {
        if let Some(queue) = queue.whole() {
            out.extend(damaged(file, queue));
        }
    }
    check_pointers(survey, out);
    check_waiting(survey, out);
    check_resync(survey, out);
}

fn check_requestor_queue(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(config) = survey.requestor.whole() else {
        return;
    };
    let confirmed = config.req_sync.0;
    let file = &layout::REQTRANS;
    // What was sent and not confirmed yet may have been taken: its numbers are not given again.
    let dummy = Repair::InstallDummy {
        number: confirmed.max(config.sent.0),
    };
    let queue = match &survey.queues.requestor {
        Seen::Absent if super::files::is_lost(survey, file) => {
            let finding = Finding::at(
                &c::REQTRANS_MISSING,
                file,
                "no such file",
                format!("a queue that goes on behind ReqSync {confirmed}"),
            );
            out.push(finding.repair(dummy));
            return;
        }
        Seen::Whole(queue) => queue,
        _ => return,
    };
    if let Some(step) = queue.disorder {
        let finding = Finding::at(
            &c::QUEUE_ORDER,
            file,
            format!("number {} behind {}", step.found, step.previous),
            "numbers that go up by one",
        );
        out.push(finding.place(step.place).remedy(export(
            "export the own list, whose new numbers go on behind the highest; the server takes each number once",
        )));
    }
    // Of a damaged queue the last number is not known.
    if !queue.is_intact() {
        return;
    }
    match queue.last {
        None if confirmed > 0 => {
            let finding = Finding::at(
                &c::REQTRANS_EMPTY,
                file,
                "0 bytes: new transactions would begin with number 1",
                format!("a record with number {confirmed} (ReqSync)"),
            );
            out.push(finding.repair(dummy));
        }
        Some(last) if last < confirmed && queue.disorder.is_none() => {
            let finding = Finding::at(
                &c::REQTRANS_BEHIND,
                file,
                format!("last number {last}"),
                format!("at least ReqSync {confirmed}"),
            );
            let place = Place {
                record: Some(queue.record_count),
                byte: None,
            };
            out.push(finding.place(place).remedy(export(
                "export the own list: its numbers go on behind ReqSync, and what was ignored is sent again",
            )));
        }
        _ => {}
    }
}

fn export(advice: &'static str) -> Remedy {
    Remedy::signed_in(advice, "admin", "config dirsync requestor export")
}

fn damaged(file: &File, queue: &Queue) -> Option<Finding> {
    let damage = queue.damage.as_ref()?;
    let more = match (queue.wrong_checksum_count, queue.is_torn) {
        (0 | 1, false) | (0, true) => String::new(),
        (count, false) => super::and_more(count - 1),
        (count, true) => format!("{}, and a torn end", super::and_more(count - 1)),
    };
    let finding = Finding::at(
        &c::QUEUE_DAMAGED,
        file,
        format!("{}{more}", damage.found),
        damage.expected.clone(),
    );
    let remedy = if *file == layout::REQTRANS {
        export(
            "move it away, run podiag --repair, which installs a dummy record, and export the own list",
        )
    } else if *file == layout::MSTTRANS {
        "restore MSTTRANS.GLB and SRVCONF.GLB together; then have every requestor export and apply a resync".into()
    } else {
        Remedy::signed_in(
            "what can be read is applied by import, which keeps the file; then ask for a full list",
            "import",
            IMPORT,
        )
    };
    Some(finding.place(damage.place).remedy(remedy))
}

fn check_pointers(survey: &Survey, out: &mut Vec<Finding>) {
    let pointers = super::requestor::pointers(survey);
    let queues = IMPORT_QUEUES.iter().zip(&survey.queues.import);
    for ((index, pointer), (file, queue)) in pointers.0.into_iter().enumerate().zip(queues) {
        let (fits, len) = match queue {
            Seen::Whole(queue) => (queue.pointer_fits, queue.len),
            Seen::Absent => (pointer == 0, 0),
            Seen::Unusable => continue,
        };
        if pointer == -1 || fits {
            continue;
        }
        let queue = ["SRVTRANS", "USRTRANS", "GWTRANS", "NMETRANS"][index];
        let finding = Finding::at(
            &c::QUEUE_POINTER,
            &layout::REQCONF,
            format!("pointer {pointer} into {file} of {len} bytes"),
            "-1, or the first byte of a transaction",
        );
        let place = Place::byte(POINTERS_BYTE + 4 * index as u64);
        out.push(
            finding
                .place(place)
                .repair(Repair::ResetPointer { index, queue }),
        );
    }
}

fn check_waiting(survey: &Survey, out: &mut Vec<Finding>) {
    for (index, (file, queue)) in IMPORT_QUEUES.iter().zip(&survey.queues.import).enumerate() {
        let Some(queue) = queue.whole().filter(|queue| queue.len > 0) else {
            continue;
        };
        // Damage is told already, with the same remedy.
        if !queue.is_intact() {
            continue;
        }
        let (check, advice) = match index {
            0 => (
                &c::SRVTRANS_WAITING,
                "apply them; never truncate the queue, for the server does not send them again",
            ),
            _ => (
                &c::IMPORT_QUEUE_LEFT,
                "apply them: import does what is left first",
            ),
        };
        let found = match queue.transaction_count {
            1 => "1 transaction".into(),
            count => format!("{count} transactions"),
        };
        let finding = Finding::at(check, file, found, "0 bytes when nobody is at work");
        out.push(finding.remedy(Remedy::signed_in(advice, "import", IMPORT)));
    }
}

fn check_resync(survey: &Survey, out: &mut Vec<Finding>) {
    let file = &layout::RESYNC;
    if !survey.files.has(file) {
        return;
    }
    if survey.role() == Role::Server {
        let finding = Finding::at(
            &c::RESYNC_ON_SERVER,
            file,
            "a full list",
            "no such file on the server",
        );
        out.push(finding.remedy(Remedy::system(
            "copy it to the requestors it is for, then remove it here: every import on the server fails until then",
            "rm",
            [file],
        )));
        return;
    }
    let remove = |advice: &'static str| Remedy::system(advice, "rm", [file]);
    let finding = match &survey.queues.resync {
        Seen::Absent | Seen::Unusable => return,
        Seen::Whole(Resync::Damaged(error)) => {
            let finding = Finding::at(&c::RESYNC_DAMAGED, file, error, "a whole resync file");
            finding.remedy(remove(
                "remove it and have a new one made on the server (resync create)",
            ))
        }
        Seen::Whole(Resync::List {
            is_whole: false, ..
        }) => {
            let finding = Finding::at(
                &c::RESYNC_DAMAGED,
                file,
                "no end mark: it may be cut",
                "an end mark that agrees",
            );
            finding.remedy(Remedy::signed_in(
                "have a new one made on the server (resync create); if it is of another make and surely whole, apply it with \
                 --whole",
                "import",
                "-q -y --whole",
            ))
        }
        Seen::Whole(Resync::List { header, .. }) => match refusal(survey, header) {
            Some((found, expected)) => {
                let finding = Finding::at(&c::RESYNC_REFUSED, file, found, expected);
                finding.remedy(remove(
                    "remove it and have a new one made for this requestor on the server (resync create)",
                ))
            }
            None => {
                let found = format!(
                    "a list up to SrvSync {} of server {}",
                    header.srv_sync,
                    super::shown(survey, &header.server)
                );
                let finding = Finding::at(
                    &c::RESYNC_WAITING,
                    file,
                    found,
                    "no such file once it is applied",
                );
                finding.remedy(Remedy::signed_in("apply it", "import", IMPORT))
            }
        },
    };
    out.push(finding);
}

/// Tells why a resync file would be refused here: by the judgement that import itself makes.
fn refusal(survey: &Survey, header: &ResyncHeader) -> Option<(String, String)> {
    let (config, name) = (survey.requestor.whole()?, survey.name.as_ref()?);
    let server = config.has_server().then(|| {
        PostofficeName::from_checked(
            config.server_network.as_bytes(),
            config.server_postoffice.as_bytes(),
        )
    });
    let own = RequestorState {
        name: name.clone(),
        server,
        is_server: false,
        req_sync: config.req_sync,
        srv_sync: config.srv_sync,
        import_sync: config.import_sync,
        server_stamp: config.server_stamp,
    };
    match judge(header, &own, survey.code_page) {
        Verdict::Take | Verdict::TakeOlder(_) | Verdict::Own => None,
        Verdict::ForOther {
            found,
            expected,
            role,
        } => Some((
            format!("a list for {role} {}", super::shown(survey, &found)),
            format!("{role} {}", super::shown_name(survey, &expected)),
        )),
        Verdict::Stale(lower) => {
            let lower: Vec<_> = lower.iter().map(ToString::to_string).collect();
            Some((
                lower.join(", "),
                "numbers that are not below the own ones".into(),
            ))
        }
    }
}
