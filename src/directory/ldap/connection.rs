//! A connection to a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ldap3::Ldap;
use tokio::runtime::Runtime;

use super::error::LdapError;
use super::gate::{End, Gate};
use super::root::RootDse;

/// How often somebody looks whether the run is to end.
const LOOK: Duration = Duration::from_millis(100);

/// How long an answer is still waited for once it is.
const GRACE: Duration = Duration::from_secs(1);

/// A connection to a server. It ends when it is dropped.
///
/// Once a request had no answer, the connection is of no more use and every further one fails: what the server did, and
/// which answer belongs to what, is not known any more.
pub struct Connection {
    // Before the runtime, so that it is dropped within its life.
    pub(super) ldap: Ldap,
    pub(super) runtime: Runtime,
    pub(super) timeout: Duration,
    pub(super) gate: Gate,
    stop: Option<Arc<AtomicBool>>,
    root: Option<RootDse>,
    is_lost: bool,
}

impl Connection {
    pub(super) fn new(
        runtime: Runtime,
        ldap: Ldap,
        gate: Gate,
        timeout: Duration,
        stop: Option<Arc<AtomicBool>>,
    ) -> Self {
        Self {
            ldap,
            runtime,
            timeout,
            gate,
            stop,
            root: None,
            is_lost: false,
        }
    }

    /// Returns what the server says about itself; it is asked once.
    ///
    /// # Errors
    /// The entry could not be read.
    pub fn root_dse(&mut self) -> Result<&RootDse, LdapError> {
        let root = match self.root.take() {
            Some(root) => root,
            None => RootDse::read(self)?,
        };
        Ok(self.root.insert(root))
    }

    /// Sends a request and waits for the answer.
    pub(super) fn request<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut Ldap) -> ldap3::result::Result<T>,
    ) -> Result<T, LdapError> {
        self.check()?;
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.timeout);
        let answer = self.runtime.block_on(ask(&mut ldap));
        answer.map_err(|error| self.failed(error))
    }

    /// Waits for what changes nothing; not for long once the run is to end. The connection is of no more use then.
    pub(super) fn wait<T>(&mut self, work: impl Future<Output = T>) -> Result<T, LdapError> {
        let stop = self.stop.clone();
        let done = self.runtime.block_on(async {
            tokio::select! {
                biased;
                done = work => Some(done),
                () = stopped(stop) => None,
            }
        });
        self.is_lost |= done.is_none();
        done.ok_or(LdapError::Stopped)
    }

    /// Fails on a connection that is of no more use.
    pub(super) fn check(&self) -> Result<(), LdapError> {
        match self.is_lost {
            true => Err(LdapError::Lost),
            false => Ok(()),
        }
    }

    /// Says what happened to a request, and remembers that the connection is of no more use where that is so.
    pub(super) fn failed(&mut self, error: ldap3::LdapError) -> LdapError {
        let error = LdapError::of_request(error, self.timeout);
        self.is_lost |= matches!(error, LdapError::Lost | LdapError::Timeout(_));
        match (error, self.gate.end()) {
            (LdapError::Lost, Some(End::Nonsense(why))) => LdapError::Answer(why),
            (LdapError::Lost, Some(End::Notice(refusal))) => LdapError::Closed { refusal },
            (error, _) => error,
        }
    }
}

/// Ends some time after the run is to end.
async fn stopped(stop: Option<Arc<AtomicBool>>) {
    let Some(stop) = stop else {
        return std::future::pending().await;
    };
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
    tokio::time::sleep(GRACE).await;
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("is_lost", &self.is_lost)
            .finish_non_exhaustive()
    }
}
