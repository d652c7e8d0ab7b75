"""PyJWT and the authorization server: its assertions are accepted, and it accepts the tokens by way of /jwks.json."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import jwt
from common import BIN, CREDENTIALS, private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CAS = {"primary": "ES256", "ca-rsa": "RS256", "ca-p384": "ES384", "ca-ed25519": "EdDSA"}


def post(url, **form):
    try:
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def assertion(url, client, algorithm, headers=None, **changes):
    now = int(time.time())
    claims = dict(iss=client, sub=client, aud=f"{url}/oauth/token", exp=now + 60, iat=now, jti=str(uuid.uuid4()))
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, private_key(CREDENTIALS / client / "client.key"), algorithm, headers)


def dance(url, ca, algorithm):
    def ask(path="/oauth/token", **form):
        return post(url + path, client_assertion_type=ASSERTION_TYPE, **({"grant_type": "client_credentials"} | form))

    for client, own in [("rsa", "RS256"), ("p256", "ES256"), ("p384", "ES384"), ("ed25519", "EdDSA")]:
        name = f"{client}-of-{ca}"
        status, headers, answer = ask(client_assertion=assertion(url, name, own))
        assert status == 200 and headers["Cache-Control"] == "no-store", answer
        assert answer["token_type"] == "Bearer" and answer["expires_in"] == 900, answer
        key = jwt.PyJWKClient(f"{url}/jwks.json").get_signing_key_from_jwt(answer["access_token"])
        required = ["iss", "sub", "client_id", "aud", "exp", "iat", "jti", "scope", "cnf"]
        claims = jwt.decode(
            answer["access_token"], key, algorithms=[algorithm], audience="bob", options={"require": required}
        )
        assert claims["sub"] == claims["client_id"] == name and claims["scope"] == "bob.user.read", claims
        # What else a library may write.
        for change in [dict(iat=None), dict(nbf=int(time.time())), dict(aud=["x", f"{url}/oauth/token"]), dict(more=[1])]:
            status, _, answer = ask(client_assertion=assertion(url, name, own, **change))
            assert status == 200, (change, answer)
        status, _, answer = ask(client_assertion=assertion(url, name, own, {"typ": "client-authentication+jwt", "kid": "1"}))
        assert status == 200, answer
        for change in [dict(exp=int(time.time()) - 1), dict(aud="bob"), dict(jti=None), dict(sub="eve")]:
            status, headers, answer = ask(client_assertion=assertion(url, name, own, **change))
            assert (status, answer) == (401, {"error": "invalid_client"}) and headers["WWW-Authenticate"], answer


for ca, algorithm in CAS.items():
    command = [BIN, "--path", str(CREDENTIALS), "ca", "serve", "--name", ca, "--listen", "127.0.0.1:0", "--stop-with-stdin"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = server.stdout.readline().decode().strip().removeprefix("listening on ")
        assert url, "the server says where it listens"
        dance(url, ca, algorithm)
    finally:
        server.stdin.close()
        assert server.wait(20) == 0
