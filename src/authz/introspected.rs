//! What another says about a token (RFC 7662): how an authorization server's answer is read, and how long it holds.

use crate::{
    error::Rejection,
    scope::Scopes,
    token::{
        MAX_TOKEN_LEN, VerifiedToken,
        wire::{Audience, ConfirmationIn, NumericDate, Text, missing, some_confirmation},
    },
};
use jiff::{SignedDuration, Timestamp};
use quick_cache::{Weighter, sync::Cache};
use serde::Deserialize;
use std::{fmt, sync::Arc};

/// The longest answer that is read, in bytes.
pub const MAX_INTROSPECTION_LEN: usize = 64 * 1024;
/// How long a token counts as not in force once that was said. It can hardly come into force again, but its clock may
/// run ahead of the authorization server's.
const NEGATIVE: SignedDuration = SignedDuration::from_secs(5);
/// Answers that are remembered, and the memory that they may take together: usual ones take less.
const ENTRIES: usize = 10_000;
const MEMORY: u64 = 40 << 20;

/// Reads answers about tokens of one issuer for one audience.
#[derive(Debug, Clone)]
pub struct IntrospectionReader {
    issuer: String,
    audience: String,
    skew: SignedDuration,
}

/// The members that are looked at. RFC 7662 section 2.2 makes all but `active` optional; without `aud` anybody's token
/// would do for anybody, and without `exp` for ever, so they have to be there, and so has `client_id`.
#[derive(Deserialize)]
struct Answer<'a> {
    active: bool,
    #[serde(borrow)]
    client_id: Option<Text<'a>>,
    #[serde(borrow)]
    scope: Option<Text<'a>>,
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    #[serde(borrow)]
    aud: Option<Audience<'a>>,
    #[serde(borrow)]
    jti: Option<Text<'a>>,
    #[serde(borrow)]
    token_type: Option<Text<'a>>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    #[serde(borrow, default, deserialize_with = "some_confirmation")]
    cnf: Option<ConfirmationIn<'a>>,
}

impl IntrospectionReader {
    /// For tokens made by `issuer` for `audience`. `skew` is forgiven for `iat` and `nbf`.
    pub fn new(issuer: String, audience: String, skew: SignedDuration) -> Self {
        Self { issuer, audience, skew }
    }

    /// The issuer of the tokens: the identifier of the authorization server.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether a token is worth asking about: RFC 6750 section 2.1 says what characters it can have.
    ///
    /// # Errors
    /// [`Rejection::CredentialTooLarge`] and [`Rejection::TokenMalformed`].
    pub fn check_syntax(token: &str) -> Result<(), Rejection> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(Rejection::CredentialTooLarge { what: "token", limit: MAX_TOKEN_LEN });
        }
        let content = token.trim_end_matches('=');
        let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if content.is_empty() || !content.bytes().all(is_of_token) {
            return Err(Rejection::TokenMalformed("it has characters that no bearer token has".into()));
        }
        Ok(())
    }

    /// What a successful answer (200) means at `now`.
    ///
    /// # Errors
    /// [`Rejection::TokenInactive`]; where the answer does not say, or contradicts, that the token is in force here: its
    /// issuer (if it names one), audience, times or claims; [`Rejection::IntrospectionUnavailable`] where it is no answer.
    pub fn read(&self, answer: &[u8], now: Timestamp) -> Result<VerifiedToken, Rejection> {
        let nonsense = |why: String| Rejection::IntrospectionUnavailable(why.into());
        if answer.len() > MAX_INTROSPECTION_LEN {
            return Err(nonsense(format!("its answer is longer than {MAX_INTROSPECTION_LEN} bytes")));
        }
        let answer: Answer<'_> =
            serde_json::from_slice(answer).map_err(|error| nonsense(format!("its answer makes no sense: {error}")))?;
        if !answer.active {
            return Err(Rejection::TokenInactive);
        }
        if let Some(kind) = answer.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            // With a token of another kind (DPoP) comes a proof that nobody here can check.
            let kind: String = kind.chars().take(32).collect();
            return Err(Rejection::TokenType(format!("it is not a bearer token, but {kind:?}").into()));
        }
        if let Some(issuer) = answer.iss.filter(|issuer| **issuer != *self.issuer) {
            return Err(Rejection::TokenIssuer { got: issuer.to_string(), wanted: self.issuer.clone() });
        }
        let audience = answer.aud.ok_or_else(|| missing("aud"))?;
        if !audience.contains(&self.audience) {
            return Err(Rejection::TokenAudience { got: audience.to_string(), wanted: self.audience.clone() });
        }
        let expires = answer.exp.ok_or_else(|| missing("exp"))?.0;
        if now >= expires {
            return Err(Rejection::TokenExpired { at: now, expired: expires });
        }
        let from = [answer.iat, answer.nbf].into_iter().flatten().map(|time| time.0).max();
        let from = from.unwrap_or(Timestamp::UNIX_EPOCH);
        if from > self.latest_start(now) {
            return Err(Rejection::TokenNotYetValid { at: now, from });
        }
        let client = answer.client_id.filter(|client| !client.is_empty()).ok_or_else(|| missing("client_id"))?;
        let scopes = Scopes::parse(answer.scope.as_deref().unwrap_or_default())
            .map_err(|_| Rejection::TokenClaims("scope is not a list of scope tokens".into()))?;
        let certificate = answer.cnf.map(|cnf| cnf.certificate()).transpose()?;
        let id = answer.jti.as_deref().unwrap_or_default().to_owned();
        Ok(VerifiedToken { client: Arc::from(&*client), scopes, expires, from, id, certificate, signer: None })
    }

    fn latest_start(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.skew).unwrap_or(now)
    }
}

/// What was said about a token: what it may do, or why nothing.
pub type Introspected = Result<Arc<VerifiedToken>, Rejection>;

/// Remembers answers, by the SHA-256 of the token, within bounds of number and memory.
pub struct IntrospectionCache {
    entries: Option<Cache<[u8; 32], Entry, ByMemory>>,
    life: SignedDuration,
}

#[derive(Clone)]
struct Entry {
    answer: Introspected,
    since: Timestamp,
    until: Timestamp,
}

/// What an entry takes, as far as anybody can tell: scopes are what can be long.
#[derive(Clone)]
struct ByMemory;

impl Weighter<[u8; 32], Entry> for ByMemory {
    fn weight(&self, _: &[u8; 32], entry: &Entry) -> u64 {
        let scopes = entry.answer.as_ref().map_or(0, |token| token.scopes.iter().map(|s| 64 + s.as_str().len()).sum());
        u64::try_from(1024 + scopes).unwrap_or(u64::MAX)
    }
}

impl IntrospectionCache {
    /// Tokens in force are remembered for `life`, but not beyond their `exp`; others for as long, but for 5 s at most.
    /// Nothing is remembered where `life` is zero.
    pub fn new(life: SignedDuration) -> Self {
        Self { entries: (life > SignedDuration::ZERO).then(|| Cache::with_weighter(ENTRIES, MEMORY, ByMemory)), life }
    }

    /// What was said about this token, if that still holds at `now`.
    pub fn get(&self, token: &[u8; 32], now: Timestamp) -> Option<Introspected> {
        let entry = self.entries.as_ref()?.get(token)?;
        // A clock that was set back makes an answer of the future, which says nothing about now.
        (entry.since <= now && now < entry.until).then_some(entry.answer)
    }

    /// Remembers an answer that came at `now`. That there was none is not remembered.
    pub fn insert(&self, token: [u8; 32], answer: &Introspected, now: Timestamp) {
        let Some(entries) = &self.entries else { return };
        let end = |life: SignedDuration| now.saturating_add(life).unwrap_or(now);
        let until = match answer {
            Ok(verified) => end(self.life).min(verified.expires),
            Err(Rejection::IntrospectionUnavailable(_)) => return,
            Err(_) => end(self.life.min(NEGATIVE)),
        };
        entries.insert(token, Entry { answer: answer.clone(), since: now, until });
    }

    /// How many answers it holds, whether they still hold or not.
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, Cache::len)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for IntrospectionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionCache").field("life", &self.life).field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn read(answer: &Value) -> Result<VerifiedToken, Rejection> {
        let reader = IntrospectionReader::new("http://as".into(), "bob".into(), SignedDuration::from_secs(5));
        reader.read(answer.to_string().as_bytes(), at(NOW))
    }

    fn whole() -> Value {
        json!({"active": true, "client_id": "alice", "scope": "bob.user.read", "iss": "http://as", "aud": "bob",
            "exp": NOW + 900, "iat": NOW, "jti": "1", "token_type": "Bearer", "sub": "alice", "more": [1],
            "cnf": {"serial": "0abc", "x5t#S256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}})
    }

    #[test]
    fn what_is_said_is_taken_over() {
        let verified = read(&whole()).unwrap();
        assert_eq!(
            (&*verified.client, verified.scopes.to_string().as_str(), &*verified.id),
            ("alice", "bob.user.read", "1")
        );
        assert_eq!((verified.expires, verified.from), (at(NOW + 900), at(NOW)));
        assert_eq!(verified.certificate.unwrap().to_hex(), "0abc");
        let least = read(&json!({"active": true, "client_id": "alice", "aud": "bob", "exp": NOW + 1})).unwrap();
        assert_eq!((least.expires, least.scopes.is_empty(), least.certificate), (at(NOW + 1), true, None));
    }

    #[test]
    fn whatever_contradicts_is_a_refusal() {
        use Reason::{
            IntrospectionUnavailable as Unavailable, TokenAudience, TokenClaims, TokenExpired, TokenInactive,
            TokenIssuer, TokenNotYetValid, TokenType,
        };
        for (name, value, wanted) in [
            ("active", json!(false), TokenInactive),
            ("active", json!("true"), Unavailable),
            ("active", json!(null), Unavailable),
            ("iss", json!("http://other"), TokenIssuer),
            ("aud", json!("eve"), TokenAudience),
            ("aud", json!(["eve"]), TokenAudience),
            ("aud", json!(7), Unavailable),
            ("exp", json!(NOW), TokenExpired),
            ("aud", json!(null), TokenClaims),
            ("exp", json!(null), TokenClaims),
            ("exp", json!("soon"), Unavailable),
            ("nbf", json!(NOW + 6), TokenNotYetValid),
            ("iat", json!(NOW + 6), TokenNotYetValid),
            ("client_id", json!(""), TokenClaims),
            ("client_id", json!(null), TokenClaims),
            ("scope", json!("a  b"), TokenClaims),
            ("scope", json!(["a"]), Unavailable),
            ("token_type", json!("DPoP"), TokenType),
            ("cnf", json!({"jkt": "x"}), Unavailable),
            ("cnf", json!(null), Unavailable),
            ("cnf", json!({"serial": "ABC"}), TokenClaims),
        ] {
            let mut answer = whole();
            answer[name] = value.clone();
            assert_eq!(read(&answer).unwrap_err().reason(), wanted, "{name}: {value}");
        }
        // Whoever leaves out for whom a token is, or until when, has not said that it is in force here.
        for name in ["aud", "exp", "client_id"] {
            let mut answer = whole();
            answer.as_object_mut().unwrap().remove(name);
            assert_eq!(read(&answer).unwrap_err().reason(), TokenClaims, "{name}");
        }
        for (name, value) in [("aud", json!(["eve", "bob"])), ("token_type", json!("bearer")), ("iss", json!(null))] {
            let mut answer = whole();
            answer[name] = value.clone();
            assert!(read(&answer).is_ok(), "{name}: {value}");
        }
        let reader = IntrospectionReader::new("i".into(), "a".into(), SignedDuration::ZERO);
        let long = format!("{{\"active\":false,\"x\":\"{}\"}}", "x".repeat(MAX_INTROSPECTION_LEN));
        for bad in ["", "[]", "true", "{}", "{\"active\":true,\"active\":false}", "<html>", &long] {
            assert_eq!(reader.read(bad.as_bytes(), at(NOW)).unwrap_err().reason(), Unavailable, "{bad:.20}");
        }
    }

    #[test]
    fn only_what_can_be_a_token_is_asked_about() {
        for good in ["a", "a.b.c", "-._~+/==", "eyJ0eXAiOiJhdCtqd3QifQ.e30.x"] {
            assert!(IntrospectionReader::check_syntax(good).is_ok(), "{good}");
        }
        for bad in ["", "=", "a=b", "a b", "a,b", "ä", "a\"", "{}"] {
            assert!(IntrospectionReader::check_syntax(bad).is_err(), "{bad}");
        }
        assert!(IntrospectionReader::check_syntax(&"a".repeat(MAX_TOKEN_LEN + 1)).is_err());
    }

    #[test]
    fn an_answer_holds_for_a_while() {
        let cache = IntrospectionCache::new(SignedDuration::from_secs(30));
        let (token, short, bad, none) = ([1; 32], [2; 32], [3; 32], [4; 32]);
        let verified = |expires| Ok(Arc::new(VerifiedToken { expires, ..read(&whole()).unwrap() }));
        cache.insert(token, &verified(at(NOW + 900)), at(NOW));
        cache.insert(short, &verified(at(NOW + 7)), at(NOW));
        cache.insert(bad, &Err(Rejection::TokenInactive), at(NOW));
        cache.insert(none, &Err(Rejection::IntrospectionUnavailable("x".into())), at(NOW));
        let held = |token, second| cache.get(token, at(NOW + second)).is_some();
        assert_eq!([0, 29, 30, -1].map(|second| held(&token, second)), [true, true, false, false]);
        assert_eq!([6, 7].map(|second| held(&short, second)), [true, false]);
        assert_eq!([4, 5].map(|second| held(&bad, second)), [true, false]);
        assert!(!held(&none, 0));
        assert_eq!(cache.len(), 3);

        let nothing = IntrospectionCache::new(SignedDuration::ZERO);
        nothing.insert(bad, &Err(Rejection::TokenInactive), at(NOW));
        assert!(nothing.get(&bad, at(NOW)).is_none() && nothing.is_empty());
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in "\\PC{0,200}", scope in "\\PC{0,20}", exp in any::<i64>(), client in "\\PC{0,9}") {
            let reader = IntrospectionReader::new("i".into(), "a".into(), SignedDuration::ZERO);
            prop_assert!(reader.read(junk.as_bytes(), at(NOW)).is_err());
            let _ = IntrospectionReader::check_syntax(&junk);
            let answer = json!({"active": true, "scope": scope, "aud": "bob", "exp": exp, "client_id": client});
            if let Ok(verified) = read(&answer) {
                prop_assert!(exp > NOW && !client.is_empty() && verified.scopes.to_string() == scope);
            }
        }
    }
}
