//! Lines end in CR LF in all that is written, whatever came (`spec/exchange.md` DX-22).

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::codec::queue::QueueRecord;
use dirsync::codec::reqconf::ReqConf;
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;
use dirsync::importfile::Reader;
use dirsync::protocol::mail::{self, Mail};
use dirsync::protocol::message::{Form, RequestHead};
use dirsync::protocol::server::Pace;
use dirsync::tools::post::{PayloadWriter, request_letter, write_mail};
use dirsync::transaction::Transaction;
use proptest::prelude::*;

const PAGE: CodePage = CodePage::Cp850;

/// Ends of lines that a file from elsewhere may have; the last one is none.
const ENDS: [&str; 5] = ["\r\n", "\n", "\r\r\n", "\r\r\r\n\r\r\n", "\r"];

/// Beginnings of lines, and what may stand in them.
const LINES: [&str; 9] = [
    "A Ann Lee\tPCM:NET/PO/ANN",
    "M Ann Lee\tPCM:NET/PO/ANN",
    "  Ann Lee\tPCM:NET/PO/LEE",
    "D Bob\tPCM:NET/PO/BOB",
    "R PCM:NET/PO",
    "- Phone:/123",
    "- Title:/",
    "# a comment",
    "",
];

fn name(text: &str) -> PostofficeName {
    PostofficeName::parse(text.as_bytes(), PAGE).expect("a name")
}

fn has_doubled(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|end| end == b"\r\r\n")
}

/// Writes a request with the transactions, as REQMAIN and the agent do.
fn request(form: Form, transactions: &[Transaction]) -> Vec<u8> {
    let mut writer = PayloadWriter::new(form, PAGE);
    for (transaction, number) in transactions.iter().zip(1..) {
        let text = transaction.encode_queue_text();
        let record = QueueRecord::transaction(Timestamp(1), number, 0, text);
        writer
            .push(&record, &mut Pace::new(0))
            .expect("a transaction");
    }
    let mut payload = writer.finish().expect("memory");
    let head = RequestHead {
        req_sync: ReqSync(transactions.len() as u32),
        srv_sync: SrvSync(1),
        import_sync: Some(ImportSync(1)),
        ..RequestHead::default()
    };
    let (own, server) = (name("NET/PO"), name("NET/DSS"));
    let config = ReqConf::default();
    let letter = request_letter(&own, &server, &config, &head, &mut payload, PAGE);
    let mut bytes = Vec::new();
    write_mail(&mut bytes, Timestamp(1), PAGE, letter).expect("memory");
    bytes
}

proptest! {
    #[test]
    fn dxc_067_no_line_that_is_written_ends_in_two_crs(
        lines in proptest::collection::vec(
            (proptest::sample::select(&LINES[..]), "[ a-z/\r]{0,6}", proptest::sample::select(&ENDS[..])),
            1..12,
        ),
    ) {
        let text: String = lines.into_iter().map(|(line, more, end)| format!("{line}{more}{end}")).collect();
        let blocks = Reader::new(text.as_bytes(), PAGE).map(|block| block.expect("memory"));
        let transactions: Vec<_> = blocks.filter_map(|block| block.transaction).collect();
        for form in Form::ALL {
            let bytes = request(form, &transactions);
            prop_assert!(!has_doubled(&bytes), "{form:?}");
            let own = name("NET/DSS");
            let mail = Mail::parse(&bytes, &mail::Reader { own: &own, code_page: PAGE }).expect("ours");
            prop_assert!(!has_doubled(&mail.body), "{form:?}");
            let attached = mail.attachments.iter().filter(|_| form != Form::Internal);
            for attachment in attached {
                prop_assert!(!has_doubled(&attachment.bytes), "{form:?}");
            }
        }
        for transaction in transactions {
            prop_assert!(!has_doubled(&transaction.encode_queue_text()));
        }
    }
}
