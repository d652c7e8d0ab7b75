//! Access tokens that a CA issues to its clients.

use super::{Authority, IssuedClient, Kind, Name, Status};
use crate::{
    cert::{Lifetime, Serial, facts::Facts},
    error::{Error, Result},
    key::KeyError,
    scope::Scopes,
    token::{self, Claims, Confirmation},
};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

/// How long an access token lives unless another life is asked for: 15 min.
pub const TOKEN_LIFETIME: Lifetime = Lifetime::For(jiff::SignedDuration::from_mins(15));

/// What a token is to say.
#[derive(Debug, Clone)]
pub struct TokenOptions {
    /// The client.
    pub client: Name,
    /// The service that shall accept it; [`default_audience`] of the scopes if `None`.
    pub audience: Option<String>,
    /// Some of the client's scopes; all of them if `None`.
    pub scopes: Option<Scopes>,
    /// How long it lives; [`TOKEN_LIFETIME`] if `None`, but not longer than the client's certificate.
    pub lifetime: Option<Lifetime>,
}

impl TokenOptions {
    /// A token with all that the client may do, for the default time.
    pub fn new(client: Name) -> Self {
        Self { client, audience: None, scopes: None, lifetime: None }
    }
}

/// A token, with what it says.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token: a bearer secret.
    pub token: String,
    /// The service that accepts it.
    pub audience: String,
    /// What its bearer may do.
    pub scopes: Scopes,
    /// Until when.
    pub expires: Timestamp,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Named one by one, so that a new field cannot be forgotten: the token itself is a secret.
        let Self { token: _, audience, scopes, expires } = self;
        write!(f, "IssuedToken {{ audience: {audience:?}, scopes: {scopes:?}, expires: {expires} }}")
    }
}

/// The service that scopes are about: their first segment before a dot, if they have one and it is the same in all.
pub fn default_audience(scopes: &Scopes) -> Option<&str> {
    let mut audiences = scopes.iter().map(|scope| scope.as_str().split_once('.').map(|(first, _)| first));
    let first = audiences.next()??;
    (!first.is_empty() && audiences.all(|other| other == Some(first))).then_some(first)
}

impl Authority {
    /// Issues an access token (RFC 9068) to a client that this CA knows. It names the client's newest certificate that is
    /// neither revoked nor expired, and the client as that does: by the common name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown client; [`Error::NotAllowed`] for a scope that it does not have, where none of
    /// its certificates is valid, where the token would outlive it, or where the audience is not clear from the scopes;
    /// [`Error::InvalidValue`] for a lifetime out of bounds or an empty audience.
    pub fn issue_token(&self, options: &TokenOptions, now: Timestamp) -> Result<IssuedToken> {
        let client = &options.client;
        let known =
            self.clients()?.into_iter().find(|record| record.name == **client).ok_or_else(|| Error::NotFound {
                what: "client",
                name: client.to_string(),
                place: format!("the database of the CA {}", self.name()),
                hint: format!("see what it issued with `certauthz ca show --name {}`", self.name()).into(),
            })?;
        let certificate = self.newest_certificate(client, now)?;
        let scopes = match &options.scopes {
            None => &known.scopes,
            Some(scopes) => {
                if let Some(foreign) = scopes.iter().find(|scope| !known.scopes.contains(scope)) {
                    let why = format!("the client {client} does not have it, and a token can only narrow its scopes");
                    let hint = format!("{client} has: {}; `client renew --scope` gives it others", known.scopes);
                    return Err(Error::not_allowed("scope", foreign, why, hint));
                }
                scopes
            }
        };
        self.issue_token_with(options, &Bearer::new(client, &certificate), scopes, now)
    }

    /// A client's newest certificate that is neither revoked nor expired.
    fn newest_certificate(&self, client: &Name, now: Timestamp) -> Result<Facts> {
        let mut certificates = self.certificates()?;
        certificates.retain(|record| record.kind == Kind::Client && record.name == **client);
        let has = |status| certificates.iter().any(|record| record.status(now) == status);
        let why = match certificates.iter().rfind(|record| record.status(now) == Status::Valid) {
            Some(valid) => return self.facts_of(&valid.serial),
            None if has(Status::NotYetValid) => "its certificate is not valid yet",
            None if has(Status::Expired) => "its certificate expired",
            None if has(Status::Revoked) => {
                let hint = "make the client anew, with a new key: `client create --force`";
                return Err(Error::not_allowed("client", client, "its certificates are revoked", hint));
            }
            None => "it has no certificate",
        };
        let hint = format!("give it a new one with `client renew --name {client}`");
        Err(Error::not_allowed("client", client, why, hint))
    }

    fn facts_of(&self, serial: &Serial) -> Result<Facts> {
        let der = self.certificate_der(serial)?.ok_or_else(|| Error::NotFound {
            what: "certificate with serial number",
            name: serial.to_string(),
            place: format!("the database of the CA {}", self.name()),
            hint: "somebody else changed it meanwhile: repeat the command".into(),
        })?;
        Facts::from_der(&der)
    }

    /// The token that goes with a client's new certificate, which the database does not know yet; `None` where its
    /// audience is not clear from the scopes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a lifetime out of bounds, [`Error::NotAllowed`] for one beyond the certificate's end;
    /// signing and database errors.
    pub fn issue_first_token(
        &self,
        client: &IssuedClient,
        lifetime: Option<Lifetime>,
        now: Timestamp,
    ) -> Result<Option<IssuedToken>> {
        if default_audience(&client.scopes).is_none() {
            return Ok(None);
        }
        let options = TokenOptions { lifetime, ..TokenOptions::new(client.name.clone()) };
        let bearer = Bearer::new(&client.name, &client.certificate);
        self.issue_token_with(&options, &bearer, &client.scopes, now).map(Some)
    }

    /// Bearer and scopes are the caller's to check.
    fn issue_token_with(
        &self,
        options: &TokenOptions,
        bearer: &Bearer<'_>,
        scopes: &Scopes,
        now: Timestamp,
    ) -> Result<IssuedToken> {
        let audience = match &options.audience {
            Some(audience) if audience.trim().is_empty() => {
                return Err(Error::invalid("audience", audience, "it is empty", "name the service, like bob"));
            }
            Some(audience) => audience.clone(),
            None => default_audience(scopes).map(str::to_owned).ok_or_else(|| {
                let why = "it is not clear from them which service the token is for";
                Error::not_allowed("scopes", scopes, why, "name the service with --audience")
            })?,
        };
        let expires = bearer.end(options.lifetime, now)?;
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| Error::Key(KeyError::Crypto("draw random numbers")))?;
        let claims = Claims {
            iss: self.issuer_url()?,
            sub: bearer.subject.to_owned(),
            client_id: bearer.subject.to_owned(),
            aud: audience.clone(),
            exp: expires.as_second(),
            iat: now.as_second(),
            jti: URL_SAFE_NO_PAD.encode(id),
            scope: scopes.to_string(),
            cnf: Some(Confirmation::from(bearer.certificate)),
        };
        Ok(IssuedToken { token: token::issue(self.signer(), &claims)?, audience, scopes: scopes.clone(), expires })
    }
}

/// Whom a token is for.
struct Bearer<'a> {
    /// As its certificate names it.
    subject: &'a str,
    certificate: &'a Facts,
}

impl<'a> Bearer<'a> {
    fn new(name: &'a Name, certificate: &'a Facts) -> Self {
        Self { subject: certificate.common_name.as_deref().unwrap_or(name), certificate }
    }

    /// When its token ends: no later than its certificate, without which the token is not accepted.
    fn end(&self, lifetime: Option<Lifetime>, now: Timestamp) -> Result<Timestamp> {
        let latest = self.certificate.not_after;
        let Some(lifetime) = lifetime else { return Ok(TOKEN_LIFETIME.end(now)?.min(latest)) };
        let end = lifetime.end(now)?;
        if end <= latest {
            return Ok(end);
        }
        Err(Error::not_allowed(
            "expiration",
            end,
            format!("a token must not outlive its client's certificate: the latest possible date is {latest}"),
            format!("use --expiration {latest} or an earlier time, or `client renew` first"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{KeyType, PublicKey, Signer as _},
        store::{CaOptions, ClientKey, ClientOptions, Credentials, RevocationTarget},
        token::TokenVerifier,
    };
    use jiff::SignedDuration;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn the_audience_is_the_first_segment_if_that_is_clear() {
        for (text, audience) in [
            ("bob.user.read", Some("bob")),
            ("bob.user.read bob.x", Some("bob")),
            ("bob.user.read carol.x", None),
            ("read", None),
            ("bob.x read", None),
            (".x", None),
            ("", None),
        ] {
            assert_eq!(default_audience(&scopes(text)), audience, "{text}");
        }
    }

    #[test]
    fn a_token_narrows_and_verifies() {
        let directory = tempfile::tempdir().unwrap();
        let credentials = Credentials::new(directory.path());
        let now = Timestamp::now();
        let ca = Name::new("primary").unwrap();
        let alice = Name::new("alice").unwrap();
        let ca_options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(ca.clone()) };
        let mut authority = credentials.create_ca(&ca_options, now).unwrap();
        let options = ClientOptions {
            key: ClientKey::New(KeyType::Ed25519),
            ..ClientOptions::new(alice.clone(), ca, scopes("bob.user.read bob.user.write"))
        };
        credentials.create_client(&options, now, |_, _| Ok(None)).unwrap();

        let narrowed = TokenOptions { scopes: Some(scopes("bob.user.read")), ..TokenOptions::new(alice.clone()) };
        let issued = authority.issue_token(&narrowed, now).unwrap();
        let key = PublicKey::from_spki_der(authority.signer().public_key().spki_der()).unwrap();
        let issuer = authority.issuer_url().unwrap();
        let verified =
            TokenVerifier::new(key, issuer, "bob".into(), SignedDuration::ZERO).verify(&issued.token, now).unwrap();
        assert_eq!((&*verified.client, verified.scopes), ("alice", scopes("bob.user.read")));
        assert!(!format!("{issued:?}").contains(&issued.token));
        let certificate = credentials.client(&alice).unwrap().certificate;
        assert_eq!(verified.certificate.unwrap(), certificate.serial);
        let payload = URL_SAFE_NO_PAD.decode(issued.token.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(claims["cnf"]["x5t#S256"], URL_SAFE_NO_PAD.encode(crate::key::sha256(&certificate.der)));

        let until =
            |end: Timestamp| TokenOptions { lifetime: Some(Lifetime::Until(end)), ..TokenOptions::new(alice.clone()) };
        let last = certificate.not_after;
        assert_eq!(authority.issue_token(&until(last), now).unwrap().expires, last);
        let error = authority.issue_token(&until(last + SignedDuration::from_secs(1)), now).unwrap_err();
        assert!(error.to_string().contains(&format!("the latest possible date is {last}")), "{error}");
        let near = last - SignedDuration::from_secs(7);
        assert_eq!(authority.issue_token(&TokenOptions::new(alice.clone()), near).unwrap().expires, last);
        let error = authority.issue_token(&TokenOptions::new(alice.clone()), last + SignedDuration::from_secs(1));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("expired"), "{error}");

        let wider = TokenOptions { scopes: Some(scopes("bob.root")), ..TokenOptions::new(alice.clone()) };
        let error = authority.issue_token(&wider, now).unwrap_err();
        assert!(matches!(error, Error::NotAllowed { .. }) && error.to_string().contains("bob.root"), "{error}");
        let stranger = TokenOptions::new(Name::new("eve").unwrap());
        assert!(matches!(authority.issue_token(&stranger, now), Err(Error::NotFound { .. })));

        let lifetime = crate::store::CRL_LIFETIME;
        authority.revoke(&RevocationTarget::Client(&alice), Default::default(), lifetime, now).unwrap();
        let error = authority.issue_token(&TokenOptions::new(alice), now).unwrap_err();
        assert!(error.to_string().contains("revoked"), "{error}");
    }
}
