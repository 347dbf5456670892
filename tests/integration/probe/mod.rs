//! `probe`: reading queue files whose framing nobody published.

mod applied;
mod command;
mod damage;
mod drawn;
mod foreign;
mod framings;
mod judge;
mod texts;
