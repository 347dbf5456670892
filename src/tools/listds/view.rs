//! What `listds` shows, taken from the configuration files: the screens and `--json` say the same.

use serde::{Serialize, Serializer};

use crate::codec::GatewayWord;
use crate::codec::codepage::CodePage;
use crate::codec::codepage::visible::visible_name;
use crate::codec::reqconf::{ReqConf, ReqOptions};
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConf, SrvConfFinding};
use crate::codec::timestamp::Timestamp;

/// A moment that may not have come yet; JSON has it as in RFC 3339, or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Option<Timestamp>);

impl From<Timestamp> for Moment {
    fn from(stamp: Timestamp) -> Self {
        Self((stamp != Timestamp::ZERO).then_some(stamp))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(stamp) => serializer.collect_str(&stamp.to_jiff()),
            None => serializer.serialize_none(),
        }
    }
}

/// The quick test of Q96060: ReqSync is not above SrvSync.
///
/// It is a hint and no law: it needs one completed T3, and the published LISTDS screen itself has a record
/// with ReqSync 18 and SrvSync 0 (`spec/protocol.md` 2.2, rule 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Health {
    /// ReqSync is not above SrvSync.
    #[serde(rename = "healthy")]
    Healthy,
    /// It is.
    #[serde(rename = "no completed cycle or out of step")]
    OutOfStep,
}

impl Health {
    fn of(req_sync: u32, srv_sync: u32) -> Self {
        if req_sync <= srv_sync {
            Self::Healthy
        } else {
            Self::OutOfStep
        }
    }

    /// Returns the words of DS-P056.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::OutOfStep => "no completed cycle or out of step",
        }
    }
}

/// SRVCONF.GLB.
#[derive(Debug, Serialize)]
pub struct ServerView {
    /// Highest SrvSync ever given.
    pub highest_srv_sync: u32,
    /// Current cycle.
    pub cycle: u32,
    /// Mailbox of the administrator.
    pub administrator: Option<String>,
    /// Days a transaction stays in MSTTRANS.
    pub keep_updates_days: u16,
    /// STAMP of the server.
    pub stamp: u32,
    /// Registration id of the next requestor.
    pub next_registration: u32,
    /// The registered requestors.
    pub requestors: Vec<RequestorView>,
    /// What contradicts itself in the file, other than sync numbers.
    #[serde(skip)]
    pub faults: Vec<String>,
    /// What deserves a word and is no fault.
    #[serde(skip)]
    pub remarks: Vec<String>,
}

/// One requestor record of SRVCONF.GLB.
#[derive(Debug, Serialize)]
pub struct RequestorView {
    /// Number of the record in the file, from 1; deleted records have theirs as well and are not shown.
    pub record: usize,
    /// `PCM:NET/PO`.
    pub name: String,
    /// Last number taken from it.
    pub req_sync: u32,
    /// Last number it reported or was sent.
    pub srv_sync: u32,
    /// Full lists sent to it.
    pub import_sync: u32,
    /// Cycle of its last message.
    pub last_cycle: u32,
    /// When its last message was taken.
    pub last_update: Moment,
    /// The quick test.
    pub health: Health,
    /// Whether it has a password. Without one the record is open: any password is accepted (Q116435).
    pub password_set: bool,
    /// Registration id.
    pub registration: u32,
    /// Address types it asked for.
    pub types: Vec<String>,
    /// Form of the updates it wants.
    pub transactions: String,
    /// Whether it takes template information.
    pub templates: bool,
    /// Most bytes of a reply.
    pub limit: Option<u32>,
    /// What it is to be sent at the next transmission.
    pub due: Vec<&'static str>,
}

impl ServerView {
    /// Takes what is shown; names are read by the code page of the postoffice.
    #[must_use]
    pub fn new(config: &SrvConf, page: CodePage) -> Self {
        let header = &config.header;
        let requestors: Vec<_> = config
            .requestors
            .iter()
            .zip(1..)
            .filter(|(record, _)| record.state.is_active())
            .map(|(record, number)| RequestorView::new(number, record, page))
            .collect();
        // A server that went back is out of step, not damaged (Q96060, problem 9).
        let (ahead, faults): (Vec<_>, Vec<_>) = config
            .verify(page)
            .into_iter()
            .partition(|finding| matches!(finding, SrvConfFinding::Ahead { .. }));
        let mut remarks: Vec<_> = requestors
            .iter()
            .filter_map(RequestorView::remark)
            .collect();
        remarks.extend(ahead.iter().map(|finding| {
            format!("{finding}: the server may have been restored from an older copy")
        }));
        remarks.extend(open_records(&requestors));
        Self {
            highest_srv_sync: header.srv_sync.0,
            cycle: header.cycle,
            administrator: name(header.administrator.as_bytes(), page),
            keep_updates_days: header.keep_updates_days,
            stamp: header.stamp,
            next_registration: header.next_registration,
            requestors,
            faults: faults.iter().map(ToString::to_string).collect(),
            remarks,
        }
    }
}

impl RequestorView {
    fn new(number: usize, record: &RequestorRecord, page: CodePage) -> Self {
        let flags = [
            (RequestorFlags::REPLY_DUE, "reply"),
            (RequestorFlags::IMPORT_DUE, "full list"),
            (RequestorFlags::EXPORT_DUE, "request to export"),
        ];
        let due = flags
            .into_iter()
            .filter(|(flag, _)| record.flags.contains(*flag))
            .map(|(_, what)| what);
        Self {
            record: number,
            name: visible_name(&record.requestor_name(), page),
            req_sync: record.req_sync.0,
            srv_sync: record.srv_sync.0,
            import_sync: record.import_count.0,
            last_cycle: record.last_cycle,
            last_update: record.last_update.into(),
            health: Health::of(record.req_sync.0, record.srv_sync.0),
            password_set: !record.password.is_empty(),
            registration: record.registration,
            types: type_names(record.types),
            transactions: match record.transactions {
                0 => "INTERNAL".into(),
                1 => "INATTACHMENT".into(),
                2 => "INBODY".into(),
                other => format!("unknown ({other})"),
            },
            templates: record.flags.contains(RequestorFlags::TEMPLATES),
            limit: limit(record.limit),
            due: due.collect(),
        }
    }

    fn remark(&self) -> Option<String> {
        let text = out_of_step(self.req_sync, self.srv_sync)?;
        Some(format!("record #{}, {}: {text}", self.record, self.name))
    }
}

/// Names the first few records without a password: at such a door anybody may pass for the requestor.
fn open_records(requestors: &[RequestorView]) -> Option<String> {
    const NAMED: usize = 8;
    let open: Vec<_> = requestors.iter().filter(|r| !r.password_set).collect();
    if open.is_empty() {
        return None;
    }
    let first = open.iter().take(NAMED);
    let mut numbers: Vec<_> = first.map(|r| format!("#{}", r.record)).collect();
    if open.len() > NAMED {
        numbers.push("...".into());
    }
    Some(format!(
        "{} of {} requestor records have no password and accept any: {}",
        open.len(),
        requestors.len(),
        numbers.join(", ")
    ))
}

/// REQCONF.GLB.
#[derive(Debug, Serialize)]
pub struct OwnView {
    /// `NET/PO` of the dirsync server.
    pub server: Option<String>,
    /// Last number that the server confirmed.
    pub req_sync: u32,
    /// Last number received.
    pub srv_sync: u32,
    /// Number of the last full list received.
    pub import_sync: u32,
    /// The quick test.
    pub health: Health,
    /// Whether a password is sent to the server.
    pub password_set: bool,
    /// Address types wanted.
    pub types: Vec<String>,
    /// Sends template information.
    pub templates_send: bool,
    /// Takes template information.
    pub templates_receive: bool,
    /// Makes the records of postoffices it did not know.
    pub create_po: bool,
    /// Rebuilds the global list at T3.
    pub rebuild: bool,
    /// Has asked for a full list and not got it yet.
    pub import_requested: bool,
    /// Most bytes of a reply.
    pub limit: Option<u32>,
    /// When the own list was last exported.
    pub last_export: Moment,
    /// When a full list was last received.
    pub last_import: Moment,
    /// File pointers into SRVTRANS, USRTRANS, GWTRANS and NMETRANS; -1 after a reset.
    pub pointers: [i32; 4],
    /// Last STAMP taken from the server.
    pub server_stamp: u32,
    /// Generation of DIRSYNC.OWN.
    pub own_generation: u32,
    /// Highest TID given.
    pub highest_tid: u32,
    /// Highest mailbag number given.
    pub highest_mailbag: u32,
}

/// The queues of [`OwnView::pointers`], in their order.
pub const POINTER_NAMES: [&str; 4] = ["SRVTRANS", "USRTRANS", "GWTRANS", "NMETRANS"];

impl OwnView {
    /// Takes what is shown; names are read by the code page of the postoffice.
    #[must_use]
    pub fn new(config: &ReqConf, page: CodePage) -> Self {
        let has = |option| config.options.contains(option);
        let server = [
            config.server_network.as_bytes(),
            config.server_postoffice.as_bytes(),
        ]
        .join(&b'/');
        Self {
            server: config.has_server().then(|| visible_name(&server, page)),
            req_sync: config.req_sync.0,
            srv_sync: config.srv_sync.0,
            import_sync: config.import_sync.0,
            health: Health::of(config.req_sync.0, config.srv_sync.0),
            password_set: !config.password.is_empty(),
            types: type_names(config.types),
            templates_send: has(ReqOptions::TEMPLATES_SEND),
            templates_receive: has(ReqOptions::TEMPLATES_RECEIVE),
            create_po: has(ReqOptions::CREATE_PO),
            rebuild: has(ReqOptions::REBUILD),
            import_requested: has(ReqOptions::IMPORT_REQUESTED),
            limit: limit(config.limit),
            last_export: config.last_export.into(),
            last_import: config.last_import.into(),
            pointers: config.pointers.0,
            server_stamp: config.server_stamp,
            own_generation: config.own_generation,
            highest_tid: config.highest_tid,
            highest_mailbag: config.highest_mailbag,
        }
    }

    /// Returns what deserves a word and is no fault.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let text = out_of_step(self.req_sync, self.srv_sync)?;
        Some(format!("requestor: {text}"))
    }
}

fn out_of_step(req_sync: u32, srv_sync: u32) -> Option<String> {
    match Health::of(req_sync, srv_sync) {
        Health::Healthy => None,
        state => Some(format!(
            "ReqSync {req_sync} is above SrvSync {srv_sync}: {}",
            state.as_str()
        )),
    }
}

fn name(bytes: &[u8], page: CodePage) -> Option<String> {
    (!bytes.is_empty()).then(|| visible_name(bytes, page))
}

fn limit(bytes: u32) -> Option<u32> {
    (bytes != 0).then_some(bytes)
}

/// Spells out a word of address types; 0 stands for PCM alone. Bits without a name come last, as a number.
fn type_names(types: u32) -> Vec<String> {
    const NAMES: [(GatewayWord, &str); 10] = [
        (GatewayWord::PCM, "PCM"),
        (GatewayWord::PROFS, "PROFS"),
        (GatewayWord::SNADS, "SNADS"),
        (GatewayWord::MCI, "MCI"),
        (GatewayWord::X400, "X400"),
        (GatewayWord::FAX, "FAX"),
        (GatewayWord::MHS, "MHS"),
        (GatewayWord::SMTP, "SMTP"),
        (GatewayWord::OV, "OV"),
        (GatewayWord::MSMAIL, "MSMAIL"),
    ];
    if types == 0 {
        return vec!["PCM".into()];
    }
    let mut rest = types;
    let mut names = Vec::new();
    for (flag, name) in NAMES {
        let bit = u32::from(flag.0);
        if types & bit != 0 {
            names.push(name.into());
            rest &= !bit;
        }
    }
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::sync_number::{ReqSync, SrvSync};

    #[test]
    fn ds_p056_the_quick_test_remarks_and_never_faults() {
        let own = |req_sync, srv_sync| {
            let config = ReqConf {
                req_sync: ReqSync(req_sync),
                srv_sync: SrvSync(srv_sync),
                ..ReqConf::default()
            };
            OwnView::new(&config, CodePage::default())
        };
        assert_eq!(own(17, 80).health, Health::Healthy);
        assert_eq!(own(17, 80).remark(), None);
        assert_eq!(own(0, 0).health, Health::Healthy);
        assert_eq!(
            own(18, 0).remark().as_deref(),
            Some("requestor: ReqSync 18 is above SrvSync 0: no completed cycle or out of step")
        );
    }

    #[test]
    fn types_are_spelled_out_and_none_is_dropped() {
        assert_eq!(type_names(0), ["PCM"]);
        assert_eq!(type_names(0x0115), ["PCM", "SNADS", "X400", "SMTP"]);
        assert_eq!(type_names(0x8002_0001), ["PCM", "0x80020000"]);
    }

    #[test]
    fn a_moment_that_has_not_come_is_null() {
        let json = |stamp| serde_json::to_string(&Moment::from(Timestamp(stamp))).expect("memory");
        assert_eq!(json(0), "null");
        assert_eq!(json(765_720_832), "\"1994-04-07T12:13:52Z\"");
    }
}
