//! The decisions, without a network.

use super::{DecisionOptions, Decisions, form::MAX_FORM};
use crate::{
    authz::{ASSERTION_TYPE, Authorities},
    cert::{extension, facts::Facts},
    client::{OutgoingRequest, RequestSigner},
    crl::{RevocationList, RevocationStore, pem_or_der},
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    scope::Scopes,
    server::answer::Answer,
    store::{
        Authority, CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, Name, RenewOptions, RevocationTarget,
    },
    token::TokenVerifier,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, header::CONTENT_TYPE, request::Parts};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};
use tempfile::TempDir;

const ISSUER: &str = "http://127.0.0.1:8586";

struct World {
    _directory: TempDir,
    credentials: Credentials,
    authority: Authority,
    decisions: Decisions,
    runtime: tokio::runtime::Runtime,
}

/// An answer that has been read.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Read {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Status, and the OAuth error or the reason.
    fn verdict(&self) -> (u16, String) {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let word = json["error"].as_str().or(json["reason"].as_str()).unwrap_or_default();
        (self.status, word.to_owned())
    }
}

fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

impl World {
    fn new() -> Self {
        Self::with(KeyType::EcP256)
    }

    fn with(key_type: KeyType) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(directory.path());
        let now = Timestamp::now();
        credentials.create_ca(&CaOptions { key_type, ..CaOptions::new(name("primary")) }, now).unwrap();
        Self::of(directory, credentials, now)
    }

    /// With clients of the CA that is there.
    fn of(directory: TempDir, credentials: Credentials, now: Timestamp) -> Self {
        let authority = credentials.authority(&name("primary")).unwrap();
        for (client, granted) in [("alice", "bob.read bob.write"), ("bob", "alice.read"), ("carol", "x.y")] {
            let options = ClientOptions {
                key: ClientKey::New(KeyType::Ed25519),
                common_name: Some(format!("{client}.example")),
                ..ClientOptions::new(name(client), name("primary"), scopes(granted))
            };
            credentials.create_client(&options, now, |_, _| Ok(None)).unwrap();
        }
        let options = DecisionOptions {
            issuer: ISSUER.to_owned(),
            authorities: Authorities::new(["127.0.0.1:8586", "as.example"]).unwrap(),
            token_lifetime: SignedDuration::from_mins(15),
        };
        let decisions = Decisions::open(&credentials, &name("primary"), options, now).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _directory: directory, credentials, authority, decisions, runtime }
    }

    fn key(&self, client: &str) -> LocalKey {
        self.credentials.client(&name(client)).unwrap().key.unwrap()
    }

    fn certificate(&self, client: &str) -> Facts {
        self.credentials.client(&name(client)).unwrap().certificate
    }

    fn read(&self, answer: Answer) -> Read {
        let (parts, body) = answer.response.into_parts();
        let body = self.runtime.block_on(body.collect()).unwrap().to_bytes();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Read {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn token_at(&self, form: &str, now: Timestamp) -> Read {
        let body = Bytes::from(form.to_owned());
        self.read(self.runtime.block_on(self.decisions.token(&form_type(), body, now)))
    }

    fn token(&self, form: &str) -> Read {
        self.token_at(form, Timestamp::now())
    }

    /// A form with an assertion of this client, and a change to its claims.
    fn form(&self, client: &str, more: &str, change: impl FnOnce(&mut Value)) -> String {
        let assertion = sign(&self.key(client), &json!({"alg": "EdDSA"}), &claims(client, change));
        format!("grant_type=client_credentials&{}&{more}", authentication(&assertion))
    }

    fn good(&self, client: &str, more: &str) -> String {
        self.form(client, more, |_| {})
    }

    fn introspect(&self, client: &str, token: &str) -> Read {
        let assertion = sign(&self.key(client), &json!({"alg": "EdDSA"}), &claims(client, |_| {}));
        let body = Bytes::from(format!("token={token}&{}", authentication(&assertion)));
        self.read(self.runtime.block_on(self.decisions.introspect(&form_type(), body, Timestamp::now())))
    }

    fn signed(&self, certificate: &Facts, key: LocalKey, url: &str) -> Parts {
        self.signed_with(certificate, &[], key, url)
    }

    fn signed_with(&self, certificate: &Facts, chain: &[Vec<u8>], key: LocalKey, url: &str) -> Parts {
        let uri: Uri = url.parse().unwrap();
        let signer = RequestSigner::new(&certificate.der, chain, key).unwrap();
        let request = OutgoingRequest { method: &Method::POST, uri: &uri, body: b"" };
        let headers = signer.sign(&request, Duration::from_secs(60), Timestamp::now()).unwrap();
        let mut parts = Request::new(()).into_parts().0;
        (parts.method, parts.headers) = (Method::POST, headers.into_iter().collect());
        parts.uri = uri;
        parts
    }

    fn renewal(&self, client: &str) -> Parts {
        self.signed(&self.certificate(client), self.key(client), "http://as.example/certificates/renew")
    }

    fn renew(&self, parts: &Parts) -> Read {
        self.read(self.runtime.block_on(self.decisions.renew(parts, Bytes::new(), Timestamp::now())))
    }

    fn revoke(&mut self, client: &str) {
        let client = name(client);
        let target = RevocationTarget::Client(&client);
        self.authority.revoke(&target, Default::default(), CRL_LIFETIME, Timestamp::now()).unwrap();
    }

    /// Waits for what was changed in the database to be known.
    fn settle(&self, changed: impl Fn(&crate::store::Registry) -> bool) {
        let start = std::time::Instant::now();
        while !changed(&self.decisions.registry().unwrap()) {
            assert!(start.elapsed() < Duration::from_secs(5), "the change is not seen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn form_type() -> HeaderMap {
    [(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())].into_iter().collect()
}

fn claims(client: &str, change: impl FnOnce(&mut Value)) -> Value {
    let now = Timestamp::now().as_second();
    let id = format!("{:?}", std::time::Instant::now());
    let mut claims = json!({"iss": client, "sub": client, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": id});
    change(&mut claims);
    claims
}

fn sign(key: &LocalKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn authentication(assertion: &str) -> String {
    format!("client_assertion_type={}&client_assertion={assertion}", ASSERTION_TYPE.replace(':', "%3A"))
}

mod oauth;
mod renewal;
