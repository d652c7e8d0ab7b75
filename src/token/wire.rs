//! A token as it arrives: segments, header and claims, before anything about it is believed.

use super::MAX_TOKEN_LEN;
use crate::{cert::Serial, error::Rejection};
use base64::Engine as _;
use base64_simd::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt};

/// The three segments of a compact JWS.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// What is signed: header, dot, payload.
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, Rejection> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Rejection::CredentialTooLarge { what: "token", limit: MAX_TOKEN_LEN });
        }
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(Rejection::TokenMalformed("it is not three base64url parts with dots between".into()));
        };
        Ok(Self {
            header: token.get(..first).unwrap_or_default(),
            payload: token.get(first + 1..second).unwrap_or_default(),
            signature: token.get(second + 1..).unwrap_or_default(),
            signed: token.get(..second).unwrap_or_default(),
        })
    }
}

/// Decodes a segment into the buffer, in place of what was there.
pub(crate) fn decode<'b>(segment: &str, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Rejection> {
    buffer.clear();
    let malformed = |_| Rejection::TokenMalformed("a part of it is not base64url".into());
    URL_SAFE_NO_PAD.decode_append(segment.as_bytes(), buffer).map_err(malformed)?;
    Ok(buffer)
}

pub(crate) fn missing(claim: &'static str) -> Rejection {
    Rejection::TokenClaims(format!("{claim} is missing").into())
}

pub(crate) fn json_error(error: &serde_json::Error) -> Cow<'static, str> {
    format!("not the JSON that is wanted: {error}").into()
}

#[derive(Deserialize)]
pub(crate) struct HeaderIn<'a> {
    #[serde(borrow)]
    pub(crate) alg: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) typ: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) kid: Option<Text<'a>>,
    /// Whether it is there, whatever its value: `null` names nothing that is understood either.
    #[serde(default, deserialize_with = "is_present")]
    pub(crate) crit: bool,
}

fn is_present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Deserialize)]
pub(crate) struct ClaimsIn<'a> {
    #[serde(borrow)]
    pub(crate) iss: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) sub: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) client_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) aud: Option<Audience<'a>>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    #[serde(borrow)]
    pub(crate) jti: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) scope: Option<Text<'a>>,
    /// `null` would be no confirmation either, and whoever writes it may have meant one.
    #[serde(borrow, default, deserialize_with = "some_confirmation")]
    pub(crate) cnf: Option<ConfirmationIn<'a>>,
}

/// A member that is there is read as a confirmation, also `null`.
pub(crate) fn some_confirmation<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ConfirmationIn<'a>>, D::Error> {
    ConfirmationIn::deserialize(deserializer).map(Some)
}

/// What the token is bound to. A member that is not understood is no detail to pass over: with `jkt` (RFC 9449) or `jwk`
/// (RFC 7800) only the holder of a key may use the token, and nothing here could tell that it is the holder who does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmationIn<'a> {
    #[serde(borrow, rename = "x5t#S256")]
    x5t_s256: Option<Text<'a>>,
    #[serde(borrow)]
    serial: Option<Text<'a>>,
}

impl ConfirmationIn<'_> {
    /// The certificate that is named. Its digest must be one, but it is the serial number that revocation goes by.
    pub(crate) fn certificate(&self) -> Result<Serial, Rejection> {
        let serial = self.serial.as_ref().and_then(|hex| Serial::from_hex(hex));
        let serial = serial.ok_or(Rejection::TokenClaims("cnf has no usable serial number".into()))?;
        match &self.x5t_s256 {
            Some(digest) if !is_sha256(digest) => {
                Err(Rejection::TokenClaims("cnf has an x5t#S256 that is none".into()))
            }
            _ => Ok(serial),
        }
    }
}

/// Whether it is 32 bytes in base64url, without memory for them.
fn is_sha256(text: &str) -> bool {
    let mut digest = [0; 33];
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode_slice(text, &mut digest) == Ok(32)
}

/// A string, borrowed unless it has escapes. (serde borrows a `Cow`, but not one within an `Option`.)
pub(crate) struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// RFC 7519 section 4.1.3: one string or an array of strings.
pub(crate) enum Audience<'a> {
    One(Cow<'a, str>),
    Many(Vec<String>),
}

/// By hand: serde's way for untagged enums would copy every value first.
impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }
    fn visit_borrowed_str<E>(self, one: &'de str) -> Result<Self::Value, E> {
        Ok(Audience::One(Cow::Borrowed(one)))
    }
    fn visit_str<E>(self, one: &str) -> Result<Self::Value, E> {
        Ok(Audience::One(Cow::Owned(one.to_owned())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut many = Vec::new();
        while let Some(one) = seq.next_element()? {
            many.push(one);
        }
        Ok(Audience::Many(many))
    }
}

impl Audience<'_> {
    pub(crate) fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|a| a == audience),
        }
    }
}

impl fmt::Display for Audience<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(one) => f.write_str(one),
            Self::Many(many) => f.write_str(&many.join(" ")),
        }
    }
}

/// RFC 7519 section 2: seconds since the epoch, also with a fraction (which is cut off).
pub(crate) struct NumericDate(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let seconds = number.as_i64().or_else(|| {
            // Cut the fraction off in text: a float cast could wrap.
            number.to_string().split_once('.').filter(|(_, f)| f.bytes().all(|b| b.is_ascii_digit()))?.0.parse().ok()
        });
        let time = seconds.filter(|s| *s >= 0).and_then(|s| Timestamp::from_second(s).ok());
        time.map(Self).ok_or_else(|| serde::de::Error::custom("a time that is out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Another implementation has the same opinion on what base64url without padding is.
        #[test]
        fn segments_are_decoded_as_others_do(segment in "[A-Za-z0-9_-]{0,90}[A-Za-z0-9_=+/ -]{0,3}") {
            let mut buffer = b"of before".to_vec();
            let judge = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&segment).ok();
            prop_assert_eq!(decode(&segment, &mut buffer).ok().map(<[u8]>::to_vec), judge);
        }
    }

    #[test]
    fn there_are_two_dots() {
        for bad in ["", ".", "a.b", "a.b.c.d", "..."] {
            assert!(Parts::split(bad).is_err(), "{bad}");
        }
        let parts = Parts::split("ab.cd.ef").unwrap();
        assert_eq!((parts.header, parts.payload, parts.signature, parts.signed), ("ab", "cd", "ef", "ab.cd"));
        assert_eq!(Parts::split("..").unwrap().signed, ".");
    }
}
