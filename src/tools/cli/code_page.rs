//! The value of `--code-page`.

use crate::codec::codepage::CodePage;

/// Reads a `--code-page` value.
///
/// # Errors
/// It is not the number of a code page we have; the text says which there are.
pub fn code_page(value: &str) -> Result<CodePage, String> {
    value
        .parse()
        .ok()
        .and_then(CodePage::from_id)
        .ok_or_else(|| {
            let known: Vec<_> = CodePage::ALL
                .iter()
                .map(|page| page.id().to_string())
                .collect();
            format!("expected one of {}", known.join(", "))
        })
}
