//! The documents of an authorization server, made once for all requests.

use super::document::Document;
use crate::{
    cert::facts::Facts,
    crl::{CrlError, RevocationList},
    error::{Error, Result},
    key::{Algorithm, PublicKey},
    store::{encode_certificates, encode_pem},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// Where each is, below the issuer.
pub(super) const CRL: &str = "/crl";
pub(super) const CRL_PEM: &str = "/crl.pem";
pub(super) const CA_CERTIFICATE: &str = "/ca.crt";
pub(super) const JWKS: &str = "/jwks.json";
/// RFC 8414 section 3.
pub(super) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(super) const TOKEN: &str = "/oauth/token";
pub(super) const INTROSPECT: &str = "/oauth/introspect";

/// The documents that stay as they are while the server runs.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) ca: Document,
    pub(super) jwks: Document,
    pub(super) metadata: Document,
}

impl Fixed {
    /// Those of this CA, whose tokens name `issuer`.
    ///
    /// # Errors
    /// [`Error::Key`] for a key that this program cannot use.
    pub(super) fn new(ca: &Facts, issuer: &str, now: Timestamp) -> Result<Self> {
        let key = PublicKey::from_spki_der(&ca.spki).map_err(Error::from)?;
        let jwks = json!({"keys": [key.to_jwk()]}).to_string();
        let metadata = json!(Metadata::new(issuer)).to_string();
        Ok(Self {
            // The type of RFC 8555 section 9.1. RFC 5280 wants DER where a certificate names this as its issuer's place;
            // none does, and every tool that asks for a CA file wants PEM.
            ca: Document::new(encode_certificates([ca]), "application/pem-certificate-chain", ca.not_before, None),
            jwks: Document::new(jwks, "application/jwk-set+json", ca.not_before, None),
            // What it says depends on options too: it may have changed with every start.
            metadata: Document::new(metadata, "application/json", now, None),
        })
    }
}

/// RFC 8414 section 2: all members that apply.
#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    grant_types_supported: [&'static str; 1],
    /// Required by the RFC; there is no authorization endpoint, hence none.
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
}

impl<'a> Metadata<'a> {
    fn new(issuer: &'a str) -> Self {
        let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
        let methods = ["private_key_jwt"];
        let algorithms =
            [Algorithm::RsaV15Sha256, Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP384Sha384, Algorithm::Ed25519]
                .map(Algorithm::jose_name);
        Self {
            issuer,
            token_endpoint: at(TOKEN),
            jwks_uri: at(JWKS),
            introspection_endpoint: at(INTROSPECT),
            grant_types_supported: ["client_credentials"],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg_values_supported: algorithms,
            introspection_endpoint_auth_methods_supported: methods,
            introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        }
    }
}

/// A revocation list that was verified, in both forms.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) list: Arc<RevocationList>,
    pub(super) der: Document,
    pub(super) pem: Document,
}

impl Published {
    /// Of this CA's list in DER.
    ///
    /// # Errors
    /// As [`RevocationList::verify`].
    pub(super) fn new(der: Vec<u8>, ca: &Facts) -> Result<Self, CrlError> {
        let list = Arc::new(RevocationList::verify(&der, &ca.der)?);
        let (from, end) = (list.this_update(), Some(list.next_update()));
        let pem = encode_pem("X509 CRL", der.clone());
        let pem = Document::new(pem, "application/x-pem-file", from, end);
        // RFC 2585 section 4.2.
        Ok(Self { list, der: Document::new(der, "application/pkix-crl", from, end), pem })
    }

    /// As it is served in the place of `other`.
    pub(super) fn after(self, other: &Self) -> Self {
        Self { list: self.list, der: self.der.after(&other.der), pem: self.pem.after(&other.pem) }
    }

    /// When a new one is due: two thirds of its life are over.
    pub(super) fn renew_at(&self) -> Timestamp {
        let (from, end) = (self.list.this_update(), self.list.next_update());
        from + end.duration_since(from) / 3 * 2
    }

    /// Its number, as a floor for the next one's.
    pub(super) fn number(&self) -> u64 {
        self.list.number().to_u128().and_then(|number| u64::try_from(number).ok()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_names_every_endpoint_below_the_issuer() {
        for issuer in ["https://as.example", "https://as.example/"] {
            let metadata = json!(Metadata::new(issuer));
            assert_eq!(metadata["issuer"], issuer);
            assert_eq!(metadata["token_endpoint"], "https://as.example/oauth/token");
            assert_eq!(metadata["jwks_uri"], "https://as.example/jwks.json");
            assert_eq!(metadata["response_types_supported"], json!([]));
            assert_eq!(
                metadata["token_endpoint_auth_signing_alg_values_supported"],
                json!(["RS256", "ES256", "ES384", "EdDSA"])
            );
        }
    }
}
