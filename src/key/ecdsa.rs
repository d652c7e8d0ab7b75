//! The two encodings of an ECDSA signature: `r ‖ s` of fixed length (RFC 7518 section 3.4, RFC 9421) and the DER
//! `SEQUENCE { r INTEGER, s INTEGER }` of certificates and CRLs (RFC 3279 section 2.2.3).

use super::KeyError;

/// Converts `r ‖ s` (each half of `fixed`) to DER.
///
/// # Errors
/// [`KeyError::Malformed`] if the length is odd, zero, or longer than that of P-384.
pub fn ecdsa_to_der(fixed: &[u8]) -> Result<Vec<u8>, KeyError> {
    const MALFORMED: KeyError = KeyError::Malformed("not an ECDSA signature of fixed length");
    // 96 bytes is P-384; with it every DER length below fits in one byte.
    if fixed.is_empty() || !fixed.len().is_multiple_of(2) || fixed.len() > 96 {
        return Err(MALFORMED);
    }
    let (r, s) = fixed.split_at_checked(fixed.len() / 2).ok_or(MALFORMED)?;
    let mut body = Vec::with_capacity(fixed.len() + 6);
    for number in [r, s] {
        let significant = number.iter().position(|&b| b != 0).and_then(|start| number.get(start..)).unwrap_or(&[0]);
        let sign_byte = significant.first().is_some_and(|&b| b >= 0x80);
        body.push(0x02);
        body.push(u8::try_from(significant.len() + usize::from(sign_byte)).map_err(|_| MALFORMED)?);
        if sign_byte {
            body.push(0);
        }
        body.extend_from_slice(significant);
    }
    let mut der = vec![0x30, u8::try_from(body.len()).map_err(|_| MALFORMED)?];
    der.append(&mut body);
    Ok(der)
}

/// Converts DER to `r ‖ s`, each of `field_len` bytes (32 for P-256, 48 for P-384).
///
/// # Errors
/// [`KeyError::Malformed`] for anything but the one DER encoding of two positive numbers of that size.
pub fn ecdsa_from_der(der: &[u8], field_len: usize) -> Result<Vec<u8>, KeyError> {
    const MALFORMED: KeyError = KeyError::Malformed("not a DER-encoded ECDSA signature");
    let [0x30, len, body @ ..] = der else { return Err(MALFORMED) };
    if usize::from(*len) != body.len() || *len >= 0x80 {
        return Err(MALFORMED);
    }
    let mut fixed = Vec::with_capacity(2 * field_len);
    let mut rest = body;
    for _ in 0..2 {
        let [0x02, len, tail @ ..] = rest else { return Err(MALFORMED) };
        let (number, tail) = tail.split_at_checked(usize::from(*len)).ok_or(MALFORMED)?;
        let magnitude = match number {
            [0] => &[][..],
            [0, next @ ..] if next.first().is_some_and(|&b| b >= 0x80) => next,
            [first, ..] if (1..0x80).contains(first) => number,
            _ => return Err(MALFORMED),
        };
        let padding = field_len.checked_sub(magnitude.len()).ok_or(MALFORMED)?;
        fixed.resize(fixed.len() + padding, 0);
        fixed.extend_from_slice(magnitude);
        rest = tail;
    }
    if rest.is_empty() { Ok(fixed) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(r in proptest::collection::vec(any::<u8>(), 32), zeros in 0usize..33, s in proptest::collection::vec(any::<u8>(), 32)) {
            let mut fixed = r;
            fixed.extend(s);
            fixed[..zeros.min(32)].fill(0);
            let der = ecdsa_to_der(&fixed).unwrap();
            prop_assert_eq!(ecdsa_from_der(&der, 32).unwrap(), fixed);
        }

        #[test]
        fn junk_never_panics_and_only_canonical_der_is_read(junk in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(fixed) = ecdsa_from_der(&junk, 32) {
                prop_assert_eq!(ecdsa_to_der(&fixed).unwrap(), &junk[..]);
            }
            let _ = ecdsa_to_der(&junk);
        }
    }

    #[test]
    fn refuses_other_encodings() {
        for bad in [
            &[][..],
            &[0x30, 0],
            &[0x30, 6, 2, 1, 0x80, 2, 1, 1],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 1, 0],
        ] {
            assert!(ecdsa_from_der(bad, 32).is_err(), "{bad:?}");
        }
    }
}
