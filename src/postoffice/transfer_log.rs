//! The logs of mail transfer (`spec/protocol.md` 7.3): SENT.LOG, RECV.LOG, SESSION.LOG, SYSTEM.LOG.
//!
//! Years have two digits, as published, and 2000 is `00` (Q191886 to Q191907). Lines end in CR LF and are UTF-8, as in the other
//! logs; control characters are escaped, so that a name cannot add a line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::log::push_escaped;

/// Characters of an instance name in a session log (Q99139).
const MAX_INSTANCE_LEN: usize = 10;

/// Returns a line of SENT.LOG or RECV.LOG: `31-12-99 23:52       772  BENSNET/TEAZLE/Admin     BENSNET/CACTUS/Admin`
/// (Q192156). The day stands in front there.
#[must_use]
pub fn transfer_line(at: Timestamp, zone: &TimeZone, size: u64, from: &str, to: &str) -> String {
    let date = at.to_zoned(zone.clone()).strftime("%d-%m-%y %H:%M");
    let mut line = format!("{date} {size:>9}  ");
    let start = line.chars().count();
    push_escaped(&mut line, from);
    let width = line.chars().count() - start;
    line.push_str(&" ".repeat(25_usize.saturating_sub(width).max(1)));
    push_escaped(&mut line, to);
    line.push_str("\r\n");
    line
}

/// Returns a line of SESSION.LOG or SYSTEM.LOG: `[instance ]MM-DD-YY HH:MM text` (Q100826, Q99139).
#[must_use]
pub fn session_line(at: Timestamp, zone: &TimeZone, instance: Option<&str>, text: &str) -> String {
    let mut line = String::new();
    if let Some(instance) = instance {
        let name: String = instance.chars().take(MAX_INSTANCE_LEN).collect();
        push_escaped(&mut line, &format!("{name:<MAX_INSTANCE_LEN$} "));
    }
    let date = at.to_zoned(zone.clone()).strftime("%m-%d-%y %H:%M ");
    line.push_str(&date.to_string());
    push_escaped(&mut line, text);
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn ds_l024_a_transfer_is_logged_in_the_published_columns() {
        let line = |time, from, to| transfer_line(at(time), &TimeZone::UTC, 772, from, to);
        assert_eq!(
            line(
                "1999-12-31T23:52:00Z",
                "BENSNET/TEAZLE/Admin",
                "BENSNET/CACTUS/Admin"
            ),
            "31-12-99 23:52       772  BENSNET/TEAZLE/Admin     BENSNET/CACTUS/Admin\r\n"
        );
        assert_eq!(
            line("2000-01-01T00:07:00Z", "NET/PO/$SYSTEM", "NET/DSS/$SYSTEM"),
            "01-01-00 00:07       772  NET/PO/$SYSTEM           NET/DSS/$SYSTEM\r\n"
        );
        assert_eq!(
            line(
                "2026-11-21T10:00:00Z",
                "NETWORKTEN/POSTOFFICE/MAILBOXTEN",
                "A/B\r\nC"
            ),
            "21-11-26 10:00       772  NETWORKTEN/POSTOFFICE/MAILBOXTEN A/B\\r\\nC\r\n"
        );
    }

    #[test]
    fn a_session_line_has_its_instance_in_ten_columns() {
        let line = |instance| {
            session_line(
                at("1995-11-14T12:47:00Z"),
                &TimeZone::UTC,
                instance,
                "Sending mail (1)",
            )
        };
        assert_eq!(line(None), "11-14-95 12:47 Sending mail (1)\r\n");
        assert_eq!(
            line(Some("ANZ")),
            "ANZ        11-14-95 12:47 Sending mail (1)\r\n"
        );
        assert_eq!(
            line(Some("TwelveLetters")),
            "TwelveLett 11-14-95 12:47 Sending mail (1)\r\n"
        );
    }
}
