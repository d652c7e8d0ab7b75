//! Thresholds: `cert.p99<5ms`, `cert/token.p50<1.2`, for programs that should fail when a server became slower.

mod parser;

use super::{
    comparison::Metric as Compared,
    number::float,
    report::{ModeReport, Report, grouped, time},
    statistics::Latencies,
};
use crate::error::{Error, Result};
use parser::Parser;
use std::{fmt, str::FromStr, time::Duration};

/// A condition on the report of a run: `LANE.METRIC OP VALUE`, or `LANE/LANE.METRIC OP VALUE` for a ratio.
///
/// OP is one of `<` `<=` `>` `>=` `==` `!=`. METRIC is a percentile (`p50`, `p99.9`; with a rate also `service.p99`,
/// `lateness.p99`), `average`, `fastest`, `slowest`, `successRate`, `requestsPerSec`, `errors` (requests without an answer),
/// `unsent`, `serverCpuPerRequest` or `signingTimePerRequest`. VALUE is a number; a time may have a unit (`us`, `µs`, `ms`,
/// `s`, `m`; else it is in seconds), a part or a ratio may be in `%`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As it was given.
    text: String,
    lane: String,
    /// What the lane is divided by.
    base: Option<String>,
    metric: Metric,
    operator: Operator,
    value: f64,
}

/// What became of a [`Threshold`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether it held. What cannot be told did not hold.
    pub held: bool,
    /// The threshold with what was found: `cert.p99<5ms: 7.200 ms, failed`.
    pub text: String,
    /// What was found, in seconds where it is a time; `None` where that cannot be told.
    pub found: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Metric {
    Percentile(Set, f64),
    Average,
    Fastest,
    Slowest,
    SuccessRate,
    RequestsPerSec,
    Errors,
    Unsent,
    ServerCpu,
    SigningTime,
}

/// The latencies that a percentile is of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Set {
    Response,
    Service,
    Lateness,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Different,
}
/// What a number is, and so how it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Time,
    Part,
    Number,
    Ratio,
}

impl Metric {
    fn kind(self) -> Kind {
        match self {
            Self::SuccessRate => Kind::Part,
            Self::RequestsPerSec | Self::Errors | Self::Unsent => Kind::Number,
            _ => Kind::Time,
        }
    }

    /// The one that the run compared by pairs of blocks.
    fn compared(self) -> Option<Compared> {
        let same = |metric: &Compared| match (self, metric) {
            (Self::Percentile(Set::Response, p), metric) => metric.percent() == Some(p),
            (Self::Average, Compared::Mean)
            | (Self::RequestsPerSec, Compared::RequestsPerSec)
            | (Self::ServerCpu, Compared::ServerCpuPerRequest) => true,
            _ => false,
        };
        Compared::ALL.into_iter().find(same)
    }

    /// Its value for a lane, or why there is none.
    fn of(self, lane: &ModeReport) -> Result<f64, String> {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let tally = &lane.tally;
        let value = match self {
            Self::Percentile(set, p) => return percentile(set.of(lane), p),
            Self::Average => seconds(tally.latencies.mean()),
            Self::Fastest => seconds(tally.latencies.fastest()),
            Self::Slowest => seconds(tally.latencies.slowest()),
            // Of nothing, no error is no success.
            _ if tally.done() == 0 => return Err("no request was answered or failed".into()),
            Self::SuccessRate => Some(tally.success_rate()),
            Self::RequestsPerSec => Some(lane.requests_per_second()),
            Self::Errors => Some(float(tally.failed())),
            Self::Unsent => Some(float(tally.unsent)),
            Self::ServerCpu => lane.server_cpu_per_request,
            Self::SigningTime => lane.signing_time_per_request,
        };
        value.filter(|value| value.is_finite()).ok_or_else(|| "this run did not measure it".into())
    }
}

impl Set {
    fn of(self, lane: &ModeReport) -> &Latencies {
        match self {
            Self::Response => &lane.tally.latencies,
            Self::Service => &lane.tally.service,
            Self::Lateness => &lane.tally.lateness,
        }
    }
}

fn percentile(latencies: &Latencies, p: f64) -> Result<f64, String> {
    if latencies.count() == 0 {
        return Err("there are no such latencies".into());
    }
    if !latencies.supports(p) {
        return Err(format!("{} requests are too few for it", grouped(latencies.count())));
    }
    latencies.percentile(p).map(|time| time.as_secs_f64()).ok_or_else(|| "it is not known".into())
}

impl Operator {
    #[expect(clippy::float_cmp, reason = "`==` means what it says")]
    fn holds(self, found: f64, value: f64) -> bool {
        match self {
            Self::Less => found < value,
            Self::AtMost => found <= value,
            Self::Greater => found > value,
            Self::AtLeast => found >= value,
            Self::Equal => found == value,
            Self::Different => found != value,
        }
    }
}

impl Threshold {
    /// The lanes that it speaks of.
    pub fn lanes(&self) -> impl Iterator<Item = &str> {
        [Some(&self.lane), self.base.as_ref()].into_iter().flatten().map(String::as_str)
    }

    /// Holds it against a report. A ratio of what the run compared by pairs of blocks is the one in the report, any other
    /// that of the totals. What cannot be told has failed: a threshold that checks nothing protects nobody.
    pub fn check(&self, report: &Report) -> Verdict {
        let (found, said) = match self.value_in(report) {
            Ok(found) => (Some(found), show(found, self.kind())),
            Err(why) => (None, why),
        };
        let held = found.is_some_and(|found| self.operator.holds(found, self.value));
        let text = format!("{}: {said}, {}", self.text, if held { "held" } else { "failed" });
        Verdict { held, text, found }
    }

    fn kind(&self) -> Kind {
        if self.base.is_some() { Kind::Ratio } else { self.metric.kind() }
    }

    fn value_in(&self, report: &Report) -> Result<f64, String> {
        let value = self.metric.of(lane(report, &self.lane)?);
        let Some(base) = &self.base else { return value };
        let divisor = self.metric.of(lane(report, base)?);
        let pairs = report.comparisons.iter().find(|found| found.base == *base && found.other == self.lane);
        if let Some(ratio) = pairs.zip(self.metric.compared()).and_then(|(found, metric)| found.ratio(metric)) {
            return Ok(ratio.estimate);
        }
        let value = value.map_err(|why| format!("{}: {why}", self.lane))?;
        let ratio = value / divisor.map_err(|why| format!("{base}: {why}"))?;
        if ratio.is_finite() { Ok(ratio) } else { Err(format!("{base} has 0, by which nothing can be divided")) }
    }
}

fn lane<'a>(report: &'a Report, name: &str) -> Result<&'a ModeReport, String> {
    report.modes.iter().find(|lane| lane.name == name).ok_or_else(|| {
        let known: Vec<_> = report.modes.iter().map(|lane| lane.name.as_str()).collect();
        format!("there is no lane {name:?} (lanes: {})", known.join(", "))
    })
}

fn show(value: f64, kind: Kind) -> String {
    match kind {
        Kind::Time => time(Duration::try_from_secs_f64(value).ok()),
        Kind::Part => format!("{:.3} %", value * 100.0),
        Kind::Number if value.fract() == 0.0 => format!("{value:.0}"),
        Kind::Number => format!("{value:.1}"),
        Kind::Ratio => format!("{value:.3}"),
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Parser::new(text).threshold()
    }
}
#[cfg(test)]
mod tests {
    use super::{
        super::{
            comparison::{Comparison, Ratio},
            report::sample,
        },
        *,
    };

    fn report() -> Report {
        let mut report = sample::report(vec![sample::lane("token", 2_000, 1e-3), sample::lane("cert", 2_000, 2e-3)]);
        report.modes[1].tally.statuses.insert(200, 1_990);
        report.modes[1].tally.statuses.insert(503, 10);
        report
    }

    fn check(text: &str) -> Verdict {
        text.parse::<Threshold>().unwrap().check(&report())
    }

    #[test]
    fn what_holds_holds_and_the_verdict_says_what_was_found() {
        let p50 = check("cert.p50<1ms");
        assert!(!p50.held && p50.text.starts_with("cert.p50<1ms: ") && p50.text.ends_with(" ms, failed"), "{p50:?}");
        for held in ["token.p50 < 1100us", "token.p50<1100µs", "token.p50>=0.0009", "cert.p50 < 1m", "cert.slowest>3ms"]
        {
            assert!(check(held).held, "{}", check(held).text);
        }
        assert_eq!(check("cert.successRate>=0.999").text, "cert.successRate>=0.999: 99.500 %, failed");
        assert_eq!(check("token.successRate==100%").text, "token.successRate==100%: 100.000 %, held");
        assert_eq!(check("token.errors==0").text, "token.errors==0: 0, held");
        assert_eq!(check("cert.unsent != 0").found, Some(0.0));
        assert!(check("cert/token.p50 > 150%").held && !check("cert/token.p50<1.2").held);
        assert!(check("cert/token.serverCpuPerRequest<1.2").held);
        assert!(check("token.requestsPerSec > 60").held);
    }

    #[test]
    fn what_cannot_be_told_has_failed() {
        for (text, why) in [
            ("cert.p99.9<1m".into(), "2,000 requests are too few for it"),
            ("other.p50<1s".into(), "there is no lane \"other\" (lanes: token, cert)"),
            ("cert/other.p50<2".into(), "there is no lane \"other\""),
            ("cert.service.p50<1s".into(), "there are no such latencies"),
            ("cert.lateness.p99<1s".into(), "there are no such latencies"),
            ("cert/token.errors<2".into(), "token has 0, by which nothing can be divided"),
        ] {
            let text: String = text;
            let verdict = check(&text);
            assert!(!verdict.held && verdict.found.is_none() && verdict.text.contains(why), "{verdict:?}");
        }
        let nothing = sample::report(vec![sample::lane("cert", 0, 1.0)]);
        for text in
            ["cert.errors==0", "cert.successRate>=0", "cert.requestsPerSec>=0", "cert.p50<1s", "cert.slowest<1s"]
        {
            assert!(!text.parse::<Threshold>().unwrap().check(&nothing).held, "{text}");
        }
    }

    #[test]
    fn a_ratio_is_the_one_in_the_report() {
        let mut report = report();
        let ratio = Ratio { estimate: 1.0625, interval: None, pairs: 3, detectable: None };
        report.comparisons = vec![Comparison::of("token", "cert", 3, |_| Some(ratio))];
        let verdict = |text: &str| text.parse::<Threshold>().unwrap().check(&report).found;
        assert_eq!((verdict("cert/token.p50<1.2"), verdict("cert/token.average<1.2")), (Some(1.0625), Some(1.0625)));
        assert!(verdict("token/cert.p50<1.2").unwrap() < 0.7 && verdict("cert/token.p75<1.2").unwrap() > 1.5);
    }
}
