//! Revocation lists from a URL.

use crate::{
    common::{Ca, Client},
    peer::Answer,
    stand_in::{Does, StandIn, status},
    world::{Message, World, accepted, limits, refused},
};
use certauthz::{
    authz::{BearerVerifier, CertificateVerifier, RevocationCheck},
    cert::chain::Anchors,
    crl::{RevocationStore, StalePolicy},
    key::{KeyType, PublicKey, Signer as _},
    server::{Source, Sources},
    token::TokenVerifier,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const INTERVAL: Duration = Duration::from_millis(150);

pub struct Listed {
    pub world: World,
    pub mallory: Client,
}

impl Listed {
    /// A server without any list, which asks `url`.
    fn new(ca: Ca, url: http::Uri) -> Self {
        Self::with(ca, vec![Source::Url(url)], StalePolicy::FailClosed)
    }

    fn with(ca: Ca, sources: Vec<Source>, stale: StalePolicy) -> Self {
        let mallory = ca.client("mallory", KeyType::EcP256, "bob.user.read");
        let sources = Sources::new(sources, vec![ca.facts.der.clone()], INTERVAL);
        let world = World::serve(ca, limits(), sources, move |ca, mut policy| {
            policy.revocation = RevocationCheck::Required(stale);
            let anchors = Anchors::new([ca.facts.der.clone()]).unwrap();
            CertificateVerifier::new(anchors, policy, RevocationStore::new(), 100, 10_000)
        });
        Self { world, mallory }
    }

    fn answer(&self) -> Answer {
        self.world.ask(Message::signed_by(&self.mallory, "GET", "http://bob.example/cert", b"").bytes())
    }

    fn becomes(&self, wanted: &(u16, String)) {
        let start = Instant::now();
        while self.answer().verdict() != *wanted {
            assert!(start.elapsed() < Duration::from_secs(5), "still {:?}, not {wanted:?}", self.answer().verdict());
            sleep(Duration::from_millis(20));
        }
    }

    fn stays(&self, wanted: &(u16, String)) {
        sleep(3 * INTERVAL);
        assert_eq!(self.answer().verdict(), *wanted);
    }

    fn metrics(&self) -> String {
        let answer = self.world.ask("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        String::from_utf8(answer.body).unwrap()
    }
}

fn ca() -> Ca {
    Ca::root_at("Primary CA", Timestamp::now())
}

fn revoked() -> (u16, String) {
    refused(401, "certificate_revoked")
}

fn unknown() -> (u16, String) {
    refused(503, "revocation_unknown")
}

#[test]
fn a_new_list_is_taken_and_an_old_one_is_not_sent_again() {
    let ca = ca();
    let stand_in = StandIn::new(Does::Serves(ca.crl_der(1, &[], HOUR), "1"));
    let listed = Listed::new(ca, stand_in.url());
    listed.becomes(&accepted());
    sleep(4 * INTERVAL);
    let heads = stand_in.heads();
    assert!(heads.len() >= 3 && heads.len() < 10, "{}", heads.len());
    assert!(!heads[0].contains("if-none-match") && heads[1].contains("if-none-match: \"1\"\r\n"), "{heads:?}");
    assert!(heads[0].contains("accept-encoding: identity\r\n"), "{heads:?}");
    assert!(stand_in.not_modified() + 2 >= stand_in.asked(), "all but the first");
    // Another version.
    let (crl, pem) = {
        let der = listed.world.ca.crl_der(2, &[&listed.mallory.facts], HOUR);
        (der.clone(), pem::encode(&pem::Pem::new("X509 CRL", der)))
    };
    stand_in.does(Does::Serves(crl, "2"));
    listed.becomes(&revoked());
    // The same as text is no news, and no failure.
    stand_in.does(Does::Serves(pem.into_bytes(), "3"));
    listed.stays(&revoked());
    let metrics = listed.metrics();
    let source = format!("kind=\"crl\",source=\"{}\"", stand_in.url());
    assert!(metrics.contains(&format!("certauthz_source_reads_total{{{source},result=\"changed\"}} 2\n")), "{metrics}");
    assert!(metrics.contains(&format!("certauthz_source_reads_total{{{source},result=\"failure\"}} 0\n")), "{metrics}");
    let age = metrics.lines().find_map(|line| line.strip_prefix(&format!("certauthz_source_age_seconds{{{source}}} ")));
    assert!(age.unwrap().parse::<f64>().unwrap() < 1.0, "{age:?}");
    assert!(metrics.contains("certauthz_crl_reloads_total{result=\"success\"} 3\n"), "{metrics}");
}

#[test]
fn whatever_else_comes_the_list_stays() {
    let ca = ca();
    let stand_in = StandIn::new(Does::Closes);
    let listed = Listed::new(ca, stand_in.url());
    listed.stays(&unknown());
    let ca = &listed.world.ca;
    stand_in.does(Does::Serves(ca.crl_der(5, &[&listed.mallory.facts], HOUR), "5"));
    listed.becomes(&revoked());

    let good = ca.crl_der(9, &[], HOUR);
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let other = Ca::root_at("Primary CA", ca.born).crl_der(9, &[], HOUR);
    let stranger = Ca::root_at("Other CA", ca.born).crl_der(9, &[], HOUR);
    let whole = status("200 OK", "", &good);
    let cut = whole[..whole.len() - 10].to_vec();
    let unfinished = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000\r\n", &good[..]].concat();
    let mut bad: Vec<Does> = [
        ca.crl_der(4, &[], HOUR),
        ca.crl_der(5, &[], HOUR),
        forged,
        other,
        stranger,
        b"garbage".to_vec(),
        Vec::new(),
        good[..100].to_vec(),
        [&good[..], b"more"].concat(),
    ]
    .into_iter()
    .map(|body| Does::Serves(body, "bad"))
    .collect();
    bad.extend(
        [
            cut,
            unfinished,
            status("500 Internal Server Error", "", &good),
            status("404 Not Found", "", &good),
            status("201 Created", "", &good),
            status("206 Partial Content", "", &good),
            status("304 Not Modified", "", b""),
            status("302 Found", &format!("location: http://{}/\r\n", stand_in.address), &good),
            status("200 OK", "content-encoding: gzip\r\n", &good),
            b"no HTTP at all".to_vec(),
            Vec::new(),
        ]
        .map(Does::Sends),
    );
    bad.push(Does::Closes);
    for does in bad {
        let asked = stand_in.asked();
        stand_in.does(does.clone());
        let start = Instant::now();
        while stand_in.asked() < asked + 2 {
            assert!(start.elapsed() < Duration::from_secs(5), "not asked: {does:?}");
            sleep(Duration::from_millis(5));
        }
        assert_eq!(listed.answer().verdict(), revoked(), "{does:?}");
    }
    // And after all of that the next good one is taken.
    stand_in.does(Does::Serves(ca.crl_der(10, &[], HOUR), "10"));
    listed.becomes(&accepted());
}

#[test]
fn an_outage_ends_by_itself() {
    let ca = ca();
    let list = ca.crl_der(1, &[], HOUR);
    let stand_in = StandIn::new(Does::Serves(list.clone(), "1"));
    let listed = Listed::new(ca, stand_in.url());
    listed.becomes(&accepted());
    let address = stand_in.closes();
    listed.stays(&accepted());
    let newer = listed.world.ca.crl_der(2, &[&listed.mallory.facts], HOUR);
    let _stand_in = StandIn::at(address, Does::Serves(newer, "2"));
    listed.becomes(&revoked());
}

#[test]
fn files_and_urls_go_together() {
    let ca = ca();
    let stand_in = StandIn::new(Does::Hangs);
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("ca.crl");
    fs::write(&path, ca.crl_der(1, &[], HOUR)).unwrap();
    let sources = vec![Source::Url(stand_in.url()), Source::File(path.clone())];
    let listed = Listed::with(ca, sources, StalePolicy::FailClosed);
    listed.becomes(&accepted());
    let ca = &listed.world.ca;
    fs::write(&path, ca.crl_der(2, &[&listed.mallory.facts], HOUR)).unwrap();
    listed.becomes(&revoked());
    let metrics = listed.metrics();
    let line =
        format!("certauthz_source_reads_total{{kind=\"crl\",source=\"{}\",result=\"changed\"}} 2\n", path.display());
    assert!(metrics.contains(&line), "{metrics}");
}

#[test]
fn what_holds_for_a_stale_list_from_a_url() {
    let grace = StalePolicy::Grace(SignedDuration::from_hours(1));
    let verdicts = [
        (StalePolicy::FailClosed, unknown(), "stale; policy=fail-closed"),
        (grace, accepted(), "stale; policy=grace"),
        (StalePolicy::FailOpen, accepted(), "stale; policy=fail-open"),
    ];
    for (policy, verdict, header) in verdicts {
        let ca = ca();
        let stand_in = StandIn::new(Does::Serves(ca.crl_der(1, &[], SignedDuration::from_secs(-10)), "1"));
        let listed = Listed::with(ca, vec![Source::Url(stand_in.url())], policy);
        let start = Instant::now();
        let answer = loop {
            let answer = listed.answer();
            if answer.header("certauthz-revocation").is_some() {
                break answer;
            }
            assert!(start.elapsed() < Duration::from_secs(5));
            sleep(Duration::from_millis(20));
        };
        assert_eq!(answer.header("certauthz-revocation"), Some(header));
        assert_eq!(answer.verdict(), verdict);
        assert_eq!(answer.header("retry-after").is_some(), verdict.0 == 503);
        // A current one ends it.
        stand_in.does(Does::Serves(listed.world.ca.crl_der(2, &[], HOUR), "2"));
        let start = Instant::now();
        while listed.answer().header("certauthz-revocation").is_some() {
            assert!(start.elapsed() < Duration::from_secs(5));
            sleep(Duration::from_millis(20));
        }
        assert_eq!(listed.answer().verdict(), accepted());
    }
}

pub fn tokens(ca: &Ca) -> BearerVerifier {
    let key = PublicKey::from_spki_der(ca.key.public_key().spki_der()).unwrap();
    BearerVerifier::new(TokenVerifier::new(key, "http://as".into(), "bob".into(), SignedDuration::from_secs(5)))
}

#[test]
fn the_start_waits_for_nobody_longer_than_it_may() {
    let ca = ca();
    let head = b"HTTP/1.1 200 OK\r\n\r\n\x30".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let slow = Duration::from_millis(20);
    let slow_ones = [
        Does::Hangs,
        Does::Repeats(head.clone(), b"0".to_vec(), slow),
        Does::Repeats(chunked, b"1\r\n0\r\n".to_vec(), slow),
        Does::Repeats(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n".to_vec(), slow),
        Does::Repeats(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), slow),
    ];
    let stand_ins: Vec<StandIn> = slow_ones.into_iter().map(StandIn::new).collect();
    let mut urls: Vec<_> = stand_ins.iter().map(|stand_in| Source::Url(stand_in.url())).collect();
    // An address where nobody answers at all, not even that there is nobody.
    urls.push(Source::Url("http://192.0.2.1/crl".parse().unwrap()));
    let good = StandIn::new(Does::Serves(ca.crl_der(3, &[], HOUR), "3"));
    urls.push(Source::Url(good.url()));
    let count = urls.len();
    let mut sources = Sources::new(urls, vec![ca.facts.der.clone()], Duration::from_secs(60));
    let (start, mut lists) = (Instant::now(), RevocationStore::new());
    let loaded = sources.load(&mut lists, &tokens(&ca), Duration::from_millis(700));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(loaded.lists.len(), count - 1, "{:?}", loaded.lists);
    assert_eq!(lists.lists().next().unwrap().number(), 3.into());
}
