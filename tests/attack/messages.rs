//! What attackers send: all of it can be made without anybody's private key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

/// Bytes that differ from call to call. No secrets: speed is what counts for a flood.
pub fn noise(len: usize) -> Vec<u8> {
    static STATE: AtomicU64 = AtomicU64::new(1);
    let mut state = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    let mut next = || {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(len);
    bytes
}

/// The same certificate with another signature of its issuer: valid DER, and one that was never seen before.
pub fn resigned(der: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    let at = der.len() - 100;
    der[at..at + 16].copy_from_slice(&noise(16));
    der
}

/// A request that is right in every respect but its signature.
pub struct Forged<'a> {
    pub address: SocketAddr,
    pub certificate: &'a [u8],
    pub chain: &'a [Vec<u8>],
    /// The bytes of body that it announces.
    pub body: usize,
}

impl Forged<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        let Self { address, certificate, chain, body } = self;
        let method = if *body > 0 { "POST" } else { "GET" };
        let mut text = format!("{method} /cert HTTP/1.1\r\nhost: {address}\r\n");
        let mut covered = "\"@method\" \"@authority\" \"@path\" \"@query\" \"x-client-cert\"".to_owned();
        text += &format!("x-client-cert: {}\r\n", STANDARD.encode(certificate));
        if !chain.is_empty() {
            let links: Vec<_> = chain.iter().map(|der| STANDARD.encode(der)).collect();
            text += &format!("x-client-cert-chain: {}\r\n", links.join(", "));
            covered += " \"x-client-cert-chain\"";
        }
        if *body > 0 {
            let digest = STANDARD.encode(noise(32));
            text += &format!("content-length: {body}\r\ncontent-digest: sha-256=:{digest}:\r\n");
            covered += " \"content-digest\"";
        }
        let now = Timestamp::now().as_second();
        let nonce: String = noise(12).iter().map(|b| format!("{b:02x}")).collect();
        let expires = now + 60;
        text += &format!(
            "signature-input: certauthz=({covered});created={now};expires={expires};nonce=\"{nonce}\";tag=\"certauthz\"\r\n"
        );
        let mut signature = noise(256);
        // Less than the modulus, so that it is not refused before it is computed with.
        signature[0] = 0;
        text += &format!("signature: certauthz=:{}:\r\n\r\n", STANDARD.encode(signature));
        text.into_bytes()
    }
}

/// A request to a route that wants nothing.
pub fn healthz(address: SocketAddr) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}
