//! The grammar of thresholds.

use super::{super::number::count, Kind, Metric, Operator, Set, Threshold};
use crate::error::{Error, Result};
use std::fmt;

/// Longer ones first: `<=` begins with `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("==", Operator::Equal),
    ("!=", Operator::Different),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

const METRICS: [(&str, Metric); 9] = [
    ("average", Metric::Average),
    ("fastest", Metric::Fastest),
    ("slowest", Metric::Slowest),
    ("successRate", Metric::SuccessRate),
    ("requestsPerSec", Metric::RequestsPerSec),
    ("errors", Metric::Errors),
    ("unsent", Metric::Unsent),
    ("serverCpuPerRequest", Metric::ServerCpu),
    ("signingTimePerRequest", Metric::SigningTime),
];

/// Units of time, in seconds. Longer ones first: `ms` ends with `s`.
const TIMES: [(&str, f64); 5] = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)];

const HINT: &str =
    "write LANE.METRIC OP VALUE, like cert.p99<5ms, or LANE/LANE.METRIC OP VALUE, like cert/token.p50<1.2";

/// Reads a threshold from left to right; errors say at which character.
pub(super) struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    position: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    pub(super) fn threshold(mut self) -> Result<Threshold> {
        if self.text.len() > 500 {
            return Err(self.error("it is longer than any threshold"));
        }
        self.skip_spaces();
        let lane = self.lane()?;
        let base = if self.take("/") { Some(self.lane()?) } else { None };
        if !self.take(".") {
            return Err(self.error("a dot and a metric should follow"));
        }
        let metric = self.metric()?;
        self.skip_spaces();
        let found = OPERATORS.into_iter().find(|(operator, _)| self.take(operator));
        let Some((_, operator)) = found else {
            return Err(self.error("one of < <= > >= == != should follow"));
        };
        self.skip_spaces();
        let value = self.value(if base.is_some() { Kind::Ratio } else { metric.kind() })?;
        self.skip_spaces();
        if !self.rest().is_empty() {
            return Err(self.error("nothing should follow"));
        }
        Ok(Threshold { text: self.text.trim().into(), lane, base, metric, operator, value })
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn error(&self, why: impl fmt::Display) -> Error {
        let before = self.text.get(..self.position).unwrap_or_default().chars().count();
        Error::invalid("threshold", self.text, format!("at character {}: {why}", count(before) + 1), HINT)
    }

    fn skip_spaces(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        self.position += if there { token.len() } else { 0 };
        there
    }

    /// As many characters as fit.
    fn while_some(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    fn lane(&mut self) -> Result<String> {
        let name = self.while_some(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if name.is_empty() { Err(self.error("the name of a lane should follow, like cert")) } else { Ok(name.into()) }
    }

    fn metric(&mut self) -> Result<Metric> {
        let begin = self.position;
        let set = match () {
            () if self.take("service.") => Set::Service,
            () if self.take("lateness.") => Set::Lateness,
            () => Set::Response,
        };
        let name = self.while_some(|c| c.is_ascii_alphanumeric() || c == '.');
        let percent = name.strip_prefix('p').filter(|p| p.len() <= 8 && p.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(percent) = percent.and_then(|percent| percent.parse().ok()).filter(|p| (1.0..100.0).contains(p)) {
            return Ok(Metric::Percentile(set, percent));
        }
        let known = METRICS.into_iter().find(|(known, _)| *known == name && set == Set::Response);
        known.map(|(_, metric)| metric).ok_or_else(|| {
            self.position = begin;
            let names: Vec<_> = METRICS.iter().map(|(name, _)| *name).collect();
            self.error(format!(
                "there is no such metric; known are p50 (any from p1 to p99.99…), service.p99, lateness.p99, {}",
                names.join(", ")
            ))
        })
    }

    fn value(&mut self, kind: Kind) -> Result<f64> {
        let begin = self.position;
        let digits = self.while_some(|c| c.is_ascii_digit() || c == '.');
        let number: Option<f64> = digits.parse().ok().filter(|number: &f64| number.is_finite());
        let Some(number) = number else {
            self.position = begin;
            return Err(self.error("a number from 0 on should follow"));
        };
        let unit_at = self.position;
        let unit = self.while_some(|c| c.is_alphabetic() || c == '%');
        let factor = match (unit, kind) {
            ("", _) => Some(1.0),
            ("%", Kind::Part | Kind::Ratio) => Some(0.01),
            (unit, Kind::Time) => TIMES.iter().find(|(known, _)| *known == unit).map(|(_, factor)| *factor),
            _ => None,
        };
        factor.map(|factor| if factor == 0.01 { number / 100.0 } else { number * factor }).ok_or_else(|| {
            self.position = unit_at;
            self.error(match kind {
                Kind::Time => "a time has the unit us, ms, s or m, or none for seconds",
                Kind::Part | Kind::Ratio => "this metric has the unit % or none",
                Kind::Number => "this metric has no unit",
            })
        })
    }
}
#[cfg(test)]
mod tests {
    use super::{super::super::report::sample, *};
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let error = |text: &str| text.parse::<Threshold>().unwrap_err().to_string();
        for (text, why) in [
            ("", "at character 1: the name of a lane should follow, like cert"),
            ("cert", "at character 5: a dot and a metric should follow"),
            ("cert.p99", "at character 9: one of < <= > >= == != should follow"),
            ("cert.p99=5", "at character 9: one of"),
            ("cert/.p99<5", "at character 6: the name of a lane"),
            (
                "cert.p100<5",
                "at character 6: there is no such metric; known are p50 (any from p1 to p99.99…), service.p99, lateness.p99, average, fastest, slowest, successRate, requestsPerSec, errors, unsent, serverCpuPerRequest, signingTimePerRequest",
            ),
            ("cert.service.average<5", "at character 6: there is no such metric"),
            ("cert.p99<", "at character 10: a number from 0 on should follow"),
            ("cert.p99<-1", "at character 10: a number"),
            ("cert.p99<1.2.3", "at character 10: a number"),
            ("cert.p99<5kb", "at character 11: a time has the unit us, ms, s or m"),
            ("cert.p99<5%", "at character 11: a time has the unit"),
            ("cert.errors<5%", "at character 14: this metric has no unit"),
            ("cert/token.p99<5ms", "at character 17: this metric has the unit % or none"),
            ("cert.p99<5ms µ", "at character 14: nothing should follow"),
        ] {
            assert!(error(text).contains(why), "{text}: {}", error(text));
        }
        let given = "cert.p99<5ms".parse::<Threshold>().unwrap();
        assert_eq!((given.to_string().as_str(), given.lanes().collect::<Vec<_>>()), ("cert.p99<5ms", vec!["cert"]));
    }

    proptest! {
        #[test]
        fn any_text_is_a_threshold_or_an_error(text in "[a-z/.<>=!0-9µ% ]{0,40}|\\PC{0,40}") {
            if let Ok(threshold) = text.parse::<Threshold>() {
                let _verdict = threshold.check(&sample::report(vec![sample::lane("cert", 0, 1.0)]));
            }
        }

        #[test]
        fn any_time_is_read_with_any_unit(value in 0u32..100_000, unit in 0usize..6, operator in 0usize..6, space in " {0,2}") {
            let (unit, factor) = TIMES.get(unit).copied().unwrap_or(("", 1.0));
            let (sign, operator) = OPERATORS[operator];
            let read: Threshold = format!("{space}a-1.p99.9{space}{sign}{space}{value}{unit}{space}").parse().unwrap();
            prop_assert!((read.value - f64::from(value) * factor).abs() < 1e-9);
            prop_assert_eq!((read.operator, read.lane.as_str()), (operator, "a-1"));
            prop_assert_eq!(read.metric, Metric::Percentile(Set::Response, 99.9));
        }
    }
}
