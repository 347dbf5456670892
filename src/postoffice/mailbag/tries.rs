//! How often a message was tried in vain: a field at the end of its file name, `,R=2`, as Maildirs carry sizes (`,S=1200`).

/// A file name in a Maildir, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries<'n> {
    /// The name under which the message is delivered: without tries and without the flags of a mail reader.
    pub base: &'n str,
    /// Tries that failed.
    pub failed: u32,
}

impl<'n> Tries<'n> {
    /// Takes a name apart.
    #[must_use]
    pub fn of(name: &'n str) -> Self {
        let unique = name.split_once(":2,").map_or(name, |(unique, _)| unique);
        let field = unique
            .rsplit_once(",R=")
            .and_then(|(base, count)| Some((base, count.parse().ok()?)));
        match field {
            Some((base, failed)) if !base.is_empty() => Self { base, failed },
            _ => Self {
                base: unique,
                failed: 0,
            },
        }
    }

    /// Returns the name after one more try that failed.
    #[must_use]
    pub fn next_name(&self) -> String {
        format!("{},R={}", self.base, self.failed.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_stand_at_the_end_of_the_name() {
        for (name, base, failed, next) in [
            ("1.000001.ab", "1.000001.ab", 0, "1.000001.ab,R=1"),
            ("1.000001.ab,R=2", "1.000001.ab", 2, "1.000001.ab,R=3"),
            (
                "1.M2P3.host,S=5:2,S",
                "1.M2P3.host,S=5",
                0,
                "1.M2P3.host,S=5,R=1",
            ),
            ("1.a,R=x", "1.a,R=x", 0, "1.a,R=x,R=1"),
            (
                "1.a,R=99999999999",
                "1.a,R=99999999999",
                0,
                "1.a,R=99999999999,R=1",
            ),
            (",R=1", ",R=1", 0, ",R=1,R=1"),
        ] {
            let tries = Tries::of(name);
            assert_eq!(
                (tries.base, tries.failed, tries.next_name()),
                (base, failed, next.to_owned())
            );
        }
    }
}
