//! Whole pages: well-formed, harmless, and complete however the run went.

use super::{
    super::{
        super::{
            comparison::{Comparison, Ratio},
            series::{Interval, Series},
        },
        sample,
    },
    *,
};
use proptest::prelude::*;
use std::time::Duration;

fn samples() -> Vec<(&'static str, Report)> {
    let mut one = sample::report(vec![sample::lane("token", 1, 1e-3)]);
    one.urls.clear();
    vec![
        ("closed", sample::closed()),
        ("open", sample::open()),
        ("matrix", sample::matrix()),
        ("failed", sample::failed()),
        ("single", sample::report(vec![sample::lane("cert", 20_000, 2e-3)])),
        ("one", one),
        ("nothing", sample::report(vec![sample::lane("token", 0, 1e-3)])),
        ("empty", sample::report(Vec::new())),
        ("tails", sample::report(vec![sample::lane("token", 50_000, 20e-6), sample::lane("cert", 50_000, 9e-3)])),
    ]
}

/// Whether every tag is closed by its own, in order, and every attribute is quoted.
fn check_markup(page: &str) {
    let body = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>') || open.last() == Some(&"style"), "{}", &rest[..at]);
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest == "\n", "{open:?} {rest:?}");
}

fn check_harmless(page: &str) {
    // An ampersand begins an entity of ours.
    for (at, _) in page.match_indices('&') {
        let entity = &page[at..at + 6];
        assert!(["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|known| entity.starts_with(known)), "{entity}");
    }
    for word in ["<script", "<img", "<b ", "<b>", "<svg/", "javascript:", "url(", " src=", " href=", "@import", "xmlns"]
    {
        assert!(!page.contains(word), "{word}");
    }
    for word in ["NaN", "inf\"", "inf ", "-inf"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn pages_are_well_formed_and_load_nothing() {
    for (name, report) in samples() {
        let page = report.html();
        check_markup(&page);
        check_harmless(&page);
        assert!(page.contains("default-src 'none'"));
        // The only addresses are those that the run was given, as text.
        let urls = page.matches("://").count();
        assert!(report.urls.is_empty() == (urls == 0), "{name}: {urls}");
        assert!(page.len() < 400_000, "{name}: {}", page.len());
    }
}

#[test]
fn a_page_holds_what_the_run_found() {
    let page = sample::closed().html();
    for text in [
        "A signed request against a request with a token: 1.14 × (1.12–1.17) the server CPU",
        "Latency by percentile",
        "Latency histogram",
        "Latency over time",
        "Rate over time",
        "cert compared with token",
        "no detectable difference",
        "Client total, average (latency + signing)",
        "role=\"img\"",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let open = sample::open().html();
    assert!(open.contains("Response time by percentile") && open.contains("token, service"));
    assert!(open.contains("open loop at 5,000 requests/s"));
}

#[test]
fn what_went_wrong_comes_first() {
    let page = sample::failed().html();
    let notes = page.find("The server stopped answering").unwrap();
    assert!(notes < page.find("Key figures").unwrap());
    for text in
        ["This is a debug build", "77 requests were due and never sent", "1,236 requests got no answer", "12.30 %"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("\\u{202e}"));
}

#[test]
fn a_busy_page_stays_small() {
    let mut report = sample::matrix();
    for lane in &mut report.modes {
        let one = lane.series.intervals()[0].clone();
        let many = (0..500u32).map(|i| Interval { start: Duration::from_secs(i.into()), ..one.clone() });
        lane.series = Series::of(many.collect());
    }
    let page = report.html();
    check_markup(&page);
    assert!(page.len() < 2_000_000, "{}", page.len());
}

/// Writes the pages for eyes: `PAGES=/tmp/pages cargo test --lib html -- --ignored`.
#[test]
#[ignore = "writes files, for looking at them"]
fn write_pages() {
    let directory = std::path::PathBuf::from(std::env::var_os("PAGES").expect("PAGES names a directory"));
    for (name, report) in samples() {
        std::fs::write(directory.join(format!("{name}.html")), report.html()).unwrap();
        std::fs::write(directory.join(format!("{name}.txt")), report.text()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_numbers_make_a_page(
        nanos in prop::collection::vec(0u64..4_000_000_000_000, 0..80),
        starts in prop::collection::vec((any::<u32>(), 0u64..1_000_000, any::<u64>(), 0u64..u64::MAX), 0..12),
        estimate: f64, low: f64, high: f64, detectable: f64, rate: f64, name: String,
    ) {
        let mut report = sample::closed();
        report.generator.schedule = super::super::super::plan::Schedule::Open { rate };
        report.generator.steal = Some(low);
        let lane = &mut report.modes[0];
        lane.name = name.clone();
        lane.tally.latencies = Default::default();
        for nanos in nanos {
            lane.tally.latencies.record(Duration::from_nanos(nanos));
        }
        lane.server_cpu_per_request = Some(estimate);
        lane.header_bytes = Some(high);
        lane.series = Series::of(starts.into_iter().map(|(start, measured, answered, nanos)| Interval {
            start: Duration::from_secs(start.into()),
            end: Duration::from_secs(start.into()) + Duration::from_micros(measured),
            measured: Duration::from_micros(measured),
            answered,
            failed: nanos % 3,
            p50: Some(Duration::from_nanos(nanos)),
            p99: (nanos % 2 == 0).then_some(Duration::from_nanos(nanos)),
            slowest: Some(Duration::from_nanos(nanos)),
        }).collect());
        let ratio = Ratio { estimate, interval: Some((low, high)), pairs: 9, detectable: Some(detectable) };
        report.comparisons = vec![Comparison::of(&name, "cert", 9, |_| Some(ratio))];
        let page = report.html();
        check_markup(&page);
        // Coordinates are numbers; what is written may say that something is none.
        for attribute in ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "points"] {
            for value in page.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()) {
                let parses = value.split([' ', ',']).all(|n| n.parse::<f64>().is_ok_and(f64::is_finite));
                prop_assert!(parses || value.is_empty(), "{attribute}={value}");
            }
        }
        let escape = report.text().contains('\u{1b}');
        prop_assert!(!escape);
    }
}
