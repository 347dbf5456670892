//! What is sent on a connection, and what is kept of it, so that the next difference begins there (`spec/exchange.md` DX-12 to
//! DX-14).

use std::collections::{HashMap, HashSet};

use crate::codec::timestamp::Timestamp;
use crate::directory::difference::Sent;
use crate::directory::ledger::{ConnectionId, LedgerError, Queued, Transaction as LedgerChange};
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::state::State;
use crate::tools::dxa::exchange::outcome::Sending;
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::Transaction;

use super::basis::Basis;

/// What is sent, and what is known afterwards.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Exported {
    /// The transactions, in the order in which they must be applied.
    pub(super) transactions: Vec<Transaction>,
    /// What was sent before.
    pub(super) before: Vec<Sent>,
    /// What the other side has with them.
    pub(super) after: Vec<Sent>,
    /// They are a full list.
    pub(super) is_full: bool,
    /// What keeps touched entries here, by key.
    pub(super) why_not: HashMap<String, String>,
    /// What is said of them.
    pub(in crate::tools::dxa) sending: Sending,
}

impl Exported {
    /// Nothing, for a connection that is sent nothing.
    pub(in crate::tools::dxa) fn nothing() -> Self {
        Self {
            transactions: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            is_full: false,
            why_not: HashMap::new(),
            sending: Sending::default(),
        }
    }

    pub(in crate::tools::dxa) fn len(&self) -> u32 {
        u32::try_from(self.transactions.len()).unwrap_or(u32::MAX)
    }

    /// Checks that there are numbers for all transactions above one.
    pub(in crate::tools::dxa) fn fits_above(&self, number: u32) -> Result<(), ToolError> {
        match number.checked_add(self.len()) {
            Some(_) => Ok(()),
            None => Err(ToolError::new(ExitCode::CannotWrite, "no number is left")),
        }
    }

    /// Remembers how it was made, once it is sent up to a number.
    pub(in crate::tools::dxa) fn settle(
        &self,
        connection: &Connection,
        state: &mut State,
        last: u32,
    ) {
        if connection.exchange.sends() && !state.touched.is_empty() {
            let after: HashSet<_> = self.after.iter().map(|sent| sent.key.as_str()).collect();
            let why_not = |key: &str| self.why_not.get(key).cloned();
            state.touched.sent(last, |key| after.contains(key), why_not);
        }
        state.has_sent_list |= self.is_full;
        state.unique_names = Some(connection.export.unique_names.word().to_owned());
        state.basis = Some(Basis::of(connection));
        state.duplicates = self.sending.duplicates.clone();
    }

    /// Puts the transactions behind what waits, and what is known of them beside; returns the last number.
    pub(in crate::tools::dxa) fn put(
        &self,
        change: &LedgerChange<'_>,
        id: ConnectionId,
        above: u32,
        stamp: Timestamp,
    ) -> Result<u32, LedgerError> {
        let mut number = above;
        for transaction in &self.transactions {
            number += 1;
            let text = transaction.encode_queue_text();
            change.push(
                id,
                &Queued {
                    number,
                    stamp,
                    text,
                },
            )?;
        }
        self.remember(change, id)?;
        Ok(number)
    }

    /// Returns the texts of the transactions, in their order.
    pub(in crate::tools::dxa) fn texts(&self) -> impl Iterator<Item = Vec<u8>> {
        self.transactions.iter().map(Transaction::encode_queue_text)
    }

    /// Keeps what the other side has with the transactions.
    pub(in crate::tools::dxa) fn remember(
        &self,
        change: &LedgerChange<'_>,
        id: ConnectionId,
    ) -> Result<(), LedgerError> {
        if self.is_full {
            change.clear_sent(id)?;
        }
        let before: HashMap<_, _> = self.before.iter().map(|sent| (&sent.key, sent)).collect();
        let after: HashSet<_> = self.after.iter().map(|sent| &sent.key).collect();
        for sent in &self.after {
            if self.is_full || before.get(&sent.key) != Some(&sent) {
                change.put_sent(id, sent)?;
            }
        }
        for sent in self.before.iter().filter(|sent| !after.contains(&sent.key)) {
            change.remove_sent(id, &sent.key)?;
        }
        Ok(())
    }
}
