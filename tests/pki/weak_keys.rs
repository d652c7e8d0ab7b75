//! Keys and signatures that nobody should use, made by OpenSSL (see `tests/vectors/weak-keys/make.sh`).
use crate::world::{assert_refused, at, check_at};

fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/vectors/weak-keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    pem::parse(std::fs::read(path).unwrap()).unwrap().into_contents()
}

#[test]
fn weak_keys_of_clients_are_refused() {
    let ca = read("ca");
    let check = |leaf: &[u8], ca: &[u8]| check_at(leaf, &[], &[ca], at("2030-01-01T00:00:00Z"));
    check(&read("good"), &ca).unwrap();
    for (name, text) in [
        ("rsa-1024", "RSA-1024"),
        ("rsa-2040", "RSA-2040"),
        ("ec-p192", "1.2.840.10045.3.1.1"),
        ("ec-secp256k1", "1.3.132.0.10"),
        ("ec-explicit", "named curve"),
        ("dsa-2048", "1.2.840.10040.4.1"),
        ("by-sha1", "not accepted"),
    ] {
        assert_refused(check(&read(name), &ca), "certificate_untrusted", text);
    }
    assert_refused(check(&read("by-weak-ca"), &read("weak-ca")), "certificate_untrusted", "");
}
