"""What the checks share: running certauthz, reading credentials, and RFC 9421 written down a second time.

Nothing here knows the Rust code. The signature base follows RFC 9421 section 2.5, the profile follows the README.
"""

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

BIN, CREDENTIALS = sys.argv[1], Path(sys.argv[2])


def certauthz(*args, code=0, stdin=b""):
    """Runs the program under test, and returns its standard output."""
    command = [BIN, "--path", str(CREDENTIALS), *map(str, args)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
    shown = f"{args}: exit {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    assert done.returncode == code, shown
    return done.stdout


def refused(reason, *args, stdin=b""):
    """A verification that must say no, for this very reason."""
    answer = json.loads(certauthz("--format", "json", "verify", *args, code=1, stdin=stdin))
    assert answer["valid"] is False and answer["reason"] == reason, (reason, answer)


def private_key(path):
    return serialization.load_pem_private_key(path.read_bytes(), None)


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def b64(data):
    return base64.b64encode(data).decode()


def sign(key, message, pss=False):
    """In the encodings of RFC 9421 section 3.3: r ‖ s for ECDSA."""
    if isinstance(key, rsa.RSAPrivateKey):
        if pss:
            scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
            return key.sign(message, scheme, hashes.SHA512())
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size, digest = curve(key)
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key.sign(message)


def verify(key, signature, message):
    """Raises InvalidSignature."""
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        size, digest = curve(key)
        assert len(signature) == 2 * size
        r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(digest))
    else:
        key.verify(signature, message)


def curve(key):
    """Bytes of a number, and the hash that goes with it."""
    return (32, hashes.SHA256()) if key.curve.key_size == 256 else (48, hashes.SHA384())


def derived(name, method, authority, target):
    path, mark, query = target.partition("?")
    return {"@method": method, "@authority": authority, "@path": path, "@query": "?" + query}[name]


def signature_base(components, params, method, authority, target, headers):
    """RFC 9421 section 2.5; `headers` maps lower-case names to values."""
    lines = []
    for name in components:
        value = derived(name, method, authority, target) if name.startswith("@") else headers[name].strip()
        lines.append(f'"{name}": {value}')
    lines.append(f'"@signature-params": {params}')
    return "\n".join(lines).encode()


def signed_headers(client, method, authority, target, body=b"", pss=False, extra=None):
    """The headers of a signed request, as the README describes them, and nothing of certauthz in their making."""
    directory = CREDENTIALS / client
    der = certificate(directory / "client.crt").public_bytes(serialization.Encoding.DER)
    headers = {"x-client-cert": b64(der)}
    components = ["@method", "@authority", "@path", "@query", "x-client-cert"]
    if body:
        headers["content-digest"] = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
        components.append("content-digest")
    for name, value in (extra or {}).items():
        headers[name] = value
        components.append(name)
    now = int(time.time())
    params = "(" + " ".join(f'"{name}"' for name in components) + ")"
    params += f';created={now};expires={now + 60};nonce="{secrets.token_urlsafe(16)}";tag="certauthz"'
    if pss:
        params += ';alg="rsa-pss-sha512"'
    base = signature_base(components, params, method, authority, target, headers)
    headers["signature-input"] = f"py={params}"
    headers["signature"] = f"py=:{b64(sign(private_key(directory / 'client.key'), base, pss))}:"
    return headers


def message(method, authority, target, headers, body=b""):
    """An HTTP/1.1 request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
