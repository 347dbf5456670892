//! Code pages by the names that mail gives them.

use crate::codec::codepage::CodePage;

/// Returns the IANA name of a code page, for a `charset`.
pub(super) fn label(code_page: CodePage) -> &'static str {
    match code_page {
        CodePage::Cp437 => "IBM437",
        CodePage::Cp737 => "cp737",
        CodePage::Cp850 => "IBM850",
        CodePage::Cp852 => "IBM852",
        CodePage::Cp866 => "IBM866",
        CodePage::Cp932 => "Shift_JIS",
        CodePage::Cp936 => "GBK",
        CodePage::Cp949 => "windows-949",
        CodePage::Cp950 => "Big5",
        CodePage::Windows1250 => "windows-1250",
        CodePage::Windows1251 => "windows-1251",
        CodePage::Windows1252 => "windows-1252",
        CodePage::Windows1253 => "windows-1253",
        CodePage::Windows1254 => "windows-1254",
        CodePage::Windows1255 => "windows-1255",
        CodePage::Windows1256 => "windows-1256",
        CodePage::Windows1257 => "windows-1257",
        CodePage::Windows1258 => "windows-1258",
    }
}

/// How the text of a message is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// Nothing is said, or US-ASCII: in the code page of whoever reads it.
    #[default]
    Unlabelled,
    /// In a code page.
    Page(CodePage),
    /// In UTF-8.
    Utf8,
    /// One that is no code page of a postoffice: read as if nothing were said.
    Unknown,
}

impl Charset {
    /// Finds a charset by its name in any letter case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        if let Some(page) = CodePage::ALL
            .into_iter()
            .find(|&page| label(page).eq_ignore_ascii_case(&name))
        {
            return Self::Page(page);
        }
        let number = ["cp", "ibm", "ibm-", "cp-", "windows-", "x-cp", "ms"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix)?.parse().ok())
            .and_then(CodePage::from_id);
        match (number, name.as_str()) {
            (Some(page), _) => Self::Page(page),
            (_, "us-ascii" | "ascii" | "") => Self::Unlabelled,
            (_, "utf-8" | "utf8") => Self::Utf8,
            // Everybody reads Latin 1 as Windows 1252.
            (_, "iso-8859-1" | "latin1" | "ansi") => Self::Page(CodePage::Windows1252),
            (_, "sjis" | "x-sjis" | "windows-31j") => Self::Page(CodePage::Cp932),
            (_, "gb2312" | "gb18030") => Self::Page(CodePage::Cp936),
            (_, "euc-kr" | "ks_c_5601-1987") => Self::Page(CodePage::Cp949),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_name() {
        for page in CodePage::ALL {
            assert_eq!(Charset::from_name(label(page)), Charset::Page(page));
            assert_eq!(
                Charset::from_name(&format!("CP{page}")),
                Charset::Page(page)
            );
        }
        assert_eq!(Charset::from_name("us-ascii"), Charset::Unlabelled);
        assert_eq!(Charset::from_name(" UTF-8 "), Charset::Utf8);
        assert_eq!(
            Charset::from_name("ISO-8859-1"),
            Charset::Page(CodePage::Windows1252)
        );
        assert_eq!(Charset::from_name("koi8-r"), Charset::Unknown);
    }
}
