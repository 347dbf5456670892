//! Several postoffices in one `-d`: a range of drives (`spec/protocol.md` 8.1).

use std::ffi::OsStr;

use super::data::DataLocation;

/// Reads a value of `-d` that may be a range of two drive letters, as those of DISPATCH and EXTERNAL: `mp` is M, N, O
/// and P, of which the first is the home postoffice (Q103447). One letter is one drive, and everything else a path; a
/// path of two letters is written `./mp`.
///
/// # Errors
/// The range runs backwards, or the value is empty.
pub fn locations(value: &OsStr) -> Result<Vec<DataLocation>, String> {
    let [first, last] = match value.as_encoded_bytes() {
        [] => return Err("a drive letter, a range of two or a path is needed".to_owned()),
        [first, last] if first.is_ascii_alphabetic() && last.is_ascii_alphabetic() => {
            [first.to_ascii_uppercase(), last.to_ascii_uppercase()]
        }
        _ => return Ok(vec![DataLocation::from(value)]),
    };
    if first > last {
        let (first, last) = (char::from(first), char::from(last));
        return Err(format!(
            "the range of drives {first} to {last} runs backwards; a path of two letters is written ./{}",
            value.to_string_lossy()
        ));
    }
    let letters = (first..=last).map(|letter| DataLocation::Drive(char::from(letter)));
    Ok(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Result<Vec<String>, String> {
        let found = locations(OsStr::new(value))?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn ds_c023_two_letters_are_a_range_of_drives() {
        for value in ["mp", "MP", "mP"] {
            assert_eq!(shown(value).expect("a range"), ["M", "N", "O", "P"]);
            let first = locations(OsStr::new(value))
                .expect("a range")
                .swap_remove(0);
            assert_eq!(first, DataLocation::Drive('M'));
        }
        assert_eq!(shown("mm").expect("a range"), ["M"]);
        assert_eq!(shown("az").expect("a range").len(), 26);
    }

    #[test]
    fn one_letter_is_a_drive_and_the_rest_a_path() {
        for value in ["n", "n:"] {
            let found = locations(OsStr::new(value)).expect("a drive");
            assert_eq!(found, [DataLocation::Drive('N')]);
        }
        for value in ["./mp", "/po", "mno", "m1", "..", "\u{e4}"] {
            let found = locations(OsStr::new(value)).expect("a path");
            assert_eq!(found, [DataLocation::Path(value.into())]);
        }
    }

    #[test]
    fn a_range_that_runs_backwards_is_refused() {
        assert_eq!(
            shown("pm"),
            Err(
                "the range of drives P to M runs backwards; a path of two letters is written ./pm"
                    .to_owned()
            )
        );
        assert!(shown("").is_err());
    }
}
