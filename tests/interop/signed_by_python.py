"""Requests that Python signs are accepted by `certauthz verify request` and by a running `certauthz serve`."""

import http.client
import json
import subprocess
import sys

from common import BIN, CREDENTIALS, certauthz, message, refused, signed_headers

WAYS = [("rsa", False), ("rsa", True), ("p256", False), ("p384", False), ("ed25519", False)]
BODY = '{"greeting": "grüß dich"}'.encode()


def offline():
    for client, pss in WAYS:
        for method, target, body in [
            ("GET", "/cert", b""),
            ("GET", "/cert?", b""),
            ("DELETE", "/a%20b/%C3%A9?x=1&y=%2F&x=2", b""),
            ("POST", "/cert?b=2", BODY),
        ]:
            headers = signed_headers(client, method, "bob.example", target, body, pss)
            text = message(method, "bob.example", target, headers, body)
            args = ("request", "--ca", "primary", "--authority", "bob.example", "--require-scope", "bob.user.read", "-")
            answer = json.loads(certauthz("--format", "json", "verify", *args, stdin=text))
            assert answer["valid"] and answer["subject"] == client, answer
            # And it is the signature that was decisive.
            refused("signature_invalid", *args, stdin=text.replace(method.encode(), b"PUT", 1))
    # More may be covered than must be.
    headers = signed_headers("p256", "GET", "bob.example", "/", extra={"x-note": "a  b", "date": "today"})
    certauthz("verify", "request", "--ca", "primary", "-", stdin=message("GET", "bob.example", "/", headers))
    # The algorithm is the key's: RSA-PSS without saying so is a bad signature, and an EC key cannot say so.
    headers = signed_headers("rsa", "GET", "bob.example", "/", pss=True)
    headers["signature-input"] = headers["signature-input"].replace(';alg="rsa-pss-sha512"', "")
    refused("signature_invalid", "request", "--ca", "primary", "-", stdin=message("GET", "bob.example", "/", headers))


def library():
    """The same with an RFC 9421 library, where it is installed: it names a key and the algorithm."""
    try:
        import datetime

        import http_message_signatures as hms
        from common import b64, certificate, private_key
        from cryptography.hazmat.primitives.serialization import Encoding

        algorithms = [
            ("rsa", hms.algorithms.RSA_V1_5_SHA256),
            ("rsa", hms.algorithms.RSA_PSS_SHA512),
            ("p256", hms.algorithms.ECDSA_P256_SHA256),
            ("p384", hms.algorithms.ECDSA_P384_SHA384),
            ("ed25519", hms.algorithms.ED25519),
        ]
    except (ImportError, AttributeError) as error:
        print(f"skipped: no usable http-message-signatures ({error})")
        return

    class Keys(hms.HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id):
            return private_key(CREDENTIALS / key_id / "client.key")

    class Request:
        method, url = "GET", "http://bob.example/cert?b=2"

    for client, algorithm in algorithms:
        der = certificate(CREDENTIALS / client / "client.crt").public_bytes(Encoding.DER)
        request, now = Request(), datetime.datetime.now(datetime.timezone.utc)
        request.headers = {"X-Client-Cert": b64(der)}
        hms.HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Keys()).sign(
            request,
            key_id=client,
            created=now,
            expires=now + datetime.timedelta(seconds=60),
            nonce=f"by-a-library-{algorithm.__name__}",
            tag="certauthz",
            covered_component_ids=("@method", "@authority", "@path", "@query", "x-client-cert"),
        )
        text = message("GET", "bob.example", "/cert?b=2", request.headers)
        certauthz("verify", "request", "--ca", "primary", "-", stdin=text)


def online():
    command = [BIN, "--path", str(CREDENTIALS), "serve", "--listen", "127.0.0.1:0", "--stop-with-stdin"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = server.stdout.readline().decode().strip().removeprefix("listening on http://")
        assert url, "the server says where it listens"
        connection = http.client.HTTPConnection(url, timeout=20)

        def send(method, target, headers, body=b""):
            connection.request(method, target, body or None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        for client, pss in WAYS:
            for method, body in [("GET", b""), ("POST", BODY)]:
                headers = signed_headers(client, method, url, "/cert?b=2", body, pss)
                status, answer = send(method, "/cert?b=2", headers, body)
                assert (status, answer["client"], answer["credential"]) == (200, client, "certificate"), answer
                status, answer = send(method, "/cert?b=2", headers, body)
                assert (status, answer["reason"]) == (401, "nonce_reused"), answer
        headers = signed_headers("p256", "POST", url, "/cert", BODY)
        status, answer = send("POST", "/cert", headers, BODY.replace(b"dich", b"euch"))
        assert (status, answer["reason"]) == (401, "digest_mismatch"), answer
        headers = signed_headers("p256", "GET", "other.example", "/cert")
        status, answer = send("GET", "/cert", headers | {"Host": "other.example"})
        assert (status, answer["reason"]) == (401, "authority_mismatch"), answer
        status, answer = send("GET", "/token", {"Authorization": f"Bearer {(CREDENTIALS / 'p256/token.jwt').read_text().strip()}"})
        assert (status, answer["client"], answer["credential"]) == (200, "p256", "token"), answer
    finally:
        server.stdin.close()
        assert server.wait(20) == 0


if __name__ == "__main__":
    {"offline": offline, "library": library, "online": online}[sys.argv[3]]()
