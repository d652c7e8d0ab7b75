//! The client itself: what a program holds.

use super::{
    ClientBuilder, OutgoingRequest, SignedHeaders,
    breaker::BreakerState,
    event::{Counts, CredentialUsed, Mode, count},
    failure::{ClientError, Failure},
    identity::{Identity, beyond},
    keeper::{FallBack, Keeper, Outcome},
    send::{Sender, token_header},
    token_source::Token,
    worker,
};
use crate::{cert::facts::Facts, error::Error, scope::Scopes, store::ClientCredentials};
use http::{Uri, header::AUTHORIZATION};
use jiff::Timestamp;
use std::{
    fmt, io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

/// How long a signed request can be used: the way to the service, and its clock.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// Authorizes a service's requests: by a token while it can, by its certificate while the authorization server is away.
///
/// One is enough for a whole program: it is cheap to clone, and several threads may use it at once. When the last clone is
/// dropped, its background thread ends (if it is just asking the authorization server, then once that is over).
///
/// See the [module](super) for how it decides.
#[derive(Clone)]
pub struct Client(Arc<Handle>);

struct Handle {
    keeper: Arc<Keeper>,
    sender: Sender,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.keeper.stop();
    }
}

/// How a request is authorized.
#[derive(Debug, Clone)]
pub struct Authorized {
    /// The headers to send. An access token among them is marked sensitive.
    pub headers: SignedHeaders,
    /// Where to send the request: its own URI, or that of [`ClientBuilder::signed_uri`].
    pub uri: Uri,
    /// What they show.
    pub credential: CredentialUsed,
    /// The breaker's state when that was decided.
    pub state: BreakerState,
}

/// An access token. It is a secret: Debug does not show it.
#[derive(Clone)]
pub struct AccessToken(Arc<Token>);

impl AccessToken {
    /// The token's text.
    pub fn as_str(&self) -> &str {
        let text = self.0.header.to_str().unwrap_or_default();
        text.strip_prefix("Bearer ").unwrap_or(text)
    }

    /// What its bearer may do, where the authorization server or the token itself tells.
    pub fn scopes(&self) -> Option<&Scopes> {
        self.0.scopes.as_ref()
    }

    /// How long it can be used from now on.
    pub fn remaining(&self) -> Duration {
        self.0.life.saturating_sub(self.0.since.elapsed())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken {{ scopes: {:?}, remaining: {:?} }}", self.scopes(), self.remaining())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.keeper().settings;
        f.debug_struct("Client")
            .field("name", &settings.name)
            .field("mode", &settings.mode)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client with these credentials, whose authorization server is `authority`: its base URL, like
    /// `http://127.0.0.1:8586`. Tokens are fetched from `/oauth/token` below it, certificates renewed at
    /// `/certificates/renew`.
    pub fn builder(credentials: ClientCredentials, authority: &str) -> ClientBuilder {
        ClientBuilder::new(credentials, authority)
    }

    pub(super) fn new(keeper: Keeper, sender: Sender) -> Self {
        Self(Arc::new(Handle { keeper: Arc::new(keeper), sender }))
    }

    pub(super) fn keeper(&self) -> &Arc<Keeper> {
        &self.0.keeper
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// The headers that authorize `request`. It waits for a token at most for the budget; while the breaker is open it does
    /// not wait at all.
    ///
    /// # Errors
    /// [`ClientError::Refused`] where the authorization server says no; [`ClientError::Unavailable`] where there is no token
    /// in mode token; [`ClientError::CertificateExpired`] and [`ClientError::CertificateTooBroad`] where the certificate
    /// cannot stand in; [`ClientError::Library`] where the request cannot be signed.
    pub fn authorize(&self, request: &OutgoingRequest<'_>) -> Result<Authorized, ClientError> {
        self.authorize_until(request, Instant::now() + self.keeper().settings.budget)
    }

    /// The certificate for this one request, whether or not there is a token.
    pub(super) fn authorize_by_certificate(&self, request: &OutgoingRequest<'_>) -> Result<Authorized, ClientError> {
        let keeper = self.keeper();
        let granted = keeper.lock().granted.clone();
        let fall_back = FallBack { out_of_time: false, last: None, granted };
        let authorized = self.sign(request, fall_back)?;
        count(&keeper.counters.with_certificate);
        Ok(authorized)
    }

    /// As [`Client::authorize`], but waits until `deadline`.
    pub(super) fn authorize_until(
        &self,
        request: &OutgoingRequest<'_>,
        deadline: Instant,
    ) -> Result<Authorized, ClientError> {
        let keeper = self.keeper();
        let result = match keeper.settings.mode {
            Mode::Certificate => {
                self.watch_certificate();
                self.sign(request, FallBack { out_of_time: false, last: None, granted: None })
            }
            mode => self.obtain(request, mode, deadline),
        };
        let counters = &keeper.counters;
        count(match &result {
            Ok(Authorized { credential: CredentialUsed::Token, .. }) => &counters.with_token,
            Ok(Authorized { credential: CredentialUsed::Certificate, .. }) => &counters.with_certificate,
            Err(_) => &counters.without,
        });
        result
    }

    fn obtain(&self, request: &OutgoingRequest<'_>, mode: Mode, deadline: Instant) -> Result<Authorized, ClientError> {
        let keeper = self.keeper();
        // One that cannot run is no reason to be without a credential.
        let outcome = match keeper.credential(deadline) {
            Err(source) if mode == Mode::Token => return Err(no_thread(source)),
            Err(_) => Outcome::FallBack(keeper.lock().fall_back(false)),
            Ok(outcome) => outcome,
        };
        match outcome {
            Outcome::Token(issued) => Ok(Authorized {
                headers: vec![(AUTHORIZATION, issued.header.clone())],
                uri: request.uri.clone(),
                credential: CredentialUsed::Token,
                state: self.state(),
            }),
            Outcome::Refused(refusal) => Err(ClientError::Refused(refusal)),
            Outcome::FallBack(fall_back) => {
                if fall_back.out_of_time {
                    count(&keeper.counters.out_of_time);
                }
                match mode {
                    Mode::Token => Err(ClientError::Unavailable { last: fall_back.last }),
                    _ => self.sign(request, fall_back),
                }
            }
        }
    }

    /// Signs with the certificate, if that is in force and carries no more than the token would.
    fn sign(&self, request: &OutgoingRequest<'_>, fall_back: FallBack) -> Result<Authorized, ClientError> {
        let keeper = self.keeper();
        let FallBack { last, granted, .. } = fall_back;
        let now = Timestamp::now();
        // One snapshot: what is checked is what signs.
        let identity = keeper.identity.load();
        if identity.has_ended(now) {
            return Err(ClientError::CertificateExpired { not_after: identity.facts.not_after, last });
        }
        let asked = keeper.settings.source.scopes.as_ref();
        let too_much = |allowed: Option<&Scopes>| allowed.and_then(|allowed| beyond(&identity.scopes, allowed));
        if let Some(beyond) = too_much(granted.as_ref()).or_else(|| too_much(asked)) {
            return Err(ClientError::CertificateTooBroad { beyond, last });
        }
        let uri = match &self.sender().signed_uri {
            Some(route) => route(request.uri),
            None => request.uri.clone(),
        };
        let headers = identity.signer.sign(&OutgoingRequest { uri: &uri, ..*request }, SIGNED_FOR, now)?;
        Ok(Authorized { headers, uri, credential: CredentialUsed::Certificate, state: self.state() })
    }

    /// In mode certificate the worker has nothing to do but to renew the certificate.
    fn watch_certificate(&self) {
        let keeper = self.keeper();
        if keeper.watched.load(Relaxed) {
            return;
        }
        match keeper.start_worker(&mut keeper.lock()) {
            Ok(()) => keeper.watched.store(true, Relaxed),
            // The next call tries again; the certificate itself is there.
            Err(error) => tracing::warn!("the certificate is not watched: {error}"),
        }
    }

    /// The bare access token, for whoever puts it into a request otherwise.
    ///
    /// # Errors
    /// As [`Client::authorize`] in mode token, whatever the mode is.
    pub fn token(&self) -> Result<AccessToken, ClientError> {
        let keeper = self.keeper();
        let outcome = keeper.credential(Instant::now() + keeper.settings.budget).map_err(no_thread)?;
        match outcome {
            Outcome::Token(issued) => Ok(AccessToken(issued)),
            Outcome::Refused(refusal) => Err(ClientError::Refused(refusal)),
            Outcome::FallBack(FallBack { last, .. }) => Err(ClientError::Unavailable { last }),
        }
    }

    /// Renews the certificate now, whatever its age, and waits for that (at most for twice the time of an attempt). The new
    /// one is in use then, and saved if the client was built so. Only a person who asks for it needs this: the client renews
    /// its certificate by itself.
    ///
    /// # Errors
    /// [`ClientError::Renewal`].
    pub fn renew_certificate(&self) -> Result<Facts, ClientError> {
        worker::renew(self.keeper()).map_err(|why| ClientError::Renewal { why })?;
        Ok(self.certificate())
    }

    /// Says that a service has refused this token (401 with `invalid_token`) though it has not ended, for whoever sends
    /// requests without [`Client::send`]. The token is dropped and another fetched in the background. If that happens again
    /// within a probe interval, the token is kept and in mode auto certificates are used for a while: the service does not
    /// know the authorization server's new key yet. So it is while the breaker is not closed, as there is no other token then.
    ///
    /// Returns whether to expect another token; in mode auto [`Client::authorize`] gives another credential in any case.
    pub fn token_refused(&self, refused: &Authorized) -> bool {
        let keeper = self.keeper();
        let interval = keeper.settings.probe_interval;
        token_header(&refused.headers).is_some_and(|header| keeper.token_refused(header, interval))
    }

    /// The breaker's state.
    pub fn state(&self) -> BreakerState {
        self.keeper().lock().breaker.state()
    }

    /// Why the last attempt to get a token failed; `None` after one that did not.
    pub fn last_failure(&self) -> Option<Failure> {
        self.keeper().lock().last_failure.clone()
    }

    /// How often things happened.
    pub fn counts(&self) -> Counts {
        self.keeper().counters.read()
    }

    /// The certificate in use; after a renewal it is another one.
    pub fn certificate(&self) -> Facts {
        let identity: Arc<Identity> = self.keeper().identity.load_full();
        identity.facts.clone()
    }
}

fn no_thread(source: io::Error) -> ClientError {
    Error::System { action: "start the client's background thread", source }.into()
}
