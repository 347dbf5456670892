//! `probe`: reading queue files whose framing nobody published.

mod applied;
mod columns;
mod command;
mod damage;
mod drawn;
mod fixed;
mod foreign;
mod formats;
mod framings;
mod judge;
mod listed;
mod numbered;
mod profiles;
mod texts;
