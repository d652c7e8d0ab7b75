//! The policy of sizes: requests around every limit, and whether each is refused for a reason that it gave.

use super::{
    fixtures::{CLIENTS, NOW, SUB, now, sign_as_client, verifier},
    reference,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::{
    authz::{CertificateVerifier, Message},
    cert::Serial,
    error::Reason,
    key::sha256,
    scope::Scopes,
    signature::{RequestParts, base::MAX_BASE},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::ListEntry;
use std::{collections::BTreeSet, sync::LazyLock};

// As the protocol's contract and `authz` have them.
const CERTIFICATE_HEADER: usize = 44 * 1024;
const SIGNATURE_HEADER: usize = 8 * 1024;
const MESSAGE_HEADERS: usize = 256;

static VERIFIER: LazyLock<CertificateVerifier> = LazyLock::new(|| verifier(16));

/// The first byte chooses between a signed request and the smaller limits.
pub fn sizes(data: &[u8]) {
    match data.split_first() {
        Some((0..128, rest)) => Plan::new(rest).run(),
        Some((_, rest)) => small_limits(&mut Choices(rest)),
        None => {}
    }
}

/// The input as a series of decisions; zeros once it is used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        usize::from(first)
    }

    /// One of so many; the first of them for a zero.
    fn one_of(&mut self, many: usize) -> usize {
        self.byte() % many
    }

    /// Up to two less or more than the limit.
    fn near(&mut self, limit: usize) -> usize {
        limit + self.one_of(5) - 2
    }
}

/// A request, and what is wrong with it.
struct Plan<'a> {
    choices: Choices<'a>,
    headers: HeaderMap,
    components: Vec<String>,
    wrong: BTreeSet<Reason>,
    /// Among what is wrong is a size, or something else that is seen before anything is parsed.
    at_once: bool,
}

impl<'a> Plan<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self {
            choices: Choices(data),
            headers: HeaderMap::new(),
            components: Vec::new(),
            wrong: BTreeSet::new(),
            at_once: false,
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        let name: HeaderName = name.parse().expect("a name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }

    fn wrong_if(&mut self, wrong: bool, reason: Reason) {
        if wrong {
            self.wrong.insert(reason);
        }
    }

    fn wrong_at_once(&mut self, wrong: bool, reason: Reason) {
        self.wrong_if(wrong, reason);
        self.at_once |= wrong;
    }

    fn run(mut self) {
        let dropped = self.choices.byte();
        let required = ["@method", "@authority", "@path", "@query", "x-client-cert"];
        self.components = required.iter().map(|name| (*name).to_owned()).collect();
        if let Some(index) = dropped.checked_sub(200).filter(|index| *index < required.len()) {
            self.components.remove(index);
            self.wrong.insert(Reason::SignatureCoverage);
        }
        self.certificate();
        self.chain();
        let body = self.body();
        let authority = match self.choices.one_of(8) {
            7 => "x".repeat(self.choices.byte() * 16),
            _ => "bob.example".to_owned(),
        };
        self.wrong_if(authority != "bob.example", Reason::AuthorityMismatch);
        self.extra_components();
        let list = self.list();
        self.signature(&list, &authority);
        self.judge(&authority, &body);
    }

    fn certificate(&mut self) {
        let good = STANDARD.encode(CLIENTS[3]);
        match self.choices.one_of(8) {
            5 => self.wrong_at_once(true, Reason::CredentialMissing),
            6 => {
                self.header("x-client-cert", &good);
                self.header("x-client-cert", &good);
                self.wrong_at_once(true, Reason::CredentialMalformed);
            }
            7 => {
                let length = self.choices.near(CERTIFICATE_HEADER);
                self.header("x-client-cert", &"A".repeat(length));
                self.wrong_at_once(length > CERTIFICATE_HEADER, Reason::CredentialTooLarge);
                self.wrong_if(length <= CERTIFICATE_HEADER, Reason::CredentialMalformed);
            }
            _ => self.header("x-client-cert", &good),
        }
        // A component without a value.
        self.wrong_if(!self.headers.contains_key("x-client-cert"), Reason::SignatureCoverage);
    }

    fn chain(&mut self) {
        let good = STANDARD.encode(SUB);
        match self.choices.one_of(8) {
            5 => {
                let count = self.choices.one_of(6) + 1;
                self.header("x-client-cert-chain", &vec![good; count].join(", "));
                self.wrong_if(count > 4, Reason::CredentialMalformed);
            }
            6 => {
                let length = self.choices.near(CERTIFICATE_HEADER);
                self.header("x-client-cert-chain", &"A".repeat(length));
                self.wrong_if(length > CERTIFICATE_HEADER, Reason::CredentialTooLarge);
                self.wrong_if(!length.is_multiple_of(4), Reason::CredentialMalformed);
            }
            7 => {
                self.header("x-client-cert-chain", &good);
                self.header("x-client-cert-chain", &good);
                self.wrong.insert(Reason::CredentialMalformed);
            }
            _ => return,
        }
        self.cover_unless_dropped("x-client-cert-chain");
    }

    fn cover_unless_dropped(&mut self, name: &str) {
        if self.choices.one_of(8) == 7 {
            self.wrong.insert(Reason::SignatureCoverage);
        } else {
            self.components.push(name.to_owned());
        }
    }

    fn body(&mut self) -> Vec<u8> {
        let body = vec![b'x'; self.choices.one_of(4) * 1000];
        if body.is_empty() {
            return body;
        }
        let digest = |body: &[u8]| format!("sha-256=:{}:", STANDARD.encode(sha256(body)));
        match self.choices.one_of(8) {
            6 => {
                self.wrong.insert(Reason::DigestMissing);
                return body;
            }
            7 => {
                self.header("content-digest", &digest(b"another"));
                self.wrong.insert(Reason::DigestMismatch);
            }
            _ => self.header("content-digest", &digest(&body)),
        }
        self.cover_unless_dropped("content-digest");
        body
    }

    fn extra_components(&mut self) {
        for number in 0..self.choices.one_of(4) * 9 {
            let name = format!("x-extra-{number}");
            self.header(&name, "value");
            self.components.push(name);
        }
        self.wrong_if(self.components.len() > 32, Reason::SignatureMalformed);
    }

    /// The covered components with the parameters: the value of `@signature-params`.
    fn list(&mut self) -> String {
        let names: Vec<_> = self.components.iter().map(|name| format!("\"{name}\"")).collect();
        let created = NOW + [0, -58, -59, -60, -61, 4, 5, 6][self.choices.one_of(8)];
        let window = [50, 299, 300, 301, 1, 0, -1, 60][self.choices.one_of(8)];
        let expires = created + window;
        let nonce = [16, 15, 17, 63, 64, 65, 0, 22][self.choices.one_of(8)];
        self.wrong_if(created > NOW + 5, Reason::SignatureNotYetValid);
        self.wrong_if(expires.min(created + 60) < NOW, Reason::SignatureExpired);
        self.wrong_if(window <= 0 || window > 300, Reason::SignatureWindow);
        self.wrong_if(!(16..=64).contains(&nonce), Reason::SignatureMalformed);
        let mut list = format!("({});created={created};expires={expires};nonce=\"", names.join(" "));
        list += &"n".repeat(nonce);
        list.push('"');
        let tagged = self.choices.one_of(8) != 7;
        self.wrong_if(!tagged, Reason::SignatureMissing);
        list += if tagged { ";tag=\"certauthz\"" } else { ";tag=\"other\"" };
        let more = [0, 11, 12, 13, 40][self.choices.one_of(5)];
        self.wrong_if(4 + more > 16, Reason::SignatureMalformed);
        for number in 0..more {
            list += &format!(";p{number}=1");
        }
        if more == 0 && self.choices.one_of(4) == 3 {
            // `certauthz=` before it and a quote after it belong to the field too.
            let length = self.choices.near(SIGNATURE_HEADER) - "certauthz=".len() - list.len() - ";keyid=\"\"".len();
            list += &format!(";keyid=\"{}\"", "k".repeat(length));
        }
        list
    }

    fn signature(&mut self, list: &str, authority: &str) {
        let mut input = format!("certauthz={list}");
        let others = [0, 7, 8, 300][self.choices.one_of(4)];
        for number in 0..others {
            input += &format!(", s{number}=()");
        }
        self.wrong_if(others > 7, Reason::SignatureMalformed);
        self.header("signature-input", &input);
        self.wrong_at_once(input.len() > SIGNATURE_HEADER, Reason::CredentialTooLarge);
        let judged = reference::dictionary(format!("l={list}").as_bytes()).expect("a list");
        let Some(ListEntry::InnerList(judged)) = judged.into_values().next() else { unreachable!("a list") };
        let base = reference::base(&parts(authority, &self.headers), &judged).unwrap_or_default();
        self.wrong_if(base.len() > MAX_BASE, Reason::SignatureCoverage);
        let signature = match self.choices.one_of(8) {
            5 => return self.wrong_at_once(true, Reason::SignatureMissing),
            6 => {
                let length = self.choices.near(SIGNATURE_HEADER) - "certauthz=::".len();
                let field = format!("certauthz=:{}:", "A".repeat(length));
                self.wrong_at_once(field.len() > SIGNATURE_HEADER, Reason::CredentialTooLarge);
                // Without its padding a byte sequence may be read (RFC 9651 section 4.2.7) or not.
                self.wrong_if(!length.is_multiple_of(4), Reason::SignatureMalformed);
                self.wrong_if(length % 4 != 1, Reason::SignatureInvalid);
                return self.header("signature", &field);
            }
            7 => {
                self.wrong.insert(Reason::SignatureInvalid);
                vec![0; self.choices.byte()]
            }
            _ => sign_as_client(base.as_bytes()),
        };
        self.header("signature", &format!("certauthz=:{}:", STANDARD.encode(signature)));
    }

    fn judge(&self, authority: &str, body: &[u8]) {
        let verdict = VERIFIER.verify(&parts(authority, &self.headers), body, &Scopes::default(), now());
        let reason = match &verdict {
            Ok(_) => None,
            // The nonces here are few; the first request with each is accepted.
            Err(rejection) => Some(rejection.reason()).filter(|reason| *reason != Reason::NonceReused),
        };
        let wrong = &self.wrong;
        match reason {
            None => assert!(wrong.is_empty(), "accepted in spite of {wrong:?}"),
            Some(reason) => assert!(wrong.contains(&reason), "{reason} instead of {wrong:?}"),
        }
        if self.at_once {
            let early = [
                Reason::CredentialMissing,
                Reason::CredentialMalformed,
                Reason::CredentialTooLarge,
                Reason::SignatureMissing,
            ];
            assert!(reason.is_some_and(|reason| early.contains(&reason)), "{reason:?} although {wrong:?}");
        }
        if let Err(rejection) = verdict {
            assert!(rejection.to_string().len() < 1024, "a text of {} bytes", rejection.to_string().len());
        }
    }
}

fn parts<'a>(authority: &'a str, headers: &'a HeaderMap) -> RequestParts<'a> {
    RequestParts { method: "GET", scheme: "http", authority, path: "/", query: None, headers }
}

/// Header lines of a message, scopes, serial numbers.
fn small_limits(choices: &mut Choices<'_>) {
    let lines = choices.near(MESSAGE_HEADERS);
    let (body, length) = (choices.one_of(3), choices.one_of(3));
    let message = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{}\r\n{}",
        "X: 1\r\n".repeat(lines - 2),
        "b".repeat(body)
    );
    let read = Message::parse(message.as_bytes());
    assert_eq!(read.is_ok(), lines <= MESSAGE_HEADERS && body == length, "{lines} lines, {body} of {length} bytes");

    let (count, length) = (choices.near(256), choices.near(256));
    let many: Vec<_> = (0..count).map(|number| format!("s{number}")).collect();
    assert_eq!(Scopes::parse(&many.join(" ")).is_ok(), count <= 256);
    assert_eq!(Scopes::parse(&"s".repeat(length)).is_ok(), length <= 256);

    let digits = choices.near(40);
    let number = format!("0x7{}", "f".repeat(digits - 1));
    assert_eq!(Serial::parse(&number).is_ok(), digits <= 40);
}
