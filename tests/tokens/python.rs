//! JWKs and tokens that PyJWT makes with `cryptography`'s keys. Without them the test says so and passes;
//! CERTAUTHZ_PYTHON names the interpreter to use.

use certauthz::{
    key::PublicKey,
    token::{KeySet, TokenVerifier},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{env, process::Command};

const SCRIPT: &str = r#"
import json, time, jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

kinds = [
    ("RS256", RSAAlgorithm, rsa.generate_private_key(65537, 2048)),
    ("RS256", RSAAlgorithm, rsa.generate_private_key(3, 3072)),
    ("ES256", ECAlgorithm, ec.generate_private_key(ec.SECP256R1())),
    ("ES384", ECAlgorithm, ec.generate_private_key(ec.SECP384R1())),
    ("EdDSA", OKPAlgorithm, ed25519.Ed25519PrivateKey.generate()),
]
now = int(time.time())
claims = dict(iss="http://as", sub="x", client_id="x", aud="bob", exp=now + 600, iat=now, jti="1")
made = []
for number, (algorithm, kind, key) in enumerate(kinds):
    public = key.public_key()
    jwk = json.loads(kind.to_jwk(public))
    # What goes beside the key differs between publishers.
    jwk |= [{}, {"use": "sig"}, {"alg": algorithm, "x5t": "x"}, {"key_ops": ["verify"]}, {"kid": "mine"}][number]
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    header = {"typ": "at+jwt"} | ({"kid": jwk["kid"]} if "kid" in jwk else {})
    made.append({"jwk": jwk, "spki": spki.hex(), "token": jwt.encode(claims, key, algorithm, header)})
foreign = [json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP521R1()).public_key())),
           json.loads(RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key()))]
print(json.dumps({"made": made, "foreign": foreign}))
"#;

#[test]
fn keys_of_another_implementation_are_read_as_it_means_them() {
    let python = env::var_os("CERTAUTHZ_PYTHON").unwrap_or_else(|| "python3".into());
    let output = match Command::new(python).args(["-c", SCRIPT]).output() {
        Ok(output) if output.status.success() => output,
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            return println!("skipped: no PyJWT or cryptography");
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => return println!("skipped: no python3: {error}"),
    };
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let foreign = all["foreign"].as_array().unwrap();
    assert!(foreign.iter().all(|jwk| PublicKey::from_jwk(jwk).is_err()));
    let verifier = |set: KeySet| TokenVerifier::with_keys(set, "http://as".into(), "bob".into(), SignedDuration::ZERO);
    let mut jwks = foreign.clone();
    let made = all["made"].as_array().unwrap();
    for one in made {
        let key = PublicKey::from_jwk(&one["jwk"]).unwrap();
        let spki: String = key.spki_der().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(spki, one["spki"], "the very bytes that cryptography writes");
        jwks.push(one["jwk"].clone());
        let document = serde_json::json!({"keys": [one["jwk"]]}).to_string();
        let alone = verifier(KeySet::from_jwks(document.as_bytes()).unwrap());
        alone.verify(one["token"].as_str().unwrap(), Timestamp::now()).unwrap();
    }
    let set = KeySet::from_jwks(serde_json::json!({"keys": jwks}).to_string().as_bytes()).unwrap();
    assert_eq!(set.keys().count(), made.len());
    let verifier = verifier(set);
    let accepted = made.iter().map(|one| verifier.verify(one["token"].as_str().unwrap(), Timestamp::now()).is_ok());
    // Tokens without kid count only where there is one key for their algorithm.
    assert_eq!(accepted.collect::<Vec<_>>(), [false, false, true, true, true]);
}
