//! Requestors of another make.

use dirsync::codec::sync_number::ReqSync;

use super::{A, B, D, fill_master, foreign, three};
use crate::cycle::site::{Letter, PAGE};

#[test]
fn ds_p049_a_foreign_import_gets_text_of_its_types_without_templates() {
    let site = three();
    foreign(
        &site,
        "import",
        "TASK=IMPORTREQ\nNAME=PCM:NET/B\nTYPES=PCM|CSI|profs\nTEMPLATE=NO\nSRVSEQ=0000000002\n\
         TRANSACTIONS=INATTACHMENT\n",
        "",
    );
    site.t2();
    let reply = site.sent_to(D, B)[0].clone();
    assert_eq!(reply.mail.attachments[0].name, "TMPTRANS.GLB");
    let text = PAGE.decode(&reply.mail.attachments[0].bytes);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "[DIRSYNC-TRANSACTIONS]");
    assert!(
        lines[1..]
            .iter()
            .all(|line| line.as_bytes()[..10].iter().all(u8::is_ascii_digit))
    );
    assert!(!text.contains("- "), "{text}");
    assert!(text.contains("R PCM:NET/A"), "{text}");
}

#[test]
fn ds_p050_a_foreign_export_in_the_body_is_taken() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    site.configure_server(|conf| {
        for record in &mut conf.requestors {
            if record.postoffice.as_bytes() == b"B" {
                record.req_sync = ReqSync(1199);
                record.req_digest = 0;
            }
        }
    });
    foreign(
        &site,
        "export",
        "task=export\nreqname=PCM:net/b\ntransactions=inbody\n",
        "1200 A Martin, Robert                PCM:net/b/rmartin\n",
    );
    site.t2_receive().ends(0);
    assert_eq!(site.registered(B).0, 1200);
    let master = site.queue(D, "MSTTRANS");
    assert_eq!(
        master.last().expect("a record"),
        &(sync + 1, "A Martin, Robert|PCM:net/b/rmartin".to_owned())
    );
    let origin = site.record(B).registration;
    assert!(origin > 0);
    site.t2_transmit().ends(0);
    let reply = site.sent_to(D, B)[0].clone();
    assert!(
        reply.text().contains("[DIRSYNC-TRANSACTIONS]"),
        "it is answered in the body"
    );
    assert!(reply.mail.attachments.is_empty());
}

#[test]
fn ds_p051_ds_p052_ds_p053_extra_line_ends_types_in_any_case_and_short_modifications_are_taken() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    foreign(
        &site,
        "export",
        "task=export\nreqname=pcm:NET/B\ntransactions=inbody\n",
        "0000000100 A Zoe                            pcm:NET/B/zoe\n\r\n\n\
         0000000101 M Zoe                            PCM:NET/B/zoe\n-Phone:/1234\n\n",
    );
    site.t2_receive().ends(0);
    let master = site.queue(D, "MSTTRANS");
    let new: Vec<_> = master
        .iter()
        .filter(|(n, _)| *n > sync)
        .map(|(_, t)| t.as_str())
        .collect();
    assert_eq!(
        new,
        ["A Zoe|PCM:NET/B/zoe", "M Zoe|PCM:NET/B/zoe~- Phone:/1234"]
    );
}

#[test]
fn ds_p054_a_reply_in_the_body_is_streamed() {
    let site = three();
    fill_master(&site, 20_000);
    foreign(
        &site,
        "ask",
        "TASK=UPDATEREQ\nREQNAME=PCM:NET/B\nSRVSEQ=1\nTRANSACTIONS=INBODY\n",
        "",
    );
    site.t1(A);
    site.carry();
    site.t2();
    let reply = site.sent_to(D, B)[0].clone();
    let text = reply.text();
    assert!(text.matches("\r\n").count() > 20_000);
    assert_eq!(site.sent_to(D, A).len(), 1);
}

#[test]
fn ds_p057_the_answer_goes_to_the_mailbox_that_asked() {
    let site = three();
    let text = "DirSync-From: PCM:NET/B/SYSTEM1\nDirSync-To: PCM:NET/D\nSubject: x\nMessage-ID: <s1@x>\n\n\
                [DIRSYNC]\nTASK=UPDATEREQ\nREQNAME=PCM:NET/B\nSRVSEQ=4\n";
    site.put_mail(D, "s1", text);
    site.t2();
    let to: Vec<_> = site.outgoing(D).iter().map(Letter::to).collect();
    assert!(to.contains(&"PCM:NET/B/SYSTEM1".to_owned()), "{to:?}");
}
