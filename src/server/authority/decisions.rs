//! What the authorization server decides by.

use super::{answers::Refusal, current::Current, form::Form, renew::Renewals, signing::TokenSigner};
use crate::{
    authz::{ASSERTION_TYPE, AssertionVerifier, Authorities, Introspector, TokenPolicy, assertion_audiences},
    crl::RevocationStore,
    error::{Rejection, Result},
    key::{PublicKey, Signer},
    store::{Credentials, Name, RegisteredClient, Registry, RegistryReader},
};
use arc_swap::Guard;
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How many assertions, and how many nonces, are remembered: for five minutes and one.
const REPLAY_CAPACITY: usize = 1_000_000;

/// What [`Decisions`] need to know beside the CA's own files.
#[derive(Debug, Clone)]
pub struct DecisionOptions {
    /// The issuer identifier: `iss` of the tokens.
    pub issuer: String,
    /// The names under which the authorization server is called.
    pub authorities: Authorities,
    /// How long a token lives at most.
    pub token_lifetime: SignedDuration,
}

/// Decides who gets a token, what a token is worth, and who gets a new certificate.
///
/// It knows the clients by a [`Registry`] that follows the database at a distance of a tenth of a second. While the
/// database cannot be read nothing changes for half a minute, then nothing is issued.
pub struct Decisions {
    current: Arc<Current>,
    assertions: AssertionVerifier,
    pub(super) policy: TokenPolicy,
    pub(super) introspector: Introspector,
    pub(super) signer: TokenSigner,
    pub(super) renewals: Renewals,
}

impl Decisions {
    /// Opens the CA `name`. What clients signed before `now` will be refused.
    ///
    /// # Errors
    /// As [`Credentials::authority`]; [`crate::error::Error::System`] where threads cannot be started.
    pub fn open(credentials: &Credentials, name: &Name, options: DecisionOptions, now: Timestamp) -> Result<Self> {
        let DecisionOptions { issuer, authorities, token_lifetime } = options;
        let authority = credentials.authority(name)?;
        let signer: Arc<dyn Signer> = authority.shared_signer();
        let key = PublicKey::from_spki_der(signer.public_key().spki_der())?;
        let audiences = assertion_audiences(&issuer, &authorities);
        Ok(Self {
            current: Current::follow(RegistryReader::open(credentials, name, now)?)?,
            assertions: AssertionVerifier::new(audiences, now, REPLAY_CAPACITY)?,
            policy: TokenPolicy { issuer: issuer.clone(), lifetime: token_lifetime },
            introspector: Introspector::new(key, issuer),
            signer: TokenSigner::new(signer)?,
            renewals: Renewals::new(authority, credentials.scopes_oid().clone(), authorities, REPLAY_CAPACITY, now)?,
        })
    }

    /// Whether clients are known well enough to issue anything.
    pub fn is_current(&self) -> bool {
        self.current.registry().is_some()
    }

    /// The clients, as they are known at this moment; `None` if nothing may be issued.
    pub fn registry(&self) -> Option<Arc<Registry>> {
        self.current.registry().map(|registry| Arc::clone(&registry))
    }

    /// Takes the CA's newest revocation list in: whoever is on it gets no new certificate, even if the database was
    /// restored from a backup that does not know.
    pub fn set_lists(&self, lists: RevocationStore) {
        self.renewals.set_lists(lists);
    }

    /// The client that sent a form (RFC 7521 section 4.2).
    pub(super) fn authenticate(
        &self,
        headers: &HeaderMap,
        form: &Form<'_>,
        registry: &Registry,
        now: Timestamp,
    ) -> Result<Arc<RegisteredClient>, Refusal> {
        let by_assertion = form.get("client_assertion");
        if by_assertion.is_some() && (form.get("client_secret").is_some() || headers.contains_key(AUTHORIZATION)) {
            return Err(Refusal::Request("invalid_request", "the client authenticates in more than one way"));
        }
        let assertion = by_assertion.filter(|_| form.get("client_assertion_type") == Some(ASSERTION_TYPE));
        let assertion = assertion.ok_or(Rejection::CredentialMissing("client assertion"))?;
        Ok(self.assertions.verify(assertion, form.get("client_id"), registry, now)?)
    }

    /// The clients, if it can be told who was revoked.
    pub(super) fn clients(&self) -> Result<Guard<Arc<Registry>>, Refusal> {
        self.current.registry().ok_or(Refusal::Unavailable("5"))
    }
}
