//! What a history came to: its trace, how often each outcome was reached, and which rules were broken.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dirsync::protocol::outcome::{Consequence, Line, Refusal, Remark};

use super::mail::{Reply, Request};

/// How often each outcome was reached.
pub(super) type Coverage = BTreeMap<String, u64>;

/// What was noticed and what was sent, in order.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Remarks, by the postoffice that they are about.
    pub(super) remarks: Vec<(usize, Remark)>,
    pub(super) requests: Vec<Request>,
    pub(super) replies: Vec<Reply>,
}

/// Watches a history.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// What happened, line by line, where it is wanted.
    pub(super) trace: Option<Vec<String>>,
    /// How often each outcome was reached, where it is wanted.
    pub(super) coverage: Option<Coverage>,
    /// What was noticed and sent, where it is wanted.
    pub(super) seen: Option<Seen>,
    /// Rules that were broken.
    pub(super) broken: Vec<String>,
    /// Remarks that have a consequence.
    pub(super) out_of_step: u64,
    /// Transactions that were sent.
    pub(super) sent: u64,
    /// Replies that were filled up to their limit.
    pub(super) paced: u64,
    /// The list of the server's own users was given ahead of its transactions.
    pub(super) own_is_ahead: bool,
    /// Requestors whose full list was over their limit.
    pub(super) over_limit: Vec<usize>,
    /// Requestors that were said to have lost transactions; none stands for all of them.
    pub(super) losses: Vec<Option<usize>>,
}

impl Watch {
    /// Watches with a trace.
    pub(super) fn tracing() -> Self {
        Self {
            trace: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Writes a line of the trace.
    pub(super) fn say(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(text());
        }
    }

    /// Counts an outcome.
    pub(super) fn count(&mut self, outcome: &str) {
        let Some(coverage) = &mut self.coverage else {
            return;
        };
        match coverage.get_mut(outcome) {
            Some(count) => *count += 1,
            None => {
                coverage.insert(outcome.to_owned(), 1);
            }
        }
    }

    /// Counts the variant of an outcome.
    pub(super) fn count_variant(&mut self, of: &str, outcome: &impl Debug) {
        if self.coverage.is_some() {
            let shown = format!("{outcome:?}");
            let end = shown.find([' ', '(', '{']).unwrap_or(shown.len());
            self.count(&format!("{of}: {}", &shown[..end]));
        }
    }

    /// Notes that a rule does not hold.
    pub(super) fn check(&mut self, holds: bool, rule: impl FnOnce() -> String) {
        if !holds {
            let rule = rule();
            self.say(|| format!("BROKEN: {rule}"));
            self.broken.push(rule);
        }
    }

    /// Takes note of a remark: it must have a line for the log.
    pub(super) fn remark(&mut self, who: usize, remark: &Remark) {
        self.say(|| format!("   {who}: {remark:?}"));
        self.count_variant("remark", remark);
        if let Some(seen) = &mut self.seen {
            seen.remarks.push((who, remark.clone()));
        }
        self.out_of_step += u64::from(remark.consequence() != Consequence::None);
        self.lines(&remark.lines(&format!("PCM:NET/{who}")), remark);
        match remark {
            Remark::ImportLimit => self.over_limit.push(who),
            Remark::TransactionsLost { .. }
            | Remark::NumbersSkipped { .. }
            | Remark::NumbersReplaced { .. }
            | Remark::RequestorWentBack { .. }
            | Remark::RaisedOver { .. }
            | Remark::OwnStateLost { .. } => self.losses.push(Some(who)),
            Remark::OwnGap { .. } | Remark::OwnListsUnknown | Remark::MasterShort { .. } => {
                self.losses.push(None);
            }
            _ => {}
        }
    }

    /// Takes note of a request.
    pub(super) fn request(&mut self, request: &Request) {
        self.sent += request.records.len() as u64;
        self.say(|| format!("   asks {request}"));
        if let Some(seen) = &mut self.seen {
            seen.requests.push(request.clone());
        }
    }

    /// Takes note of an answer.
    pub(super) fn reply(&mut self, reply: &Reply) {
        self.sent += reply.records.len() as u64;
        self.say(|| format!("   answers {reply}"));
        if let Some(seen) = &mut self.seen {
            seen.replies.push(reply.clone());
        }
    }

    /// Takes note of a message that was refused: it must have a line for the log.
    pub(super) fn refusal(&mut self, who: usize, refusal: &Refusal) {
        self.say(|| format!("   {who}: {refusal:?}"));
        self.count_variant("refusal", refusal);
        self.lines(&[refusal.line()], refusal);
    }

    fn lines(&mut self, lines: &[Line], of: &impl Debug) {
        let says = |line: &Line| line.number.is_some() || !line.text.is_empty();
        let is_said = !lines.is_empty() && lines.iter().all(says);
        self.check(is_said, || format!("nothing is logged for {of:?}"));
    }
}
