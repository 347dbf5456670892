//! Passwords: where one comes from, and how two compare.

use std::fmt;

/// Characters of a password that count (`spec/import.md` 2.2, message 89).
pub const MAX_PASSWORD_LEN: usize = 8;

/// A password as given. Never shown: `Debug` says only that there is one, and there is no `Display`.
///
/// Two are equal without regard to case and by their first eight characters, as published
/// (Q103421, Q120449).
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a password as written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the form that is compared, stored and hashed: the first eight characters in upper case.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0
            .chars()
            .take(MAX_PASSWORD_LEN)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_characters_compare_without_case() {
        assert_eq!(Password::new("PassWord"), Password::new("password"));
        assert_eq!(Password::new("password1"), Password::new("PASSWORD2"));
        assert_eq!(Password::new("ÄÖÜ"), Password::new("äöü"));
        assert_ne!(Password::new("passwor"), Password::new("password"));
        assert_ne!(Password::new(""), Password::new("p"));
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(format!("{:?}", Password::new("secret")), "Password(..)");
    }
}
