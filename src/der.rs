//! A reader for DER (ITU-T X.690), strict and without allocation.
//!
//! It exists for revocation lists, where a million entries must be read in one pass: a general parser builds a value
//! per entry. Only definite lengths in their shortest form and single-byte tags are read; anything else is an error.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed (explicit tagging).
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// Broken or unexpected DER. Where it was found is the caller's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadDer;

/// One element: its tag, its content, and the whole of it including the header.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads one element after the other.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, without reading it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, BadDer> {
        let start = self.rest;
        let (&tag, after_tag) = start.split_first().ok_or(BadDer)?;
        // A tag number of 31 announces further tag bytes, which no structure of ours has.
        if tag & 0x1f == 0x1f {
            return Err(BadDer);
        }
        let (&first, after_first) = after_tag.split_first().ok_or(BadDer)?;
        let (length, after_length) = match first {
            0..=0x7f => (usize::from(first), after_first),
            0x81..=0x84 => {
                let (bytes, after) = after_first.split_at_checked(usize::from(first & 0x7f)).ok_or(BadDer)?;
                let length = bytes.iter().fold(0u32, |sum, &byte| (sum << 8) | u32::from(byte));
                // X.690 section 10.1: the shortest form only.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return Err(BadDer);
                }
                (usize::try_from(length).map_err(|_| BadDer)?, after)
            }
            _ => return Err(BadDer),
        };
        let (content, rest) = after_length.split_at_checked(length).ok_or(BadDer)?;
        let (whole, _) = start.split_at_checked(start.len() - rest.len()).ok_or(BadDer)?;
        self.rest = rest;
        Ok(Element { tag, content, whole })
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], BadDer> {
        self.expect_element(tag).map(|element| element.content)
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect_element(&mut self, tag: u8) -> Result<Element<'a>, BadDer> {
        let element = self.element()?;
        if element.tag == tag { Ok(element) } else { Err(BadDer) }
    }

    /// The content of the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, BadDer> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// The content of the next INTEGER: two's complement, at least one byte, the shortest form.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], BadDer> {
        let content = self.expect(INTEGER)?;
        match content {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(BadDer),
            _ => Ok(content),
        }
    }

    /// A BIT STRING that is a whole number of bytes, as keys and signatures are.
    pub(crate) fn whole_bits(&mut self) -> Result<&'a [u8], BadDer> {
        match self.expect(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(BadDer),
        }
    }

    /// A UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5: whole seconds, `Z`.
    pub(crate) fn time(&mut self) -> Result<Timestamp, BadDer> {
        let element = self.element()?;
        time(element.tag, element.content)
    }

    /// All elements must have been read.
    pub(crate) fn finish(self) -> Result<(), BadDer> {
        if self.is_empty() { Ok(()) } else { Err(BadDer) }
    }
}

/// The time of a UTCTime or GeneralizedTime element.
pub(crate) fn time(tag: u8, content: &[u8]) -> Result<Timestamp, BadDer> {
    let (year, rest) = match (tag, content) {
        (UTC_TIME, [y0, y1, rest @ ..]) => {
            let year = two_digits(*y0, *y1)?;
            // RFC 5280 section 4.1.2.5.1: 50 to 99 are of the last century.
            (i16::from(year) + if year >= 50 { 1900 } else { 2000 }, rest)
        }
        (GENERALIZED_TIME, [y0, y1, y2, y3, rest @ ..]) => {
            (i16::from(two_digits(*y0, *y1)?) * 100 + i16::from(two_digits(*y2, *y3)?), rest)
        }
        _ => return Err(BadDer),
    };
    let [mo0, mo1, d0, d1, h0, h1, mi0, mi1, s0, s1, b'Z'] = rest else { return Err(BadDer) };
    let civil = DateTime::new(
        year,
        two_digits(*mo0, *mo1)?,
        two_digits(*d0, *d1)?,
        two_digits(*h0, *h1)?,
        two_digits(*mi0, *mi1)?,
        two_digits(*s0, *s1)?,
        0,
    );
    civil.and_then(|civil| Offset::UTC.to_timestamp(civil)).map_err(|_| BadDer)
}

fn two_digits(tens: u8, ones: u8) -> Result<i8, BadDer> {
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return Err(BadDer);
    }
    i8::try_from((tens - b'0') * 10 + (ones - b'0')).map_err(|_| BadDer)
}

/// The magnitude of a non-negative INTEGER's content, without the zero that keeps its sign; `None` for a negative one.
pub(crate) fn magnitude(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, rest @ ..] => Some(rest),
        [first, ..] if *first < 0x80 => Some(integer),
        _ => None,
    }
}

/// An element of this tag and content, of less than 64 KiB.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Result<Vec<u8>, BadDer> {
    let [high, low] = u16::try_from(content.len()).map_err(|_| BadDer)?.to_be_bytes();
    let mut element = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    element.extend_from_slice(content);
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_shortest_length_is_read() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 0x01, 0],
            &[0x30, 0x82, 0x00, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x1f, 0x01, 0x00],
            &[0x04, 0x02, 0x00],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader::new(bad).element().is_err(), "{bad:?}");
        }
        let element = Reader::new(&[0x04, 1, 7, 9]).element().unwrap();
        assert_eq!((element.tag, element.content, element.whole), (4, &[7][..], &[4, 1, 7][..]));
    }

    #[test]
    fn integers_have_one_form() {
        for bad in [&[2, 0][..], &[2, 2, 0, 1], &[2, 2, 0xff, 0x80], &[4, 1, 1]] {
            assert!(Reader::new(bad).integer().is_err(), "{bad:?}");
        }
        assert_eq!(magnitude(Reader::new(&[2, 2, 0, 0x80]).integer().unwrap()), Some(&[0x80][..]));
        assert_eq!(magnitude(Reader::new(&[2, 1, 0x80]).integer().unwrap()), None);
        assert_eq!(magnitude(&[0]), Some(&[][..]));
    }

    #[test]
    fn times_of_both_kinds() {
        let read = |tag, text: &str| time(tag, text.as_bytes()).map(|t| t.to_string());
        assert_eq!(read(UTC_TIME, "491231235959Z").unwrap(), "2049-12-31T23:59:59Z");
        assert_eq!(read(UTC_TIME, "500101000000Z").unwrap(), "1950-01-01T00:00:00Z");
        assert_eq!(read(GENERALIZED_TIME, "20500228120000Z").unwrap(), "2050-02-28T12:00:00Z");
        for bad in ["20250229000000Z", "20250101000060Z", "2025010100000Z", "20250101000000+", "2025010100000:Z", ""] {
            assert!(read(GENERALIZED_TIME, bad).is_err(), "{bad}");
        }
        assert!(read(UTC_TIME, "250101000000+0100").is_err() && read(UTC_TIME, "2501010000Z").is_err());
    }

    #[test]
    fn what_is_wrapped_is_read_again() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let content = vec![7; length];
            assert_eq!(Reader::new(&wrap(0x30, &content).unwrap()).expect(0x30).unwrap(), content);
        }
        assert!(wrap(0x30, &vec![0; 0x10000]).is_err());
    }

    proptest! {
        #[test]
        fn junk_never_panics_and_elements_partition_the_input(junk in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&junk);
            let mut read = 0;
            while let Ok(element) = reader.element() {
                read += element.whole.len();
                let _ = time(element.tag, element.content);
                prop_assert!(element.whole.ends_with(element.content));
            }
            prop_assert!(read <= junk.len());
        }
    }
}
