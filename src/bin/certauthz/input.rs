//! What commands read: files and standard input, PEM or DER.

use certauthz::{
    error::{Error, Result},
    key::LocalKey,
    store::MAX_CRL_LEN,
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use zeroize::Zeroizing;

/// The most that is read of a certificate, chain, token or HTTP message.
const MAX_LEN: u64 = 4 << 20;
/// The most that is read of a request's body. It is signed and sent from memory, and `/dev/zero` has no end.
const MAX_BODY_LEN: u64 = 256 << 20;

/// Reads a file, or standard input for `-`, of at most 4 MiB.
///
/// # Errors
/// [`Error::Io`], [`Error::BadFile`] where it is larger.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, MAX_LEN)
}

/// Reads an unencrypted PKCS#8 private key in PEM.
///
/// # Errors
/// As [`read`]; [`Error::BadFile`] where it holds no such key.
pub(crate) fn private_key(path: &Path) -> Result<LocalKey> {
    let text = Zeroizing::new(read(path)?);
    LocalKey::from_pem(&text).map_err(|error| Error::BadFile {
        path: shown(path).into(),
        why: error.to_string().into(),
        hint: error.hint().unwrap_or_default().to_owned().into(),
    })
}

/// Reads a revocation list, which may be large.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_crl(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, MAX_CRL_LEN)
}

/// Reads the body of a request.
///
/// # Errors
/// As [`read`], with more room.
pub(crate) fn read_body(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, MAX_BODY_LEN)
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let is_stdin = path == Path::new("-");
    let shown = shown(path);
    let io = |action, source| Error::Io { action, path: shown.into(), source };
    let mut bytes = Vec::new();
    let mut take = |reader: &mut dyn Read| reader.take(limit + 1).read_to_end(&mut bytes);
    if is_stdin {
        take(&mut io::stdin().lock()).map_err(|source| io("read", source))?;
    } else {
        let mut file = File::open(path).map_err(|source| io("open", source))?;
        take(&mut file).map_err(|source| io("read", source))?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len > limit) {
        return Err(Error::BadFile {
            path: shown.into(),
            why: format!("it is larger than {limit} bytes").into(),
            hint: "check that it is the right file".into(),
        });
    }
    Ok(bytes)
}

/// A path for messages.
fn shown(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("standard input") } else { path }
}

/// The DER of every block with this PEM label; or the bytes themselves where they are no PEM at all.
pub(crate) fn der_blocks(bytes: Vec<u8>, label: &str) -> Vec<Vec<u8>> {
    if !bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        return vec![bytes];
    }
    let blocks = pem::parse_many(&bytes).unwrap_or_default();
    blocks.into_iter().filter(|block| block.tag() == label).map(pem::Pem::into_contents).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_der() {
        let pem =
            b"text\n-----BEGIN X-----\nAQI=\n-----END X-----\n-----BEGIN Y-----\nAw==\n-----END Y-----\n".to_vec();
        assert_eq!(der_blocks(pem.clone(), "X"), [vec![1, 2]]);
        assert_eq!(der_blocks(pem, "Z"), Vec::<Vec<u8>>::new());
        assert_eq!(der_blocks(vec![0x30, 0], "X"), [vec![0x30, 0]]);
        assert_eq!(der_blocks(b"-----BEGIN X-----\nAQI=\n".to_vec(), "X"), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        assert!(matches!(read(Path::new("/dev/zero")), Err(Error::BadFile { .. })));
    }
}
