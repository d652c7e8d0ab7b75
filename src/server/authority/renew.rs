//! `POST /certificates/renew`: a new certificate for a client that signs the request with the key of its present one.
//!
//! A client gets at most one new certificate a minute, and one a day while it has 64 that are valid: asked more often,
//! the answer is the one that was issued last. So a client that lost an answer asks again at no cost, and none can fill
//! the database.

use super::{
    super::{
        answer::{Answer, JSON, authority, json, problem, problem_because, with_type},
        resource::refusal::{Route, refused},
    },
    answers::{Refusal, not_stored},
    decisions::Decisions,
    signing::{Overloaded, Pool},
};
use crate::{
    authz::{Authorities, CertificateVerifier, Policy, RevocationCheck, VerifiedClient},
    cert::{
        Serial,
        chain::Anchors,
        extension::{self, Oid},
        facts::Facts,
    },
    crl::{IssuerId, RevocationStore},
    error::{Error, Rejection, Result},
    scope::Scopes,
    signature::{RequestParts, digest::BodyDigest},
    store::{Authority, IssuedCertificate, RegisteredClient, Registry, Standing, certificate_pem},
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT, request::Parts};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long the certificate that was issued last is the answer.
const REST: Duration = Duration::from_secs(60);
/// A client with so many valid certificates has far more than it can need.
const MANY: usize = 64;
/// How long such a client gets the newest that it has.
const LONG_REST: SignedDuration = SignedDuration::from_hours(24);
/// Requests that wait for the thread that writes into the database.
const QUEUE: usize = 64;
/// Verified certificates that are remembered: each is seen once or twice in its life.
const CACHE: usize = 100;

const PEM_CHAIN: HeaderValue = HeaderValue::from_static("application/pem-certificate-chain");
const PEM_FILE: HeaderValue = HeaderValue::from_static("application/x-pem-file");

/// What renewals need.
pub(super) struct Renewals {
    verifier: CertificateVerifier,
    lists: ArcSwap<RevocationStore>,
    issuer: IssuerId,
    desk: Arc<Mutex<Desk>>,
    /// One thread: each renewal waits for the disk, and for the others that write.
    pool: Pool,
}

/// Who issues, and what was issued in the last minute.
struct Desk {
    authority: Authority,
    oid: Oid,
    recent: HashMap<Arc<str>, Recent>,
}

struct Recent {
    at: Instant,
    issued: Arc<IssuedCertificate>,
}

#[derive(Serialize)]
struct Renewed<'a> {
    certificate: String,
    chain: Vec<String>,
    serial: &'a Serial,
    not_after: String,
    scopes: &'a Scopes,
}

impl Renewals {
    pub(super) fn new(
        authority: Authority,
        oid: Oid,
        authorities: Authorities,
        replay: usize,
        now: Timestamp,
    ) -> Result<Self> {
        let ca = authority.certificate();
        let mut policy = Policy::new(authorities);
        policy.started = Some(now);
        policy.scopes_oid = oid.clone();
        // The registry knows what the next list will say; `lists` is asked besides.
        policy.revocation = RevocationCheck::Off;
        // This CA alone: it can vouch for none but those whom it has issued a certificate to.
        let anchors = Anchors::new([ca.der.clone()])?;
        let issuer = IssuerId::new(&ca.subject, &ca.spki);
        let verifier = CertificateVerifier::new(anchors, policy, RevocationStore::new(), CACHE, replay);
        let desk = Arc::new(Mutex::new(Desk { authority, oid, recent: HashMap::new() }));
        Ok(Self { verifier, lists: ArcSwap::default(), issuer, desk, pool: Pool::new("renewals", 1, QUEUE)? })
    }

    pub(super) fn set_lists(&self, lists: RevocationStore) {
        self.lists.store(Arc::new(lists));
    }

    /// The client whose certificate this is, if it may have another one.
    fn holder(
        &self,
        shown: &VerifiedClient,
        registry: &Registry,
    ) -> Result<(Arc<RegisteredClient>, Serial), Rejection> {
        let untrusted = |why: &'static str| Rejection::CertificateUntrusted(why.into());
        let unknown = || untrusted("this CA did not issue it to a client that it knows");
        let leaf = shown.path().leaf();
        let serial = Serial::from_be_bytes(leaf.serial()).ok_or_else(unknown)?;
        let revoked = || Rejection::CertificateRevoked { serial: serial.to_hex() };
        let client = match registry.certificate(&serial) {
            // A CA below this one may have used the same number.
            Standing::Issued(client, certificate) if certificate.sha256 == *shown.fingerprint() => client,
            Standing::Revoked => return Err(revoked()),
            _ => return Err(unknown()),
        };
        if self.lists.load().get(self.issuer).is_some_and(|list| list.lookup(leaf.serial()).is_some()) {
            return Err(revoked());
        }
        if shown.key()?.spki_der() != client.spki() {
            return Err(untrusted("the client has another key by now"));
        }
        Ok((Arc::clone(client), serial))
    }
}

impl Decisions {
    /// Answers a signed request for a new certificate.
    pub(in crate::server) async fn renew(&self, parts: &Parts, body: Bytes, now: Timestamp) -> Answer {
        if !body.is_empty() {
            let why = "this request has no body: the CA decides what is in a certificate";
            return not_stored(problem_because(StatusCode::BAD_REQUEST, why));
        }
        let Some(authority) = authority(parts) else { return problem(StatusCode::BAD_REQUEST) };
        let decided = match self.clients() {
            Ok(registry) => self.decide(parts, authority, &registry, now),
            Err(refusal) => return refusal.into(),
        };
        let refuse = |rejection: &Rejection| {
            tracing::debug!(reason = rejection.reason().as_str(), "no new certificate: {rejection}");
            not_stored(refused(rejection, Route::Certificate { has_body: false }, &Scopes::default()))
        };
        let (client, serial) = match decided {
            Ok(decided) => decided,
            Err(rejection) => return refuse(&rejection),
        };
        let (desk, pem) = (Arc::clone(&self.renewals.desk), wants_pem(&parts.headers));
        let work = move || {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            let issued = desk.issue(&client, &serial, now)?;
            Ok::<_, Error>((issued, desk.authority.client_chain()))
        };
        match self.renewals.pool.run(work).await {
            Ok(Ok((issued, chain))) => not_stored(answer(&issued, &chain, pem)),
            Ok(Err(Error::Rejected(rejection))) => refuse(&rejection),
            Ok(Err(error)) => {
                tracing::error!("a certificate could not be renewed: {error}");
                Refusal::Unavailable("5").into()
            }
            Err(Overloaded) => Refusal::Unavailable("1").into(),
        }
    }

    /// Verifies the request. The registry is asked before the signature is, as a revocation list would be.
    fn decide(
        &self,
        parts: &Parts,
        authority: &str,
        registry: &Registry,
        now: Timestamp,
    ) -> Result<(Arc<RegisteredClient>, Serial), Rejection> {
        let request = RequestParts {
            method: parts.method.as_str(),
            scheme: "http",
            authority,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
        };
        let verifier = &self.renewals.verifier;
        let head = verifier.check_head(&request, false, now, &mut ())?;
        let holder = self.renewals.holder(head.client(), registry)?;
        verifier.check_body(head, BodyDigest::new(), &Scopes::default(), now, &mut ())?;
        Ok(holder)
    }
}

impl Desk {
    /// A new certificate, or the one that was issued last.
    fn issue(&mut self, client: &RegisteredClient, serial: &Serial, now: Timestamp) -> Result<Arc<IssuedCertificate>> {
        if !self.authority.is_in_place() {
            let what = "a certificate";
            return Err(Error::Issue { what, why: "the CA was replaced: start the server again".to_owned() });
        }
        self.recent.retain(|_, recent| recent.at.elapsed() < REST);
        if let Some(issued) = self.last(client, now)? {
            return Ok(issued);
        }
        let issued = Arc::new(self.authority.renew(serial, client.spki(), &self.oid, now)?);
        tracing::info!(serial = %issued.certificate.serial, "renewed the certificate of {}", client.name());
        self.recent.insert(Arc::clone(client.name()), Recent { at: Instant::now(), issued: Arc::clone(&issued) });
        Ok(issued)
    }

    /// The certificate that is still the answer, if it says what a new one would say.
    fn last(&self, client: &RegisteredClient, now: Timestamp) -> Result<Option<Arc<IssuedCertificate>>> {
        let last = match self.recent.get(client.name()) {
            Some(recent) => Arc::clone(&recent.issued),
            None if client.certificates(now).nth(MANY - 1).is_some() => {
                let newest = client.newest(now).filter(|newest| now.duration_since(newest.issued_at) < LONG_REST);
                let Some(newest) = newest else { return Ok(None) };
                let Some(der) = self.authority.certificate_der(&newest.serial)? else { return Ok(None) };
                let certificate = Facts::from_der(&der)?;
                let value = certificate.extension(&self.oid).unwrap_or_default();
                Arc::new(IssuedCertificate { scopes: extension::decode(&value)?, certificate })
            }
            None => return Ok(None),
        };
        let record = self.authority.certificate_by_serial(&last.certificate.serial)?;
        let usable = record.is_some_and(|record| record.revocation.is_none())
            && last.certificate.spki == client.spki()
            && last.scopes == *client.scopes();
        Ok(usable.then_some(last))
    }
}

/// The media type in which the certificates are wanted, if it is PEM.
fn wants_pem(headers: &HeaderMap) -> Option<HeaderValue> {
    let named = |wanted: &HeaderValue| {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let mut types =
            accepted.flat_map(|line| line.split(',')).map(|part| part.split(';').next().unwrap_or_default());
        types.any(|part| wanted.to_str().is_ok_and(|wanted| part.trim().eq_ignore_ascii_case(wanted)))
    };
    [PEM_FILE, PEM_CHAIN].into_iter().find(named)
}

fn answer(issued: &IssuedCertificate, chain: &[Facts], pem: Option<HeaderValue>) -> Answer {
    let certificate = certificate_pem(&issued.certificate.der);
    let chain: Vec<_> = chain.iter().map(|ca| certificate_pem(&ca.der)).collect();
    if let Some(media_type) = pem {
        return with_type(media_type, certificate + &chain.concat()).into();
    }
    let (serial, scopes) = (&issued.certificate.serial, &issued.scopes);
    let not_after = issued.certificate.not_after.to_string();
    json(StatusCode::OK, JSON, &Renewed { certificate, chain, serial, not_after, scopes }).into()
}
