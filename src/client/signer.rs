//! Signing requests with a certificate's key.

use crate::{
    cert::facts::Facts,
    error::{Error, Result},
    key::{Algorithm, KeyError, Signer},
    signature::{
        CLIENT_CERT, CLIENT_CERT_CHAIN, Component, LABEL, MAX_CHAIN, Parameters, RequestParts, SignError, TAG,
        base::normalized_authority, digest::content_digest, sign,
    },
};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use std::time::Duration;

/// The longest time for which a request may be signed.
pub const MAX_WINDOW: Duration = Duration::from_secs(300);

/// A request that is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The absolute URI: its scheme, authority, path and query are used.
    pub uri: &'a Uri,
    /// The body; empty is none.
    pub body: &'a [u8],
}

impl OutgoingRequest<'_> {
    /// The authority as it is signed: in lower case, without the scheme's default port. What is sent as `Host` must be it.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where the URI has none.
    pub fn authority(&self) -> Result<String> {
        let bad = |why| Error::invalid("URL", self.uri, why, "give an absolute one, like http://bob.example/cert");
        let scheme = self.uri.scheme_str().ok_or_else(|| bad("it has no scheme"))?;
        let authority = self.uri.authority().ok_or_else(|| bad("it names no host"))?;
        Ok(normalized_authority(scheme, authority.as_str()).into_owned())
    }
}

/// The headers that make a request a signed one.
pub type SignedHeaders = Vec<(HeaderName, HeaderValue)>;

/// Signs requests as one client. Several threads may use it at once.
pub struct RequestSigner<S> {
    signer: S,
    certificate: HeaderValue,
    chain: Option<HeaderValue>,
    algorithm: Algorithm,
}

impl<S: Signer> RequestSigner<S> {
    /// A signer with the client's DER certificate, its intermediates (the leaf's issuer first), and its key.
    ///
    /// # Errors
    /// [`Error::Issue`] where the certificate cannot be read or is another key's; [`Error::NotAllowed`] for more
    /// intermediates than a verifier looks at.
    pub fn new(certificate: &[u8], chain: &[Vec<u8>], signer: S) -> Result<Self> {
        let facts = Facts::from_der(certificate)?;
        if facts.spki != signer.public_key().spki_der() {
            let why = "the private key does not belong to the client's certificate".to_owned();
            return Err(Error::Issue { what: "a request signature", why });
        }
        if chain.len() > MAX_CHAIN {
            let hint = "keep only the certificates between the client's and the trusted CA's";
            return Err(Error::not_allowed("chain", chain.len(), "a request carries at most 4 intermediates", hint));
        }
        let header = |value: String| HeaderValue::try_from(value).map_err(|_| unusable("a certificate"));
        let encoded: Vec<_> = chain.iter().map(|der| STANDARD.encode(der)).collect();
        Ok(Self {
            certificate: header(STANDARD.encode(certificate))?,
            chain: if encoded.is_empty() { None } else { Some(header(encoded.join(", "))?) },
            algorithm: signer.public_key().key_type().algorithm(),
            signer,
        })
    }

    /// The headers to add to `request`, with a fresh nonce, created `now` and usable for `window` (whole seconds).
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a window that is not 1 to 300 s or a URI that is not absolute, [`Error::Key`] where the
    /// key fails.
    pub fn sign(&self, request: &OutgoingRequest<'_>, window: Duration, now: Timestamp) -> Result<SignedHeaders> {
        let authority = request.authority()?;
        let created = now.as_second();
        let expires = created.saturating_add(window_seconds(window)?);
        let mut headers = HeaderMap::with_capacity(8);
        let mut covered = vec!["@method", "@authority", "@path", "@query", CLIENT_CERT];
        headers.insert(CLIENT_CERT, self.certificate.clone());
        if let Some(chain) = &self.chain {
            headers.insert(CLIENT_CERT_CHAIN, chain.clone());
            covered.push(CLIENT_CERT_CHAIN);
        }
        if !request.body.is_empty() {
            headers.insert("content-digest", value(content_digest(request.body))?);
            covered.push("content-digest");
        }
        let parts = RequestParts {
            method: request.method.as_str(),
            scheme: request.uri.scheme_str().unwrap_or("http"),
            authority: &authority,
            path: request.uri.path(),
            query: request.uri.query(),
            headers: &headers,
        };
        let parameters = Parameters {
            created: Some(created),
            expires: Some(expires),
            nonce: Some(nonce()?.into()),
            tag: Some(TAG.into()),
            ..Parameters::default()
        };
        let components: Vec<_> = covered.iter().map(|name| Component::new(name)).collect();
        let signed = sign(&self.signer, self.algorithm, &parts, LABEL, &components, &parameters).map_err(failed)?;
        let names = covered.into_iter().filter(|name| !name.starts_with('@'));
        let mut result: SignedHeaders =
            names.filter_map(|name| Some((HeaderName::from_static(name), headers.remove(name)?))).collect();
        result.push((HeaderName::from_static("signature-input"), value(signed.signature_input)?));
        result.push((HeaderName::from_static("signature"), value(signed.signature)?));
        Ok(result)
    }
}

fn window_seconds(window: Duration) -> Result<i64> {
    match i64::try_from(window.as_secs()) {
        Ok(seconds @ 1..) if window <= MAX_WINDOW => Ok(seconds),
        _ => Err(Error::invalid(
            "signature life",
            format!("{window:?}"),
            "it is not 1 to 300 seconds",
            "sign for less time, like 60s, and sign again when it is over",
        )),
    }
}

/// 128 random bits in 22 characters.
fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Key(KeyError::Crypto("draw random numbers")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn value(text: String) -> Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(|_| unusable("a signature"))
}

fn unusable(what: &str) -> Error {
    Error::Issue { what: "a request signature", why: format!("{what} does not fit into a header") }
}

fn failed(error: SignError) -> Error {
    match error {
        SignError::Key(error) => Error::Key(error),
        other => Error::Issue { what: "a request signature", why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cert::{
            Subject,
            extension::SCOPES_OID,
            issuer::{Issuer, Template, root},
        },
        key::{KeyType, LocalKey},
        scope::Scopes,
        signature::{params, signature_base},
    };

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn template(name: &str) -> Template {
        Template { subject: Subject::new(name, None).unwrap(), serial: None, lifetime: None, crl_url: None }
    }

    fn client(key_type: KeyType) -> (Vec<u8>, LocalKey) {
        let ca_key = LocalKey::generate(KeyType::EcP256).unwrap();
        let ca = root(&template("ca"), &ca_key, NOW).unwrap();
        let key = LocalKey::generate(key_type).unwrap();
        let scopes = Scopes::parse("bob.user.read").unwrap();
        let issuer = Issuer::new(&ca, &ca_key).unwrap();
        let facts = issuer.client(&template("alice"), key.public_key(), &scopes, &SCOPES_OID, NOW).unwrap();
        (facts.der, key)
    }

    fn signed(signer: &RequestSigner<LocalKey>, url: &str, body: &[u8]) -> SignedHeaders {
        let uri: Uri = url.parse().unwrap();
        let request = OutgoingRequest { method: &Method::POST, uri: &uri, body };
        signer.sign(&request, Duration::from_secs(60), NOW).unwrap()
    }

    #[test]
    fn what_is_signed_verifies_with_the_public_key() {
        for key_type in [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
            let (der, key) = client(key_type);
            let signer = RequestSigner::new(&der, &[vec![1], vec![2]], key).unwrap();
            let headers: HeaderMap = signed(&signer, "https://Bob.example:443/a%20b?", b"{}").into_iter().collect();
            let input = headers["signature-input"].as_bytes();
            let members = params::parse_signature_input(input).unwrap();
            let [member] = &members[..] else { panic!("{members:?}") };
            for name in ["@method", "@authority", "@path", "@query", CLIENT_CERT, CLIENT_CERT_CHAIN, "content-digest"] {
                assert!(member.covers(name), "{name}");
            }
            assert_eq!(
                (member.parameters.created, member.parameters.expires),
                (Some(1_800_000_000), Some(1_800_000_060))
            );
            let parts = RequestParts {
                method: "POST",
                scheme: "https",
                authority: "bob.example",
                path: "/a%20b",
                query: Some(""),
                headers: &headers,
            };
            let mut base = Vec::new();
            signature_base(&parts, &member.components, &member.serialized, &mut base).unwrap();
            let signature = params::parse_signature(headers["signature"].as_bytes(), &member.label).unwrap();
            let public = signer.signer.public_key();
            assert_eq!(public.verify(key_type.algorithm(), &base, &signature), Ok(()), "{key_type}");
        }
    }

    #[test]
    fn every_signature_has_its_own_nonce() {
        let (der, key) = client(KeyType::Ed25519);
        let signer = RequestSigner::new(&der, &[], key).unwrap();
        let inputs: std::collections::HashSet<_> =
            (0..100).map(|_| signed(&signer, "http://bob/", b"").remove(1).1.to_str().unwrap().to_owned()).collect();
        assert_eq!(inputs.len(), 100);
    }

    #[test]
    fn a_get_has_no_digest_and_a_leaf_of_the_ca_no_chain() {
        let (der, key) = client(KeyType::Ed25519);
        let signer = RequestSigner::new(&der, &[], key).unwrap();
        let names: Vec<_> = signed(&signer, "http://bob/", b"").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [CLIENT_CERT, "signature-input", "signature"]);
    }

    #[test]
    fn what_no_verifier_would_accept_is_not_signed() {
        let (der, key) = client(KeyType::Ed25519);
        let other = LocalKey::generate(KeyType::Ed25519).unwrap();
        assert!(matches!(RequestSigner::new(&der, &[], other), Err(Error::Issue { .. })));
        let signer = RequestSigner::new(&der, &[], key).unwrap();
        let sign = |url: &str, window: u64| {
            let uri: Uri = url.parse().unwrap();
            let request = OutgoingRequest { method: &Method::GET, uri: &uri, body: b"" };
            signer.sign(&request, Duration::from_secs(window), NOW)
        };
        assert!(sign("http://bob/", 300).is_ok());
        for (url, window) in [("http://bob/", 0), ("http://bob/", 301), ("http://bob/", u64::MAX), ("/cert", 60)] {
            assert!(sign(url, window).unwrap_err().is_usage(), "{url} {window}");
        }
        let (der, key) = client(KeyType::Ed25519);
        assert!(matches!(RequestSigner::new(&der, &vec![vec![0]; 5], key), Err(Error::NotAllowed { .. })));
    }
}
