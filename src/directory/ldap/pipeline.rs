//! Writing many entries, with several requests on their way at a time.

use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use ldap3::{Ldap, LdapResult};

use super::code::Refusal;
use super::connection::Connection;
use super::error::LdapError;
use super::operation::{Operation, Outcome, send};
use super::order::{Footprint, Outstanding};

impl Connection {
    /// Makes changes, up to `window` of them on their way at a time, and hands each with its outcome to `on_result` in the
    /// order in which they came. `on_result` may end it: no further one is sent then, and those on their way are waited for.
    /// Returns how many were answered.
    ///
    /// The outcome is that of sending one after the other: an operation waits for earlier ones where the order matters.
    ///
    /// # Errors
    /// [`LdapError::Interrupted`]: the connection failed. Those handed over are certain; what became of the others on their way
    /// is not known.
    pub fn pipeline(
        &mut self,
        operations: impl IntoIterator<Item = Operation>,
        window: usize,
        on_result: impl FnMut(Operation, Outcome) -> ControlFlow<()>,
    ) -> Result<usize, LdapError> {
        self.check()?;
        let mut pipeline = Pipeline {
            ldap: self.ldap.clone(),
            timeout: self.timeout,
            window: window.max(1),
            on_result,
            answered: 0,
        };
        match self.runtime.block_on(pipeline.run(operations.into_iter())) {
            Ok(()) => Ok(pipeline.answered),
            Err(Failure { cause, unknown }) => Err(LdapError::Interrupted {
                answered: pipeline.answered,
                unknown,
                cause: Box::new(self.failed(cause)),
            }),
        }
    }
}

struct Pipeline<F> {
    ldap: Ldap,
    timeout: Duration,
    window: usize,
    on_result: F,
    answered: usize,
}

struct Failure {
    cause: ldap3::LdapError,
    unknown: usize,
}

/// An operation that was answered, or never will be.
struct Answered {
    operation: Operation,
    footprint: Footprint,
    result: ldap3::result::Result<LdapResult>,
}

impl<F: FnMut(Operation, Outcome) -> ControlFlow<()>> Pipeline<F> {
    async fn run(&mut self, operations: impl Iterator<Item = Operation>) -> Result<(), Failure> {
        let mut operations = operations.fuse();
        let mut held = None;
        let mut stopped = false;
        let mut outstanding = Outstanding::default();
        let mut sent = FuturesOrdered::new();
        loop {
            while !stopped && sent.len() < self.window {
                let next = held.take().or_else(|| {
                    let operation = operations.next()?;
                    let footprint = Footprint::of(&operation);
                    Some((operation, footprint))
                });
                let Some((operation, footprint)) = next else {
                    break;
                };
                if outstanding.holds_up(&footprint) {
                    held = Some((operation, footprint));
                    break;
                }
                outstanding.insert(&footprint);
                sent.push_back(self.send(operation, footprint));
            }
            let Some(Answered {
                operation,
                footprint,
                result,
            }) = sent.next().await
            else {
                return Ok(());
            };
            outstanding.remove(&footprint);
            let outcome = result.map(Refusal::check).map_err(|cause| Failure {
                cause,
                unknown: sent.len() + 1,
            })?;
            self.answered += 1;
            stopped |= (self.on_result)(operation, outcome).is_break();
        }
    }

    fn send(
        &self,
        operation: Operation,
        footprint: Footprint,
    ) -> impl Future<Output = Answered> + use<F> {
        let mut ldap = self.ldap.clone();
        ldap.with_timeout(self.timeout);
        async move {
            let result = send(&mut ldap, &operation).await;
            Answered {
                operation,
                footprint,
                result,
            }
        }
    }
}
