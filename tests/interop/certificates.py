"""`cryptography` reads certificates, scopes, CSRs and revocation lists, and makes certificates that must be refused."""

import datetime
import subprocess

from common import CREDENTIALS, certauthz, certificate, private_key, refused
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SCOPES = x509.ObjectIdentifier("2.25.4309002870052747561")
PEM = serialization.Encoding.PEM


def tlv(tag, content):
    """DER with a definite length."""
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(length)]) + length + content


def sequence(*items):
    return tlv(0x30, b"".join(items))


def utf8(text):
    return tlv(0x0C, text if isinstance(text, bytes) else text.encode())


def decode_scopes(der):
    """By hand: a SEQUENCE of UTF8String."""
    assert der[0] == 0x30 and der[1] == len(der) - 2 < 128
    scopes, rest = [], der[2:]
    while rest:
        assert rest[0] == 0x0C
        scopes.append(rest[2 : 2 + rest[1]].decode())
        rest = rest[2 + rest[1] :]
    return scopes


def profile():
    """The client certificate of the profile, member by member."""
    ca = certificate(CREDENTIALS / "primary/ca.crt")
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = ca.extensions.get_extension_for_class(x509.KeyUsage)
    assert basic.critical and basic.value.ca and usage.critical and usage.value.key_cert_sign and usage.value.crl_sign
    for client in ["rsa", "p256", "p384", "ed25519"]:
        leaf = certificate(CREDENTIALS / client / "client.crt")
        leaf.verify_directly_issued_by(ca)
        assert leaf.version == x509.Version.v3 and 0 < leaf.serial_number < 1 << 159
        assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == client
        find = leaf.extensions.get_extension_for_class
        basic, usage = find(x509.BasicConstraints), find(x509.KeyUsage)
        assert basic.critical and not basic.value.ca and usage.critical and usage.value.digital_signature
        assert not usage.value.key_cert_sign
        assert list(find(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        ski = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert find(x509.AuthorityKeyIdentifier).value.key_identifier == ski
        assert find(x509.SubjectKeyIdentifier).value.digest
        scopes = leaf.extensions.get_extension_for_oid(SCOPES)
        assert not scopes.critical and isinstance(scopes.value, x509.UnrecognizedExtension)
        assert decode_scopes(scopes.value.value) == ["bob.user.read"], scopes.value.value


def revocation_list():
    """Entries with their reasons; numbers that rise."""
    reasons = {
        "unspecified": None,
        "keyCompromise": x509.ReasonFlags.key_compromise,
        "affiliationChanged": x509.ReasonFlags.affiliation_changed,
        "superseded": x509.ReasonFlags.superseded,
        "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
        "privilegeWithdrawn": x509.ReasonFlags.privilege_withdrawn,
    }
    ca, numbers, serials = certificate(CREDENTIALS / "primary/ca.crt"), [], {}

    def load():
        listed = x509.load_pem_x509_crl((CREDENTIALS / "primary/ca.crl").read_bytes())
        assert listed.is_signature_valid(ca.public_key()) and listed.issuer == ca.subject
        find = listed.extensions.get_extension_for_class
        ski = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert find(x509.AuthorityKeyIdentifier).value.key_identifier == ski
        assert listed.next_update_utc > listed.last_update_utc
        numbers.append(find(x509.CRLNumber).value.crl_number)
        return listed

    load()
    names = certauthz("crl", "revoke", "--help").decode()
    for i, (reason, flag) in enumerate(reasons.items()):
        spelled = reason if reason in names else "".join("-" + c.lower() if c.isupper() else c for c in reason)
        client = f"revoked-{i}"
        certauthz("client", "create", "--name", client, "--ca", "primary", "--scope", "a.b", "--key-type", "ec")
        serials[certificate(CREDENTIALS / client / "client.crt").serial_number] = flag
        certauthz("crl", "revoke", "--ca", "primary", "--client", client, "--reason", spelled)
        load()
        refused("certificate_revoked", "cert", "--ca", "primary", CREDENTIALS / client / "client.crt")
    assert numbers == sorted(set(numbers)), numbers
    found = {}
    for entry in load():
        extensions = entry.extensions
        flag = extensions.get_extension_for_class(x509.CRLReason).value.reason if len(extensions) else None
        found[entry.serial_number] = flag
    assert {serial: found.get(serial, "absent") for serial in serials} == serials, found


def malformed_scopes():
    """Certificates of the CA's own key whose scopes are wrong: unusable, and never "no scopes"."""
    ca, ca_key = certificate(CREDENTIALS / "primary/ca.crt"), private_key(CREDENTIALS / "primary/ca.key")
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    path = CREDENTIALS / "forged.pem"

    def make(*values):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forged")])
        builder = (
            x509.CertificateBuilder(subject_name=subject, issuer_name=ca.subject, public_key=key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()), False)
        )
        for value in values:
            builder = builder.add_extension(x509.UnrecognizedExtension(SCOPES, value), False)
        path.write_bytes(builder.sign(ca_key, hashes.SHA256()).public_bytes(PEM))
        return ("cert", "--ca", "primary", path)

    def accepted(value):
        certauthz("verify", *make(value))

    accepted(sequence(utf8("a")))
    accepted(sequence(*(utf8(f"s{i}") for i in range(256))))
    accepted(sequence(utf8("x" * 256)))
    refused("scopes_missing", *make())
    for bad in [
        b"",
        sequence(),
        utf8("a"),
        sequence(tlv(0x13, b"a")),
        sequence(tlv(0x16, b"a")),
        sequence(utf8("")),
        sequence(utf8("a b")),
        sequence(utf8("a\\b")),
        sequence(utf8('a"b')),
        sequence(utf8("a\0")),
        sequence(utf8("é")),
        sequence(utf8(b"\xff\xfe")),
        sequence(utf8("a"), utf8("a")),
        sequence(utf8("x" * 257)),
        sequence(*(utf8(f"s{i}") for i in range(257))),
        sequence(utf8("a")) + b"\0",
        sequence(utf8("a"), b"\x05\0"),
        tlv(0x31, utf8("a")),
        b"\x30\x80" + utf8("a") + b"\0\0",
        b"\x30\x81\x03" + utf8("a"),
        b"\x30\x04" + utf8("a"),
        b"\x30\x03\x0c\x02a",
        sequence(sequence(utf8("a"))),
        sequence(b"\x2c\x03" + utf8("a")),
    ]:
        refused("scopes_malformed", *make(bad))
    path.unlink()


def requests():
    """CSRs of Python and of openssl: the key is kept, the wishes are not."""
    wishes = x509.UnrecognizedExtension(SCOPES, sequence(utf8("root.everything")))
    for i, key in enumerate([ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody else")])
        builder = x509.CertificateSigningRequestBuilder(subject).add_extension(wishes, False)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        csr = builder.sign(key, hashes.SHA384() if i == 0 else None)
        for form, encoding in [("pem", PEM), ("der", serialization.Encoding.DER)]:
            issue(f"by-python-{i}-{form}", csr.public_bytes(encoding), key.public_key())
        # A request whose signature does not hold proves nothing about the key.
        der = bytearray(csr.public_bytes(serialization.Encoding.DER))
        der[-1] ^= 1
        (CREDENTIALS / "bad.csr").write_bytes(der)
        args = ("--name", "never", "--ca", "primary", "--scope", "a.b", "--csr", CREDENTIALS / "bad.csr")
        certauthz("client", "create", *args, code=3)
        assert not (CREDENTIALS / "never").exists()
    args = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", CREDENTIALS / "o.key"]
    try:
        csr = subprocess.run(args, check=True, capture_output=True, timeout=60).stdout
    except FileNotFoundError:
        print("skipped: no openssl")
        return
    issue("by-openssl", csr, private_key(CREDENTIALS / "o.key").public_key())


def foreign_certificates():
    """What the CA's key signed elsewhere can be revoked, whatever its subject says, and spoils nothing afterwards."""
    ca, ca_key = certificate(CREDENTIALS / "primary/ca.crt"), private_key(CREDENTIALS / "primary/ca.key")
    now, path = datetime.datetime.now(datetime.timezone.utc), CREDENTIALS / "foreign.pem"
    for name in [None, "", "x" * 100, "a\x1b[2Jb\nc", "a\u202eb", "../primary"]:
        attribute = [x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False)] if name is not None else []
        builder = (
            x509.CertificateBuilder(subject_name=x509.Name(attribute), issuer_name=ca.subject)
            .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        path.write_bytes(builder.sign(ca_key, hashes.SHA256()).public_bytes(PEM))
        certauthz("crl", "revoke", "--ca", "primary", "--cert", path)
        for args in [["ca", "show", "--name", "primary"], ["crl", "show", CREDENTIALS / "primary/ca.crl"]]:
            for form in ["text", "json"]:
                shown = certauthz("--format", form, *args).decode()
                assert not any(c in shown for c in "\x1b\x9b\u202e"), shown
        for form in ["text", "json"]:
            args = ("--format", form, "verify", "cert", "--explain", "--ca", "primary", path)
            assert "\x1b" not in certauthz(*args, code=1).decode()
    path.unlink()


def issue(name, csr, public):
    path = CREDENTIALS / "request.csr"
    path.write_bytes(csr)
    certauthz("client", "create", "--name", name, "--ca", "primary", "--scope", "bob.user.read", "--csr", path)
    leaf = certificate(CREDENTIALS / name / "client.crt")
    assert leaf.public_key() == public and not (CREDENTIALS / name / "client.key").exists()
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == name
    assert decode_scopes(leaf.extensions.get_extension_for_oid(SCOPES).value.value) == ["bob.user.read"]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certauthz("verify", "cert", "--ca", "primary", CREDENTIALS / name / "client.crt")


profile()
revocation_list()
malformed_scopes()
requests()
foreign_certificates()
