//! The numbered messages of the original programs (`spec/messages.tsv`, `spec/import.md` section 8).
//!
//! The original kept the texts in `DS_MSG.GLB` and went on with "Error Message #81 is not defined"
//! when that file stopped short (Q122689). Here they are built in; the file is only written.

use std::borrow::Cow;
use std::fmt;

use Severity::{Error, Fatal, Status, Warning};

/// How bad a message is; the words are those of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Information.
    Status,
    /// One transaction or setting is affected.
    Warning,
    /// Something was not done.
    Error,
    /// The program could not go on.
    Fatal,
}

impl Severity {
    /// Returns the word that stands in a log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status => "Status",
            Warning => "Warning",
            Error => "Error",
            Fatal => "Fatal",
        }
    }

    /// Returns the digit of the numeric log form: 1 and 2 are published, 3 and 4 ours (`spec/protocol.md` 7.2).
    #[must_use]
    pub fn digit(self) -> u8 {
        match self {
            Status => 1,
            Fatal => 2,
            Error => 3,
            Warning => 4,
        }
    }
}

/// One row of the table: a published number, its usual severity and its text without arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Published number.
    pub number: u16,
    /// Severity seen in a log; where none was seen, the one proposed in `spec/import.md` or ours.
    pub severity: Severity,
    /// Text as logged; arguments follow it behind a blank.
    pub text: &'static str,
}

/// A message with its argument, ready for a screen, a report or a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Published number.
    pub number: u16,
    /// Severity of this use of the number.
    pub severity: Severity,
    /// Text without the argument.
    pub text: Cow<'static, str>,
    /// What the message is about; empty where nothing needs saying.
    pub argument: String,
}

impl Message {
    /// Makes a message with the usual severity and text of its number.
    #[must_use]
    pub fn new(number: u16, argument: impl Into<String>) -> Self {
        Self {
            number,
            severity: severity(number),
            text: text(number),
            argument: argument.into(),
        }
    }

    /// Changes the severity: several numbers were seen with more than one.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Changes the text: a few numbers have a second text (13 for a locked SRVTRANS.GLB, Q174164).
    #[must_use]
    pub fn with_text(mut self, text: &'static str) -> Self {
        self.text = Cow::Borrowed(text);
        self
    }
}

impl Message {
    /// Returns the text without the punctuation that an argument would follow.
    #[must_use]
    pub fn bare_text(&self) -> &str {
        self.text.trim_end_matches([':', '=', ' '])
    }
}

impl fmt::Display for Message {
    /// Writes text, blank, argument: `Alias already exists Doe, John D`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.argument.is_empty() {
            return f.write_str(self.bare_text());
        }
        // Number 1 alone was seen without the blank (Q95521).
        let blank = if self.text.ends_with("#:") { "" } else { " " };
        write!(f, "{}{blank}{}", self.text, self.argument)
    }
}

/// Text of message 13 when SRVTRANS.GLB cannot be used (Q174164).
pub const SRVTRANS_INACCESSIBLE: &str = "Dirsync import error accessing srvtrans.glb";

/// Second, un-numbered line of message 203 (Q99117).
pub const GAL_NOT_INSTALLED: &str = "Global Address List not installed on this Postoffice";

/// Last line of message 91 (Q148705).
pub const FLAG_LOCKED: &str = "FLAG.GLB is locked open.";

/// Returns the definition of a number, if it has a published text.
#[must_use]
pub fn get(number: u16) -> Option<&'static Definition> {
    TABLE
        .binary_search_by_key(&number, |d| d.number)
        .ok()
        .map(|i| &TABLE[i])
}

/// Returns the text of a number; one without text says so, as the original did (Q122689).
#[must_use]
pub fn text(number: u16) -> Cow<'static, str> {
    match get(number) {
        Some(definition) => Cow::Borrowed(definition.text),
        None => Cow::Owned(format!("Error Message #{number} is not defined")),
    }
}

/// Returns the usual severity of a number.
#[must_use]
pub fn severity(number: u16) -> Severity {
    match (get(number), number) {
        (Some(definition), _) => definition.severity,
        // Their texts are lost, `spec/import.md` section 8 proposes the severity.
        (None, 3 | 5 | 6) => Fatal,
        (None, _) => Error,
    }
}

/// Returns every number with a text, in ascending order.
#[must_use]
pub fn all() -> &'static [Definition] {
    TABLE
}

const fn m(number: u16, severity: Severity, text: &'static str) -> Definition {
    Definition {
        number,
        severity,
        text,
    }
}

/// Ordered by number. From 100 on, severities nobody printed are ours: Fatal where the run stops,
/// Warning where the like of 152 and 154 is, Error else.
const TABLE: &[Definition] = &[
    m(1, Warning, "Error obtaining message #:"),
    m(2, Warning, "Error opening file:"),
    m(4, Warning, "Error reading file:"),
    m(7, Fatal, "Error renaming file:"),
    m(8, Warning, "Error deleting file:"),
    m(9, Warning, "Out of memory:"),
    m(10, Fatal, "Directory Sync has not been enabled"),
    m(12, Error, "Invalid character in column 1"),
    m(13, Error, "Invalid transaction command"),
    m(14, Fatal, "Error processing RESYNC.GLB"),
    m(15, Error, "Invalid character in phone number"),
    m(16, Error, "Unknown address type"),
    m(17, Error, "Unexpected end of line in node address"),
    m(18, Error, "Unexpected end of line in fullname"),
    m(19, Error, "Unexpected end of line in physical address"),
    m(20, Error, "Address element is too long:"),
    m(21, Error, "Input file is corrupt or has incorrect format."),
    m(22, Error, "Expecting '/' in template information line"),
    m(23, Error, "Expecting tab or space"),
    m(24, Error, "Template info not allowed for this address type"),
    m(25, Error, "Physical address is too long"),
    m(26, Error, "Error in physical address"),
    m(27, Warning, "Alias already exists"),
    m(28, Error, "Duplicate alias in transaction queue"),
    m(29, Error, "Alias does not exist"),
    m(30, Fatal, "Error accessing transaction file"),
    m(31, Error, "Network not found"),
    m(32, Error, "Postoffice not found"),
    m(33, Warning, "Template file not found"),
    m(34, Error, "Template information not accessible"),
    m(35, Fatal, "Template memory allocation error in file"),
    m(36, Error, "Template mismatch error in file"),
    m(37, Error, "Prompt not found in template"),
    m(38, Error, "Error loading postoffice template"),
    m(39, Fatal, "Error generating TID. Allocating unique ID."),
    m(40, Fatal, "Possible database corruption detected:"),
    m(41, Error, "Internal sort error"),
    m(42, Fatal, "File already opened and locked"),
    m(43, Warning, "Gateway alias has no physical address"),
    m(44, Error, "Gateway not installed:"),
    m(45, Error, "File error sorting queue:"),
    m(46, Error, "No fullname"),
    m(47, Warning, "Transaction has no effect"),
    m(48, Error, "Expecting physical address"),
    m(49, Fatal, "Fatal error creating network:"),
    m(50, Fatal, "Fatal error creating postoffice:"),
    m(51, Error, "Error creating mailbag"),
    m(52, Fatal, "Error accessing configuration information"),
    m(
        53,
        Fatal,
        "Unable to read network and postoffice definitions",
    ),
    m(54, Fatal, "No Server name has been set"),
    m(
        55,
        Fatal,
        "Can't find Dir-Sync Server postoffice definition",
    ),
    m(56, Fatal, "Error accessing input file"),
    m(57, Fatal, "Error accessing output file"),
    m(58, Fatal, "Error accessing database file"),
    m(59, Fatal, "Error autocreating postoffice:"),
    m(
        60,
        Status,
        "Using direct routing for autocreated postoffice",
    ),
    m(
        61,
        Warning,
        "No template information defined for postoffice",
    ),
    m(62, Error, "Replace option failed"),
    m(63, Fatal, "Resync extract failed"),
    m(64, Error, "Reserved network name"),
    m(65, Warning, "No template defined for postoffice"),
    m(66, Warning, "Local postoffice transaction ignored"),
    m(
        67,
        Fatal,
        "Resync extract can be performed only at a Directory Synchronization Server",
    ),
    m(68, Error, "Network name already in use:"),
    m(
        69,
        Error,
        "Alphanumeric characters only allowed in network name",
    ),
    m(
        70,
        Error,
        "Alphanumeric characters only allowed in postoffice name",
    ),
    m(
        71,
        Error,
        "Alphanumeric characters only allowed in mailbox name",
    ),
    m(72, Error, "Fullname is too long:"),
    m(
        73,
        Warning,
        "Template option not set, template information will be ignored",
    ),
    m(74, Error, "FAX recipient address field too long"),
    m(75, Error, "FAX location address field too long"),
    m(76, Error, "FAX company address field too long"),
    m(77, Error, "FAX phone number address field too long"),
    m(78, Fatal, "Out of file handles"),
    m(79, Fatal, "Out of disk"),
    m(80, Fatal, "Out of memory"),
    m(81, Error, "No mailbox name"),
    m(
        82,
        Error,
        "Local user information not allowed for this address type",
    ),
    m(83, Error, "Invalid local user token value:"),
    m(84, Error, "Invalid local user token:"),
    m(85, Error, "Unable to create local user:"),
    m(86, Error, "Unable to delete local user:"),
    m(87, Error, "Maximum number of local users has been reached"),
    m(88, Error, "Invalid token assignment:"),
    m(89, Warning, "Truncating password to 8 characters:"),
    m(90, Warning, "Transaction not processed"),
    m(91, Fatal, "The mail database is locked by another process:"),
    m(92, Error, "Can't modify local user to external:"),
    m(93, Warning, "ACCESS tokens ignored for admin user:"),
    m(100, Error, "Coding is incomplete"),
    m(101, Status, "Begin execution"),
    m(102, Status, "End process"),
    m(103, Error, "Could not parse value"),
    m(104, Status, "Requestor process failed."),
    m(105, Status, "Requestor updates received:"),
    m(106, Status, "Requestor updates sent:"),
    m(107, Status, "No more records"),
    m(108, Error, "Error getting next record"),
    m(109, Error, "Error getting first record"),
    m(110, Error, "Failed to read the last transaction"),
    m(113, Fatal, "Failure to send mail to"),
    m(114, Error, "Failure to delete a message"),
    m(115, Error, "Failure to read mail from"),
    m(116, Error, "Attachment is missing or is empty"),
    m(118, Fatal, "Transaction limit reached"),
    m(120, Error, "Requestor not registered"),
    m(123, Error, "Could not compress file"),
    m(124, Error, "Invalid transaction format"),
    m(125, Error, "Failure to copy attachment file"),
    m(128, Warning, "Could not process requestor status report"),
    m(129, Error, "Could not find the specified sync number"),
    m(133, Error, "Invalid Server Request"),
    m(136, Error, "The local requestor is not registered"),
    m(138, Error, "Server sync does not exist anymore"),
    m(139, Error, "Number of missing transactions ="),
    m(
        150,
        Fatal,
        "Could not append transactions to the updates file",
    ),
    m(151, Fatal, "Requestor configuration busy"),
    m(152, Warning, "Failure to transmit requestor updates"),
    m(154, Warning, "Non-delivery report"),
    m(155, Warning, "Invalid DirSync profile from"),
    m(156, Error, "Invalid DirSync password from"),
    m(157, Error, "DirSync software version out of sync"),
    m(158, Error, "Requestor not registered :"),
    m(159, Fatal, "Failure to send update mail to requestor(s)"),
    m(161, Fatal, "Server configuration busy"),
    m(162, Warning, "Failure to transmit server updates"),
    m(163, Error, "Failure to copy server updates"),
    m(166, Fatal, "Manual import required for"),
    m(167, Status, "Server updates requested for address types:"),
    m(171, Status, "No requestor updates to send"),
    m(201, Warning, "Warning .USR file missing"),
    m(202, Fatal, "No Valid Postoffice found."),
    m(203, Fatal, "GAL Rebuild problem accessing files"),
    m(204, Fatal, "GAL Rebuild out of disk space"),
    m(249, Fatal, "Not enough free file handles"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const TSV: &str = include_str!("../testdata/spec/messages.tsv");

    /// Takes a text of the file down to what is logged before the argument.
    fn logged(text: &str) -> String {
        let text = match text.split_once("(as logged: ") {
            Some((_, logged)) => logged.trim_end_matches(')'),
            None => text,
        };
        let text = text.replace("(the)", "the");
        let end = ["<", " (", " | ", " / "]
            .iter()
            .filter_map(|mark| text.find(mark))
            .min()
            .unwrap_or(text.len());
        text[..end].trim().to_owned()
    }

    #[test]
    fn the_table_is_the_published_one() {
        let mut numbers = Vec::new();
        for line in TSV.lines().skip(1) {
            let fields: Vec<_> = line.split('\t').collect();
            let Ok(number) = fields[0].parse::<u16>() else {
                continue; // -1: un-numbered lines
            };
            let definition = get(number).unwrap_or_else(|| panic!("message {number} is missing"));
            let expected = match number {
                // By analogy with 105, whose logged form is known.
                106 => "Requestor updates sent:".to_owned(),
                _ => logged(fields[2]),
            };
            assert_eq!(definition.text, expected, "message {number}");
            let seen: Vec<_> = fields[1].split(',').collect();
            assert!(
                seen == ["?"] || seen.contains(&definition.severity.word()),
                "message {number}: {:?} is none of {seen:?}",
                definition.severity
            );
            numbers.push(number);
        }
        assert_eq!(numbers, all().iter().map(|d| d.number).collect::<Vec<_>>());
        assert!(numbers.is_sorted());
    }

    #[test]
    fn ds_l017_a_number_without_text_still_makes_a_message() {
        assert_eq!(get(11), None);
        assert_eq!(
            Message::new(11, "NAME NET/PO").to_string(),
            "Error Message #11 is not defined NAME NET/PO"
        );
        assert_eq!(severity(11), Error);
    }

    #[test]
    fn the_argument_follows_the_text() {
        for (number, argument, shown) in [
            (27, "Doe, John D", "Alias already exists Doe, John D"),
            (105, "0", "Requestor updates received: 0"),
            (138, "(0)", "Server sync does not exist anymore (0)"),
            (
                139,
                "1300 (0->1299)",
                "Number of missing transactions = 1300 (0->1299)",
            ),
            (158, "PCM:", "Requestor not registered : PCM:"),
            (1, "1 GWTRANS", "Error obtaining message #:1 GWTRANS"),
            (9, "", "Out of memory"),
            (104, "", "Requestor process failed."),
        ] {
            assert_eq!(Message::new(number, argument).to_string(), shown);
        }
    }
}
