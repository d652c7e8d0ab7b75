//! The client's proof to the authorization server: a JWT that it signs itself (RFC 7523 section 2.2, `private_key_jwt`).

use super::encode;
use crate::key::{KeyError, Signer};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Serialize;

/// The value of `client_assertion_type`.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion can be used, in seconds: the way to the server, and its clock.
const LIFE: i64 = 60;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

/// An assertion of `client` for `audience`, made `now`, with its own random `jti` of 128 bits.
pub(crate) fn assertion(signer: &dyn Signer, client: &str, audience: &str, now: Timestamp) -> Result<String, KeyError> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| KeyError::Crypto("draw random numbers"))?;
    let key = signer.public_key();
    let algorithm = key.key_type().algorithm();
    let iat = now.as_second();
    let claims = Claims {
        iss: client,
        sub: client,
        aud: audience,
        jti: &URL_SAFE_NO_PAD.encode(id),
        iat,
        exp: iat.saturating_add(LIFE),
    };
    let header = Header { alg: algorithm.jose_name(), typ: "JWT", kid: &key.thumbprint() };
    let mut token = encode(&header)?;
    token.push('.');
    token.push_str(&encode(&claims)?);
    let signature = signer.sign(algorithm, token.as_bytes())?;
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyType, LocalKey};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use serde_json::Value;

    #[test]
    fn another_library_accepts_it() {
        let now = Timestamp::now();
        for (key_type, algorithm) in [
            (KeyType::Rsa(2048), Algorithm::RS256),
            (KeyType::EcP256, Algorithm::ES256),
            (KeyType::EcP384, Algorithm::ES384),
            (KeyType::Ed25519, Algorithm::EdDSA),
        ] {
            let key = LocalKey::generate(key_type).unwrap();
            let token = assertion(&key, "alice", "http://as/oauth/token", now).unwrap();
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.public_key().to_jwk()).unwrap();
            let mut validation = Validation::new(algorithm);
            validation.set_audience(&["http://as/oauth/token"]);
            validation.set_issuer(&["alice"]);
            let decoded =
                jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap();
            assert_eq!(decoded.claims["sub"], "alice");
            assert_eq!(decoded.claims["exp"].as_i64().unwrap() - decoded.claims["iat"].as_i64().unwrap(), 60);
            assert_eq!(decoded.claims["jti"].as_str().unwrap().len(), 22);
            assert_eq!(decoded.header.kid.unwrap(), key.public_key().thumbprint());
        }
    }

    #[test]
    fn each_has_its_own_id() {
        let key = LocalKey::generate(KeyType::Ed25519).unwrap();
        let one = assertion(&key, "alice", "a", Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(one, assertion(&key, "alice", "a", Timestamp::UNIX_EPOCH).unwrap());
    }
}
