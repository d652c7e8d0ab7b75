//! Serial numbers of certificates.

use crate::error::{Error, Result};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use std::{fmt, str::FromStr};

/// The longest encoding, in octets (RFC 5280 section 4.1.2.2). The sign bit is one of their 160 bits.
const MAX_OCTETS: usize = 20;

/// A certificate's serial number: positive, below 2^159 (RFC 5280 section 4.1.2.2).
///
/// [`Display`](fmt::Display) prints `0x…`, which [`Serial::parse`] reads back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial {
    /// Zeros follow the number. In place: tokens name a certificate, and a request needs no memory for that.
    octets: [u8; MAX_OCTETS],
    len: u8,
}

impl Serial {
    /// 128 random bits.
    ///
    /// # Errors
    /// [`Error::Key`] where the operating system has no randomness to give.
    pub fn random() -> Result<Self> {
        let failed = || Error::Key(crate::key::KeyError::Crypto("draw random numbers"));
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| failed())?;
        Self::from_be_bytes(&bytes).ok_or_else(failed)
    }

    /// From big-endian octets, with or without leading zeros. `None` for zero, and for 2^159 and more.
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let significant = bytes.get(bytes.iter().position(|&b| b != 0)?..)?;
        let sign_octet = usize::from(significant.first().is_some_and(|&b| b >= 0x80));
        if significant.len() + sign_octet > MAX_OCTETS {
            return None;
        }
        let mut octets = [0; MAX_OCTETS];
        octets.get_mut(..significant.len())?.copy_from_slice(significant);
        Some(Self { octets, len: u8::try_from(significant.len()).ok()? })
    }

    /// Reads what [`Serial::to_hex`] writes, and nothing else: lower-case digits, two for each octet, without leading
    /// zeros beyond the first octet's.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut octets = [0; MAX_OCTETS];
        let octets = octets.get_mut(..hex.len() / 2)?;
        let pairs = hex.as_bytes().chunks(2);
        for (octet, pair) in octets.iter_mut().zip(pairs) {
            *octet = pair.iter().try_fold(0, |value, digit| Some((value << 4) | hex_digit(*digit)?))?;
        }
        let canonical = hex.len().is_multiple_of(2) && octets.first().is_some_and(|&first| first != 0);
        canonical.then(|| Self::from_be_bytes(octets)).flatten()
    }

    /// Reads decimal, `0x…` or colon-separated hexadecimal.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for anything else, for zero, and for 2^159 and more.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &'static str| {
            Error::invalid("serial number", text, why, "write it as decimal, as 0x… or as hex with colons (0a:1b:2c)")
        };
        let bytes = if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            hex_octets(hex).ok_or_else(|| invalid("not a hexadecimal number"))?
        } else if text.contains(':') {
            let octets = text.split(':').map(|octet| if octet.len() == 2 { hex_octets(octet) } else { None });
            octets.collect::<Option<Vec<_>>>().ok_or_else(|| invalid("not pairs of hexadecimal digits"))?.concat()
        } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            decimal_octets(text).ok_or_else(|| invalid("it must be below 2^159"))?
        } else if !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(invalid("hexadecimal digits without 0x"));
        } else {
            return Err(invalid("not a positive number"));
        };
        if bytes.iter().all(|&b| b == 0) {
            return Err(invalid("it must be positive"));
        }
        Self::from_be_bytes(&bytes).ok_or_else(|| invalid("it must be below 2^159"))
    }

    /// Big-endian, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Lower-case hexadecimal digits, two for each octet, without prefix.
    pub fn to_hex(&self) -> String {
        self.as_bytes().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// A lower-case hexadecimal digit's value.
fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn hex_octets(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || digits.len() > 1000 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let padded = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    padded.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Decimal digits to big-endian octets; `None` where they need more than [`MAX_OCTETS`].
fn decimal_octets(digits: &str) -> Option<Vec<u8>> {
    let mut octets = [0u8; MAX_OCTETS];
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for octet in octets.iter_mut().rev() {
            let product = u16::from(*octet) * 10 + carry;
            let [high, low] = product.to_be_bytes();
            *octet = low;
            carry = u16::from(high);
        }
        if carry != 0 {
            return None;
        }
    }
    Some(octets.to_vec())
}

impl FromStr for Serial {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", self.to_hex())
    }
}

impl serde::Serialize for Serial {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_ways_to_write_one_number() {
        for text in ["4660", "0x1234", "0X1234", "12:34", "00:12:34", "0x001234", "0004660"] {
            assert_eq!(Serial::parse(text).unwrap().to_hex(), "1234", "{text}");
        }
        assert_eq!(Serial::parse("0xfff").unwrap().to_string(), "0x0fff");
        for bad in
            ["", "0", "0x", "0x0", "00:00", "-1", "+1", "1.5", "abc", "0xg", "1:2", "12:", ":12", "12:345", " 1", "１"]
        {
            assert!(Serial::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_canonical_hex_alone() {
        assert_eq!(Serial::from_hex("0fff").unwrap(), Serial::parse("4095").unwrap());
        assert_eq!(Serial::from_hex(&"7f".repeat(20)).unwrap().as_bytes().len(), 20);
        let long = "01".repeat(21);
        for bad in
            ["", "0", "00", "fff", "000fff", "0FFF", "0x0f", "0f ", "0g", "80".repeat(20).as_str(), long.as_str()]
        {
            assert_eq!(Serial::from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn at_most_twenty_octets_with_the_sign_bit() {
        let largest = "730750818665451459101842416358141509827966271487"; // 2^159 - 1
        assert_eq!(Serial::parse(largest).unwrap().as_bytes().len(), 20);
        assert!(Serial::parse("730750818665451459101842416358141509827966271488").is_err());
        assert!(Serial::parse(&"9".repeat(49)).is_err());
        assert!(Serial::parse(&"9".repeat(100_000)).is_err());
        assert!(Serial::parse(&format!("0x{}", "f".repeat(40))).is_err());
    }

    proptest! {
        #[test]
        fn decimal_and_hex_agree(number in 1u128..) {
            let serial = Serial::parse(&number.to_string()).unwrap();
            prop_assert_eq!(&serial, &Serial::parse(&format!("0x{number:x}")).unwrap());
            prop_assert_eq!(&serial, &Serial::from_be_bytes(&number.to_be_bytes()).unwrap());
            prop_assert_eq!(&Serial::parse(&serial.to_string()).unwrap(), &serial);
            prop_assert_eq!(Serial::from_hex(&serial.to_hex()), Some(serial.clone()));
        }

        #[test]
        fn junk_never_panics(text in "\\PC{0,60}") {
            let _ = Serial::parse(&text);
            prop_assert!(Serial::from_hex(&text).is_none_or(|serial| serial.to_hex() == text));
        }

        #[test]
        fn hex_has_one_form(text in "[0-9a-fA-F]{0,44}") {
            prop_assert!(Serial::from_hex(&text).is_none_or(|serial| serial.to_hex() == text));
        }
    }
}
