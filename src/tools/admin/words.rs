//! The words of `admin` and what they take.

use clap::Subcommand;

use super::options::{NewPasswordArgs, YesNo};

/// What `admin` does.
#[derive(Clone, Debug, Subcommand)]
pub enum Words {
    /// Make a new postoffice
    Setup(SetupArgs),
    /// Set or remove the password of an account
    Passwd(PasswdArgs),
    /// The users of this postoffice
    #[command(subcommand)]
    Local(Local),
    /// The groups of this postoffice
    #[command(subcommand)]
    Group(Group),
    /// The gateways of this postoffice
    #[command(subcommand)]
    Gateway(Gateway),
    /// Other postoffices, and the nodes behind gateways
    #[command(subcommand)]
    External(External),
    /// Settings
    #[command(subcommand)]
    Config(Config),
}

/// `setup NET/PO`.
#[derive(Clone, Debug, clap::Args)]
pub struct SetupArgs {
    /// Its name
    #[arg(value_name = "NET/PO")]
    pub name: String,
    /// Code page of its files
    #[arg(long, value_name = "NUMBER", default_value = "850")]
    pub code_page: u16,
    /// Serial number, xx-yyyyy
    #[arg(long, value_name = "TEXT")]
    pub serial: Option<String>,
}

/// `passwd [MAILBOX]`.
#[derive(Clone, Debug, clap::Args)]
pub struct PasswdArgs {
    /// Whose; the administrator's own without it
    pub mailbox: Option<String>,
    /// Remove the password: any is accepted then
    #[arg(long, conflicts_with = "new_password_file")]
    pub remove: bool,
    /// Where the new password comes from.
    #[command(flatten)]
    pub new_password: NewPasswordArgs,
}

/// `local ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Local {
    /// Create a user
    Create(LocalCreate),
    /// Change a user; his mail, folders and log stay
    Modify(LocalModify),
    /// Delete a user with his mailbag, folders and places in groups
    Delete {
        /// His mailbox
        mailbox: String,
    },
    /// List the users
    List,
}

/// `local create NAME MAILBOX`.
#[derive(Clone, Debug, clap::Args)]
pub struct LocalCreate {
    /// Full name
    pub name: String,
    /// Mailbox
    pub mailbox: String,
    /// May administrate the postoffice
    #[arg(long)]
    pub administrator: bool,
    /// Is not sent to other postoffices
    #[arg(long)]
    pub no_dirsync: bool,
    /// Signs in by modem
    #[arg(long)]
    pub remote: bool,
    /// Details, as in an import file (PROMPT/VALUE); may be repeated
    #[arg(long, value_name = "PROMPT/VALUE")]
    pub info: Vec<String>,
    /// Where the password comes from, if there is one.
    #[command(flatten)]
    pub new_password: NewPasswordArgs,
}

/// `local modify MAILBOX`.
#[derive(Clone, Debug, clap::Args)]
pub struct LocalModify {
    /// Mailbox as it is
    pub mailbox: String,
    /// New full name
    #[arg(long)]
    pub name: Option<String>,
    /// New mailbox
    #[arg(long = "mailbox", value_name = "MAILBOX")]
    pub new_mailbox: Option<String>,
    /// May administrate the postoffice
    #[arg(long)]
    pub administrator: Option<YesNo>,
    /// Is sent to other postoffices
    #[arg(long)]
    pub dirsync: Option<YesNo>,
    /// Signs in by modem
    #[arg(long)]
    pub remote: Option<YesNo>,
    /// Details, as in an import file (PROMPT/VALUE); may be repeated
    #[arg(long, value_name = "PROMPT/VALUE")]
    pub info: Vec<String>,
}

/// `group ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Group {
    /// Create a group
    Create {
        /// Name in the postoffice list
        name: String,
        /// Mailbox that stands for it
        address: String,
        /// Members: mailboxes of this postoffice, or names in the postoffice list
        members: Vec<String>,
    },
    /// Change a group
    Modify {
        /// Name as it is
        group: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// New address
        #[arg(long)]
        address: Option<String>,
        /// A member to put in; may be repeated
        #[arg(long, value_name = "MEMBER")]
        add: Vec<String>,
        /// A member to take out; may be repeated
        #[arg(long, value_name = "MEMBER")]
        remove: Vec<String>,
    },
    /// Delete a group; its members stay
    Delete {
        /// Its name
        name: String,
    },
    /// List the groups and their members
    List,
}

/// `gateway ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Gateway {
    /// Install a gateway
    Install {
        /// Address type: SMTP, X400, SNADS...
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Its name; that of the type without it
        name: Option<String>,
    },
    /// Remove a gateway with its list
    Remove {
        /// Address type
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Its name, where there are several of the type
        name: Option<String>,
    },
    /// List the gateways
    List,
}

/// `external ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum External {
    /// Define a postoffice, and its network where that is missing, or a node of a gateway
    Create {
        /// Its name; GATE/NODE or GATE/DGN behind a gateway
        #[arg(value_name = "NET/PO")]
        name: String,
        /// SNADS, PROFS or OV for a node
        #[arg(long = "type", value_name = "TYPE", default_value = "PCM")]
        kind: String,
        /// How mail reaches it: direct:PATH, indirect:NET/PO or mail:USER@HOST
        #[arg(long)]
        route: Option<String>,
    },
    /// Delete a postoffice or node with its list
    Delete {
        /// Its name
        #[arg(value_name = "NET/PO")]
        name: String,
        /// SNADS, PROFS or OV for a node
        #[arg(long = "type", value_name = "TYPE", default_value = "PCM")]
        kind: String,
        /// Delete its network too, if no other postoffice is in it
        #[arg(long)]
        with_network: bool,
    },
    /// List the postoffices and nodes
    List,
}

/// `config ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Config {
    /// Directory synchronization
    #[command(subcommand)]
    Dirsync(Dirsync),
    /// Whether this postoffice keeps a global address list
    GlobalList {
        /// Yes or no
        on: YesNo,
    },
}

/// `config dirsync ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Dirsync {
    /// The part this postoffice plays
    #[command(subcommand)]
    Options(DirsyncOptions),
    /// The dir-sync server
    #[command(subcommand)]
    Server(Server),
    /// The requestor
    #[command(subcommand)]
    Requestor(Requestor),
}

/// `config dirsync options ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum DirsyncOptions {
    /// Whether this postoffice is the dir-sync server
    Server {
        /// Yes or no
        on: YesNo,
    },
}

/// `config dirsync server ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Server {
    /// Who takes part
    #[command(subcommand)]
    Requestors(Requestors),
    /// Settings of the server
    Options(ServerOptions),
}

/// `config dirsync server requestors ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Requestors {
    /// Register a postoffice
    Create {
        /// Its name
        #[arg(value_name = "NET/PO")]
        name: String,
        /// Password it has to give; any is accepted without one
        #[arg(long)]
        password: Option<String>,
    },
    /// Strike a postoffice off; its numbers are forgotten
    Delete {
        /// Its name
        #[arg(value_name = "NET/PO")]
        name: String,
    },
    /// Change the password of a postoffice
    Modify {
        /// Its name
        #[arg(value_name = "NET/PO")]
        name: String,
        /// New password; empty for none
        #[arg(long)]
        password: String,
    },
    /// List who is registered
    List,
}

/// `config dirsync server options`.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct ServerOptions {
    /// Days that updates are kept for requestors that do not call
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep_updates: Option<u16>,
    /// Mailbox that notes to people go to
    #[arg(long, value_name = "MAILBOX")]
    pub administrator: Option<String>,
}

/// `config dirsync requestor ...`.
#[derive(Clone, Debug, Subcommand)]
pub enum Requestor {
    /// Name the dir-sync server of this postoffice
    Registration {
        /// The server
        #[arg(value_name = "NET/PO")]
        name: String,
        /// Password to give there; as it was without this, empty for none
        #[arg(long)]
        password: Option<String>,
    },
    /// Choose the address types to receive
    Types {
        /// Types, separated by commas: PCM,SMTP
        #[arg(required = true, value_delimiter = ',')]
        types: Vec<String>,
    },
    /// Send entries again at the next T1, each as an A and an M; without entries, show what became of those before
    Touch {
        /// Addresses, or mailboxes of this postoffice
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<String>,
    },
    /// Settings of the requestor
    Options(RequestorOptions),
    /// Send all own users and groups again at the next T1
    Export,
    /// Ask the server for a full list
    Import,
    /// Show the settings
    Show,
}

/// `config dirsync requestor options`.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct RequestorOptions {
    /// Send template information with the own entries
    #[arg(long)]
    pub templates_send: Option<YesNo>,
    /// Take template information of others
    #[arg(long)]
    pub templates_receive: Option<YesNo>,
    /// Define postoffices that updates mention and this one lacks
    #[arg(long)]
    pub create_po: Option<YesNo>,
    /// Rebuild the global list at T3
    #[arg(long)]
    pub rebuild: Option<YesNo>,
    /// Most bytes of a reply; 0 for no limit
    #[arg(long, value_name = "BYTES")]
    pub limit: Option<u32>,
}
