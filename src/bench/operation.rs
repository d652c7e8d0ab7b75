//! What is measured.

/// An operation whose time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// One bare signature over 600 bytes.
    Sign,
    /// One bare verification of a signature over 600 bytes, with the parsed key: what everything is compared with.
    Verify,
    /// All that a client does to sign a request: nonce, signature base, signature, headers.
    RequestSign,
    /// A request with a token: `Authorization` is read, the token verified, its scopes compared.
    Jwt,
    /// A certificate that is seen for the first time: base64, DER, path to the CA, key, scopes, revocation.
    CertificateCold,
    /// A certificate that is remembered: base64, SHA-256, cache, validity, revocation.
    CertificateWarm,
    /// A whole signed request of a client that is seen for the first time.
    RequestCold,
    /// A whole signed request of a client whose certificate is remembered.
    RequestWarm,
}

impl Operation {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 8] = [
        Self::Sign,
        Self::Verify,
        Self::RequestSign,
        Self::Jwt,
        Self::CertificateCold,
        Self::CertificateWarm,
        Self::RequestCold,
        Self::RequestWarm,
    ];

    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::RequestSign => "request_sign",
            Self::Jwt => "jwt",
            Self::CertificateCold => "certificate_cold",
            Self::CertificateWarm => "certificate_warm",
            Self::RequestCold => "request_cold",
            Self::RequestWarm => "request_warm",
        }
    }

    /// The name for people, at most 20 characters.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::RequestSign => "sign a request",
            Self::Jwt => "JWT",
            Self::CertificateCold => "certificate, cold",
            Self::CertificateWarm => "certificate, warm",
            Self::RequestCold => "signed request, cold",
            Self::RequestWarm => "signed request, warm",
        }
    }
}
