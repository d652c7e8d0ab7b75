//! The certificate never carries a scope that the token would not.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certauthz::{
    cert::{Lifetime, Subject, extension, extension::SCOPES_OID, facts::Facts, issuer},
    client::{Client, ClientError, CredentialUsed, Failure, OutgoingRequest, Transport, breaker::Policy},
    key::{KeyType, LocalKey, Signer as _},
    scope::Scopes,
    store::{ClientCredentials, Name},
};
use http::{Method, Request, Response, Uri};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Grants the next of these, then is away.
struct Grants(Mutex<Vec<Grant>>);

#[derive(Debug, Clone)]
struct Grant {
    scopes: BTreeSet<String>,
    /// Whether the answer says so, or the token alone.
    told: bool,
}

fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().cloned().collect::<Vec<_>>().join(" ")
}

impl Transport for Grants {
    fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, Failure> {
        let grant = self.0.lock().unwrap().pop().ok_or(Failure::TimedOut)?;
        let segment = |text: String| URL_SAFE_NO_PAD.encode(text);
        let claims = if grant.told { json!({}) } else { json!({"scope": joined(&grant.scopes)}) };
        let token = format!("{}.{}.c2ln", segment(json!({"alg": "none"}).to_string()), segment(claims.to_string()));
        let mut members = json!({"access_token": token, "token_type": "Bearer", "expires_in": 900});
        if grant.told {
            members["scope"] = joined(&grant.scopes).into();
        }
        Ok(Response::new(members.to_string().into_bytes()))
    }
}

fn credentials(scopes: &BTreeSet<String>) -> ClientCredentials {
    let template = |name| issuer::Template {
        subject: Subject::new(name, None).unwrap(),
        serial: None,
        lifetime: Some(Lifetime::hours(1)),
        crl_url: None,
    };
    let (ca_key, key) = (LocalKey::generate(KeyType::EcP256).unwrap(), LocalKey::generate(KeyType::Ed25519).unwrap());
    let ca = issuer::root(&template("ca"), &ca_key, Timestamp::now()).unwrap();
    let scopes = Scopes::parse(&joined(scopes)).unwrap();
    let certificate = issuer::Issuer::new(&ca, &ca_key)
        .unwrap()
        .client(&template("alice"), key.public_key(), &scopes, &SCOPES_OID, Timestamp::now())
        .unwrap();
    ClientCredentials {
        name: Name::new("alice").unwrap(),
        certificate,
        chain: Vec::new(),
        key: Some(key),
        token_path: "token.jwt".into(),
    }
}

fn shown(headers: &[(http::HeaderName, http::HeaderValue)]) -> BTreeSet<String> {
    let header = headers.iter().find(|(name, _)| name == "x-client-cert").unwrap();
    let der = base64::engine::general_purpose::STANDARD.decode(header.1.as_bytes()).unwrap();
    let value = Facts::from_der(&der).unwrap().extension(&SCOPES_OID).unwrap();
    extension::decode(&value).unwrap().iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_certificate_shows_more_than_the_last_token(
        carried in proptest::collection::btree_set("b[.][a-f]", 1..5),
        grants in proptest::collection::vec((proptest::collection::btree_set("b[.][a-f]", 0..7), any::<bool>()), 1..4),
    ) {
        let grants: Vec<_> = grants.into_iter().map(|(scopes, told)| Grant { scopes, told }).collect();
        let transport = Arc::new(Grants(Mutex::new(Vec::new())));
        let policy = Policy { attempts: 1, ..Policy::default() };
        let builder = Client::builder(credentials(&carried), "http://as.example").policy(policy);
        let builder = builder.probe_interval(Duration::from_millis(100)).renew_certificates(false);
        let client = builder.transport(Arc::clone(&transport)).build().unwrap();
        let uri = Uri::from_static("http://bob.example/");
        let outgoing = OutgoingRequest { method: &Method::GET, uri: &uri, body: b"" };
        for grant in grants {
            transport.0.lock().unwrap().push(grant.clone());
            // Closed at first, then back within a probe interval.
            let token = loop {
                match client.authorize(&outgoing) {
                    Ok(authorized) if authorized.credential == CredentialUsed::Token => break authorized,
                    _ => std::thread::sleep(Duration::from_millis(2)),
                }
            };
            std::thread::sleep(Duration::from_millis(110));
            prop_assert!(client.token_refused(&token));
            match client.authorize(&outgoing) {
                Ok(authorized) => {
                    prop_assert_eq!(authorized.credential, CredentialUsed::Certificate);
                    let shown = shown(&authorized.headers);
                    prop_assert!(shown.is_subset(&grant.scopes), "{shown:?} of {grant:?}");
                }
                Err(ClientError::CertificateTooBroad { beyond, .. }) => {
                    let beyond: BTreeSet<_> = beyond.iter().map(ToString::to_string).collect();
                    prop_assert_eq!(beyond, carried.difference(&grant.scopes).cloned().collect::<BTreeSet<_>>());
                    prop_assert!(!carried.is_subset(&grant.scopes));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}
