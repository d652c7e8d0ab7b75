//! Signed requests: the certificate, its chain and revocation, and the signature that proves possession of its key.

use super::{
    Authorities, CacheCounts, CheckedHead, Credential, Observer, Principal, ReplayMemory,
    head::{Head, check_end},
};
use crate::{
    cert::{
        chain::{self, Anchors, Path, Purpose, Revocation},
        extension::{self, Oid},
    },
    crl::{Freshness, RevocationStore, StalePolicy, Staleness},
    error::Rejection,
    key::{Algorithm, PublicKey, sha256},
    scope::Scopes,
    signature::{RequestParts, digest::BodyDigest},
};
use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache;
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a service accepts.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The names under which the service is called.
    pub authorities: Authorities,
    /// The age past which a signature is refused, whatever its `expires` says. Default 60 s.
    pub max_age: SignedDuration,
    /// How far a client's clock may run ahead. Default 5 s.
    pub skew: SignedDuration,
    /// When the replay memory began: requests created before are refused. `None` for verification after the fact.
    pub started: Option<Timestamp>,
    /// The object identifier of the scopes extension.
    pub scopes_oid: Oid,
    /// What is done about revocation.
    pub revocation: RevocationCheck,
}

/// What is done about revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationCheck {
    /// Every certificate of the path is looked up in its issuer's list, which must be fresh or tolerated by the policy.
    Required(StalePolicy),
    /// Revocation is not checked. Only for tools that were told so.
    Off,
}

impl Policy {
    /// The defaults for these authorities: 60 s, 5 s, a revocation list required, stale lists refused.
    pub fn new(authorities: Authorities) -> Self {
        Self {
            authorities,
            max_age: SignedDuration::from_secs(60),
            skew: SignedDuration::from_secs(5),
            started: None,
            scopes_oid: extension::SCOPES_OID,
            revocation: RevocationCheck::Required(StalePolicy::default()),
        }
    }
}

/// A certificate whose path was valid when it was first seen, with what each request needs of it.
pub struct VerifiedClient {
    /// The subject's common name.
    pub name: String,
    /// The serial number, lower-case hex.
    pub serial: String,
    /// The end of its life.
    pub not_after: Timestamp,
    /// SHA-256 of its DER.
    pub fingerprint: [u8; 32],
    scopes: Result<Scopes, Rejection>,
    key: PublicKey,
    path: Path,
}

impl VerifiedClient {
    /// Validates the path of a certificate for client authentication at `now` and reads what requests need. Revocation
    /// is left to [`Path::check_revocation`].
    fn establish(
        leaf: &[u8],
        chain: &[Vec<u8>],
        anchors: &Anchors,
        scopes_oid: &Oid,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let intermediates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let path = chain::validate(leaf, &intermediates, anchors, Purpose::ClientAuth, Revocation::Unchecked, now)?;
        let malformed = |why: &'static str| Rejection::CredentialMalformed(why.into());
        let (_, parsed) = X509Certificate::from_der(leaf).map_err(|_| malformed("not a certificate"))?;
        let key = PublicKey::from_spki_der(parsed.public_key().raw)
            .map_err(|e| Rejection::CertificateUntrusted(e.to_string().into()))?;
        Ok(Self {
            name: client_name(&parsed)?,
            serial: path.leaf().serial_hex(),
            not_after: path.leaf().not_after(),
            fingerprint: sha256(leaf),
            scopes: extension::read_scopes(&parsed, scopes_oid),
            key,
            path,
        })
    }

    /// The scopes that its certificate carries.
    ///
    /// # Errors
    /// [`Rejection::ScopesMissing`] or [`Rejection::ScopesMalformed`].
    pub fn scopes(&self) -> Result<&Scopes, Rejection> {
        self.scopes.as_ref().map_err(Clone::clone)
    }

    /// The certificate's public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The path to the CA.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The one common name of the subject: 1 to 64 characters (RFC 5280 appendix A), none of them a control.
fn client_name(certificate: &X509Certificate<'_>) -> Result<String, Rejection> {
    let malformed = || Rejection::CredentialMalformed("the subject has not exactly one readable common name".into());
    let mut names = certificate.subject().iter_common_name();
    let (Some(name), None) = (names.next(), names.next()) else { return Err(malformed()) };
    let name = name.as_str().map_err(|_| malformed())?;
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(malformed());
    }
    Ok(name.to_owned())
}

/// Decides about signed requests. One instance serves all threads.
pub struct CertificateVerifier {
    anchors: Anchors,
    policy: Policy,
    lists: RwLock<Arc<RevocationStore>>,
    /// Keyed by SHA-256 of leaf and chain. Positive answers only.
    clients: Option<Cache<CacheKey, Arc<VerifiedClient>>>,
    hits: AtomicU64,
    misses: AtomicU64,
    replay: ReplayMemory,
}

impl CertificateVerifier {
    /// A verifier that trusts `anchors`. `cache` is the number of verified certificates to remember (0 for none),
    /// `replay` the number of nonces.
    pub fn new(anchors: Anchors, policy: Policy, lists: RevocationStore, cache: usize, replay: usize) -> Self {
        Self {
            anchors,
            policy,
            lists: RwLock::new(Arc::new(lists)),
            clients: (cache > 0).then(|| Cache::new(cache)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            replay: ReplayMemory::new(replay),
        }
    }

    /// What it accepts.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The revocation lists in use.
    pub fn lists(&self) -> Arc<RevocationStore> {
        Arc::clone(&self.lists.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the revocation lists; requests that are under way finish with the old ones.
    pub fn set_lists(&self, lists: RevocationStore) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    /// The use of the cache of verified certificates. All zero without a cache.
    pub fn cache_counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.clients.as_ref().map_or(0, |cache| u64::try_from(cache.len()).unwrap_or(u64::MAX)),
        }
    }

    /// The memory of the nonces that were used.
    pub fn replay(&self) -> &ReplayMemory {
        &self.replay
    }

    /// Decides about a whole request.
    ///
    /// # Errors
    /// The [`Rejection`] of the first check that fails, cheapest first.
    pub fn verify(
        &self,
        request: &RequestParts<'_>,
        body: &[u8],
        required: &Scopes,
        now: Timestamp,
    ) -> Result<Principal, Rejection> {
        self.verify_observed(request, body, required, now, &mut ())
    }

    /// As [`CertificateVerifier::verify`]; `observer` is told of the steps ([`super::REQUEST_STEPS`]).
    ///
    /// # Errors
    /// As [`CertificateVerifier::verify`].
    pub fn verify_observed(
        &self,
        request: &RequestParts<'_>,
        body: &[u8],
        required: &Scopes,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Principal, Rejection> {
        let head = self.check_head(request, !body.is_empty(), now, observer)?;
        let mut digest = BodyDigest::new();
        digest.update(body);
        self.check_body(head, digest, required, now, observer)
    }

    /// Everything that can be decided before the body is read: up to and including revocation. `has_body` says whether
    /// the request announces one.
    ///
    /// # Errors
    /// As [`CertificateVerifier::verify`].
    pub fn check_head(
        &self,
        request: &RequestParts<'_>,
        has_body: bool,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<CheckedHead, Rejection> {
        let head = Head::check(request, has_body, &self.policy, now, observer)?;
        let client = self.client(&head.leaf, &head.chain, now)?;
        observer.passed("certificate", &|| format!("{}, serial {}", client.name, client.serial));
        let revocation = self.check_revocation(&client, now)?;
        match self.policy.revocation {
            RevocationCheck::Off => observer.skipped("revocation", &|| "not checked".to_owned()),
            RevocationCheck::Required(_) => observer.passed("revocation", &|| describe_revocation(revocation)),
        }
        let digest = request.headers.get_all("content-digest").iter().map(|v| v.as_bytes()).collect::<Vec<_>>();
        let digest = (!digest.is_empty()).then(|| digest.join(&b", "[..]));
        Ok(CheckedHead { head, client, revocation, digest })
    }

    /// The rest: body digest, signature, nonce, scopes. `now` is the time at which the body was complete: a request
    /// whose time ran out meanwhile is refused, since the replay memory may have let go of its nonce.
    ///
    /// # Errors
    /// As [`CertificateVerifier::verify`].
    pub fn check_body(
        &self,
        checked: CheckedHead,
        body: BodyDigest,
        required: &Scopes,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Principal, Rejection> {
        let CheckedHead { head, client, revocation, digest } = checked;
        check_end(head.end, now)?;
        let len = body.len();
        match digest {
            // A digest that is not signed proves nothing, one that is signed must hold, also for an empty body.
            Some(field) if head.digest_covered => body.verify(&field)?,
            _ if body.is_empty() => {}
            Some(_) => return Err(Rejection::SignatureCoverage("\"content-digest\" is not covered".into())),
            None => return Err(Rejection::DigestMissing),
        }
        observer.passed("digest", &|| format!("{len} bytes of body"));
        observer.signature_base(&head.base);
        let algorithm = algorithm(&client.key, head.alg.as_deref())?;
        client.key.verify(algorithm, head.base.as_bytes(), &head.signature).map_err(|_| Rejection::SignatureInvalid)?;
        observer.passed("signature", &|| algorithm.to_string());
        // One second more than needed, as the end was compared with fractions.
        let until = head.end.as_second().saturating_add(1);
        self.replay.record(&client.fingerprint, &head.nonce, until, now)?;
        observer.passed("nonce", &String::new);
        let scopes = client.scopes()?;
        scopes.covers(required)?;
        observer.passed("scopes", &|| scopes.to_string());
        Ok(Principal {
            client: client.name.clone(),
            scopes: scopes.clone(),
            credential: Credential::Certificate { revocation },
        })
    }

    /// The verified client of a certificate, remembered or established.
    fn client(&self, leaf: &[u8], chain: &[Vec<u8>], now: Timestamp) -> Result<Arc<VerifiedClient>, Rejection> {
        let establish =
            || VerifiedClient::establish(leaf, chain, &self.anchors, &self.policy.scopes_oid, now).map(Arc::new);
        let Some(cache) = &self.clients else { return establish() };
        let key = cache_key(leaf, chain);
        if let Some(client) = cache.get(&key) {
            if client.path.check_validity(now).is_ok() {
                self.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(client);
            }
            // Let the whole validation say what is wrong: a hit must never answer what a miss would not.
            cache.remove(&key);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let client = establish()?;
        cache.insert(key, Arc::clone(&client));
        Ok(client)
    }

    /// The policy that is being applied because a revocation list is stale at `now`, if one is.
    pub fn stale_policy(&self, now: Timestamp) -> Option<StalePolicy> {
        let RevocationCheck::Required(policy) = self.policy.revocation else { return None };
        let lists = self.lists();
        lists.lists().any(|list| list.freshness(now) != Freshness::Current).then_some(policy)
    }

    fn check_revocation(&self, client: &VerifiedClient, now: Timestamp) -> Result<Staleness, Rejection> {
        match self.policy.revocation {
            RevocationCheck::Off => Ok(Staleness::Current),
            RevocationCheck::Required(policy) => client.path.check_revocation(&self.lists(), policy, now),
        }
    }
}

fn describe_revocation(staleness: Staleness) -> String {
    match staleness {
        Staleness::Current => "not revoked, list current".to_owned(),
        Staleness::Tolerated { since, policy } => {
            format!("not revoked; list stale since {since}, tolerated by {}", policy.name())
        }
    }
}

/// The algorithm that the key dictates, or the other one that it supports if `alg` says so.
fn algorithm(key: &PublicKey, alg: Option<&str>) -> Result<Algorithm, Rejection> {
    let Some(name) = alg else { return Ok(key.key_type().algorithm()) };
    Algorithm::from_http_name(name)
        .filter(|algorithm| key.key_type().supports(*algorithm))
        .ok_or_else(|| Rejection::AlgorithmForbidden(name.chars().take(64).collect()))
}

/// SHA-256 of the leaf and, apart from it, of the chain: two fields, so that no bytes of one can pass for the other.
type CacheKey = ([u8; 32], [u8; 32]);

fn cache_key(leaf: &[u8], chain: &[Vec<u8>]) -> CacheKey {
    let links: Vec<[u8; 32]> = chain.iter().map(|der| sha256(der)).collect();
    (sha256(leaf), if links.is_empty() { [0; 32] } else { sha256(links.as_flattened()) })
}
