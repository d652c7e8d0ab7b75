"""Python verifies what `certauthz sign-request` prints, rebuilding the signature base by itself."""

import base64
import hashlib
import json
import re
import time
from urllib.parse import urlsplit

from common import CREDENTIALS, certauthz, certificate, signature_base, verify
from cryptography import x509
from cryptography.exceptions import InvalidSignature

FORM = re.compile(r'([a-z][a-z0-9_.-]*)=(\(("[^"]*"(?: "[^"]*")*)\)((?:;[a-z]+=(?:"[^"]*"|-?[0-9]+))*))')


def check(client, method, url, body=None):
    args = ["sign-request", "--client", client, "-X", method, "--output", "json", url]
    if body is not None:
        args[1:1] = ["-d", body]
    request = json.loads(certauthz(*args))
    # An empty path is sent as "/" (RFC 9110 section 4.2.3).
    sent_url = url.replace(":80?", ":80/?")
    assert (request["method"], request["url"], request["body"]) == (method, sent_url, body), request
    headers = {name.lower(): value for name, value in request["headers"].items()}

    der = base64.b64decode(headers["x-client-cert"], validate=True)
    sent = x509.load_der_x509_certificate(der)
    assert sent == certificate(CREDENTIALS / client / "client.crt")

    label, params, listed, rest = FORM.fullmatch(headers["signature-input"]).groups()
    components = [name.strip('"') for name in listed.split()]
    parameters = dict(part.split("=", 1) for part in rest.split(";")[1:])
    required = {"@method", "@authority", "@path", "@query", "x-client-cert"}
    assert required <= set(components) and len(set(components)) == len(components), components
    assert parameters["tag"] == '"certauthz"' and len(parameters["nonce"].strip('"')) >= 16, parameters
    created, expires = int(parameters["created"]), int(parameters["expires"])
    assert abs(time.time() - created) < 20 and expires == created + 60, parameters
    if body:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert headers["content-digest"] == f"sha-256=:{digest}:" and "content-digest" in components

    parts = urlsplit(url)
    authority = parts.netloc.lower().removesuffix(":80")
    target = (parts.path or "/") + url[len(url.split("?", 1)[0]) :]
    signature = base64.b64decode(re.fullmatch(re.escape(label) + "=:(.*):", headers["signature"])[1], validate=True)
    base = signature_base(components, params, method, authority, target, headers)
    verify(sent.public_key(), signature, base)
    try:
        verify(sent.public_key(), signature, base.replace(b"bob", b"eve", 1))
        raise AssertionError("another base verifies as well")
    except InvalidSignature:
        pass
    return parameters["nonce"]


nonces = set()
for name in ["rsa", "p256", "p384", "ed25519"]:
    nonces.add(check(name, "GET", "http://bob.example/cert"))
    nonces.add(check(name, "GET", "http://Bob.Example:80?x=1&y=%2F"))
    nonces.add(check(name, "POST", "http://bob.example:8080/a%20b?", '{"a":"é"}'))
assert len(nonces) == 12, "every signature has a nonce of its own"
