//! From a file or a stream to the DER of a list.

use super::{CrlError, MAX_BYTES, memory::allocate};
use crate::der::SEQUENCE;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::io::{self, BufRead, BufReader, Read};

/// The most that is read of a text with a list in it. Base64 and line breaks need 1.4 times the DER's size; what
/// `openssl crl -text` writes before the block about three times.
const MAX_TEXT: usize = 4 * MAX_BYTES;
/// So much base64 is collected before it is decoded: a multiple of four characters.
const CHUNK: usize = 32 << 10;
const LABEL: &[u8] = b"X509 CRL-----";

/// Why no list could be read from a stream.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What it holds is no list in PEM or DER, or too large a one.
    #[error(transparent)]
    List(#[from] CrlError),
}

/// The DER of a list that a file holds in PEM (`X509 CRL`, RFC 7468 section 6) or in DER. Of several PEM blocks it is
/// the first.
///
/// # Errors
/// [`CrlError::Malformed`] where it is neither DER nor has a complete PEM block of that kind; [`CrlError::TooLarge`].
pub fn pem_or_der(bytes: Vec<u8>) -> Result<Vec<u8>, CrlError> {
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(bytes);
    }
    match read_pem_or_der(&*bytes, bytes.len()) {
        Ok(der) => Ok(der),
        Err(ReadError::List(error)) => Err(error),
        // A slice of bytes cannot fail.
        Err(ReadError::Io(_)) => Err(CrlError::Malformed("it cannot be read")),
    }
}

/// As [`pem_or_der`], from a stream of about `size` bytes. PEM is decoded as it arrives: the text is never in memory.
///
/// # Errors
/// As [`pem_or_der`], and whatever the stream fails with.
pub fn read_pem_or_der(stream: impl Read, size: usize) -> Result<Vec<u8>, ReadError> {
    let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
    let mut reader = BufReader::with_capacity(CHUNK, stream).take(limit);
    match reader.fill_buf()?.first() {
        None => Err(CrlError::Malformed("it is empty").into()),
        Some(&SEQUENCE) => {
            let mut der = allocate(size.min(MAX_BYTES));
            reader.set_limit(u64::try_from(MAX_BYTES + 1).unwrap_or(limit));
            reader.read_to_end(&mut der)?;
            match der.len() > MAX_BYTES {
                true => Err(CrlError::TooLarge { size: size.max(der.len()) }.into()),
                false => Ok(der),
            }
        }
        Some(_) => pem(&mut reader, size),
    }
}

fn pem(reader: &mut impl BufRead, size: usize) -> Result<Vec<u8>, ReadError> {
    const INCOMPLETE: CrlError = CrlError::Malformed("neither DER nor a complete PEM block \"X509 CRL\"");
    let mut line = Vec::new();
    let label = loop {
        line.clear();
        if read_line(reader, &mut line)? == 0 {
            return Err(INCOMPLETE.into());
        }
        if let Some(label) = line.strip_prefix(b"-----BEGIN ") {
            break label;
        }
    };
    if label != LABEL {
        return Err(CrlError::Malformed("the PEM block is not an \"X509 CRL\"").into());
    }
    let mut body = Body { der: allocate((size / 4 * 3).min(MAX_BYTES)), ended: false };
    let mut text = Vec::with_capacity(2 * CHUNK);
    loop {
        let start = text.len();
        if read_line(reader, &mut text)? == 0 {
            return Err(INCOMPLETE.into());
        }
        if let Some(end @ [b'-', ..]) = text.get(start..) {
            if end.strip_prefix(b"-----END ") != Some(LABEL) {
                return Err(INCOMPLETE.into());
            }
            text.truncate(start);
            body.decode(&text)?;
            return Ok(body.der);
        }
        if text.len() >= CHUNK {
            body.decode(text.get(..CHUNK).unwrap_or_default())?;
            text.drain(..CHUNK);
        }
        if body.der.len() > MAX_BYTES {
            return Err(CrlError::TooLarge { size: (size / 4 * 3).max(body.der.len()) }.into());
        }
    }
}

/// Appends a line, without the white space at its end. Of a line that is longer than a chunk it appends a chunk.
/// Returns how much was read: 0 only at the end of the stream.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let start = line.len();
    let read = reader.take(u64::try_from(CHUNK).unwrap_or(u64::MAX)).read_until(b'\n', line)?;
    let kept = line.get(start..).unwrap_or_default().trim_ascii_end().len();
    line.truncate(start + kept);
    Ok(read)
}

struct Body {
    der: Vec<u8>,
    /// Whether the padding that ends base64 was seen.
    ended: bool,
}

impl Body {
    fn decode(&mut self, text: &[u8]) -> Result<(), CrlError> {
        const BROKEN: CrlError = CrlError::Malformed("its base64 is broken");
        if text.is_empty() {
            return Ok(());
        }
        if std::mem::replace(&mut self.ended, text.ends_with(b"=")) {
            return Err(BROKEN);
        }
        STANDARD.decode_vec(text, &mut self.der).map_err(|_| BROKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(der: &[u8], width: usize, end: &str) -> String {
        let text = STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(width).map(|l| str::from_utf8(l).unwrap()).collect();
        format!("before{end}-----BEGIN X509 CRL-----{end}{}{end}-----END X509 CRL-----{end}after", lines.join(end))
    }

    #[test]
    fn der_of_any_length_comes_back_from_pem_of_any_shape() {
        for len in [0, 1, 2, 3, 47, 48, 49, 24_575, 24_576, 24_577, 100_000] {
            let der: Vec<u8> = (0..251).map(|i: u8| i.wrapping_mul(7)).cycle().take(len).collect();
            for (width, end) in [(64, "\n"), (76, "\r\n"), (64, "  \n"), (1 << 30, "\n"), (1001, "\n")] {
                let text = encode(&der, width, end);
                assert_eq!(read_pem_or_der(text.as_bytes(), 0).unwrap(), der, "{len} {width}");
                assert_eq!(pem_or_der(text.clone().into_bytes()).unwrap(), der, "{len} {width}");
                if len > 0 {
                    assert_eq!(pem::parse(text).unwrap().contents(), der);
                }
            }
        }
        assert_eq!(read_pem_or_der(&[0x30, 1, 2][..], 3).unwrap(), [0x30, 1, 2]);
    }

    #[test]
    fn what_is_neither_is_refused_with_a_word() {
        let refused = |text: &str| pem_or_der(text.as_bytes().to_vec()).unwrap_err().to_string();
        assert!(refused("").contains("empty"));
        assert!(refused("junk").contains("neither"));
        assert!(refused("-----BEGIN X509 CRL-----\nAAAA\n").contains("neither"));
        assert!(refused("-----BEGIN X509 CRL-----\nAAAA\n-----END CERTIFICATE-----\n").contains("neither"));
        assert!(refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").contains("not an"));
        for body in ["AAA", "A A=", "AAA=AAAA", "AAAA\nAB==\nAAAA", "AAAA:", "A\u{e4}AA"] {
            let text = format!("-----BEGIN X509 CRL-----\n{body}\n-----END X509 CRL-----\n");
            assert!(refused(&text).contains("base64"), "{body}");
        }
        // Padding in the middle, exactly where a chunk ends.
        let text = format!("{}AA==", "A".repeat(CHUNK - 4));
        let text = format!("-----BEGIN X509 CRL-----\n{text}\nAAAA\n-----END X509 CRL-----\n");
        assert!(refused(&text).contains("base64"));
    }

    #[test]
    fn reading_ends_at_the_limit() {
        let endless = |first: &'static [u8], byte| first.chain(io::repeat(byte));
        for stream in [endless(&[0x30], 0), endless(b"-----BEGIN X509 CRL-----\n", b'A')] {
            match read_pem_or_der(stream, 0) {
                Err(ReadError::List(CrlError::TooLarge { size })) => assert!(size > MAX_BYTES),
                other => panic!("{:?}", other.map(|der| der.len())),
            }
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = [b"-----BEGIN X509 CRL-----\n", &junk[..], b"\n-----END X509 CRL-----"].concat();
            if let Ok(der) = pem_or_der(text.clone()) {
                let other = pem::parse(text).unwrap();
                prop_assert_eq!(other.contents(), der);
            }
        }
    }
}
