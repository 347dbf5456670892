//! Reading: everything that was asked for, or an error (`spec/exchange.md` LD-11).

use std::ops::ControlFlow;

use ldap3::controls::{Control, PagedResults};
use ldap3::{Ldap, LdapError as ClientError, SearchStream};

use super::code::{Refusal, ResultCode};
use super::connection::Connection;
use super::decode;
use super::error::{Incomplete, LdapError};
use super::gate::{Found, Id};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;

/// RFC 2696.
const PAGED: &str = "1.2.840.113556.1.4.319";

/// Entries that are read at a time, so that the memory needed does not grow with the directory.
const PAGE: u32 = 500;

/// What to read.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where.
    pub base: Dn,
    /// How far down.
    pub scope: Scope,
    /// Which entries.
    pub filter: Filter,
    /// Which attributes; none means all that are not operational.
    pub attributes: Vec<String>,
    /// Entries that are read at a time; without, all at once.
    pub page: Option<u32>,
}

/// How far down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The entry itself.
    Base,
    /// The entries right below.
    OneLevel,
    /// The entry and everything below.
    Subtree,
}

impl Search {
    /// Everything at and below a name.
    #[must_use]
    pub fn new(base: Dn) -> Self {
        Self {
            base,
            scope: Scope::Subtree,
            filter: Filter::any(),
            attributes: Vec::new(),
            page: Some(PAGE),
        }
    }

    /// Only the entries that a filter holds for.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Only these attributes.
    #[must_use]
    pub fn attributes(mut self, attributes: &[&str]) -> Self {
        self.attributes = attributes.iter().map(|&name| name.to_owned()).collect();
        self
    }
}

impl Connection {
    /// Hands every entry found to `on_entry`, which may end the reading, and returns how many there were.
    ///
    /// # Errors
    /// Unless all entries were handed over: [`LdapError::Incomplete`], also where `on_entry` ended the reading, or where a
    /// part of them lies on another server. What is missing then is not known to be absent.
    pub fn search(
        &mut self,
        search: &Search,
        on_entry: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<usize, LdapError> {
        self.check()?;
        let mut ldap = self.ldap.clone();
        let mut reading = Reading {
            search,
            found: self.gate.found().clone(),
            seen: 0,
            on_entry,
        };
        let timeout = self.timeout;
        let read = self.wait(reading.pages(&mut ldap, timeout));
        let cause = match read.unwrap_or_else(|stopped| Err(stopped.into())) {
            Ok(()) => return Ok(reading.seen),
            Err(End::Incomplete(cause)) => cause,
            Err(End::Failed(ClientError::FilterParsing)) => {
                return Err(LdapError::Request(format!(
                    "not a filter: {}",
                    search.filter
                )));
            }
            Err(End::Failed(error)) => Incomplete::Connection(Box::new(self.failed(error))),
        };
        Err(LdapError::Incomplete {
            base: search.base.clone(),
            seen: reading.seen,
            cause,
        })
    }

    /// Hands every entry found to `take` until that fails, and returns how many there were.
    ///
    /// # Errors
    /// The outer error is that of `take`, which ended the reading; the inner one is as with [`search`](Self::search).
    pub fn for_each<E>(
        &mut self,
        search: &Search,
        mut take: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<Result<usize, LdapError>, E> {
        let mut failed = None;
        let read = self.search(search, |entry| match take(entry) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(read),
        }
    }

    /// Returns every entry found. For what is known to be few.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn find(&mut self, search: &Search) -> Result<Vec<Entry>, LdapError> {
        let mut found = Vec::new();
        self.search(search, |entry| {
            found.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}

/// Why a read did not get to its end.
enum End {
    Incomplete(Incomplete),
    Failed(ClientError),
}

impl From<ClientError> for End {
    fn from(error: ClientError) -> Self {
        Self::Failed(error)
    }
}

impl From<LdapError> for End {
    fn from(error: LdapError) -> Self {
        Self::Incomplete(Incomplete::Connection(Box::new(error)))
    }
}

struct Reading<'s, F> {
    search: &'s Search,
    found: Found,
    seen: usize,
    on_entry: F,
}

type Stream<'a> = SearchStream<'a, String, &'a [String]>;

impl<F: FnMut(Entry) -> ControlFlow<()>> Reading<'_, F> {
    async fn pages(&mut self, ldap: &mut Ldap, timeout: std::time::Duration) -> Result<(), End> {
        let base = self.search.base.to_string();
        let filter = self.search.filter.to_string();
        let mut cookie = Vec::new();
        loop {
            if let Some(page) = self.search.page {
                let size = i32::try_from(page).unwrap_or(i32::MAX);
                let cookie = std::mem::take(&mut cookie);
                ldap.with_controls(PagedResults { size, cookie });
            }
            ldap.with_timeout(timeout);
            let scope = match self.search.scope {
                Scope::Base => ldap3::Scope::Base,
                Scope::OneLevel => ldap3::Scope::OneLevel,
                Scope::Subtree => ldap3::Scope::Subtree,
            };
            let attributes = &self.search.attributes[..];
            let mut stream = ldap
                .streaming_search(&base, scope, &filter, attributes)
                .await?;
            if let Err(end) = self.entries(&mut stream).await {
                // The server need not go on for nobody. Whether it hears that changes nothing.
                let id = stream.ldap_handle().last_id();
                drop(stream);
                ldap.with_timeout(timeout);
                let _ = ldap.abandon(id).await;
                return Err(end);
            }
            let result = stream.finish().await;
            if ResultCode(result.rc) != ResultCode::SUCCESS {
                return Err(End::Incomplete(Incomplete::Result(Refusal::from(result))));
            }
            cookie = next_cookie(&result.ctrls)?;
            if cookie.is_empty() {
                return Ok(());
            }
        }
    }

    /// Hands on the entries of a page. They are fetched where they come in; the library has what comes besides.
    async fn entries(&mut self, stream: &mut Stream<'_>) -> Result<(), End> {
        let request = Id::from(stream.ldap_handle().last_id());
        loop {
            let answer = tokio::select! {
                biased;
                () = self.found.wait() => None,
                answer = stream.next() => Some(answer),
            };
            // All that came before the answer are there.
            while let Some(entry) = self.found.next(request) {
                let entry = entry?;
                self.seen += 1;
                if (self.on_entry)(entry).is_break() {
                    return Err(End::Incomplete(Incomplete::Stopped));
                }
            }
            let answer = match answer {
                None => continue,
                Some(answer) => answer?,
            };
            let Some(answer) = answer else {
                return Ok(());
            };
            if answer.is_ref() {
                let places = decode::referral(&answer.0);
                return Err(End::Incomplete(Incomplete::Referral(places)));
            }
        }
    }
}

/// Returns where the next page begins; empty behind the last.
fn next_cookie(controls: &[Control]) -> Result<Vec<u8>, LdapError> {
    let Some(Control(_, control)) = controls.iter().find(|c| c.1.ctype == PAGED) else {
        return Ok(Vec::new());
    };
    let fields = control.val.as_deref().and_then(decode::value);
    let fields = fields.and_then(decode::parts).unwrap_or_default();
    let cookie = fields.into_iter().nth(1).and_then(decode::bytes);
    cookie.ok_or_else(|| LdapError::Answer("the place of the next page".into()))
}
