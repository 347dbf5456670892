//! `probe`: reading queue files whose framing nobody published.

mod command;
mod damage;
mod drawn;
mod framings;
mod judge;
mod texts;
