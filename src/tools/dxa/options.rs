//! The command line of `dxa`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::tools::cli::{self, CommonArgs, Early, tables};

use super::exchange::cycle::Step;

/// A command line of `dxa`.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--config`.
    pub config: PathBuf,
    /// What to do.
    pub command: Command,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--json` and `--report`.
    pub common: CommonArgs,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check configuration, folders, ledger, directory and rights, and change nothing (DX-38)
    ///
    /// Settings that are others than at the last exchange are shown, and what the next one would send.
    Check,
    /// Work as a service in the foreground until SIGTERM or SIGINT
    ///
    /// Checks as check does, makes the lists of resync-connections, and then exchanges updates: T1 and T2 by the settings
    /// every and at of each connection; replies (T3) and lists in in/ are taken when a look, every poll seconds, finds them.
    ///
    /// SIGUSR1 asks for a cycle of all connections, each by its role: T1 and T3 of a requestor, T2 of the server. SIGHUP
    /// reads the configuration again; one that cannot be used is refused, and the old one stays. SIGTERM and SIGINT end the
    /// service between two transactions, with exit 0. The other commands may be given meanwhile.
    ///
    /// With --json each event is one object on a line of its own.
    Run,
    /// Apply the lists that lie in the folder in/
    Lists {
        /// Let the run remove up to this many entries
        #[arg(long, value_name = "N")]
        allow_deletes: Option<u64>,
        /// Take a list that is for another requestor
        #[arg(long)]
        for_any: bool,
        /// Let the numbers follow a list that is not whole
        #[arg(long)]
        accept_partial: bool,
    },
    /// Exchange updates: T1 and T3 as a requestor, T2 as the server; between organizations all that is due
    Cycle {
        /// The connection; all, unless the agent has both roles
        connection: Option<String>,
        /// One step alone
        #[arg(long, value_enum, ignore_case = true)]
        step: Option<Step>,
        /// Ask the other side for a full list
        #[arg(long)]
        import_all: bool,
        /// Send a full list
        #[arg(long)]
        export_all: bool,
        /// Let the run remove up to this many entries
        #[arg(long, value_name = "N")]
        allow_deletes: Option<u64>,
    },
    /// Make lists of requestors, to be carried by hand: one file in out/ for each
    ///
    /// Each list has the numbers of its requestor, which goes on behind it. Without names, lists are made for the
    /// connections in the setting resync-connections, which is then taken out of the configuration; no other command
    /// looks at it.
    Resync {
        /// The connections; those of resync-connections unless given
        #[arg(value_name = "NAME")]
        connections: Vec<String>,
        /// One list for all of them, if they are sent the same
        #[arg(long)]
        shared: bool,
        /// Let the run remove up to this many entries
        #[arg(long, value_name = "N")]
        allow_deletes: Option<u64>,
    },
    /// Bring entries to where import-container and layout have them; a cycle does so by itself
    ///
    /// They are renamed and stay the same entries. Entries put in by hand and those of other owners stay where they are.
    Move {
        /// The connection; all that receive, unless given
        connection: Option<String>,
    },
    /// Forget a connection, and keep or delete what it brought
    ///
    /// The connection may be in the configuration still, or be known to the ledger alone. What is deleted is first written
    /// to removed/ as LDIF. Made again, a connection takes over what was kept.
    Remove {
        /// The connection
        connection: String,
        /// What becomes of its entries
        #[arg(long, value_enum, value_name = "keep|delete")]
        entries: Entries,
        /// Let the run remove up to this many entries
        #[arg(long, value_name = "N")]
        allow_deletes: Option<u64>,
    },
    /// List the requestors that do not point at this server yet, and what each has to do
    ///
    /// Without folders it is known who has asked here, and whose mail came for another server. With the folder of a
    /// postoffice, what its REQCONF.GLB names, and whether it is a dirsync server still.
    Takeover {
        /// Look, and change nothing
        #[arg(long, required = true)]
        check: bool,
        /// Drive or folder of a postoffice: a requestor, or the old server
        #[arg(short = 'd', long = "postoffice", value_name = "PATH")]
        postoffices: Vec<PathBuf>,
    },
    /// Between organizations: forget a branch that is not registered any more, or leave with the own one
    ///
    /// At the hub its [[hub.branch]] is first taken out of the configuration. Until then, and until this command, its entries stay with
    /// the others. What is not removed is listed.
    Leave {
        /// The branch
        branch: String,
        /// What becomes of its entries at the other branches; of those of the others, where it is the own one
        #[arg(long, value_enum, value_name = "keep|delete")]
        entries: Entries,
    },
    /// Begin a connection anew: numbers zero, full lists both ways, and say what the other side has to do
    Reset {
        /// The connection
        connection: String,
    },
    /// Send entries again with the next exchange, and show what became of those that were
    ///
    /// The next exchange has an A and an M of each, so that the other side ends up with it whether it had it or not. The
    /// entry itself stays as it is. Without entries, shows for each that was touched: arrived, why not, or still missing.
    Touch {
        /// Address, key or name in the directory
        #[arg(value_name = "ENTRY")]
        entries: Vec<String>,
        /// The connection; all that send, unless given
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
        /// Everything that this side lacks: a postoffice, resync file, queue, import text, LDIF, or LDAP URL
        #[arg(long, value_name = "SIDE")]
        all_missing: Option<OsString>,
        /// Write the consent of each again as it is, so that the directory itself takes the entry for changed
        #[arg(long)]
        rewrite: bool,
    },
    /// Make an entry that was put in by hand the connection's, where it has the address of one that the other side sends
    ///
    /// What becomes of it is shown, and with --dry-run nothing else happens. It stays the same entry, and follows what the
    /// other side says of it next. What is another connection's, and a person of this directory, cannot be adopted.
    Adopt {
        /// Address or key
        #[arg(value_name = "KEY")]
        entry: String,
        /// The connection; the one that the address is of, unless given
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
    },
    /// Say where one entry stands on every connection, why, and what happens to it next
    ///
    /// From the data folder alone: the ledger, what was last read of the directory, reports and the log.
    Explain {
        /// Address, key, name in the directory or name in a list
        #[arg(value_name = "ENTRY")]
        entry: String,
    },
    /// Show numbers and backlog of every connection, or of every branch
    Status,
    /// Show what is kept of connections, or set their numbers; the files themselves are not meant to be edited
    State {
        /// What to do
        #[command(subcommand)]
        command: StateCommand,
    },
    /// Print the schema of our classes and attributes for a server
    Schema {
        /// As LDIF for cn=config
        #[arg(long)]
        ldif: bool,
    },
    /// Write an import container as an LDIF list
    Export {
        /// The connection
        connection: String,
        /// Where to; standard output unless given
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Leave out the version line, which slapadd rejects
        #[arg(long)]
        no_version: bool,
    },
}

/// What to do with what is kept.
#[derive(Clone, Debug, Subcommand)]
pub enum StateCommand {
    /// Show the numbers, and what else the ledger keeps; between organizations USN and epoch
    Show {
        /// The connection or branch; all, unless given
        connection: Option<String>,
    },
    /// Set numbers of a connection, and have a full list follow, so that a wrong one costs no entry
    ///
    /// ReqSync is req of the status, SrvSync svr, ImpSync imp. What waits keeps its order and gets numbers above ReqSync.
    /// Between organizations numbers are not set: cycle --import-all and --export-all bring both sides in step.
    Set {
        /// The connection
        connection: String,
        /// ReqSync=N, SrvSync=N or ImpSync=N
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
    },
}

/// What becomes of the entries of a connection that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Entries {
    /// They stay, for a connection of the same name, and in every group
    Keep,
    /// They are deleted
    Delete,
}

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    ///
    /// There is nothing to run, or the command line is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        let args: Args = cli::parse(&tables::DXA, arguments)?;
        Ok(Self {
            config: args.config,
            command: args.command,
            dry_run: args.dry_run,
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Keeps an LDAP directory in step with postoffices, as a requestor or as the dirsync server, or with other organizations
///
/// Lists that somebody puts into the folder in/ are applied whole or not at all, once, and lie in done/ or bad/
/// afterwards with a report beside them.
#[derive(Debug, Parser)]
#[command(
    name = "dxa",
    version,
    propagate_version = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
struct Args {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "dxa.toml", global = true)]
    config: PathBuf,

    /// Show what would be done and write nothing
    #[arg(long, global = true)]
    dry_run: bool,

    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    common: CommonArgs,
}
