//! A document in memory, and the answers about it: RFC 9110 sections 8.8 and 13, RFC 9111.

use super::super::answer::{Answer, Response, not_allowed};
use crate::key::sha256;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use http_body_util::Full;
use jiff::Timestamp;
use std::time::{Duration, SystemTime};

/// How long caches may keep a document without asking: it bounds how late they learn of a revocation.
const MAX_AGE: i64 = 300;
/// How much earlier than the document itself a copy of it ends.
const MARGIN: i64 = 1;
/// How long a cache may use its copy of what never becomes stale while the server is away (RFC 5861 section 4).
const IF_ERROR: i64 = 24 * 3600;

/// A document that is the same for everybody. A request copies none of its bytes.
#[derive(Debug, Clone)]
pub(super) struct Document {
    body: Bytes,
    content_type: &'static str,
    etag: HeaderValue,
    /// Whole seconds since 1970.
    modified: u64,
    last_modified: HeaderValue,
    /// When it becomes stale.
    end: Option<Timestamp>,
}

impl Document {
    /// One that was `modified` then, and holds until `end` if there is one.
    pub(super) fn new(
        body: impl Into<Bytes>,
        content_type: &'static str,
        modified: Timestamp,
        end: Option<Timestamp>,
    ) -> Self {
        let body = body.into();
        // As many bits as nobody finds a second document for.
        let digest = sha256(&body);
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..18).unwrap_or(&digest)));
        // It cannot fail: base64.
        let etag = HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static(""));
        let (modified, last_modified) = dated(u64::try_from(modified.as_second()).unwrap_or(0));
        Self { body, content_type, etag, modified, last_modified, end }
    }

    /// The same, dated later than `other` whose place it takes.
    pub(super) fn after(self, other: &Self) -> Self {
        if self.modified > other.modified {
            return self;
        }
        let (modified, last_modified) = dated(other.modified.saturating_add(1));
        Self { modified, last_modified, ..self }
    }

    /// Its bytes.
    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// What its bytes are.
    pub(super) fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The answer to a request for it.
    pub(super) fn answer(&self, method: &Method, headers: &HeaderMap, now: Timestamp) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed(HeaderValue::from_static("GET, HEAD"));
        }
        let mut response = if self.is_known(headers) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            // The transport leaves the body out of an answer to HEAD.
            let mut response = Response::new(Full::new(self.body.clone()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            response.headers_mut().insert(LAST_MODIFIED, self.last_modified.clone());
            response
        };
        response.headers_mut().insert(ETAG, self.etag.clone());
        if let Ok(value) = HeaderValue::try_from(self.cache_control(now)) {
            response.headers_mut().insert(CACHE_CONTROL, value);
        }
        response.into()
    }

    /// Whether the sender has this very document. A date counts only where no tag is sent (RFC 9110 section 13.1.3).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags.any(|value| matches_any(value.as_bytes(), self.etag.as_bytes()));
        }
        let mut dates = headers.get_all(IF_MODIFIED_SINCE).iter();
        let (Some(date), None) = (dates.next(), dates.next()) else { return false };
        let date = date.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
        let date = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
        // Its own date exactly, as most servers have it: a list may have been replaced within a second, or by one with an
        // earlier date after a clock was set back, and whoever asks must not miss that.
        date.is_some_and(|since| self.modified == since.as_secs())
    }

    /// How long caches may keep it: always for less than it holds. While the server is away they may go on a while.
    fn cache_control(&self, now: Timestamp) -> String {
        let left = match self.end {
            Some(end) => end.as_second().saturating_sub(now.as_second()).saturating_sub(MARGIN),
            None => MAX_AGE + IF_ERROR,
        };
        if left <= 0 {
            return "no-cache".to_owned();
        }
        let age = left.min(MAX_AGE);
        match left - age {
            0 => format!("public, max-age={age}"),
            more => format!("public, max-age={age}, stale-if-error={more}"),
        }
    }
}

/// These seconds since 1970, not beyond the year 9999, and as a field value.
fn dated(seconds: u64) -> (u64, HeaderValue) {
    let seconds = seconds.min(253_402_300_799);
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    (seconds, HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static("")))
}

/// Whether a field value of `If-None-Match` holds `*` or this strong tag. The comparison is weak: `W/` does not matter
/// (RFC 9110 section 13.1.2). What is no list of tags matches nothing from there on.
fn matches_any(value: &[u8], tag: &[u8]) -> bool {
    let mut rest = value.trim_ascii();
    if rest == b"*" {
        return true;
    }
    loop {
        rest = rest.trim_ascii_start();
        if let Some(more) = rest.strip_prefix(b",") {
            rest = more;
            continue;
        }
        let quoted = rest.strip_prefix(b"W/").unwrap_or(rest);
        // A tag's own characters may be commas, but no quotes.
        let Some(end) = quoted.strip_prefix(b"\"").and_then(|inner| inner.iter().position(|byte| *byte == b'"')) else {
            return false;
        };
        let (one, more) = quoted.split_at_checked(end + 2).unwrap_or((quoted, b""));
        if one == tag {
            return true;
        }
        rest = more.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn document(end: Option<i64>) -> Document {
        Document::new("text", "text/plain", at(NOW), end.map(at))
    }

    fn status(headers: &[(http::HeaderName, &str)]) -> u16 {
        let map = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        document(None).answer(&Method::GET, &map, at(NOW)).response.status().as_u16()
    }

    #[test]
    fn a_copy_ends_before_the_document() {
        let control = |end, now| document(end).cache_control(at(now));
        assert_eq!(control(None, NOW), "public, max-age=300, stale-if-error=86400");
        assert_eq!(control(Some(NOW + 3600), NOW), "public, max-age=300, stale-if-error=3299");
        assert_eq!(control(Some(NOW + 301), NOW), "public, max-age=300");
        assert_eq!(control(Some(NOW + 100), NOW), "public, max-age=99");
        for late in [1, 0, -100] {
            assert_eq!(control(Some(NOW + late), NOW), "no-cache");
        }
    }

    #[test]
    fn what_the_sender_has_is_not_sent() {
        let etag = document(None).etag.to_str().unwrap().to_owned();
        let weak = format!("W/{etag}");
        let listed = format!("\"a,b\" ,, {weak} , \"c\"");
        for known in ["*", " * ", &etag, &weak, &listed] {
            assert_eq!(status(&[(IF_NONE_MATCH, known)]), 304, "{known}");
        }
        for other in ["", "\"x\"", &etag[1..], &etag[..5], &format!("x, {etag}"), &format!("\"x\" {etag}"), "w/\"\""] {
            assert_eq!(status(&[(IF_NONE_MATCH, other)]), 200, "{other}");
        }
        let date = "Fri, 15 Jan 2027 08:00:00 GMT";
        assert_eq!(document(None).last_modified, date);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, date)]), 304);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "Friday, 15-Jan-27 08:00:00 GMT")]), 304);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "Fri, 15 Jan 2027 08:00:01 GMT")]), 200);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "Fri, 15 Jan 2027 07:59:59 GMT")]), 200);
        assert_eq!(status(&[(IF_MODIFIED_SINCE, "yesterday")]), 200);
        // The tag decides, whatever the date says.
        assert_eq!(status(&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, date)]), 200);
        assert_eq!(status(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, &etag)]), 200 + 104);
    }

    #[test]
    fn what_takes_a_place_is_dated_later() {
        let (first, second) = (document(None), document(None).after(&document(None)));
        assert_eq!(second.last_modified, "Fri, 15 Jan 2027 08:00:01 GMT");
        assert_eq!(first.clone().after(&second).modified, second.modified + 1);
        assert_eq!(second.clone().after(&first).modified, second.modified);
    }

    #[test]
    fn other_methods_are_told_which_there_are() {
        for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = document(None).answer(&method, &HeaderMap::new(), at(NOW));
            assert_eq!(answer.response.status(), 405);
            assert_eq!(answer.response.headers()["allow"], "GET, HEAD");
        }
    }

    proptest! {
        #[test]
        fn any_field_value_is_read(value in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = matches_any(&value, b"\"tag\"");
        }

        #[test]
        fn a_tag_is_found_wherever_it_stands(
            before in proptest::collection::vec("(W/)?\"[!#-~]{0,8}\"", 0..5),
            after in proptest::collection::vec("(W/)?\"[!#-~]{0,8}\"", 0..5),
            weak: bool,
        ) {
            let own = if weak { "W/\"it, is\"" } else { "\"it, is\"" };
            let all = [before.clone(), vec![own.to_owned()], after.clone()].concat().join(", ");
            prop_assert!(matches_any(all.as_bytes(), b"\"it, is\""));
            let others = [before, after].concat().join(",");
            prop_assert!(!matches_any(others.as_bytes(), b"\"it, is\""));
        }
    }
}
