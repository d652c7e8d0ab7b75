//! Signed requests: the certificate, its chain and revocation, and the signature that proves possession of its key.

use super::{
    Authorities, CacheCounts, CheckedHead, Credential, Observer, Principal, ReplayMemory, RevocationCheck, SharedLists,
    VerifiedClient,
    cache::ClientCache,
    head::{Content, Head, SentCertificate, check_end, decode_chain},
    revocation,
};
use crate::{
    cert::{
        chain::Anchors,
        extension::{self, Oid},
    },
    crl::{Freshness, RevocationStore, StalePolicy, Staleness},
    error::Rejection,
    key::{Algorithm, PublicKey},
    scope::Scopes,
    signature::{RequestParts, digest::BodyDigest},
};
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

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

/// Whom a verifier trusts, and whom it has come to know by that.
struct Trust {
    anchors: Anchors,
    /// Positive answers only, each of which these anchors gave: other anchors come with a cache of their own.
    clients: ClientCache,
}

/// Decides about signed requests. One instance serves all threads.
pub struct CertificateVerifier {
    policy: Policy,
    cache: usize,
    trust: ArcSwap<Trust>,
    lists: SharedLists,
    replay: ReplayMemory,
}

impl CertificateVerifier {
    /// A verifier that trusts `anchors` and asks `lists`, its own or those of others ([`SharedLists`]). `cache` is the number of verified certificates to remember (0 for none), each
    /// with [`super::CACHE_UNIT`] bytes, `replay` the number of nonces.
    pub fn new(anchors: Anchors, policy: Policy, lists: impl Into<SharedLists>, cache: usize, replay: usize) -> Self {
        Self {
            policy,
            cache,
            trust: ArcSwap::from_pointee(Trust { anchors, clients: ClientCache::new(cache) }),
            lists: lists.into(),
            replay: ReplayMemory::new(replay),
        }
    }

    /// What it accepts.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The revocation lists in use.
    pub fn lists(&self) -> Arc<RevocationStore> {
        self.lists.current()
    }

    /// Replaces the revocation lists, for all who share them; requests that are under way finish with the old ones.
    pub fn set_lists(&self, lists: RevocationStore) {
        self.lists.set(lists);
    }

    /// Replaces the trusted CAs. What was remembered by the old ones is forgotten; requests that are under way finish
    /// with them.
    pub fn set_anchors(&self, anchors: Anchors) {
        self.trust.store(Arc::new(Trust { anchors, clients: ClientCache::new(self.cache) }));
    }

    /// What the cache of certificates has done since the trusted CAs were set.
    pub fn cache_counts(&self) -> CacheCounts {
        self.trust.load().clients.counts()
    }

    /// The nonces that were used.
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
    pub fn check_head<'r>(
        &self,
        request: &RequestParts<'r>,
        has_body: bool,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<CheckedHead<'r>, Rejection> {
        let trust = self.trust.load();
        let head = Head::check(request, has_body, &self.policy, &trust.clients, now, observer)?;
        let client = self.identify(&trust, &head.certificate, now)?;
        observer.passed("certificate", &|| format!("{}, serial {}", client.name(), client.serial_hex()));
        let revocation = self.check_revocation(&client, now)?;
        match self.policy.revocation {
            RevocationCheck::Off => observer.skipped("revocation", &|| "not checked".to_owned()),
            RevocationCheck::Required(_) => observer.passed("revocation", &|| revocation::describe(revocation)),
        }
        Ok(CheckedHead { head, client, revocation })
    }

    /// The rest: body digest, signature, nonce, scopes. `now` is the time at which the body was complete: a request
    /// whose time ran out meanwhile is refused, since the replay memory may have let go of its nonce.
    ///
    /// # Errors
    /// As [`CertificateVerifier::verify`].
    pub fn check_body(
        &self,
        checked: CheckedHead<'_>,
        body: BodyDigest,
        required: &Scopes,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Principal, Rejection> {
        let CheckedHead { head, client, revocation } = checked;
        check_end(head.end, now)?;
        let len = body.len();
        match head.digest {
            // A digest that is not signed proves nothing, one that is signed must hold, also for an empty body.
            Some(field) if head.digest_covered => body.verify(&field)?,
            _ if body.is_empty() => {}
            Some(_) => return Err(Rejection::SignatureCoverage("\"content-digest\" is not covered".into())),
            None => return Err(Rejection::DigestMissing),
        }
        observer.passed("digest", &|| format!("{len} bytes of body"));
        observer.signature_base(head.signed.base());
        let key = client.key()?;
        let algorithm = algorithm(key, head.alg)?;
        key.verify(algorithm, head.signed.base(), head.signed.signature()).map_err(|_| Rejection::SignatureInvalid)?;
        observer.passed("signature", &|| algorithm.to_string());
        // One second more than needed, as the end was compared with fractions.
        let until = head.end.as_second().saturating_add(1);
        self.replay.record(client.fingerprint(), head.nonce.as_str(), until, now)?;
        observer.passed("nonce", &String::new);
        let scopes = client.scopes()?;
        scopes.covers(required)?;
        observer.passed("scopes", &|| scopes.to_string());
        Ok(Principal {
            client: Arc::clone(client.name()),
            scopes: scopes.clone(),
            credential: Credential::Certificate { revocation },
        })
    }

    /// Who shows a certificate, by the values of its headers ([`crate::signature::CLIENT_CERT`] and
    /// [`crate::signature::CLIENT_CERT_CHAIN`]), and whether a stale revocation list was tolerated. That is what
    /// [`CertificateVerifier::verify`] asks before the signature, which alone proves that the certificate is the sender's.
    ///
    /// # Errors
    /// The [`Rejection`] of the certificate.
    pub fn client(
        &self,
        certificate: &[u8],
        chain: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(Arc<VerifiedClient>, Staleness), Rejection> {
        let trust = self.trust.load();
        let certificate = SentCertificate::look_up(certificate, chain, &trust.clients)?;
        let client = self.identify(&trust, &certificate, now)?;
        let revocation = self.check_revocation(&client, now)?;
        Ok((client, revocation))
    }

    /// The verified client of a certificate, remembered or established.
    fn identify(
        &self,
        trust: &Trust,
        certificate: &SentCertificate<'_>,
        now: Timestamp,
    ) -> Result<Arc<VerifiedClient>, Rejection> {
        let (text, chain_text) = (certificate.text, certificate.chain_text.unwrap_or_default());
        let establish = |leaf: &[u8], chain: &[Vec<u8>]| {
            let intermediates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let oid = &self.policy.scopes_oid;
            VerifiedClient::establish(leaf, &intermediates, &trust.anchors, oid, now).map(Arc::new)
        };
        match &certificate.content {
            Content::Known(client) => {
                if client.path().check_validity(now).is_ok() {
                    return Ok(Arc::clone(client));
                }
                // Let the whole validation say what is wrong: a hit must never answer what a miss would not.
                trust.clients.remove(text, chain_text);
                let chain = certificate.chain_text.map_or(Ok(Vec::new()), decode_chain)?;
                establish(client.path().leaf().der(), &chain)
            }
            Content::New(leaf, chain) => {
                let client = establish(leaf, chain)?;
                if is_worth_remembering(&client, chain, chain_text) {
                    trust.clients.insert(text, chain_text, Arc::clone(&client));
                }
                Ok(client)
            }
        }
    }

    /// The policy that is being applied because a revocation list is stale at `now`, if one is.
    pub fn stale_policy(&self, now: Timestamp) -> Option<StalePolicy> {
        let RevocationCheck::Required(policy) = self.policy.revocation else { return None };
        let lists = self.lists.load();
        lists.lists().any(|list| list.freshness(now) != Freshness::Current).then_some(policy)
    }

    fn check_revocation(&self, client: &VerifiedClient, now: Timestamp) -> Result<Staleness, Rejection> {
        match self.policy.revocation {
            RevocationCheck::Off => Ok(Staleness::Current),
            RevocationCheck::Required(policy) => client.path().check_revocation(&self.lists.load(), policy, now),
        }
    }
}

/// Whether every certificate that was sent along belongs to the path, and is written as anybody would: else one client
/// could fill the cache by sending its certificate with ever new junk or space beside it.
fn is_worth_remembering(client: &VerifiedClient, chain: &[Vec<u8>], text: &[u8]) -> bool {
    let mut issuers = client.path().certificates().skip(1);
    let is_plain = |part: &[u8]| !part.strip_prefix(b" ").unwrap_or(part).iter().any(u8::is_ascii_whitespace);
    text.split(|&b| b == b',').all(is_plain)
        && chain.iter().all(|sent| issuers.by_ref().any(|issuer| issuer.der() == sent.as_slice()))
}

/// The algorithm that the key dictates, or the other one that it supports if `alg` says so.
fn algorithm(key: &PublicKey, alg: Option<Result<Algorithm, String>>) -> Result<Algorithm, Rejection> {
    match alg {
        None => Ok(key.key_type().algorithm()),
        Some(Ok(algorithm)) if key.key_type().supports(algorithm) => Ok(algorithm),
        Some(Ok(algorithm)) => Err(Rejection::AlgorithmForbidden(algorithm.to_string())),
        Some(Err(name)) => Err(Rejection::AlgorithmForbidden(name)),
    }
}
