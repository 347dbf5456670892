//! The three kinds of sync number. They are types of their own, so that a number of one side can
//! never be passed where one of the other belongs (`spec/protocol.md` section 2).

use std::fmt;

use super::layout::number_field;

macro_rules! sync_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 32 bits, a total that only grows; zero means "none yet". Formatting obeys width and fill:
        /// message bodies print ten digits (`{:010}`), LISTQ six.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u32);

        impl $name {
            /// No number yet.
            pub const ZERO: Self = Self(0);

            /// Returns the number after this one; `None` at the end of the field, which never wraps.
            #[must_use]
            pub fn next(self) -> Option<Self> {
                self.0.checked_add(1).map(Self)
            }
        }

        number_field!($name(u32));

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

sync_number! {
    /// ReqSync: numbers the transactions of one requestor (REQTRANS, REQCONF, SRVCONF records; Q133428).
    ReqSync
}

sync_number! {
    /// SrvSync: numbers the transactions of the dirsync server (MSTTRANS, SRVCONF, REQCONF; Q96060).
    SrvSync
}

sync_number! {
    /// ImportSync: counts the full lists sent to one requestor (REQCONF, SRVCONF records; Q99961, Q119452).
    ImportSync
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_one_and_do_not_wrap() {
        assert_eq!(ReqSync::ZERO.next(), Some(ReqSync(1)));
        assert_eq!(SrvSync(u32::MAX).next(), None);
        assert!(ImportSync(9) < ImportSync(10));
    }

    #[test]
    fn numbers_print_in_the_published_widths() {
        assert_eq!(format!("{:010}", SrvSync(644)), "0000000644");
        assert_eq!(format!("{:06}", ReqSync(1)), "000001");
        assert_eq!(ReqSync(17).to_string(), "17");
    }
}
