//! What a client is built from.

use super::{
    Client, Mode,
    breaker::{Breaker, Policy},
    event::Event,
    identity::Identity,
    keeper::{Callback, Keeper, Settings},
    renewal::Renewal,
    renewal_plan::RenewalPlan,
    send::{Sender, SignedUri},
    token_source::TokenSource,
    transport::{HttpTransport, Transport},
};
use crate::{
    cert::{
        check_url,
        extension::{Oid, SCOPES_OID},
    },
    error::{Error, Result},
    key::Signer,
    scope::Scopes,
    store::{ClientCredentials, Credentials},
};
use http::Uri;
use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

/// The budget of a call unless another is given.
pub const BUDGET: Duration = Duration::from_secs(2);
/// No time of a client is longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Makes a [`Client`]; see [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    credentials: ClientCredentials,
    authority: String,
    key: Option<Arc<dyn Signer>>,
    mode: Mode,
    budget: Duration,
    policy: Policy,
    connect: Duration,
    audience: Option<String>,
    scopes: Option<Scopes>,
    oid: Oid,
    renews: bool,
    renewal_interval: Duration,
    saves_to: Option<Credentials>,
    on_event: Option<Callback>,
    transport: Option<Arc<dyn Transport>>,
    answer_timeout: Duration,
    signed_uri: Option<SignedUri>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("client", &self.credentials.name)
            .field("authority", &self.authority)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new(credentials: ClientCredentials, authority: &str) -> Self {
        Self {
            credentials,
            authority: authority.to_owned(),
            key: None,
            mode: Mode::Auto,
            budget: BUDGET,
            policy: Policy::default(),
            connect: Duration::from_millis(500),
            audience: None,
            scopes: None,
            oid: SCOPES_OID,
            renews: true,
            renewal_interval: Duration::from_secs(60),
            saves_to: None,
            on_event: None,
            transport: None,
            answer_timeout: Duration::from_secs(60),
            signed_uri: None,
        }
    }

    /// Which credential is shown (default: [`Mode::Auto`]).
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The longest time that a call waits for a credential, all attempts within (default 2 s, at least 50 ms).
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// The numbers of the circuit breaker. Of their `budget` at most nine tenths of the call's are used.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// While the authorization server is away it is tried again after at most this time (default 5 s, at least 100 ms).
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.policy.probe_interval = interval;
        self
    }

    /// The time limit of one attempt, from the name's resolution to the answer's last byte (default 1 s).
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.policy.attempt = limit;
        self
    }

    /// The part of it in which a connection, with TLS, has to stand (default 500 ms).
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// The service that tokens are for; else the authorization server decides by the scopes.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Asks for these scopes only. A certificate that carries others is then no stand-in, as it would show more: building
    /// such a client in another mode than [`Mode::Token`] fails.
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.scopes = Some(scopes);
        self
    }

    /// The private key, where it is not in the credentials.
    pub fn signer(mut self, key: Arc<dyn Signer>) -> Self {
        self.key = Some(key);
        self
    }

    /// The object identifier of the scopes extension, where it is not the default.
    pub fn scopes_oid(mut self, oid: Oid) -> Self {
        self.oid = oid;
        self
    }

    /// Whether the certificate is renewed when two thirds of its life are over, or when it carries more than the token
    /// (default: yes).
    pub fn renew_certificates(mut self, renews: bool) -> Self {
        self.renews = renews;
        self
    }

    /// The longest time between two attempts to renew it (default 60 s).
    pub fn renewal_interval(mut self, interval: Duration) -> Self {
        self.renewal_interval = interval;
        self
    }

    /// Writes renewed certificates into this directory, for the client of the credentials' name. Else they live in this
    /// process only. Its object identifier of the scopes extension is used, too.
    pub fn save_certificates_to(mut self, credentials: Credentials) -> Self {
        self.oid = credentials.scopes_oid().clone();
        self.saves_to = Some(credentials);
        self
    }

    /// Is told of every [`Event`]. It is called without any lock, by the background thread as a rule; as long as it takes
    /// no token is fetched. Where it panics, that is logged and nothing else happens.
    pub fn on_event(mut self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Box::new(callback));
        self
    }

    /// Another way to the authorization server than HTTP by `ureq`.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// How long [`Client::send`] waits for a service's answer (default 60 s).
    pub fn answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    /// Where a request goes when it is signed, for services that take signed requests on a route of their own. The argument is
    /// the URI with which a token is sent.
    pub fn signed_uri(mut self, route: impl Fn(&Uri) -> Uri + Send + Sync + 'static) -> Self {
        self.signed_uri = Some(Box::new(route));
        self
    }

    /// The client. Nothing is sent, and no thread started, before it is used.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an URL that is none of an authorization server, or a time out of bounds;
    /// [`Error::NotFound`] where there is no private key, [`Error::NotAllowed`] where the certificate carries more than the
    /// scopes asked for, [`Error::Rejected`] where it has no scopes; [`Error::Issue`] where it is another key's.
    pub fn build(self) -> Result<Client> {
        let authority = authority(&self.authority)?;
        let policy = self.checked_policy()?;
        let missing = self.credentials.missing_key();
        let ClientCredentials { name, certificate, chain, key, .. } = self.credentials;
        let local = key.map(|local| -> Arc<dyn Signer> { Arc::new(local) });
        let key = self.key.or(local).ok_or(missing)?;
        let client = certificate.common_name.clone().unwrap_or_else(|| name.to_string());
        let identity = Identity::new(certificate, chain, &key, &self.oid)?;
        if self.mode != Mode::Token
            && let Some(beyond) = self.scopes.as_ref().and_then(|scopes| identity.beyond(scopes))
        {
            let why = "the certificate would carry it although it is not asked for";
            let hint = "ask for all scopes of the certificate, use mode token, or have a narrower certificate issued";
            return Err(Error::not_allowed("scope", beyond, why, hint));
        }
        if is_exposed(&authority) {
            tracing::warn!(%authority, "http over a network: tokens can be read on their way; use https");
        }
        let endpoint = |path: &str| endpoint(&authority, path);
        let transport = self.transport.unwrap_or_else(|| Arc::new(HttpTransport::new(self.connect)));
        let source = TokenSource {
            endpoint: endpoint("/oauth/token")?,
            client,
            audience: self.audience,
            scopes: self.scopes,
            transport,
        };
        let settings = Settings {
            name,
            mode: self.mode,
            budget: self.budget,
            source,
            renewal: Renewal { endpoint: endpoint("/certificates/renew")?, issuer: endpoint("/ca.crt")? },
            renews: self.renews,
            renewal_limit: policy.attempt * 2,
            probe_interval: policy.probe_interval,
            saves_to: self.saves_to,
            oid: self.oid,
            key,
            on_event: self.on_event,
        };
        let plan = RenewalPlan::new(self.renewal_interval);
        let keeper = Keeper::new(settings, identity, Breaker::new(policy), plan);
        Ok(Client::new(keeper, Sender::new(self.answer_timeout, self.signed_uri)))
    }

    fn checked_policy(&self) -> Result<Policy> {
        let (short, long) = (Duration::from_millis(50), LONGEST);
        for (what, time, shortest) in [
            ("call budget", self.budget, short),
            ("probe interval", self.policy.probe_interval, short * 2),
            ("attempt time-out", self.policy.attempt, short / 5),
            ("connect time-out", self.connect, short / 5),
            ("renewal interval", self.renewal_interval, short * 2),
            ("answer time-out", self.answer_timeout, short / 5),
        ] {
            if !(shortest..=long).contains(&time) {
                let why = format!("it is not between {shortest:?} and {long:?}");
                return Err(Error::invalid(what, format!("{time:?}"), why, "give a time between them, like 2s"));
            }
        }
        Ok(Policy { budget: self.policy.budget.min(self.budget / 10 * 9), ..self.policy })
    }
}

/// Checks the authorization server's base URL, and takes the slashes from its end.
fn authority(text: &str) -> Result<String> {
    const HINT: &str = "give the base URL, like http://127.0.0.1:8586 or https://auth.example";
    let bad = |why: &'static str| Error::invalid("authority", text, why, HINT);
    let url = check_url("authority", text).map_err(|_| bad("not an http or https URL with a host"))?;
    let uri: Uri = url.parse().map_err(|_| bad("not an http or https URL with a host"))?;
    let host = uri.authority().filter(|authority| !authority.host().is_empty());
    let host = host.ok_or_else(|| bad("it names no host"))?;
    if host.as_str().contains('@') {
        return Err(bad("no user and password in the URL: the client authenticates by its key"));
    }
    if uri.query().is_some() || url.contains('#') {
        return Err(bad("a base URL has no query and no fragment"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Whether what is exchanged with it leaves this machine unencrypted.
fn is_exposed(authority: &str) -> bool {
    let Ok(uri) = authority.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = match address {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    uri.scheme_str() != Some("https") && !local
}

fn endpoint(authority: &str, path: &str) -> Result<Uri> {
    format!("{authority}{path}")
        .parse()
        .map_err(|_| Error::invalid("authority", authority, "not a base URL", "give one like http://127.0.0.1:8586"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_authority_is_a_base_url() {
        for (text, base) in [
            ("http://127.0.0.1:8586", "http://127.0.0.1:8586"),
            ("https://auth.example/", "https://auth.example"),
            ("https://auth.example/realm//", "https://auth.example/realm"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(authority(text).unwrap(), base);
            assert_eq!(endpoint(base, "/oauth/token").unwrap().to_string(), format!("{base}/oauth/token"));
        }
        for bad in [
            "",
            "auth.example",
            "ftp://a",
            "http://",
            "http:///x",
            "http://u:p@a",
            "http://a?x",
            "http://a/?x=1",
            "http://a#f",
            "http://a b",
            "http://:80",
        ] {
            let error = authority(bad).unwrap_err();
            assert!(error.is_usage() && error.hint().is_some(), "{bad}: {error}");
        }
    }

    #[test]
    fn http_is_for_this_machine() {
        for text in
            ["https://a.example", "HTTPS://a.example", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"]
        {
            assert!(!is_exposed(text), "{text}");
        }
        for text in
            ["http://a.example", "http://10.0.0.1", "http://localhost.example", "http://[fe80::1]", "http://0.0.0.0"]
        {
            assert!(is_exposed(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in any::<String>(), tail in "[a-z:@/?#\\[\\]0-9.]{0,20}") {
            for text in [text, format!("http://{tail}")] {
                if let Ok(base) = authority(&text) {
                    prop_assert!(endpoint(&base, "/oauth/token").is_ok(), "{base}");
                }
            }
        }
    }
}
