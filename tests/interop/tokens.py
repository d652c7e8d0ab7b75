"""PyJWT reads our access tokens, and ours reads PyJWT's; whatever RFC 8725 warns of is refused for the right reason."""

import base64
import json
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from common import CREDENTIALS, certauthz, private_key, refused

ISSUER = "http://127.0.0.1:8586"
CAS = {"primary": "ES256", "ca-rsa": "RS256", "ca-p384": "ES384", "ca-ed25519": "EdDSA"}


def ours():
    for ca, algorithm in CAS.items():
        keys = json.loads(certauthz("ca", "show", "--name", ca, "--jwks"))
        # Each CA has one client that is called like it.
        token = certauthz("token", "create", "--ca", ca, "--client", f"of-{ca}").decode().strip()
        header = jwt.get_unverified_header(token)
        assert (header["typ"], header["alg"]) == ("at+jwt", algorithm), header
        key = jwt.PyJWKSet.from_dict(keys)[header["kid"]]
        required = ["iss", "sub", "client_id", "aud", "exp", "iat", "jti", "scope"]
        claims = jwt.decode(
            token, key, algorithms=[algorithm], audience="bob", issuer=ISSUER, options={"require": required}
        )
        assert claims["sub"] == claims["client_id"] == f"of-{ca}", claims
        assert claims["scope"] == "bob.user.read" and claims["exp"] - claims["iat"] == 900, claims
        # RFC 8705 section 3.1, computed by somebody else.
        certificate = x509.load_pem_x509_certificate((CREDENTIALS / f"of-{ca}" / "client.crt").read_bytes())
        digest = certificate.fingerprint(hashes.SHA256())
        serial = certificate.serial_number
        length = 2 * ((serial.bit_length() + 7) // 8)
        assert claims["cnf"] == {"x5t#S256": segment(digest), "serial": f"{serial:0{length}x}"}, claims
        try:
            jwt.decode(token, key, algorithms=[algorithm], audience="carol")
            raise AssertionError("a token for bob is one for carol")
        except jwt.InvalidAudienceError:
            pass


def claims(**changes):
    now = int(time.time())
    result = dict(iss=ISSUER, sub="of-x", client_id="of-x", aud="bob", exp=now + 60, iat=now, jti="1", scope="bob.user.read")
    return {name: value for name, value in (result | changes).items() if value is not None}


def segment(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def theirs():
    for ca, algorithm in CAS.items():
        key, public = private_key(CREDENTIALS / ca / "ca.key"), (CREDENTIALS / ca / "ca.pub").read_bytes()
        args = ("token", "--ca", ca, "--audience", "bob", "--require-scope", "bob.user.read", "-")

        def token(typ="at+jwt", algorithm=algorithm, key=key, header=None, **changes):
            return jwt.encode(claims(**changes), key, algorithm, {"typ": typ} | (header or {}))

        def no(reason, token):
            refused(reason, *args, stdin=token.encode())

        for good in [token(), token("application/at+jwt"), token(aud=["carol", "bob"]), token(extra={"a": [1]})]:
            answer = json.loads(certauthz("--format", "json", "verify", *args, stdin=good.encode()))
            assert answer["valid"] and answer["subject"] == "of-x" and answer["scopes"] == ["bob.user.read"], answer

        no("token_type", token("JWT"))
        no("token_type", token(None))
        no("token_type", token(header={"crit": ["b64"], "b64": True}))
        no("token_type", token(header={"crit": []}))
        no("token_type", token(header={"crit": None}))
        # The three classics: no algorithm, the public key as a secret, an algorithm of another key.
        no("algorithm_forbidden", jwt.encode(claims(), None, "none", {"typ": "at+jwt"}))
        head, body = segment({"alg": "HS256", "typ": "at+jwt"}), segment(claims())
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{head}.{body}".encode(), public)
        no("algorithm_forbidden", f"{head}.{body}.{segment(mac)}")
        other = next(c for c in CAS if c != ca)
        foreign = private_key(CREDENTIALS / other / "ca.key")
        no("algorithm_forbidden", token(algorithm=CAS[other], key=foreign))
        if algorithm == "RS256":
            no("algorithm_forbidden", token(algorithm="PS256"))
            no("algorithm_forbidden", token(algorithm="RS512"))
        no("token_signature", token(header={"kid": "another"}))
        text = token()
        flipped = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]
        no("token_signature", flipped)
        no("token_expired", token(exp=int(time.time()) - 1))
        no("token_claims", token(exp=None))
        no("token_claims", token(exp="never"))
        no("token_claims", token(iat=None))
        no("token_claims", token(client_id=None))
        no("token_claims", token(jti=None))
        no("token_claims", token(scope="two  spaces"))
        no("token_not_yet_valid", token(nbf=int(time.time()) + 60))
        no("token_not_yet_valid", token(iat=int(time.time()) + 60))
        no("token_issuer", token(iss="http://elsewhere"))
        no("token_audience", token(aud="carol"))
        no("token_audience", token(aud=["carol"]))
        # A confirmation that is none of ours cannot be checked.
        no("token_claims", token(cnf={"jkt": segment(b"x" * 32)}))
        no("token_claims", token(cnf={"x5t#S256": segment(b"x" * 32)}))
        no("token_claims", token(cnf={"serial": "0A", "x5t#S256": segment(b"x" * 32)}))
        no("token_claims", token(cnf={"serial": "0a", "x5t#S256": "short"}))
        named = token(cnf={"serial": "0a", "x5t#S256": segment(b"x" * 32)})
        assert json.loads(certauthz("--format", "json", "verify", *args, stdin=named.encode()))["serial"] == "0a"
        no("insufficient_scope", token(scope="bob.user"))
        no("insufficient_scope", token(scope=None))
        no("token_malformed", "a.b")
        no("token_malformed", text + ".")
        no("token_malformed", text.replace(".", "=.", 1))


ours()
theirs()
