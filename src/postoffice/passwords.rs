//! Passwords of accounts: `GLB/DIRSYNC.PWD`, one line `MAILBOX<tab>argon2id hash` each (design, section 6).
//!
//! The original's cipher is unpublished; so passwords set with the original's tools cannot be checked, and an account
//! without a line here accepts any password. `podiag` says so.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{Batch, Postoffice, PostofficeError, layout};
use crate::codec::CodecError;

/// The lines of DIRSYNC.PWD in their order.
#[derive(Debug, Default)]
pub struct Passwords {
    /// Mailbox in upper case, and hash in PHC form.
    lines: Vec<(String, String)>,
    changed: bool,
}

impl Passwords {
    /// Reads the file; without one no account has a password.
    ///
    /// # Errors
    /// It is there and cannot be read, or is no text of that form.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read_optional(&layout::DIRSYNC_PWD)?.unwrap_or_default();
        Self::decode(&bytes).map_err(|e| po.damaged(&layout::DIRSYNC_PWD, e))
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// A line has another form.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = Vec::new();
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            let Some((mailbox, hash)) = line.split_once('\t') else {
                let found = format!("line {} without a tab", number + 1);
                let expected = "MAILBOX<tab>hash";
                return Err(CodecError::field(0, "password line", found, expected));
            };
            lines.push((mailbox.to_owned(), hash.to_owned()));
        }
        Ok(Self {
            lines,
            changed: false,
        })
    }

    /// Tells whether a password is set for a mailbox.
    #[must_use]
    pub fn is_set(&self, mailbox: &str) -> bool {
        self.hash_of(mailbox).is_some()
    }

    /// Tells whether a password, folded to upper case, is that of a mailbox; any is where none is set.
    #[must_use]
    pub fn verify(&self, mailbox: &str, folded: &str) -> bool {
        let Some(hash) = self.hash_of(mailbox) else {
            return true;
        };
        // A line nobody can read locks the account rather than opening it.
        PasswordHash::new(hash)
            .is_ok_and(|hash| argon2().verify_password(folded.as_bytes(), &hash).is_ok())
    }

    /// Sets the password of a mailbox, or removes it where `folded` is empty.
    ///
    /// # Errors
    /// The password cannot be hashed.
    pub fn set(&mut self, mailbox: &str, folded: &str) -> Result<(), PostofficeError> {
        self.remove(mailbox);
        self.changed = true;
        if folded.is_empty() {
            return Ok(());
        }
        let salt = SaltString::generate(&mut OsRng);
        let hash = argon2()
            .hash_password(folded.as_bytes(), &salt)
            .map_err(|e| PostofficeError::Unstorable(format!("password: {e}")))?;
        self.lines.push((mailbox.to_uppercase(), hash.to_string()));
        Ok(())
    }

    /// Removes the password of a mailbox that is no more.
    pub fn remove(&mut self, mailbox: &str) {
        let before = self.lines.len();
        self.lines
            .retain(|(known, _)| *known != mailbox.to_uppercase());
        self.changed |= self.lines.len() != before;
    }

    /// Gives the password of a mailbox to its new name.
    pub fn rename(&mut self, old: &str, new: &str) {
        for (mailbox, _) in &mut self.lines {
            if *mailbox == old.to_uppercase() {
                *mailbox = new.to_uppercase();
                self.changed = true;
            }
        }
    }

    /// Stages the file, if anything changed.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(&self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        if !self.changed {
            return Ok(());
        }
        let lines = self
            .lines
            .iter()
            .map(|(mailbox, hash)| format!("{mailbox}\t{hash}\n"));
        batch.replace_bytes(&layout::DIRSYNC_PWD, lines.collect::<String>().as_bytes())
    }

    fn hash_of(&self, mailbox: &str) -> Option<&str> {
        let mailbox = mailbox.to_uppercase();
        self.lines
            .iter()
            .find(|(known, _)| *known == mailbox)
            .map(|(_, hash)| &**hash)
    }
}

/// The cost follows OWASP's first choice for argon2id: 19 MiB, two passes.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("within the limits of argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}
