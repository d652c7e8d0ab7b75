//! The CPU time of the server under test: from its process, or from what it says about itself.

use super::cpu::ProcessTime;
use crate::error::{Error, Result};
use http::{Uri, uri::PathAndQuery};
use std::time::Duration;
use ureq::Agent;

/// Name resolution, connecting, the head and the body of an answer may each take so long: a scrape is between two blocks,
/// and everybody waits for it.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(1);
/// Pages of metrics are some 10 KiB; nobody's is larger than this.
const MAX_PAGE: u64 = 1024 * 1024;
/// The counter's usual name: user and system time of all threads, in seconds (Prometheus' client library guidelines).
const COUNTER: &str = "process_cpu_seconds_total";

/// Where the CPU time of a server is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerClock {
    /// From the process with this number, on this machine (Linux).
    Process(u32),
    /// From the counter `process_cpu_seconds_total` on a page in Prometheus' text format, at an `http` URL.
    Metrics(Uri),
}

impl ServerClock {
    /// The page at this URL, which is read once.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where it is no `http` URL, [`Error::Network`] where the counter cannot be read there.
    pub fn metrics(page: Uri) -> Result<Self> {
        let clock = Self::Metrics(page.clone());
        clock.check()?;
        match scrape(&agent(), &page) {
            Some(_) => Ok(clock),
            None => Err(Error::Network {
                url: page.to_string(),
                why: format!("no counter {COUNTER} was found there"),
                hint: "check the URL; without it the server's CPU time is not part of the report".into(),
            }),
        }
    }

    /// The word in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Process(_) => "process",
            Self::Metrics(_) => "metrics",
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Metrics(url) if url.scheme_str() != Some("http") => Err(Error::invalid(
                "URL of the server's metrics",
                url,
                "it does not begin with http://",
                "give a URL like http://127.0.0.1:8585/metrics",
            )),
            _ => Ok(()),
        }
    }
}

/// Looks for the counter on the page `/metrics` of the server at `url`; `None` where there is none, or no answer within a
/// few seconds.
pub fn probe_metrics(url: &Uri) -> Option<ServerClock> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/metrics"));
    let page = Uri::from_parts(parts).ok().filter(|page| page.scheme_str() == Some("http"))?;
    scrape(&agent(), &page)?;
    Some(ServerClock::Metrics(page))
}

/// A [`ServerClock`] in use.
#[derive(Debug)]
pub(super) struct Clock {
    source: ServerClock,
    agent: Agent,
    /// A clock that once gave no answer is not asked again: its server may hang, and the sum would have a hole anyway.
    lost: bool,
}

/// What a clock showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Process(ProcessTime),
    Seconds(f64),
}

impl Clock {
    pub(super) fn new(source: ServerClock) -> Self {
        Self { source, agent: agent(), lost: false }
    }

    pub(super) fn source(&self) -> &ServerClock {
        &self.source
    }

    /// Whether every reading so far succeeded.
    pub(super) fn is_sound(&self) -> bool {
        !self.lost
    }

    pub(super) fn read(&mut self) -> Option<Reading> {
        if self.lost {
            return None;
        }
        let reading = match &self.source {
            ServerClock::Process(pid) => ProcessTime::of(*pid).map(Reading::Process),
            ServerClock::Metrics(url) => scrape(&self.agent, url).map(Reading::Seconds),
        };
        self.lost = reading.is_none();
        reading
    }
}

impl Reading {
    /// What was used since `earlier`; `None` where the server was started again in between.
    pub(super) fn since(self, earlier: Self) -> Option<Duration> {
        match (self, earlier) {
            (Self::Process(now), Self::Process(earlier)) => Some(now.since(earlier)),
            (Self::Seconds(now), Self::Seconds(earlier)) => Duration::try_from_secs_f64(now - earlier).ok(),
            _ => None,
        }
    }
}

fn agent() -> Agent {
    // A timeout per step: one for all of them would start a thread per request.
    Agent::config_builder()
        .timeout_connect(Some(SCRAPE_TIMEOUT))
        .timeout_send_request(Some(SCRAPE_TIMEOUT))
        .timeout_recv_response(Some(SCRAPE_TIMEOUT))
        .timeout_recv_body(Some(SCRAPE_TIMEOUT))
        .max_redirects(0)
        // The server under test is reached directly, as the load is.
        .proxy(None)
        .build()
        .into()
}

fn scrape(agent: &Agent, url: &Uri) -> Option<f64> {
    let mut answer = agent.get(url).call().ok()?;
    let page = answer.body_mut().with_config().limit(MAX_PAGE).read_to_string().ok()?;
    cpu_seconds(&page)
}

/// The counter's value: the one line that begins with its name, without or with labels. Two such lines are two processes
/// behind one page, and which of them is the server cannot be told.
fn cpu_seconds(page: &str) -> Option<f64> {
    let mut found = None;
    for line in page.lines() {
        let Some(rest) = line.strip_prefix(COUNTER) else { continue };
        let rest = match rest.strip_prefix('{') {
            Some(labels) => after_labels(labels)?,
            None if rest.starts_with([' ', '\t']) => rest,
            // Another metric, whose name is longer.
            None => continue,
        };
        // The value, and perhaps the time in milliseconds.
        let mut words = rest.split_ascii_whitespace();
        let value: f64 = words.next()?.parse().ok()?;
        let time_is_whole = words.next().is_none_or(|time| time.parse::<i64>().is_ok());
        if !value.is_finite() || value < 0.0 || !time_is_whole || words.next().is_some() || found.is_some() {
            return None;
        }
        found = Some(value);
    }
    found
}

/// What follows the closing brace of labels, whose quoted values may hold braces and escaped quotes.
fn after_labels(labels: &str) -> Option<&str> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in labels.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return labels.get(at + 1..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{super::tests::server::metrics_page, *};
    use proptest::prelude::*;

    #[test]
    fn the_counter_is_read_strictly() {
        for (page, wanted) in [
            ("# HELP process_cpu_seconds_total x\nprocess_cpu_seconds_total 1.5\n", Some(1.5)),
            ("a 1\nprocess_cpu_seconds_total{a=\"}\\\"\",b=\"c\"} 2e-1 1700000000000\r\nb 2", Some(0.2)),
            ("process_cpu_seconds_total\t0", Some(0.0)),
            ("process_cpu_seconds_total_created 5\n", None),
            ("x_process_cpu_seconds_total 5\n", None),
            ("process_cpu_seconds_total 1\nprocess_cpu_seconds_total{cpu=\"1\"} 2\n", None),
            ("process_cpu_seconds_total NaN", None),
            ("process_cpu_seconds_total +Inf", None),
            ("process_cpu_seconds_total -1", None),
            ("process_cpu_seconds_total 1 x", None),
            ("process_cpu_seconds_total 1 2 3", None),
            ("process_cpu_seconds_total", None),
            ("process_cpu_seconds_total{a=\"b} 1", None),
            ("", None),
        ] {
            assert_eq!(cpu_seconds(page), wanted, "{page:?}");
        }
    }

    #[test]
    fn a_server_with_the_counter_is_found_and_read() {
        let address = metrics_page(&["process_cpu_seconds_total 1.5\n", "process_cpu_seconds_total 1.75\n", "gone\n"]);
        let url: Uri = format!("http://{address}/token?x=1").parse().unwrap();
        let clock = probe_metrics(&url).unwrap();
        assert_eq!(clock, ServerClock::Metrics(format!("http://{address}/metrics").parse().unwrap()));
        let mut clock = Clock::new(clock);
        let before = Reading::Seconds(1.5);
        assert_eq!(clock.read().unwrap().since(before), Some(Duration::from_millis(250)));
        assert!(clock.is_sound());
        assert_eq!(clock.read(), None);
        assert!(!clock.is_sound());
        assert_eq!(probe_metrics(&url), None);
        assert_eq!(probe_metrics(&"http://127.0.0.1:1/".parse().unwrap()), None);
        assert_eq!(probe_metrics(&"/metrics".parse().unwrap()), None);
    }

    #[test]
    fn a_restarted_server_has_used_an_unknown_time() {
        assert_eq!(Reading::Seconds(0.1).since(Reading::Seconds(5.0)), None);
    }

    #[test]
    fn only_http_can_be_scraped() {
        let clock = ServerClock::Metrics("https://localhost/metrics".parse().unwrap());
        assert!(clock.check().unwrap_err().is_usage());
        assert!(ServerClock::Process(1).check().is_ok());
    }

    proptest! {
        #[test]
        fn no_page_panics_and_no_value_is_absurd(text in "(?s).{0,60}", labels in "[\"\\\\{}a=,]{0,20}") {
            for page in [
                text.clone(),
                format!("{COUNTER} {text}"),
                format!("{COUNTER}{{{labels}}} 1"),
                format!("{COUNTER}{labels}{text}"),
            ] {
                prop_assert!(cpu_seconds(&page).is_none_or(|value| value.is_finite() && value >= 0.0));
            }
        }

        #[test]
        fn what_is_written_is_read(value in 0.0f64..1e12) {
            prop_assert_eq!(cpu_seconds(&format!("{COUNTER} {value}\n")), Some(value));
        }
    }
}
