//! A clock that jumps, before and after the times that exist: through the library, which takes the time as an argument.

use certauthz::{
    crl::{RevocationList, RevocationReason, pem_or_der},
    error::Result,
    key::KeyType,
    scope::Scopes,
    store::{
        CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, IssuedClient, Name, RenewOptions,
        RevocationTarget,
    },
};
use jiff::{SignedDuration, Timestamp};
use std::{fs, path::Path};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn make_ca(root: &Path, now: Timestamp) -> Result<Credentials> {
    let credentials = Credentials::new(root);
    credentials.create_ca(&CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name("primary")) }, now)?;
    Ok(credentials)
}

fn make_client(credentials: &Credentials, client: &str, now: Timestamp) -> Result<IssuedClient> {
    let options = ClientOptions::new(name(client), name("primary"), Scopes::parse("bob.user.read").unwrap());
    let options = ClientOptions { key: ClientKey::New(KeyType::EcP256), ..options };
    credentials.create_client(&options, now, |_, _| Ok(None))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn times_that_do_not_exist() {
    for bad in [Timestamp::MIN, at("1900-01-01T00:00:00Z"), at("1969-12-31T23:59:59Z"), Timestamp::MAX] {
        let root = tempfile::tempdir().unwrap();
        let error = make_ca(root.path(), bad).unwrap_err();
        assert!(error.is_usage() && error.hint().is_some(), "{bad}: {error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "{bad}");
    }
    // The first and the last at which there is a life to give.
    for good in ["1970-01-01T00:01:00Z", "9998-06-01T00:00:00Z"] {
        let root = tempfile::tempdir().unwrap();
        make_client(&make_ca(root.path(), at(good)).unwrap(), "alice", at(good)).unwrap();
    }
}

#[test]
fn jumps() {
    let root = tempfile::tempdir().unwrap();
    let (now, day) = (at("2026-06-01T12:00:00Z"), SignedDuration::from_hours(24));
    let credentials = make_ca(root.path(), now).unwrap();
    make_client(&credentials, "alice", now).unwrap();

    // Far ahead nothing can be issued any more, and nothing is changed.
    for late in [now + day * 366, at("9999-12-30T00:00:00Z"), Timestamp::MAX] {
        let error = make_client(&credentials, "bob", late).unwrap_err();
        assert!(error.hint().is_some(), "{late}: {error}");
        assert!(!root.path().join("bob").exists());
        assert!(credentials.renew_client(&RenewOptions::new(name("alice")), late, |_, _| Ok(None)).is_err());
    }
    for early in [Timestamp::MIN, at("1969-12-31T23:59:59Z")] {
        assert!(make_client(&credentials, "bob", early).is_err());
        assert!(credentials.authority(&name("primary")).unwrap().publish_crl(CRL_LIFETIME, early).is_err());
    }

    // Ahead and back again: numbers still rise, and who was revoked stays so.
    let mut ca = credentials.authority(&name("primary")).unwrap();
    let alice = name("alice");
    let revoked = ca
        .revoke(&RevocationTarget::Client(&alice), RevocationReason::KeyCompromise, CRL_LIFETIME, now + day * 30)
        .unwrap();
    let mut last = revoked.crl.number;
    for back in [now, now - day * 300, now + day * 10] {
        let state = ca.publish_crl(CRL_LIFETIME, back).unwrap();
        assert!(state.number > last, "{} after {last}", state.number);
        last = state.number;
        let der = pem_or_der(fs::read(ca.crl_path()).unwrap()).unwrap();
        let list = RevocationList::verify(&der, &ca.certificate().der).unwrap();
        assert_eq!(list.len(), 1, "at {back}");
    }
}
