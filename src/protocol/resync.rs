//! Whether a resync file may be applied here, and what the numbers are afterwards
//! (`spec/protocol.md` 5.3 and 5.4, design section 4).

use std::fmt;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::resync::ResyncHeader;
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

/// What a requestor knows about itself when a resync file arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestorState {
    /// Its own name.
    pub name: PostofficeName,
    /// The directory server it is registered with.
    pub server: Option<PostofficeName>,
    /// It is the directory server itself.
    pub is_server: bool,
    /// ReqSync of REQCONF.
    pub req_sync: ReqSync,
    /// SrvSync of REQCONF.
    pub srv_sync: SrvSync,
    /// ImportSync of REQCONF.
    pub import_sync: ImportSync,
    /// STAMP of the last answer or resync taken from the server, in its own clock; 0 = none.
    pub server_stamp: u32,
}

/// The judgement over a resync file; everything but [`Verdict::Take`] and [`Verdict::TakeOlder`] is message 14.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It covers this requestor.
    Take,
    /// Its server numbers are lower than ours, but it was made later than what we took last: the
    /// server was restored from an old copy, and this is the published cure (Q96060, problem 9).
    TakeOlder(Vec<Lower>),
    /// The file was made here: a directory server does not apply its own list (`list-own`).
    Own,
    /// The file is for another requestor, or from another server (`list-for-other`).
    ForOther {
        /// Whom the file names, in its code page.
        found: Box<[u8]>,
        /// Whom it should name.
        expected: PostofficeName,
        /// What the name is: the requestor or the server.
        role: &'static str,
    },
    /// Its numbers lie below ours: a stale file (`sequence-old`).
    Stale(Vec<Lower>),
}

/// One number of a header that lies below the requestor's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lower {
    /// Name of the number in the header.
    pub field: &'static str,
    /// What the header says.
    pub found: u32,
    /// What the requestor has.
    pub own: u32,
}

impl fmt::Display for Lower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {}, this requestor has {}",
            self.field, self.found, self.own
        )
    }
}

/// Judges a header. A header of another framing may lack the stamp (0), the server and the addressee.
#[must_use]
pub fn judge(header: &ResyncHeader, own: &RequestorState, code_page: CodePage) -> Verdict {
    if own.is_server {
        return Verdict::Own;
    }
    let names = [
        (
            "server",
            (!header.server.is_empty()).then_some(&header.server),
            own.server.as_ref(),
        ),
        ("requestor", header.addressee.as_ref(), Some(&own.name)),
    ];
    for (role, found, expected) in names {
        let (Some(found), Some(expected)) = (found, expected) else {
            continue;
        };
        let same = PostofficeName::parse(found, code_page)
            .is_ok_and(|name| name.is_same(expected, code_page));
        if !same {
            let (found, expected) = (found.clone(), expected.clone());
            return Verdict::ForOther {
                found,
                expected,
                role,
            };
        }
    }
    let lower = |field, found, own| (found < own).then_some(Lower { field, found, own });
    let req = lower("REQSEQ", header.req_sync.0, own.req_sync.0);
    let srv = lower("SRVSEQ", header.srv_sync.0, own.srv_sync.0);
    let imp = lower("IMPSEQ", header.import_sync.0, own.import_sync.0);
    let is_newer = header.stamp > own.server_stamp;
    let all: Vec<_> = [req, srv, imp].into_iter().flatten().collect();
    match (all.is_empty(), req) {
        (true, _) => Verdict::Take,
        (false, None) if is_newer => Verdict::TakeOlder(all),
        _ => Verdict::Stale(all),
    }
}

/// The numbers of a directory server that go into the header of a resync file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNumbers {
    /// ReqSync, SrvSync and import number of every requestor record.
    pub requestors: Vec<(ReqSync, SrvSync, ImportSync)>,
    /// SrvSync in the server's own REQCONF: what its lists really hold.
    pub own_srv_sync: SrvSync,
    /// ImportSync in the server's own REQCONF.
    pub own_import_sync: ImportSync,
}

/// Returns ReqSync, SrvSync and ImportSync for a header: the largest ReqSync and import number of all requestors
/// (Q119449, Q215505), and the SrvSync that the server's own lists really hold (Q103421 bug 179, protocol.md 5.3).
///
/// Its own record in SRVCONF does not count: where that was made anew, or a late request has told less, what the lists
/// hold already would come once more behind the file, and some of it would stick.
#[must_use]
pub fn header_numbers(server: &ServerNumbers) -> (ReqSync, SrvSync, ImportSync) {
    let requestors = &server.requestors;
    let req_sync = requestors.iter().map(|r| r.0).max().unwrap_or_default();
    let imports = requestors.iter().map(|r| r.2);
    let import_sync = imports
        .max()
        .unwrap_or_default()
        .max(server.own_import_sync);
    (req_sync, server.own_srv_sync, import_sync)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &[u8]) -> PostofficeName {
        PostofficeName::parse(text, CodePage::default()).expect("NET/PO")
    }

    fn own() -> RequestorState {
        RequestorState {
            name: name(b"NET/REQ"),
            server: Some(name(b"NET/SRV")),
            is_server: false,
            req_sync: ReqSync(12),
            srv_sync: SrvSync(71),
            import_sync: ImportSync(1),
            server_stamp: 500,
        }
    }

    fn header() -> ResyncHeader {
        ResyncHeader {
            req_sync: ReqSync(18),
            srv_sync: SrvSync(80),
            import_sync: ImportSync(1),
            stamp: 600,
            server: b"net/srv"[..].into(),
            addressee: None,
        }
    }

    fn verdict(header: &ResyncHeader, own: &RequestorState) -> Verdict {
        judge(header, own, CodePage::default())
    }

    #[test]
    fn a_file_that_covers_the_requestor_is_taken() {
        assert_eq!(verdict(&header(), &own()), Verdict::Take);
        let named = ResyncHeader {
            addressee: Some(b"NET/req"[..].into()),
            ..header()
        };
        assert_eq!(verdict(&named, &own()), Verdict::Take);
    }

    #[test]
    fn the_server_refuses_its_own_file() {
        assert_eq!(
            verdict(
                &header(),
                &RequestorState {
                    is_server: true,
                    ..own()
                }
            ),
            Verdict::Own
        );
    }

    #[test]
    fn names_are_compared_whole() {
        let other = ResyncHeader {
            addressee: Some(b"NET/REQ1"[..].into()),
            ..header()
        };
        assert!(matches!(
            verdict(&other, &own()),
            Verdict::ForOther {
                role: "requestor",
                ..
            }
        ));
        let other = ResyncHeader {
            server: b"NET/SR"[..].into(),
            ..header()
        };
        assert!(matches!(
            verdict(&other, &own()),
            Verdict::ForOther { role: "server", .. }
        ));
    }

    #[test]
    fn a_lower_reqseq_is_refused_whatever_the_stamp_says() {
        let own = RequestorState {
            req_sync: ReqSync(25),
            ..own()
        };
        let lower = Lower {
            field: "REQSEQ",
            found: 18,
            own: 25,
        };
        assert_eq!(verdict(&header(), &own), Verdict::Stale(vec![lower]));
    }

    #[test]
    fn a_lower_srvseq_is_stale_or_a_restored_server_by_its_stamp() {
        let own = RequestorState {
            srv_sync: SrvSync(700),
            ..own()
        };
        let lower = vec![Lower {
            field: "SRVSEQ",
            found: 80,
            own: 700,
        }];
        assert_eq!(verdict(&header(), &own), Verdict::TakeOlder(lower.clone()));
        let old = ResyncHeader {
            stamp: 500,
            ..header()
        };
        assert_eq!(verdict(&old, &own), Verdict::Stale(lower.clone()));
        let stampless = ResyncHeader {
            stamp: 0,
            ..header()
        };
        assert_eq!(
            verdict(
                &stampless,
                &RequestorState {
                    server_stamp: 0,
                    ..own
                }
            ),
            Verdict::Stale(lower)
        );
    }

    #[test]
    fn header_numbers_are_those_of_q119449() {
        let requestor = |r, s, i| (ReqSync(r), SrvSync(s), ImportSync(i));
        let mut server = ServerNumbers {
            requestors: vec![
                requestor(17, 80, 1),
                requestor(18, 0, 4),
                requestor(12, 71, 2),
            ],
            own_srv_sync: SrvSync(80),
            own_import_sync: ImportSync(1),
        };
        assert_eq!(header_numbers(&server), requestor(18, 80, 4));
        server.own_srv_sync = SrvSync(75);
        assert_eq!(
            header_numbers(&server).1,
            SrvSync(75),
            "its own T3 has not run yet"
        );
    }
}
