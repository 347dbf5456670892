//! Judges who a message is from, and what a request asks for beside numbers (`spec/protocol.md` 4.1).

use crate::address::PostofficeName;
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConf};
use crate::postoffice::places::word_of;
use crate::protocol::mail::{Party, SYSTEM, SignatureCheck, SignatureKey};
use crate::protocol::message::{Form, Profile};
use crate::protocol::outcome::Refusal;
use crate::tools::post::Letterbox;

/// Characters of a password that count.
const MAX_PASSWORD_LEN: usize = 8;

/// Finds the requestor that a message speaks for, and lets it speak: registered under its whole name (Q125917), the
/// sender itself, with its password or signature where it has one (Q116435).
///
/// # Errors
/// 158, 156, 157.
pub(in crate::tools) fn identify(
    letter: &Letterbox,
    conf: &SrvConf,
    code_page: CodePage,
) -> Result<usize, Refusal> {
    let from = &letter.mail.envelope.from;
    let sender = letter.sender(code_page);
    // A status report of another make names nobody: then its sender is meant.
    let named = letter.profile.requestor();
    let shown = named.map_or_else(|| place_text(&from.place, code_page), ToOwned::to_owned);
    let not_registered = || Refusal::NotRegistered(with_sender(&shown, &sender));
    let place = match named {
        None => from.place.clone(),
        Some(name) => match Party::from_header(name, code_page) {
            Ok(party) => party.place,
            Err(_) => return Err(not_registered()),
        },
    };
    let index = conf
        .find(place.network(), place.postoffice(), code_page)
        .ok_or_else(not_registered)?;
    if !from.place.is_same(&place, code_page) {
        return Err(Refusal::OtherSender(with_sender(&shown, &sender)));
    }
    check_password(letter, &conf.requestors[index], code_page)
        .map_err(|()| Refusal::WrongPassword(shown.clone()))?;
    check_version(&letter.profile)
        .map_err(|found| Refusal::Version(format!("{shown} has {found}, expected 3.0 or later")))?;
    Ok(index)
}

/// The published text names the requestor alone; who sent it is added where that is somebody else.
fn with_sender(shown: &str, sender: &str) -> String {
    let own = sender.trim_end_matches("/$SYSTEM");
    match own.eq_ignore_ascii_case(shown) {
        true => shown.to_owned(),
        false => format!("{shown} (from {sender})"),
    }
}

fn place_text(place: &PostofficeName, code_page: CodePage) -> String {
    format!("PCM:{}", place.view(code_page))
}

/// No registered password: everybody is let in. Else the signature must be right, or the password of a program that
/// does not sign (section 14: letter case does not count).
fn check_password(
    letter: &Letterbox,
    record: &RequestorRecord,
    code_page: CodePage,
) -> Result<(), ()> {
    let registered = record.password.as_bytes();
    let Some(key) = SignatureKey::new(registered, code_page) else {
        return Ok(());
    };
    match letter.mail.check_signature(&key, code_page) {
        SignatureCheck::Valid => return Ok(()),
        SignatureCheck::Wrong => return Err(()),
        SignatureCheck::Missing => {}
    }
    let given = letter.profile.password.as_deref().unwrap_or_default();
    let Ok(given) = code_page.encode(given) else {
        return Err(());
    };
    let cut = |password| code_page.cut(password, MAX_PASSWORD_LEN);
    match code_page.eq_ignore_case(cut(&given), cut(registered)) {
        true => Ok(()),
        false => Err(()),
    }
}

/// Refuses what is older than 3.0; a version that cannot be read is none.
fn check_version(profile: &Profile) -> Result<(), String> {
    let Some(version) = &profile.version else {
        return Ok(());
    };
    let digits = version.trim().trim_start_matches(['V', 'v']);
    let major: String = digits.chars().take_while(char::is_ascii_digit).collect();
    match major.parse::<u32>() {
        Ok(major) if major < 3 => Err(version.chars().take(20).collect()),
        _ => Ok(()),
    }
}

/// Writes what a request asks for into the requestor's record: types, templates, limit, form, and the mailbox that the
/// answer goes to (Q150828). What it does not say stays; a program that is none of ours gets templates unless it
/// refuses them, as under the original, and text.
pub(in crate::tools) fn settings(letter: &Letterbox, is_ours: bool, record: &mut RequestorRecord) {
    let profile = &letter.profile;
    if let Some(types) = &profile.types {
        record.types = word_of(types);
    }
    let templates = match profile.template {
        None if is_ours => record.flags.contains(RequestorFlags::TEMPLATES),
        other => other.unwrap_or(true),
    };
    record.flags = record.flags.with(RequestorFlags::TEMPLATES, templates);
    if is_ours || profile.limit.is_some() {
        record.limit = profile.limit.unwrap_or(0);
    }
    let form = profile.form().unwrap_or(match is_ours {
        true => Form::Internal,
        false => Form::InAttachment,
    });
    record.transactions = form.code();
    let mailbox = &letter.mail.envelope.from.mailbox;
    record.mailbox = match mailbox.eq_ignore_ascii_case(SYSTEM) {
        true => FixedText::default(),
        false => FixedText::new(mailbox).unwrap_or_default(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> bool {
        let profile = Profile {
            version: Some(text.to_owned()),
            ..Profile::default()
        };
        check_version(&profile).is_ok()
    }

    #[test]
    fn software_before_3_0_is_refused() {
        for (text, fits) in [
            ("2.1", false),
            ("V2", false),
            ("3.0", true),
            ("V3.5.12", true),
            ("11", true),
            ("", true),
            ("beta", true),
        ] {
            assert_eq!(version(text), fits, "{text}");
        }
        assert!(check_version(&Profile::default()).is_ok());
    }

    #[test]
    fn ds_l019_a_name_without_names_is_printed_as_it_came() {
        assert_eq!(with_sender("PCM:", "PCM:/$SYSTEM"), "PCM:");
        let named = with_sender("PCM:NET/PO", "PCM:net/po/$SYSTEM");
        assert_eq!(named, "PCM:NET/PO");
        let other = with_sender("PCM:NET/PO", "PCM:NET/PO1/$SYSTEM");
        assert_eq!(other, "PCM:NET/PO (from PCM:NET/PO1/$SYSTEM)");
    }
}
