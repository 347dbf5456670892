//! The files that the tour lays out; `testdata/README.md` says where each comes from.

/// The schedule that `dssched` may take.
pub(super) const SCHEDULE: (&str, &[u8]) = (
    "times.txt",
    include_bytes!("../../../testdata/tour/times.txt"),
);

/// The import files by their names, in code page 850.
pub(super) const FILES: [(&str, &[u8]); 9] = [
    (
        "montgomery.txt",
        include_bytes!("../../../testdata/tour/montgomery.txt"),
    ),
    (
        "november.txt",
        include_bytes!("../../../testdata/tour/november.txt"),
    ),
    (
        "october.txt",
        include_bytes!("../../../testdata/tour/october.txt"),
    ),
    ("po1.txt", include_bytes!("../../../testdata/tour/po1.txt")),
    (
        "po1names.txt",
        include_bytes!("../../../testdata/tour/po1names.txt"),
    ),
    (
        "snads.txt",
        include_bytes!("../../../testdata/tour/snads.txt"),
    ),
    (
        "gateways.txt",
        include_bytes!("../../../testdata/tour/gateways.txt"),
    ),
    (
        "change.txt",
        include_bytes!("../../../testdata/tour/change.txt"),
    ),
    (
        "gone.txt",
        include_bytes!("../../../testdata/tour/gone.txt"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codepage::CodePage;
    use crate::importfile::Reader;

    #[test]
    fn every_sample_is_import_text_without_a_message() {
        for (name, bytes) in FILES {
            let mut transactions = 0;
            for block in Reader::new(bytes, CodePage::Cp850) {
                let block = block.expect("bytes in memory");
                assert!(block.messages.is_empty(), "{name}: {:?}", block.messages);
                transactions += usize::from(block.transaction.is_some());
            }
            assert!(transactions > 0, "{name}");
        }
    }
}
