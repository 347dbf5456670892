//! The signals that a service is told what to do by.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator;

/// What a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tools::dxa) enum Signal {
    /// SIGUSR1: a cycle.
    Cycle,
    /// SIGHUP: the configuration is read again.
    Reload,
    /// SIGTERM, SIGINT: the end, between two transactions.
    Stop,
}

/// The signals that have come, in order; who waits for one is woken by it.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Signals {
    received: Receiver<Signal>,
    first: Option<Signal>,
}

impl Signals {
    /// Begins to listen.
    pub(in crate::tools::dxa) fn listen() -> io::Result<Self> {
        let mut signals = iterator::Signals::new([SIGUSR1, SIGHUP, SIGTERM, SIGINT])?;
        let (sender, received) = channel();
        let listen = move || {
            for signal in signals.forever() {
                let signal = match signal {
                    SIGUSR1 => Signal::Cycle,
                    SIGHUP => Signal::Reload,
                    _ => Signal::Stop,
                };
                if sender.send(signal).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)?;
        Ok(Self {
            received,
            first: None,
        })
    }

    /// Waits until a signal comes, so long at most.
    pub(in crate::tools::dxa) fn wait(&mut self, at_most: Duration) {
        if self.first.is_some() {
            return;
        }
        match self.received.recv_timeout(at_most) {
            Ok(signal) => self.first = Some(signal),
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody listens any more: no signal is lost by resting.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(at_most),
        }
    }

    /// Returns what has come since the last time, each once: a signal that came twice meanwhile is meant once.
    pub(in crate::tools::dxa) fn take(&mut self) -> Vec<Signal> {
        let mut all = Vec::new();
        for signal in self
            .first
            .take()
            .into_iter()
            .chain(self.received.try_iter())
        {
            if !all.contains(&signal) {
                all.push(signal);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_wakes_who_waits_and_is_meant_once_however_often_it_came() {
        let mut signals = Signals::listen().expect("signals can be had");
        signal_hook::low_level::raise(SIGUSR1).expect("a signal to ourselves");
        // Other tests of this process raise other signals.
        while !signals.take().contains(&Signal::Cycle) {
            signals.wait(Duration::from_secs(600));
        }
        let (sender, received) = channel();
        let mut signals = Signals {
            received,
            first: None,
        };
        for signal in [Signal::Cycle, Signal::Reload, Signal::Cycle] {
            sender.send(signal).expect("somebody takes it");
        }
        assert_eq!(signals.take(), [Signal::Cycle, Signal::Reload]);
        signals.wait(Duration::ZERO);
        assert_eq!(signals.take(), []);
    }
}
