//! `probe`: reading queue files whose framing nobody published.

mod drawn;
mod framings;
mod judge;
mod texts;
