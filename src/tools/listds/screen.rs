//! The screens of `listds` (Q96060), and below their lines those of `-v`, which were never published.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::view::{Moment, OwnView, POINTER_NAMES, RequestorView, ServerView};
use crate::tools::banner;

/// The version that Q96060 prints for `-s`; it has another for `-r`.
const VERSION: &str = "ListDS v3.2";

/// Prints the configuration of one postoffice.
pub struct Screen<'o> {
    /// `NET/PO` of the postoffice.
    pub postoffice: &'o str,
    /// `-v`.
    pub verbose: bool,
    /// Zone of all times.
    pub zone: &'o TimeZone,
    /// Where it is printed.
    pub output: &'o mut dyn Write,
}

impl Screen<'_> {
    /// Prints the banner.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn banner(&mut self) -> io::Result<()> {
        banner::print(VERSION, self.output)
    }

    /// Prints the heading of one configuration file.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn heading(&mut self, role: &str) -> io::Result<()> {
        let postoffice = self.postoffice;
        writeln!(
            self.output,
            "Examining {postoffice} {role} Configuration Record"
        )
    }

    /// Prints the configuration of the server with its requestor records.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn server(&mut self, server: &ServerView) -> io::Result<()> {
        writeln!(
            self.output,
            "Highest SrvSync is {}, Current Dirsync Cycle is {}",
            server.highest_srv_sync, server.cycle
        )?;
        if self.verbose {
            let administrator = server.administrator.as_deref().unwrap_or(NONE);
            self.field("Administrator mailbox", administrator)?;
            self.field("Keep Updates", format!("{} days", server.keep_updates_days))?;
            self.field("Server stamp", server.stamp)?;
            self.field("Next registration", server.next_registration)?;
        }
        server
            .requestors
            .iter()
            .try_for_each(|record| self.record(record))
    }

    fn record(&mut self, record: &RequestorView) -> io::Result<()> {
        let output = &mut *self.output;
        writeln!(output)?;
        writeln!(output, "     Server Requestor Record #{}", record.record)?;
        writeln!(output, "Requestor name: {}", record.name)?;
        writeln!(
            output,
            "ReqSync = {}, SrvSync = {}, Last Cycle = {}",
            record.req_sync, record.srv_sync, record.last_cycle
        )?;
        match record.last_update {
            Moment(Some(stamp)) => {
                let at = stamp.asctime(self.zone);
                writeln!(output, "Last update received {at}")?;
            }
            Moment(None) => writeln!(output, "No update received yet")?,
        }
        if self.verbose {
            let password = match record.password_set {
                true => "set",
                false => "none (open record: any password is accepted)",
            };
            self.field("Import number", record.import_sync)?;
            self.field("Status", record.health.as_str())?;
            self.field("Password", password)?;
            self.field("Registration", record.registration)?;
            self.field("Address types", record.types.join(","))?;
            self.field("Updates sent as", &record.transactions)?;
            self.field("Templates", yes_no(record.templates))?;
            self.field("Reply limit", limit(record.limit))?;
            let due = match record.due.is_empty() {
                true => NONE.to_owned(),
                false => record.due.join(", "),
            };
            self.field("Due", due)?;
        }
        Ok(())
    }

    /// Prints the configuration as a requestor.
    ///
    /// # Errors
    /// The output could not be written.
    pub fn requestor(&mut self, own: &OwnView) -> io::Result<()> {
        writeln!(self.output)?;
        let server = own.server.as_deref().unwrap_or(NONE);
        writeln!(self.output, "Dir-Sync Server: {server}")?;
        writeln!(
            self.output,
            "ReqSync = {}, SrvSync = {}",
            own.req_sync, own.srv_sync
        )?;
        if !self.verbose {
            return Ok(());
        }
        self.field("Import number", own.import_sync)?;
        self.field("Status", own.health.as_str())?;
        let password = if own.password_set { "set" } else { NONE };
        self.field("Password", password)?;
        self.field("Address types", own.types.join(","))?;
        self.field("Send templates", yes_no(own.templates_send))?;
        self.field("Receive templates", yes_no(own.templates_receive))?;
        self.field("Create postoffices", yes_no(own.create_po))?;
        self.field("Rebuild global list", yes_no(own.rebuild))?;
        self.field("Full list requested", yes_no(own.import_requested))?;
        self.field("Reply limit", limit(own.limit))?;
        self.field("Last export", self.moment(own.last_export))?;
        self.field("Last import", self.moment(own.last_import))?;
        let pointers = POINTER_NAMES.iter().zip(own.pointers);
        let pointers: Vec<_> = pointers
            .map(|(name, at)| format!("{name} = {at}"))
            .collect();
        self.field("Queue pointers", pointers.join(", "))?;
        self.field("Server stamp", own.server_stamp)?;
        self.field("Ownership generation", own.own_generation)?;
        self.field("Highest TID", own.highest_tid)?;
        self.field("Highest mailbag", format!("{:08X}", own.highest_mailbag))
    }

    fn field(&mut self, name: &str, value: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.output, "{name}: {value}")
    }

    fn moment(&self, moment: Moment) -> String {
        match moment.0 {
            Some(stamp) => stamp.asctime(self.zone),
            None => "never".into(),
        }
    }
}

/// What stands for an empty field, as in the verbose screen of DSSCHED (Q148718).
const NONE: &str = "<null>";

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn limit(bytes: Option<u32>) -> String {
    match bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => "none".into(),
    }
}
