//! What is measured with: a CA, a client, a token and a verifier, all in memory, all of one key.

use super::HeaderBytes;
use crate::{
    authz::{
        Authorities, BearerVerifier, CertificateVerifier, Policy, Principal, RevocationCheck, RevocationLookup,
        VerifiedClient,
    },
    cert::{
        Subject,
        chain::Anchors,
        extension::SCOPES_OID,
        facts::Facts,
        issuer::{Issuer, Template, root},
    },
    client::{OutgoingRequest, RequestSigner, SignedHeaders},
    crl::{RevocationList, RevocationStore, StalePolicy, issue},
    error::{Error, Rejection, Result},
    key::{Algorithm, PublicKey, Signer, VerifyError},
    scope::Scopes,
    signature::RequestParts,
    token::{self, Claims, Confirmation, TokenVerifier},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};

/// What is signed and verified bare: about as long as a token or a signature base.
const MESSAGE: [u8; 600] = [7; 600];
/// What the client may do, and what the service wants of it.
const GRANTED: &str = "bob.user.read bob.user.write";
const REQUIRED: &str = "bob.user.read";
const ISSUER: &str = "http://127.0.0.1:8586";
const URI: &str = "http://bob.example/users?page=2";
/// How long requests are good for. All are verified for the time at which they were signed.
const WINDOW: Duration = Duration::from_secs(60);

/// The headers of a signed request, with a nonce of its own.
#[derive(Debug, Clone)]
pub struct SignedRequest(HeaderMap);

/// A CA, a client with a certificate and a token, and what verifies both. One key signs everything. It was made for a
/// point in time and stays there, so nothing in it expires.
pub struct World {
    signer: Arc<dyn Signer>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    ca: Facts,
    anchors: Anchors,
    client: Facts,
    encoded: String,
    lists: RevocationStore,
    forgetful: CertificateVerifier,
    remembering: CertificateVerifier,
    requests: RequestSigner<Arc<dyn Signer>>,
    bearer: BearerVerifier,
    token: HeaderMap,
    required: Scopes,
    uri: Uri,
    now: Timestamp,
}

impl World {
    /// Makes the world of this key at `now`: five signatures.
    ///
    /// # Errors
    /// [`Error::Key`] where the key fails, [`Error::Issue`] where it cannot be a CA's or a client's.
    pub fn new(signer: Arc<dyn Signer>, now: Timestamp) -> Result<Self> {
        let key = signer.public_key();
        let algorithm = key.key_type().algorithm();
        let ca = root(&template("bench")?, &signer, now)?;
        let issuer = Issuer::new(&ca, &signer)?;
        let client = issuer.client(&template("alice")?, key, &Scopes::parse(GRANTED)?, &SCOPES_OID, now)?;
        let mut lists = RevocationStore::new();
        let next_update = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now);
        let content = issue::Content { number: 1, this_update: now, next_update, entries: Vec::new() };
        let unusable = |why: String| Error::Issue { what: "a revocation list", why };
        let list = RevocationList::verify(&issue::issue(&issuer, &content)?, &ca.der);
        lists.offer(list.map_err(|e| unusable(e.to_string()))?).map_err(|e| unusable(e.to_string()))?;

        let public = PublicKey::from_spki_der(key.spki_der())?;
        let tokens = TokenVerifier::new(public, ISSUER.into(), "bob".into(), SignedDuration::from_secs(5));
        let token = HeaderValue::try_from(format!("Bearer {}", token::issue(&signer, &claims(&client, now))?))
            .map_err(|_| Error::Issue { what: "a token", why: "it does not fit into a header".into() })?;
        let fresh = RevocationCheck::Required(StalePolicy::FailClosed);
        let revocation = RevocationLookup::new(lists.clone().into(), [&ca], fresh);
        Ok(Self {
            signature: signer.sign(algorithm, &MESSAGE)?,
            algorithm,
            anchors: Anchors::new([ca.der.clone()])?,
            encoded: STANDARD.encode(&client.der),
            requests: RequestSigner::new(&client.der, &[], Arc::clone(&signer))?,
            bearer: BearerVerifier::new(tokens).with_revocation(revocation),
            token: HeaderMap::from_iter([(AUTHORIZATION, token)]),
            required: Scopes::parse(REQUIRED)?,
            uri: Uri::from_static(URI),
            forgetful: verifier(&ca, &lists, 0, 0)?,
            remembering: verifier(&ca, &lists, 16, 0)?,
            signer,
            ca,
            client,
            lists,
            now,
        })
    }

    /// One bare signature.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn sign(&self) -> Result<Vec<u8>> {
        Ok(self.signer.sign(self.algorithm, &MESSAGE)?)
    }

    /// One bare verification, with the parsed key.
    ///
    /// # Errors
    /// [`Error::Rejected`], which would be a defect.
    pub fn verify(&self) -> Result<()> {
        let verdict = self.signer.public_key().verify(self.algorithm, &MESSAGE, &self.signature);
        verdict.map_err(|_: VerifyError| Rejection::SignatureInvalid.into())
    }

    /// A token of the client.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn issue_token(&self) -> Result<String> {
        Ok(token::issue(&self.signer, &claims(&self.client, self.now))?)
    }

    /// The decision about a request with the client's token.
    ///
    /// # Errors
    /// [`Error::Rejected`], which would be a defect.
    pub fn validate_token(&self) -> Result<Principal> {
        Ok(self.bearer.verify(&self.token, &self.required, self.now)?)
    }

    /// What the client adds to a request.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn sign_request(&self) -> Result<SignedHeaders> {
        let request = OutgoingRequest { method: &Method::GET, uri: &self.uri, body: b"" };
        self.requests.sign(&request, WINDOW, self.now)
    }

    /// A request that the client has signed, for [`World::verify_request`].
    ///
    /// # Errors
    /// As [`World::sign_request`].
    pub fn signed_request(&self) -> Result<SignedRequest> {
        Ok(SignedRequest(self.sign_request()?.into_iter().collect()))
    }

    /// A verifier with a replay memory of its own that has room for `nonces`, and remembers up to `cache` certificates.
    ///
    /// # Errors
    /// [`Error::InvalidValue`], which would be a defect.
    pub fn verifier(&self, cache: usize, nonces: usize) -> Result<CertificateVerifier> {
        verifier(&self.ca, &self.lists, cache, nonces)
    }

    /// The decision about a signed request.
    ///
    /// # Errors
    /// [`Error::Rejected`]; the second time also because its nonce was used.
    pub fn verify_request(&self, verifier: &CertificateVerifier, request: &SignedRequest) -> Result<Principal> {
        let parts = RequestParts {
            method: "GET",
            scheme: "http",
            authority: "bob.example",
            path: self.uri.path(),
            query: self.uri.query(),
            headers: &request.0,
        };
        Ok(verifier.verify(&parts, b"", &self.required, self.now)?)
    }

    /// The client's certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.client.der
    }

    /// The CA's certificate in DER.
    pub fn ca_der(&self) -> &[u8] {
        &self.ca.der
    }

    /// The client's certificate from base64, as one that was never seen: path, key, scopes, revocation.
    ///
    /// # Errors
    /// [`Error::Rejected`], which would be a defect.
    pub fn certificate_cold(&self) -> Result<()> {
        self.certificate(&self.forgetful)
    }

    /// As [`World::certificate_cold`], from DER and without revocation.
    ///
    /// # Errors
    /// As [`World::certificate_cold`].
    pub fn certificate_from_der(&self) -> Result<VerifiedClient> {
        Ok(VerifiedClient::establish(&self.client.der, &[], &self.anchors, &SCOPES_OID, self.now)?)
    }

    /// The client's certificate from base64, as one that is remembered: validity, revocation.
    ///
    /// # Errors
    /// [`Error::Rejected`], which would be a defect.
    pub fn certificate_warm(&self) -> Result<()> {
        self.certificate(&self.remembering)
    }

    fn certificate(&self, verifier: &CertificateVerifier) -> Result<()> {
        let (client, _) = verifier.client(self.encoded.as_bytes(), None, self.now)?;
        Ok(client.scopes()?.covers(&self.required)?)
    }

    /// The bytes that the credentials take in a request's head.
    ///
    /// # Errors
    /// As [`World::sign_request`].
    pub fn header_bytes(&self) -> Result<HeaderBytes> {
        let token = self.token.iter().map(|(name, value)| line_bytes(name, value)).sum();
        let signed_request = self.sign_request()?.iter().map(|(name, value)| line_bytes(name, value)).sum();
        Ok(HeaderBytes { token, signed_request })
    }
}

fn verifier(ca: &Facts, lists: &RevocationStore, cache: usize, nonces: usize) -> Result<CertificateVerifier> {
    let policy = Policy::new(Authorities::new(["bob.example"])?);
    let anchors = Anchors::new([ca.der.clone()])?;
    // One client may use a share of the room only, and it is divided: plenty makes sure that it suffices.
    let room = nonces.saturating_mul(4).saturating_add(4096);
    Ok(CertificateVerifier::new(anchors, policy, lists.clone(), cache, room))
}

/// A line of HTTP/1.1: `name: value` and its end.
fn line_bytes(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + ": ".len() + value.len() + "\r\n".len()
}

fn template(name: &str) -> Result<Template> {
    Ok(Template { subject: Subject::new(name, None)?, serial: None, lifetime: None, crl_url: None })
}

/// As those of a token that `certauthz token create` makes.
fn claims(client: &Facts, now: Timestamp) -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: "alice".into(),
        client_id: "alice".into(),
        aud: "bob".into(),
        exp: now.as_second().saturating_add(900),
        iat: now.as_second(),
        jti: "Yr6D1Hn5u0eWq8KfP2xZ3A".into(),
        scope: GRANTED.into(),
        cnf: Some(Confirmation::from(client)),
    }
}
