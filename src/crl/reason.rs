//! Why a certificate was revoked (RFC 5280 section 5.3.1).

use crate::error::{Error, Result};
use std::{fmt, str::FromStr};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal,)*) => {
        /// Why a certificate was revoked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum RevocationReason {
            $($(#[$doc])* $name,)*
            /// Of delta lists only; where a complete list says it, the certificate counts as revoked.
            RemoveFromCrl,
        }

        impl RevocationReason {
            /// Every reason that a CA gives: all but `removeFromCRL`.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name in RFC 5280, e.g. `keyCompromise`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::RemoveFromCrl => "removeFromCRL" }
            }

            /// The CRLReason code.
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* Self::RemoveFromCrl => 8 }
            }
        }

        impl From<RevocationReason> for rcgen::RevocationReason {
            fn from(reason: RevocationReason) -> Self {
                match reason {
                    $(RevocationReason::$name => Self::$name,)*
                    RevocationReason::RemoveFromCrl => Self::RemoveFromCrl,
                }
            }
        }
    };
}

reasons! {
    /// No reason given; left out of the list.
    #[default]
    Unspecified = 0 "unspecified",
    /// The private key is known to somebody else, or may be.
    KeyCompromise = 1 "keyCompromise",
    /// The CA's own key is.
    CaCompromise = 2 "cACompromise",
    /// The subject's name or role changed.
    AffiliationChanged = 3 "affiliationChanged",
    /// Another certificate replaces it.
    Superseded = 4 "superseded",
    /// It is not needed any more.
    CessationOfOperation = 5 "cessationOfOperation",
    /// On hold.
    CertificateHold = 6 "certificateHold",
    /// A privilege in it was withdrawn.
    PrivilegeWithdrawn = 9 "privilegeWithdrawn",
    /// The attribute authority's key is known to somebody else.
    AaCompromise = 10 "aACompromise",
}

impl RevocationReason {
    /// The reason with this CRLReason code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().chain([Self::RemoveFromCrl]).find(|reason| reason.code() == code)
    }

    /// Reads a name of RFC 5280 as people type it: case, `-` and `_` do not matter.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the names that exist.
    pub fn parse(text: &str) -> Result<Self> {
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | '_')).collect();
        Self::ALL.iter().copied().find(|reason| reason.as_str().eq_ignore_ascii_case(&plain)).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|reason| reason.as_str()).collect();
            Error::invalid("revocation reason", text, "unknown", format!("use one of {}", names.join(", ")))
        })
    }
}

impl FromStr for RevocationReason {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for RevocationReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
