//! What an authorization server says about one of its tokens (RFC 7662).

use crate::{
    cert::Serial,
    error::Rejection,
    key::PublicKey,
    scratch::Scratch,
    store::{RegisteredClient, Registry, Standing},
    token::wire::{HeaderIn, NumericDate, Parts, Text, decode, json_error, missing},
};
use base64_simd::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Examines tokens that one CA's key has signed.
#[derive(Debug)]
pub struct Introspector {
    key: PublicKey,
    issuer: String,
}

/// What a token says that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveToken {
    /// True.
    pub active: bool,
    /// Space-delimited scopes.
    pub scope: String,
    /// The client.
    pub client_id: String,
    /// The subject.
    pub sub: String,
    /// The service for which it was made.
    pub aud: String,
    /// The issuer.
    pub iss: String,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Its identifier.
    pub jti: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// The certificate that it names, as it stands in the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct IssuedClaims<'a> {
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    #[serde(borrow)]
    sub: Option<Text<'a>>,
    #[serde(borrow)]
    client_id: Option<Text<'a>>,
    /// This program writes one.
    #[serde(borrow)]
    aud: Option<Text<'a>>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    #[serde(borrow)]
    jti: Option<Text<'a>>,
    #[serde(borrow)]
    scope: Option<Text<'a>>,
    cnf: Option<serde_json::Value>,
}

impl Introspector {
    /// For tokens that `key` signed, made by `issuer`.
    pub fn new(key: PublicKey, issuer: String) -> Self {
        Self { key, issuer }
    }

    /// What `token` says, if it is in force at `now` and made for `caller`: for its name, or for the common name of one
    /// of its certificates. A token dies with the certificate that it names; one that names none, with the last of its
    /// client's.
    ///
    /// # Errors
    /// The [`Rejection`] that makes it inactive. It is for the log: the caller learns nothing but that.
    pub fn examine(
        &self,
        token: &str,
        caller: &RegisteredClient,
        registry: &Registry,
        now: Timestamp,
    ) -> Result<ActiveToken, Rejection> {
        let parts = Parts::split(token)?;
        let mut buffer = Scratch::new();
        self.check_header(decode(parts.header, &mut buffer)?)?;
        let signature = decode(parts.signature, &mut buffer)?;
        self.key
            .verify(self.key.key_type().algorithm(), parts.signed.as_bytes(), signature)
            .map_err(|_| Rejection::TokenSignature)?;
        let payload = decode(parts.payload, &mut buffer)?;
        let claims: IssuedClaims<'_> =
            serde_json::from_slice(payload).map_err(|error| Rejection::TokenClaims(json_error(&error)))?;
        let text = |claim: &Option<Text<'_>>, name| claim.as_deref().map(str::to_owned).ok_or_else(|| missing(name));
        let (iss, aud) = (text(&claims.iss, "iss")?, text(&claims.aud, "aud")?);
        if iss != self.issuer {
            return Err(Rejection::TokenIssuer { got: iss, wanted: self.issuer.clone() });
        }
        if !caller.goes_by(&aud, now) {
            return Err(Rejection::TokenAudience { got: aud, wanted: caller.name().to_string() });
        }
        let expires = claims.exp.ok_or_else(|| missing("exp"))?.0;
        if now >= expires {
            return Err(Rejection::TokenExpired { at: now, expired: expires });
        }
        let client_id = text(&claims.client_id, "client_id")?;
        check_certificate(&client_id, claims.cnf.as_ref(), registry, now)?;
        Ok(ActiveToken {
            active: true,
            scope: claims.scope.as_deref().unwrap_or_default().to_owned(),
            client_id,
            sub: text(&claims.sub, "sub")?,
            aud,
            iss,
            exp: expires.as_second(),
            iat: claims.iat.ok_or_else(|| missing("iat"))?.0.as_second(),
            jti: text(&claims.jti, "jti")?,
            token_type: "Bearer",
            cnf: claims.cnf,
        })
    }

    fn check_header(&self, json: &[u8]) -> Result<(), Rejection> {
        let header: HeaderIn<'_> =
            serde_json::from_slice(json).map_err(|error| Rejection::TokenMalformed(json_error(&error)))?;
        if header.alg.as_deref() != Some(self.key.key_type().algorithm().jose_name()) {
            return Err(Rejection::AlgorithmForbidden(
                header.alg.as_deref().unwrap_or_default().chars().take(32).collect(),
            ));
        }
        // Whatever else this key may sign one day is no access token.
        if header.crit || header.typ.as_deref() != Some("at+jwt") {
            return Err(Rejection::TokenType("it is not one of this server's access tokens".into()));
        }
        Ok(())
    }
}

/// That the certificate behind a token is the client's, valid, and not revoked.
fn check_certificate(
    client_id: &str,
    confirmation: Option<&serde_json::Value>,
    registry: &Registry,
    now: Timestamp,
) -> Result<(), Rejection> {
    let unknown = || Rejection::CertificateUntrusted("the token names no certificate that is valid".into());
    let client = registry.client(client_id).ok_or_else(unknown)?;
    let Some(confirmation) = confirmation else {
        return client.newest(now).map(drop).ok_or_else(unknown);
    };
    let member = |name| confirmation.get(name).and_then(serde_json::Value::as_str);
    let serial = member("serial").and_then(Serial::from_hex).ok_or_else(unknown)?;
    match registry.certificate(&serial) {
        Standing::Revoked => Err(Rejection::CertificateRevoked { serial: serial.to_hex() }),
        Standing::Issued(holder, certificate)
            if holder.name() == client.name()
                && certificate.is_valid(now)
                && member("x5t#S256") == Some(&*URL_SAFE_NO_PAD.encode_to_string(certificate.sha256)) =>
        {
            Ok(())
        }
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::Reason,
        key::{KeyType, LocalKey, Signer as _, sha256},
    };
    use jiff::SignedDuration;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    struct World {
        ca: LocalKey,
        registry: Registry,
    }

    fn world() -> World {
        let [ca, alice, bob] = [(); 3].map(|()| LocalKey::generate(KeyType::Ed25519).unwrap());
        let life = (NOW, NOW + SignedDuration::from_hours(1));
        let registry = Registry::default().with(("alice", "alice"), alice.public_key(), "bob.read", 7, life).with(
            ("bob", "bob.example"),
            bob.public_key(),
            "alice.read",
            8,
            life,
        );
        World { ca, registry }
    }

    fn claims() -> Value {
        let x5t = URL_SAFE_NO_PAD.encode_to_string(sha256(&[7]));
        json!({"iss": "http://as", "sub": "alice", "client_id": "alice", "aud": "bob", "exp": NOW.as_second() + 900,
            "iat": NOW.as_second(), "jti": "1", "scope": "bob.read", "cnf": {"x5t#S256": x5t, "serial": "07"}})
    }

    fn sign(key: &LocalKey, typ: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode_to_string(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "EdDSA", "typ": typ})), part(claims));
        let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
    }

    impl World {
        fn examine(&self, token: &str, caller: &str, now: Timestamp) -> Result<ActiveToken, Reason> {
            let key = PublicKey::from_spki_der(self.ca.public_key().spki_der()).unwrap();
            let caller = self.registry.client(caller).unwrap();
            let examined = Introspector::new(key, "http://as".into()).examine(token, caller, &self.registry, now);
            examined.map_err(|rejection| rejection.reason())
        }

        fn reason(&self, claims: &Value) -> Option<Reason> {
            self.examine(&sign(&self.ca, "at+jwt", claims), "bob", NOW).err()
        }
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[name] = value;
        changed
    }

    #[test]
    fn the_audience_sees_what_the_token_says() {
        let world = world();
        let token = sign(&world.ca, "at+jwt", &claims());
        let active = serde_json::to_value(world.examine(&token, "bob", NOW).unwrap()).unwrap();
        let mut wanted = claims();
        (wanted["active"], wanted["token_type"]) = (true.into(), "Bearer".into());
        assert_eq!(active, wanted);
        assert_eq!(world.examine(&token, "alice", NOW), Err(Reason::TokenAudience));
        assert_eq!(world.examine(&token, "bob", NOW + SignedDuration::from_secs(900)), Err(Reason::TokenExpired));
        assert_eq!(world.reason(&with("aud", "bob.example".into())), None);
    }

    #[test]
    fn everything_else_is_inactive() {
        let world = world();
        let thief = LocalKey::generate(KeyType::Ed25519).unwrap();
        assert_eq!(world.examine(&sign(&thief, "at+jwt", &claims()), "bob", NOW), Err(Reason::TokenSignature));
        assert_eq!(world.examine(&sign(&world.ca, "JWT", &claims()), "bob", NOW), Err(Reason::TokenType));
        let confirmation = |x5t: &str, serial: &str| json!({"x5t#S256": x5t, "serial": serial});
        let x5t = claims()["cnf"]["x5t#S256"].as_str().unwrap().to_owned();
        for (claims, wanted) in [
            (with("iss", "http://other".into()), Reason::TokenIssuer),
            (with("client_id", "eve".into()), Reason::CertificateUntrusted),
            (with("client_id", "bob".into()), Reason::CertificateUntrusted),
            (with("cnf", confirmation(&x5t, "09")), Reason::CertificateUntrusted),
            (with("cnf", confirmation(&x5t, "x")), Reason::CertificateUntrusted),
            (with("cnf", confirmation("AA", "07")), Reason::CertificateUntrusted),
            (with("cnf", json!({})), Reason::CertificateUntrusted),
            (with("cnf", json!(7)), Reason::CertificateUntrusted),
            (with("exp", json!(null)), Reason::TokenClaims),
        ] {
            assert_eq!(world.reason(&claims), Some(wanted), "{claims}");
        }
    }

    #[test]
    fn a_token_dies_with_its_certificate() {
        let mut world = world();
        let unnamed = with("cnf", json!(null));
        assert_eq!(world.reason(&unnamed), None);
        world.registry = world.registry.clone().without(7);
        assert_eq!(world.reason(&claims()), Some(Reason::CertificateRevoked));
        assert_eq!(world.reason(&unnamed), Some(Reason::CertificateUntrusted));
    }

    proptest! {
        #[test]
        fn junk_is_inactive(text in "\\PC{0,60}", parts in proptest::collection::vec("[A-Za-z0-9_-]{0,60}", 3)) {
            let world = world();
            prop_assert!(world.examine(&text, "bob", NOW).is_err());
            prop_assert!(world.examine(&parts.join("."), "bob", NOW).is_err());
        }
    }
}
