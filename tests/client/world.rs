//! A CA, its client alice, and bob, whom alice calls.

use certauthz::{
    authz::{Authorities, BearerVerifier, CertificateVerifier, Policy, Principal},
    cert::{Lifetime, chain::Anchors},
    client::{Authorized, Client, ClientBuilder, OutgoingRequest},
    crl::{RevocationList, RevocationStore},
    error::Rejection,
    key::{KeyType, PublicKey, Signer as _},
    scope::Scopes,
    signature::RequestParts,
    store::{CaOptions, ClientKey, ClientOptions, Credentials, Name},
    token::TokenVerifier,
};
use http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(crate) const BOB: &str = "http://bob.example/users";

pub(crate) struct World {
    _directory: TempDir,
    /// The authorization server's.
    pub(crate) credentials: Credentials,
    /// The client's own: a copy of what it was given.
    pub(crate) own: Credentials,
    pub(crate) ca: Name,
    pub(crate) alice: Name,
    pub(crate) alice_spki: Vec<u8>,
    /// In seconds.
    pub(crate) token_life: Mutex<i64>,
    /// What tokens and new certificates carry, if not all.
    pub(crate) token_scopes: Mutex<Option<Scopes>>,
    pub(crate) certificate_scopes: Mutex<Option<Scopes>>,
    certificates: CertificateVerifier,
    tokens: BearerVerifier,
}

pub(crate) fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Self::with_certificate_life(SignedDuration::from_hours(24))
    }

    pub(crate) fn with_certificate_life(life: SignedDuration) -> Arc<Self> {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(directory.path().join("authority"));
        let own = Credentials::new(directory.path().join("alice"));
        let (ca, alice) = (Name::new("primary").unwrap(), Name::new("alice").unwrap());
        let now = Timestamp::now();
        let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(ca.clone()) };
        let authority = credentials.create_ca(&options, now).unwrap();
        let options = ClientOptions {
            key: ClientKey::New(KeyType::Ed25519),
            lifetime: Some(Lifetime::For(life)),
            ..ClientOptions::new(alice.clone(), ca.clone(), scopes("bob.user.read bob.user.write"))
        };
        credentials.create_client(&options, now, |_, _| Ok(None)).unwrap();
        std::fs::create_dir_all(own.root()).unwrap();
        let (from, to) = (credentials.root().join("alice"), own.root().join("alice"));
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }

        let facts = credentials.ca_facts(&ca).unwrap();
        let mut lists = RevocationStore::new();
        let list = certauthz::crl::pem_or_der(std::fs::read(&facts.crl_path).unwrap()).unwrap();
        lists.offer(RevocationList::verify(&list, &facts.certificate.der).unwrap()).unwrap();
        let anchors = Anchors::new([facts.certificate.der]).unwrap();
        let policy = Policy::new(Authorities::new(["bob.example"]).unwrap());
        let key = PublicKey::from_spki_der(authority.signer().public_key().spki_der()).unwrap();
        let tokens = TokenVerifier::new(key, authority.issuer_url().unwrap(), "bob".into(), SignedDuration::ZERO);
        let alice_spki = own.client(&alice).unwrap().certificate.spki;
        Arc::new(Self {
            certificates: CertificateVerifier::new(anchors, policy, lists, 100, 100_000),
            tokens: BearerVerifier::new(tokens),
            _directory: directory,
            credentials,
            own,
            ca,
            alice,
            alice_spki,
            token_life: Mutex::new(900),
            token_scopes: Mutex::default(),
            certificate_scopes: Mutex::default(),
        })
    }

    pub(crate) fn builder(&self, authority: &str) -> ClientBuilder {
        Client::builder(self.own.client(&self.alice).unwrap(), authority)
    }

    /// What bob says to these headers.
    pub(crate) fn judge(&self, authorized: &Authorized) -> Result<Principal, Rejection> {
        let headers: HeaderMap = authorized.headers.iter().cloned().collect();
        let required = scopes("bob.user.read");
        if headers.contains_key("authorization") {
            return self.tokens.verify(&headers, &required, Timestamp::now());
        }
        let parts = RequestParts {
            method: "GET",
            scheme: "http",
            authority: "bob.example",
            path: authorized.uri.path(),
            query: authorized.uri.query(),
            headers: &headers,
        };
        self.certificates.verify(&parts, b"", &required, Timestamp::now())
    }

    /// One call: authorized, and let in by bob.
    pub(crate) fn call(&self, client: &Client) -> Authorized {
        let authorized = authorize(client).unwrap();
        let principal = self.judge(&authorized).unwrap();
        assert_eq!(&*principal.client, "alice");
        assert_eq!(principal.credential.name(), authorized.credential.name());
        authorized
    }
}

pub(crate) fn authorize(client: &Client) -> Result<Authorized, certauthz::client::ClientError> {
    let uri = Uri::from_static(BOB);
    client.authorize(&OutgoingRequest { method: &Method::GET, uri: &uri, body: b"" })
}
