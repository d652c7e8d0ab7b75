//! PEM files (RFC 7468) with keys and certificates, and what is wrong with them if something is.

use super::file::{self, MAX_FILE_LEN};
use crate::{
    cert::facts::Facts,
    error::{Error, Result},
    key::{KeyError, LocalKey, PublicKey},
};
use std::path::Path;
use zeroize::Zeroizing;

/// The most certificates in one file: more is no chain of anybody's.
const MAX_CERTIFICATES: usize = 16;
const HINT: &str = "restore it from a backup, or make it again with --force";

/// Reads a PKCS#8 private key.
pub(super) fn private_key(path: &Path) -> Result<LocalKey> {
    let text = Zeroizing::new(file::read(path, MAX_FILE_LEN)?);
    LocalKey::from_pem(&text).map_err(|e| bad_key(path, &e))
}

/// Reads an SPKI public key.
pub(super) fn public_key(path: &Path) -> Result<PublicKey> {
    PublicKey::from_pem(&file::read(path, MAX_FILE_LEN)?).map_err(|e| bad_key(path, &e))
}

fn bad_key(path: &Path, error: &KeyError) -> Error {
    let hint = error.hint().unwrap_or(HINT).to_owned().into();
    Error::BadFile { path: path.to_owned(), why: error.to_string().into(), hint }
}

/// Reads a file with exactly one certificate.
pub(super) fn certificate(path: &Path) -> Result<Facts> {
    let mut found = certificates(path)?;
    match (found.pop(), found.is_empty()) {
        (Some(certificate), true) => Ok(certificate),
        (None, _) => Err(Error::bad_file(path, "there is no certificate in it", HINT)),
        (Some(_), false) => Err(Error::bad_file(
            path,
            "there is more than one certificate in it",
            "leave the first one there, and put those above it into chain.crt",
        )),
    }
}

/// Reads the certificates of a file that may be absent.
pub(super) fn chain(path: &Path) -> Result<Vec<Facts>> {
    if file::exists(path)? { certificates(path) } else { Ok(Vec::new()) }
}

fn certificates(path: &Path) -> Result<Vec<Facts>> {
    let bytes = file::read(path, MAX_FILE_LEN)?;
    let bad = |why: String| Error::bad_file(path, why, HINT);
    let blocks = pem::parse_many(&bytes).map_err(|e| bad(format!("it is not complete PEM ({e})")))?;
    // A block without its end is skipped by the parser, so count the beginnings too.
    let begun = bytes.windows(11).filter(|window| window == b"-----BEGIN ").count();
    if blocks.len() != begun || blocks.is_empty() {
        return Err(bad("it is not complete PEM: a block has no end, or there is none".to_owned()));
    }
    if blocks.len() > MAX_CERTIFICATES {
        return Err(bad(format!("there are more than {MAX_CERTIFICATES} certificates in it")));
    }
    let read = |block: &pem::Pem| match block.tag() {
        "CERTIFICATE" => Facts::parse(block.contents()).map_err(bad),
        other => Err(bad(format!("it holds a {other:?}, not a \"CERTIFICATE\""))),
    };
    blocks.iter().map(read).collect()
}

/// Reads one certificate in PEM or DER.
pub(super) fn certificate_from_bytes(bytes: &[u8]) -> Result<Facts> {
    if bytes.first() == Some(&0x30) {
        return Facts::from_der(bytes);
    }
    let unreadable = |why: String| Error::Issue { what: "a revocation for this file", why };
    let block = pem::parse(bytes).map_err(|e| unreadable(format!("it is neither PEM nor DER ({e})")))?;
    if block.tag() != "CERTIFICATE" {
        return Err(unreadable(format!("it holds a {:?}, not a \"CERTIFICATE\"", block.tag())));
    }
    Facts::from_der(block.contents())
}

/// One PEM block, with lines of 64 characters and Unix line ends.
pub(crate) fn encode(tag: &str, der: Vec<u8>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, der), config)
}

/// Certificates, one block after the other.
pub(crate) fn encode_certificates<'a>(certificates: impl IntoIterator<Item = &'a Facts>) -> String {
    certificates.into_iter().map(|facts| encode("CERTIFICATE", facts.der.clone())).collect()
}
