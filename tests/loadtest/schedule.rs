//! Open loop: requests arrive when they are due, at any rate.

use crate::{
    peer::{Asked, Exchange, Peer, Step, ok},
    world::{self, percentile},
};
use std::time::Duration;

/// How much later than scheduled each request arrived, in seconds; the earliest has 0.
fn late(arrived: &[Exchange], rate: f64) -> Vec<f64> {
    let offset = |i: usize| Duration::from_secs_f64(i as f64 / rate);
    let begin = arrived.iter().enumerate().map(|(i, e)| e.arrived - offset(i)).min().unwrap();
    arrived.iter().enumerate().map(|(i, e)| (e.arrived - offset(i) - begin).as_secs_f64()).collect()
}

#[test]
fn one_request_a_second_for_three_seconds() {
    world::measuring(|| {
        let peer = Peer::start(|_: &Asked| vec![Step::Wait(Duration::from_millis(3)), ok()]);
        let found = world::measured(&peer.url(), &["-q", "1", "-z", "3s"]);
        found.complete();
        assert_eq!((found.count("requests"), found.status("200")), (3, 3), "{}", found.lane());
        let late = late(&peer.last(3), 1.0);
        assert!(percentile(&late, 100.0) < 0.05, "{late:?}");
        // Three are too few for any percentile; what is exact is said.
        for key in ["p50", "p90", "p99"] {
            assert!(found.lane()["latencyPercentiles"][key].is_null(), "{key}: {}", found.lane());
        }
        assert!(found.summary("fastest") >= 0.003 && found.summary("average") < 0.1, "{}", found.lane());
        assert_eq!(found.report["generator"]["loop"], "open");
        assert_eq!(found.report["generator"]["rate"].as_f64(), Some(1.0));
    });
}

#[test]
fn requests_arrive_at_even_distances() {
    world::measuring(|| {
        for (rate, connections) in [(50.0, "1"), (400.0, "4"), (1_000.0, "8")] {
            let peer = Peer::start(|_: &Asked| vec![ok()]);
            let found = world::measured(&peer.url(), &["-q", &rate.to_string(), "-z", "2s", "-c", connections]);
            found.complete();
            let planned = (rate * 2.0) as u64;
            assert_eq!(found.count("answered"), planned, "{}", found.lane());
            let late = late(&peer.last(planned), rate);
            // One tick of a coarse timer would be a millisecond.
            assert!(percentile(&late, 50.0) < 0.001, "rate {rate}: {}", percentile(&late, 50.0));
        }
    });
}

#[test]
fn too_much_for_the_server_is_told_as_waiting() {
    world::measuring(|| {
        // Two connections, 10 ms each: 200 requests a second at most, and 400 are due.
        let peer = Peer::start(|_: &Asked| vec![Step::Wait(Duration::from_millis(10)), ok()]);
        let found = world::ended(&peer.url(), &["-q", "400", "-z", "2s", "-c", "2", "--drain", "500ms"]);
        let (answered, unfinished, unsent) =
            (found.count("answered"), found.count("unfinished"), found.count("unsent"));
        assert_eq!(answered + unfinished + unsent, 800, "{}", found.lane());
        assert!(unsent > 200, "{}", found.lane());
        // The queue grows all the time, and the last ones waited for more than a second.
        assert!(found.summary("slowest") > 1.0, "{}", found.lane());
        assert!(found.percentile("serviceTime", "p50") < 0.02, "{}", found.lane());
        assert!(found.percentile("lateness", "p50") < 0.005, "the server is slow, not the generator: {}", found.lane());
    });
}
