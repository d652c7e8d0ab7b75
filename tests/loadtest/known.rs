//! Servers with known delays: what is reported is what they did.

use crate::{
    peer::{Asked, Peer, Step, ok},
    world::{self, just_above, percentile, seconds},
};
use std::time::Duration;

/// What a busy machine may add to a percentile, in seconds.
const SLACK: f64 = 0.004;

/// 5 ms, and for each tenth request 50 ms.
pub fn five_and_fifty() -> Peer {
    Peer::start(|asked: &Asked| {
        let delay = if asked.index % 10 == 9 { 50 } else { 5 };
        vec![Step::Wait(Duration::from_millis(delay)), ok()]
    })
}

fn check(of: &str, found: &world::Found, peer: &Peer, requests: u64) {
    let took = seconds(peer.last(requests).into_iter().map(|e| e.took().unwrap()));
    for (key, percent) in [("p10", 10.0), ("p50", 50.0), ("p75", 75.0), ("p95", 95.0), ("p99", 99.0)] {
        just_above(key, found.percentile(of, key), percentile(&took, percent), SLACK);
    }
}

#[test]
fn a_closed_loop_reports_the_delays_of_the_server() {
    world::measuring(|| {
        let peer = five_and_fifty();
        let found = world::measured(&peer.url(), &["-n", "1000", "-c", "8"]);
        found.complete();
        assert_eq!((found.count("answered"), found.status("200")), (1000, 1000));
        check("latency", &found, &peer, 1000);
        let took = seconds(peer.last(1000).into_iter().map(|e| e.took().unwrap()));
        just_above("mean", found.summary("average"), took.iter().sum::<f64>() / 1000.0, SLACK);
        just_above("fastest", found.summary("fastest"), percentile(&took, 0.0), SLACK);
        assert!((found.summary("successRate") - 1.0).abs() < 1e-12);
        // Throughput, mean and number of connections hang together (Little's law).
        let busy = found.summary("requestsPerSec") * found.summary("average");
        assert!((6.5..=8.05).contains(&busy), "{busy} of 8 connections at work");
        let total = found.summary("total");
        assert!((found.summary("requestsPerSec") * total / 1000.0 - 1.0).abs() < 0.01, "{}", found.lane());
        let bars: u64 =
            found.lane()["responseTimeHistogram"].as_object().unwrap().values().filter_map(|n| n.as_u64()).sum();
        assert_eq!(bars, 1000);
    });
}

#[test]
fn an_open_loop_reports_them_as_service_time() {
    world::measuring(|| {
        let peer = five_and_fifty();
        let found = world::measured(&peer.url(), &["-q", "400", "-z", "4s", "-c", "16"]);
        found.complete();
        assert_eq!(found.count("answered"), 1600);
        check("serviceTime", &found, &peer, 1600);
        for key in ["p50", "p90", "p95", "p99"] {
            let (response, service) = (found.percentile("latency", key), found.percentile("serviceTime", key));
            assert!(response >= service * 0.998, "{key}: {response} from due, {service} from sending");
        }
        let rate = found.summary("requestsPerSec");
        assert!((380.0..=405.0).contains(&rate), "{rate}");
    });
}

#[test]
fn what_is_never_answered_is_counted_and_no_latency() {
    world::measuring(|| {
        let peer = Peer::start(|asked: &Asked| {
            if asked.index % 20 == 7 { vec![Step::Hang] } else { vec![Step::Wait(Duration::from_millis(2)), ok()] }
        });
        let found = world::measured(&peer.url(), &["-n", "400", "-c", "8", "--timeout", "300ms"]);
        let hung = peer.last(400).iter().filter(|e| e.answered.is_none()).count() as u64;
        assert!((15..=25).contains(&hung), "{hung}");
        assert_eq!(found.errors().iter().map(|(word, _)| *word).collect::<Vec<_>>(), ["timeout"]);
        assert_eq!((found.failed(), found.count("answered")), (hung, 400 - hung));
        assert_eq!(found.count("requests"), 400);
        let rate = found.summary("successRate");
        assert!((rate - (400 - hung) as f64 / 400.0).abs() < 1e-9, "{rate}");
        assert!(found.summary("slowest") < 0.3, "a request without an answer has no latency: {}", found.lane());
    });
}

#[test]
fn a_server_that_dies_at_the_end_of_the_run_is_not_waited_for() {
    world::measuring(|| {
        let peer = Peer::start(|asked: &Asked| if asked.index < 300 { vec![ok()] } else { vec![Step::Hang] });
        let found =
            world::ended(&peer.url(), &["-q", "200", "-z", "2s", "-c", "4", "--drain", "500ms", "--timeout", "10s"]);
        let (answered, unfinished, unsent) =
            (found.count("answered"), found.count("unfinished"), found.count("unsent"));
        assert_eq!(answered + unfinished + unsent + found.failed(), 400, "{}", found.lane());
        assert!((290..=300).contains(&answered), "{answered}");
        assert!(unfinished <= 4 && unsent >= 90, "{}", found.lane());
    });
}
