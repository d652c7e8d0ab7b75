//! A small PKI in memory for the tests of verification.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use certauthz::{
    authz::{Authorities, CertificateVerifier, Policy},
    cert::{
        Lifetime, Subject,
        chain::Anchors,
        extension::SCOPES_OID,
        facts::Facts,
        issuer::{Issuer, Template, root},
    },
    client::{OutgoingRequest, RequestSigner},
    crl::{RevocationList, RevocationReason, RevocationStore, issue},
    key::{KeyType, LocalKey, Signer as _},
    scope::Scopes,
    signature::RequestParts,
};
use http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use std::{sync::Arc, time::Duration};

/// The time of all tests here.
pub const NOW: i64 = 1_800_000_000;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn now() -> Timestamp {
    at(NOW)
}

pub fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

pub fn template(name: &str, days: i64) -> Template {
    Template {
        subject: Subject::new(name, None).unwrap(),
        serial: None,
        lifetime: Some(Lifetime::For(SignedDuration::from_hours(24 * days))),
        crl_url: None,
    }
}

pub struct Ca {
    pub facts: Facts,
    pub key: LocalKey,
    /// When it and all that it issues is made.
    pub born: Timestamp,
}

impl Ca {
    pub fn root(name: &str) -> Self {
        Self::root_at(name, now())
    }

    pub fn root_at(name: &str, born: Timestamp) -> Self {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        Self { facts: root(&template(name, 3650), &key, born).unwrap(), key, born }
    }

    pub fn issuer(&self) -> Issuer<'_> {
        Issuer::new(&self.facts, &self.key).unwrap()
    }

    pub fn intermediate(&self, name: &str) -> Self {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let facts = self.issuer().intermediate(&template(name, 1000), key.public_key(), self.born).unwrap();
        Self { facts, key, born: self.born }
    }

    pub fn client(&self, name: &str, key_type: KeyType, granted: &str) -> Client {
        let key = Arc::new(LocalKey::generate(key_type).unwrap());
        let template = template(name, 365);
        let facts =
            self.issuer().client(&template, key.public_key(), &scopes(granted), &SCOPES_OID, self.born).unwrap();
        Client { facts, chain: Vec::new(), key }
    }

    /// A list with these revoked, fresh for an hour.
    pub fn crl(&self, number: u64, revoked: &[&Facts]) -> RevocationList {
        let der = self.crl_der(number, revoked, SignedDuration::from_hours(1));
        RevocationList::verify(&der, &self.facts.der).unwrap()
    }

    /// The same as DER, fresh until `life` after the CA was made.
    pub fn crl_der(&self, number: u64, revoked: &[&Facts], life: SignedDuration) -> Vec<u8> {
        let entries = revoked.iter().map(|facts| issue::Entry {
            serial: facts.serial.clone(),
            revoked_at: self.born,
            reason: RevocationReason::KeyCompromise,
        });
        let content = issue::Content {
            number,
            // Before `next_update`, also where that is in the past.
            this_update: self.born - SignedDuration::from_mins(1),
            next_update: self.born + life,
            entries: entries.collect(),
        };
        issue::issue(&self.issuer(), &content).unwrap()
    }
}

pub struct Client {
    pub facts: Facts,
    pub chain: Vec<Vec<u8>>,
    pub key: Arc<LocalKey>,
}

impl Client {
    pub fn signer(&self) -> RequestSigner<Arc<LocalKey>> {
        RequestSigner::new(&self.facts.der, &self.chain, Arc::clone(&self.key)).unwrap()
    }

    /// A signed request, created at [`NOW`], good for a minute.
    pub fn request(&self, method: &str, uri: &str, body: &[u8]) -> Request {
        self.request_at(method, uri, body, NOW)
    }

    pub fn request_at(&self, method: &str, uri: &str, body: &[u8], created: i64) -> Request {
        let (method, uri): (Method, Uri) = (method.parse().unwrap(), uri.parse().unwrap());
        let outgoing = OutgoingRequest { method: &method, uri: &uri, body };
        let signed = self.signer().sign(&outgoing, Duration::from_secs(60), at(created)).unwrap();
        let headers = signed.into_iter().collect();
        Request { method, uri, headers, body: body.to_vec() }
    }
}

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    pub fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: self.method.as_str(),
            scheme: "http",
            authority: self.uri.authority().unwrap().as_str(),
            path: self.uri.path(),
            query: self.uri.query(),
            headers: &self.headers,
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.parse().unwrap());
    }
}

/// A verifier for `bob.example` that trusts `ca` and has its empty list.
pub fn verifier(ca: &Ca) -> CertificateVerifier {
    verifier_with(ca, &[ca], Policy::new(Authorities::new(["bob.example"]).unwrap()), 100)
}

pub fn verifier_with(anchor: &Ca, lists: &[&Ca], policy: Policy, cache: usize) -> CertificateVerifier {
    let mut store = RevocationStore::new();
    for ca in lists {
        store.offer(ca.crl(1, &[])).unwrap();
    }
    CertificateVerifier::new(Anchors::new([anchor.facts.der.clone()]).unwrap(), policy, store, cache, 10_000)
}
