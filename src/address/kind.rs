//! The address types of `spec/import.md` section 3.4.

/// A type token and what it implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressType {
    /// Mail for PC Networks, the type of an address without one.
    Pcm,
    /// The same address in FFAPI spelling (Q106623).
    Csi,
    /// An FFAPI gateway postoffice, handled as PCM since 3.2 (Q104281).
    Ffapi,
    /// The same address in the spelling of Windows clients and Exchange (Q151782).
    Ms,
    /// IBM PROFS.
    Profs,
    /// IBM SNADS.
    Snads,
    /// IBM OfficeVision.
    Ov,
    /// SMTP, 3Com 3+Mail, AT&T.
    Smtp,
    /// X.400.
    X400,
    /// Novell MHS.
    Mhs,
    /// Mail for AppleTalk Networks.
    Msmail,
    /// Fax gateway.
    Fax,
    /// MCI Mail.
    Mci,
}

impl AddressType {
    /// Every type, in the order of the table.
    pub const ALL: [Self; 13] = [
        Self::Pcm,
        Self::Csi,
        Self::Ffapi,
        Self::Ms,
        Self::Profs,
        Self::Snads,
        Self::Ov,
        Self::Smtp,
        Self::X400,
        Self::Mhs,
        Self::Msmail,
        Self::Fax,
        Self::Mci,
    ];

    /// What a message offers for an unknown token.
    pub(crate) const TOKENS: &'static str =
        "one of PCM, CSI, FFAPI, MS, PROFS, SNADS, OV, SMTP, X400, MHS, MSMAIL, FAX, MCI";

    /// Returns the token as it is written out.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Pcm => "PCM",
            Self::Csi => "CSI",
            Self::Ffapi => "FFAPI",
            Self::Ms => "MS",
            Self::Profs => "PROFS",
            Self::Snads => "SNADS",
            Self::Ov => "OV",
            Self::Smtp => "SMTP",
            Self::X400 => "X400",
            Self::Mhs => "MHS",
            Self::Msmail => "MSMAIL",
            Self::Fax => "FAX",
            Self::Mci => "MCI",
        }
    }

    /// Reads a token in any letter case (Q157712); `None` is message 16.
    #[must_use]
    pub fn from_token(token: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| token.eq_ignore_ascii_case(kind.token().as_bytes()))
    }

    /// Returns the type whose lists hold the address: CSI, FFAPI and MS are spellings of PCM.
    #[must_use]
    pub fn family(self) -> Self {
        match self {
            Self::Csi | Self::Ffapi | Self::Ms => Self::Pcm,
            other => other,
        }
    }

    /// Tells whether its places are nodes or DGNs of one gateway rather than postoffices.
    #[must_use]
    pub fn is_gateway_node(self) -> bool {
        self.is_three_part() && self.family() != Self::Pcm
    }

    /// Returns true where the address is `network/postoffice/mailbox` and lists are kept per
    /// network and postoffice.
    #[must_use]
    pub fn is_three_part(self) -> bool {
        matches!(
            self.family(),
            Self::Pcm | Self::Profs | Self::Snads | Self::Ov
        )
    }

    /// Returns true where lists may have a template: exactly the three-part types (Q118321).
    #[must_use]
    pub fn has_templates(self) -> bool {
        self.is_three_part()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_reads_back_in_any_case() {
        for kind in AddressType::ALL {
            assert_eq!(AddressType::from_token(kind.token().as_bytes()), Some(kind));
            let lower = kind.token().to_lowercase();
            assert_eq!(AddressType::from_token(lower.as_bytes()), Some(kind));
            assert!(AddressType::TOKENS.contains(kind.token()));
        }
    }

    #[test]
    fn unknown_tokens_are_no_type() {
        for token in ["", "UUCP", "3COM", "X.400", "PC", "PCMM", " PCM"] {
            assert_eq!(AddressType::from_token(token.as_bytes()), None, "{token}");
        }
    }

    #[test]
    fn spellings_of_pc_mail_are_one_family() {
        for kind in [AddressType::Csi, AddressType::Ffapi, AddressType::Ms] {
            assert_eq!(kind.family(), AddressType::Pcm);
            assert!(kind.has_templates());
        }
        assert_eq!(AddressType::Msmail.family(), AddressType::Msmail);
        assert!(!AddressType::Msmail.has_templates());
    }
}
