//! The published sizes of files (`spec/files.md` section 3).

use super::{CodecError, record_count};

/// What a size rule rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// An article states it.
    Published,
    /// It follows from published sizes.
    Derived,
    /// Nobody published it.
    Ours,
}

/// The size of a file: `base + record * n` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeRule {
    /// Name of the file, or `*.EXT`.
    pub file: &'static str,
    /// Directory below the data root.
    pub directory: &'static str,
    /// Bytes before the records; the least the file may have.
    pub base: u64,
    /// Bytes of one record; 0 where the size is fixed, 1 where records vary.
    pub record: u64,
    /// The most records it may have.
    pub max: Option<u64>,
    /// What the rule rests on.
    pub evidence: Evidence,
}

impl SizeRule {
    /// Returns the number of records (of bytes, where records vary) in a file of `len` bytes.
    ///
    /// # Errors
    /// The size fits no whole number of records, or more than [`Self::max`].
    pub fn record_count(&self, len: u64) -> Result<u64, CodecError> {
        let count = count(len, self.base, self.record)?;
        match self.max {
            Some(max) if count > max => Err(CodecError::Field {
                offset: self.base,
                field: "records",
                found: count.to_string(),
                expected: format!("at most {max}"),
            }),
            _ => Ok(count),
        }
    }

    /// Returns the size that is left when a partial record at the end is cut off (Q128243: 3015 bytes of an `.XTN`
    /// become 2792); `None` where even the bytes before the records are not whole, or no partial record is what is wrong.
    #[must_use]
    pub fn repaired_len(&self, len: u64) -> Option<u64> {
        let partial = len.checked_sub(self.base)?.checked_rem(self.record)?;
        let repaired = len - partial;
        self.record_count(repaired).ok().map(|_| repaired)
    }
}

fn count(len: u64, base: u64, record: u64) -> Result<u64, CodecError> {
    let wrong = CodecError::Size { len, base, record };
    match (usize::try_from(base), usize::try_from(record)) {
        (Ok(base), Ok(record)) => record_count(len, base, record),
        _ => Err(wrong),
    }
}

/// ACCESS.GLB, ACCESS2.GLB and ACCESS3.GLB have the same number of records (Q87402).
pub const SAME_COUNT: [&str; 3] = ["ACCESS.GLB", "ACCESS2.GLB", "ACCESS3.GLB"];

const fn rule(
    file: &'static str,
    directory: &'static str,
    base: u64,
    record: u64,
    max: Option<u64>,
    evidence: Evidence,
) -> SizeRule {
    SizeRule {
        file,
        directory,
        base,
        record,
        max,
        evidence,
    }
}

/// A file of one size.
const fn fixed(file: &'static str, directory: &'static str, len: u64) -> SizeRule {
    rule(file, directory, len, 0, None, Evidence::Published)
}

/// A file of records behind a header.
const fn records(file: &'static str, directory: &'static str, base: u64, record: u64) -> SizeRule {
    rule(file, directory, base, record, None, Evidence::Published)
}

/// A file of records that vary; an empty one has `base` bytes.
const fn varying(file: &'static str, directory: &'static str, base: u64) -> SizeRule {
    rule(file, directory, base, 1, None, Evidence::Published)
}

const fn messages(file: &'static str) -> SizeRule {
    rule(file, "GLB", 0, 128, None, Evidence::Derived)
}

/// All rules; a name stands before the pattern that would match it too.
pub const SIZE_RULES: &[SizeRule] = &[
    records("ACCESS.GLB", "GLB", 0, 586),
    records("ACCESS2.GLB", "GLB", 0, 69),
    records("ACCESS3.GLB", "GLB", 0, 512),
    fixed("CONTROL.GLB", "GLB", 8),
    fixed("TID.GLB", "GLB", 4),
    fixed("FLAG.GLB", "GLB", 2),
    fixed("RNETSEM.GLB", "GLB", 4),
    fixed("GLOBAL.GLB", "GLB", 512),
    fixed("MASTER.GLB", "GLB", 176),
    fixed("MODEM.GLB", "GLB", 64),
    records("GROUP.GLB", "GLB", 4, 51),
    records("GRPMEM.GLB", "GLB", 4, 128),
    records("NETPO.GLB", "GLB", 4, 43),
    rule("GALNETPO.GLB", "GLB", 4, 43, None, Evidence::Ours),
    records("NETWORK.GLB", "GLB", 0, 122),
    records("PROCESS.GLB", "GLB", 512, 197),
    records("SERVER.GLB", "GLB", 0, 181),
    fixed("REQCONF.GLB", "GLB", 512),
    records("SRVCONF.GLB", "GLB", 1024, 1024),
    varying("REQTRANS.GLB", "GLB", 0),
    varying("SRVTRANS.GLB", "GLB", 0),
    varying("MSTTRANS.GLB", "GLB", 0),
    varying("USRTRANS.GLB", "GLB", 0),
    varying("NMETRANS.GLB", "GLB", 0),
    varying("GWTRANS.GLB", "GLB", 0),
    varying("RESYNC.GLB", "GLB", 0),
    varying("SRVUPDS.GLB", "GLB", 0),
    varying("REQUPDS.GLB", "GLB", 0),
    records("GALINDEX.GLB", "GLB", 208, 6),
    fixed("C850SORT.GLB", "GLB", 795),
    fixed("C850INT.GLB", "GLB", 795),
    fixed("C850SCAN.GLB", "GLB", 795),
    fixed("ANSISORT.GLB", "GLB", 795),
    fixed("ANSIINT.GLB", "GLB", 795),
    fixed("ANSISCAN.GLB", "GLB", 795),
    messages("ERRORADM.GLB"),
    messages("ERRORDYN.GLB"),
    messages("ENGMAI.GLB"),
    messages("ENGMON.GLB"),
    messages("DS_MSG.GLB"),
    // On a Remote client, not in the postoffice (Q80270).
    fixed("CONNECT.GLB", "GLB", 695),
    rule("*.MBG", "MBG", 0, 116, Some(4096), Evidence::Published),
    fixed("*.KEY", "KEY", 560),
    records("*.NME", "NME", 0, 45),
    records("*.USR", "USR", 0, 53),
    records("*.XTN", "XTN", 0, 698),
    records("*.GRP", "GRP", 8, 8),
    rule("*.MEM", "MEM", 0, 4, Some(500), Evidence::Published),
    fixed("SERIALNO.IDX", "FOLDERS", 4),
    records("*.IDX", "FOLDERS", 100, 158),
    // 129 bytes are those of a new, empty one (Q104372).
    varying("*.FLD", "FOLDERS", 129),
];

/// Returns the rule for a file by its name, in any letter case; `None` where no size is published.
#[must_use]
pub fn size_rule(name: &str) -> Option<&'static SizeRule> {
    SIZE_RULES.iter().find(
        |rule| match (rule.file.strip_prefix('*'), name.rfind('.')) {
            (Some(extension), Some(dot)) => name
                .get(dot..)
                .is_some_and(|found| found.eq_ignore_ascii_case(extension)),
            (Some(_), None) => false,
            (None, _) => rule.file.eq_ignore_ascii_case(name),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_its_pattern() {
        let base = |name| size_rule(name).map(|rule| rule.base);
        assert_eq!(base("serialno.idx"), Some(4));
        assert_eq!(base("FOLDROOT.IDX"), Some(100));
        assert_eq!(base("0000002E.key"), Some(560));
        assert_eq!(base("SMTP.GLB"), None);
        assert_eq!(base("KEY"), None);
    }

    #[test]
    fn a_mailbag_has_4096_records() {
        let rule = size_rule("0000002E.MBG").unwrap();
        assert_eq!(rule.record_count(116 * 4096).unwrap(), 4096);
        assert_eq!(
            rule.record_count(116 * 4097).unwrap_err().to_string(),
            "byte 0x0: records: found 4097, expected at most 4096"
        );
        assert_eq!(rule.repaired_len(116 * 4097), None);
    }

    #[test]
    fn only_a_partial_record_can_be_cut_off() {
        let repaired = |name, len| size_rule(name).unwrap().repaired_len(len);
        assert_eq!(repaired("NETPO.GLB", 4 + 43 + 42), Some(47));
        assert_eq!(repaired("NETPO.GLB", 47), Some(47));
        assert_eq!(repaired("NETPO.GLB", 3), None);
        assert_eq!(repaired("REQCONF.GLB", 513), None);
    }
}
