//! The article's table: what a server pays for a JWT, and for a certificate in three depths of decoding, with RSA keys of
//! 2048 and 4096 bits. (Its fourth row, the request's signature, is in `request`.)

use crate::support::{Key, NOW, RSA, world};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use divan::{Bencher, black_box};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// `Authorization`, signature, claims, scopes.
#[divan::bench(args = RSA)]
fn a_jwt(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.validate_token().expect("valid"));
}

/// The path alone, for a certificate that was parsed before: signature of the CA, dates, constraints. Our own decision
/// begins with bytes, so this is what the path validator beneath it takes.
#[divan::bench(args = RSA)]
fn b_certificate_decoded(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    let ca = CertificateDer::from(world.ca_der());
    let anchors = [anchor_from_trusted_cert(&ca).expect("a CA")];
    let leaf = CertificateDer::from(world.certificate_der());
    let leaf = EndEntityCert::try_from(&leaf).expect("a certificate");
    let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(NOW.as_second()).expect("after 1970")));
    bencher.bench(|| {
        let path = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            black_box(&anchors),
            &[],
            time,
            KeyUsage::client_auth(),
            None,
            None,
        );
        path.expect("valid").end_entity().serial().len()
    });
}

/// From DER: path, key, scopes, revocation.
#[divan::bench(args = RSA)]
fn c_certificate_der(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| black_box(world).certificate_from_der().expect("valid"));
}

/// From the header's base64.
#[divan::bench(args = RSA)]
fn d_certificate_base64_der(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.certificate_cold().expect("valid"));
}

/// The same, remembered.
#[divan::bench(args = RSA)]
fn e_certificate_warm(bencher: Bencher<'_, '_>, key: Key) {
    let world = world(key);
    bencher.bench(|| world.certificate_warm().expect("valid"));
}

/// The base64 alone.
#[divan::bench(args = RSA)]
fn f_base64(bencher: Bencher<'_, '_>, key: Key) {
    let encoded = STANDARD.encode(world(key).certificate_der());
    bencher.bench(|| STANDARD.decode(black_box(&encoded)).expect("base64"));
}
