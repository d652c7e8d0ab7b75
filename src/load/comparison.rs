//! How much one mode costs more than the other, and how sure that is.
//!
//! Blocks of the two modes come in pairs, in random order. A pair sees nearly the same machine, so the logarithm of its
//! ratio is free of what changes slowly: other tenants, clock frequency, temperature. The interval is a bootstrap over
//! the *pairs*, wide enough that all metrics of a comparison hold at the same time. (Intervals over single requests take neighbours for independent, and "find" differences between a
//! thing and itself.)

use super::{
    bootstrap::{self, Estimate},
    number::{float, length},
    random::Random,
    samples::{METRICS, Pairs, Row},
    statistics::Tally,
};
use std::time::Duration;

/// Fewer pairs give no interval.
pub(super) const FEWEST_PAIRS: usize = 5;

/// A block with fewer answers says nothing about any metric.
const FEWEST_REQUESTS: u64 = 20;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Metric {
    /// Mean latency.
    Mean,
    /// Median latency.
    P50,
    /// The latency that 90 % of the requests did not exceed.
    P90,
    /// The latency that 95 % of the requests did not exceed.
    P95,
    /// The latency that 99 % of the requests did not exceed.
    P99,
    /// Answers per second.
    RequestsPerSec,
    /// CPU time of the server per answer.
    ServerCpuPerRequest,
}

impl Metric {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 7] =
        [Self::Mean, Self::P50, Self::P90, Self::P95, Self::P99, Self::RequestsPerSec, Self::ServerCpuPerRequest];

    /// The key in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mean => "average",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::RequestsPerSec => "requestsPerSec",
            Self::ServerCpuPerRequest => "serverCpuPerRequest",
        }
    }

    /// Which percentile it is, if it is one.
    pub(super) const fn percent(self) -> Option<f64> {
        match self {
            Self::P50 => Some(50.0),
            Self::P90 => Some(90.0),
            Self::P95 => Some(95.0),
            Self::P99 => Some(99.0),
            Self::Mean | Self::RequestsPerSec | Self::ServerCpuPerRequest => None,
        }
    }

    /// Its value for some requests, in seconds or per second; `None` where they are too few to tell.
    fn of(self, tally: &Tally, elapsed: Duration, server_cpu: Option<Duration>) -> Option<f64> {
        let percentile = |p| tally.latencies.supports(p).then(|| tally.latencies.percentile(p)).flatten();
        let answered = tally.answered();
        if answered < FEWEST_REQUESTS {
            return None;
        }
        let value = match self {
            Self::Mean => tally.latencies.mean()?.as_secs_f64(),
            Self::P50 => percentile(50.0)?.as_secs_f64(),
            Self::P90 => percentile(90.0)?.as_secs_f64(),
            Self::P95 => percentile(95.0)?.as_secs_f64(),
            Self::P99 => percentile(99.0)?.as_secs_f64(),
            Self::RequestsPerSec => float(answered) / elapsed.as_secs_f64(),
            Self::ServerCpuPerRequest => server_cpu?.as_secs_f64() / float(answered),
        };
        (value.is_finite() && value > 0.0).then_some(value)
    }
}

/// The metrics of one block, or of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summary([Option<f64>; METRICS]);

impl Summary {
    pub(super) fn new(tally: &Tally, elapsed: Duration, server_cpu: Option<Duration>) -> Self {
        Self(Metric::ALL.map(|metric| metric.of(tally, elapsed, server_cpu)))
    }

    /// The logarithm of each metric.
    pub(super) fn logs(&self) -> Row {
        self.0.map(|value| value.map(f64::ln))
    }

    /// ln(other / self) of each metric that both have.
    pub(super) fn log_ratios(&self, other: &Self) -> Row {
        let mut pairs = self.0.iter().zip(&other.0).map(|(own, other)| Some((other.as_ref()? / own.as_ref()?).ln()));
        std::array::from_fn(|_| pairs.next().flatten())
    }
}

/// One lane over another for one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The ratio: the geometric mean over the pairs, or where these are fewer than five the ratio of the totals.
    pub estimate: f64,
    /// The 95 % interval; `None` with fewer than five pairs. The intervals of a comparison hold together: in 95 of 100
    /// runs all of them hold the true ratio.
    pub interval: Option<(f64, f64)>,
    /// The pairs that could be used for this metric.
    pub pairs: usize,
    /// The smallest effect that such a run shows, as a ratio above 1 (1.03: 3 %): if the true ratio is that (or one over
    /// it), 80 of 100 such runs have an interval without 1. From the spread of this run's pairs; `None` without interval.
    pub detectable: Option<f64>,
}

impl Ratio {
    /// From what the pairs show, or else from the totals, of which there are `pairs`.
    pub(super) fn of(found: Option<Estimate>, total: Option<f64>, pairs: usize) -> Option<Self> {
        match (found, total) {
            (Some(Estimate { center, reach, detectable, values }), _) => Some(Self {
                estimate: center.exp(),
                interval: Some(((center - reach).exp(), (center + reach).exp())),
                pairs: values,
                detectable: Some(detectable.exp()),
            }),
            (None, Some(total)) => Some(Self { estimate: total.exp(), interval: None, pairs, detectable: None }),
            (None, None) => None,
        }
    }

    /// Whether the run shows a difference: `false` where the interval holds 1, `None` where there is no interval.
    pub fn differs(&self) -> Option<bool> {
        self.interval.map(|(low, high)| !(low <= 1.0 && 1.0 <= high))
    }
}

/// One lane compared with another.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Comparison {
    /// The lane that the other is divided by.
    pub base: String,
    /// The lane that is divided.
    pub other: String,
    /// Pairs of blocks in the run; 0 where the lanes are of different runs.
    pub pairs: usize,
    /// What the numbers cannot exclude, in a sentence.
    pub caveat: Option<&'static str>,
    /// The pairs themselves, so that runs can be merged.
    pub(super) log: Pairs,
    pub(super) ratios: [Option<Ratio>; METRICS],
}

impl Comparison {
    /// The ratio `other` / `base` of a metric; `None` where the run cannot tell.
    pub fn ratio(&self, metric: Metric) -> Option<Ratio> {
        let index = Metric::ALL.iter().position(|other| *other == metric)?;
        self.ratios.get(index).copied().flatten()
    }

    /// A comparison that found this.
    #[cfg(test)]
    pub(super) fn of(base: &str, other: &str, pairs: usize, found: impl FnMut(Metric) -> Option<Ratio>) -> Self {
        let ratios = Metric::ALL.map(found);
        Self { base: base.into(), other: other.into(), pairs, ratios, ..Self::default() }
    }

    /// Compares from the pairs, and from the totals (of the base first) where there are too few.
    pub(super) fn new(base: &str, other: &str, log: Pairs, totals: (&Summary, &Summary), random: &mut Random) -> Self {
        let totals = totals.0.log_ratios(totals.1);
        let found = bootstrap::estimates(&[&log.0.rows()], FEWEST_PAIRS, random);
        let counts = log.0.known();
        let ratios = std::array::from_fn(|metric| {
            Ratio::of(
                found.get(metric).copied().flatten(),
                totals.get(metric).copied().flatten(),
                counts.get(metric).copied().unwrap_or(0),
            )
        });
        let pairs = length(log.count());
        Self { base: base.into(), other: other.into(), pairs, caveat: None, log, ratios }
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::*;

    /// About normal: the sum of twelve uniform values.
    fn noise(random: &mut Random) -> f64 {
        (0..12).map(|_| random.below(1 << 32) as f64 / f64::from(u32::MAX)).sum::<f64>() - 6.0
    }

    /// Pairs whose machine drifts much, with `spread` noise within the pair and `effect` as the true ratio.
    fn synthetic(pairs: usize, spread: f64, effect: f64, random: &mut Random) -> Pairs {
        let mut found = Pairs::default();
        for i in 0..pairs {
            let machine = 1.0 + 0.8 * (i as f64 / 5.0).sin();
            let mut side = |factor: f64| {
                let value = machine * factor * (spread * noise(random)).exp();
                // One metric, for speed: they are independent of each other.
                Summary(Metric::ALL.map(|metric| (metric == Metric::P50).then_some(value)))
            };
            let (base, other) = (side(1.0), side(effect));
            found.push(&base, &other);
        }
        found
    }

    fn compare(pairs: Pairs, random: &mut Random) -> Ratio {
        let none = Summary::default();
        Comparison::new("token", "cert", pairs, (&none, &none), random).ratio(Metric::P50).unwrap()
    }

    #[test]
    fn a_thing_does_not_differ_from_itself() {
        for pairs in [5, 10, 30] {
            let claims = (0..200u64)
                .filter(|seed| {
                    let mut random = Random(*seed);
                    let data = synthetic(pairs, 0.05, 1.0, &mut random);
                    compare(data, &mut random).differs() == Some(true)
                })
                .count();
            // 5 % of 200 is 10; the seeds are fixed, so this cannot fail by chance.
            assert!(claims <= 18, "{claims} of 200 A/A runs with {pairs} pairs claim a difference");
        }
    }

    #[test]
    fn nothing_at_all_differs_from_itself() {
        let mut reach = 0.0;
        let claims = (0..200u64).filter(|seed| {
            let mut random = Random(*seed);
            let mut pairs = Pairs::default();
            for _ in 0..30 {
                // What metrics of a block have in common, and what each has for itself.
                let common = noise(&mut random);
                let mut side = || Summary([(); METRICS].map(|()| Some((0.05 * (common + noise(&mut random))).exp())));
                let (base, other) = (side(), side());
                pairs.push(&base, &other);
            }
            let none = Summary::default();
            let found = Comparison::new("token", "token-again", pairs, (&none, &none), &mut random);
            let ratio = found.ratio(Metric::Mean).unwrap();
            reach += ratio.interval.unwrap().1.ln() - ratio.estimate.ln();
            Metric::ALL.iter().any(|metric| found.ratio(*metric).unwrap().differs() == Some(true))
        });
        // Seven independent intervals, each right in 95 of 100, would claim something in 60 of 200 runs.
        let claims = claims.count();
        assert!(claims <= 10, "{claims}");
        // And that costs half of the width: two standard errors of 0.05 √2 / √30 became some three.
        assert!((0.025..0.042).contains(&(reach / 200.0)), "{}", reach / 200.0);
    }

    #[test]
    fn twenty_percent_are_found_and_measured() {
        for seed in 0..100u64 {
            let mut random = Random(seed);
            let ratio = compare(synthetic(30, 0.05, 1.2, &mut random), &mut random);
            let (low, high) = ratio.interval.unwrap();
            assert_eq!(ratio.differs(), Some(true));
            assert!(low < ratio.estimate && ratio.estimate < high && (1.1..1.3).contains(&ratio.estimate), "{ratio:?}");
        }
    }

    #[test]
    fn few_pairs_give_the_ratio_of_the_totals_without_interval() {
        let mut random = Random(1);
        let pairs = synthetic(4, 0.01, 1.5, &mut random);
        let (token, cert) = (Summary([Some(2.0); 7]), Summary([Some(3.0), None, Some(3.0), None, None, None, None]));
        let comparison = Comparison::new("token", "cert", pairs, (&token, &cert), &mut random);
        let ratio = comparison.ratio(Metric::Mean).unwrap();
        assert!((ratio.estimate - 1.5).abs() < 1e-12 && ratio.interval.is_none() && ratio.differs().is_none());
        assert_eq!(comparison.ratio(Metric::P50), None);
        assert_eq!(comparison.pairs, 4);
    }

    #[test]
    fn identical_pairs_have_a_point_interval() {
        let mut random = Random(1);
        let ratio = compare(synthetic(6, 0.0, 1.0, &mut random), &mut random);
        assert_eq!(ratio.differs(), Some(false), "{ratio:?}");
    }

    /// How many of 200 runs of `pairs` pairs with a true ratio of `effect` show a difference.
    fn power(pairs: usize, spread: f64, effect: f64) -> usize {
        let claims = (0..200u64).filter(|seed| {
            let mut random = Random(*seed);
            let data = synthetic(pairs, spread, effect, &mut random);
            compare(data, &mut random).differs() == Some(true)
        });
        claims.count()
    }

    #[test]
    fn the_detectable_effect_is_detected_four_times_of_five() {
        for (pairs, spread) in [(8, 0.05), (30, 0.2)] {
            let mut random = Random(7);
            // The run's own figure scatters with its spread; the mean over some runs is what the definition says.
            let of_one = |random: &mut Random| {
                let data = synthetic(pairs, spread, 1.0, random);
                compare(data, random).detectable.unwrap().ln()
            };
            let effect = ((0..40).map(|_| of_one(&mut random)).sum::<f64>() / 40.0).exp();
            let found = power(pairs, spread, effect);
            assert!((140..=180).contains(&found), "{found} of 200 with {pairs} pairs find {effect}");
            assert!(power(pairs, spread, 1.0 / effect) >= 140);
        }
    }

    #[test]
    fn more_pairs_than_are_kept_change_no_estimate() {
        let mut random = Random(3);
        let data = synthetic(10_000, 0.1, 1.1, &mut random);
        assert_eq!(data.count(), 10_000);
        let ratio = compare(data, &mut random);
        let (low, high) = ratio.interval.unwrap();
        // The standard error is 0.1 √2 / √10,000 = 0.0014.
        assert!((ratio.estimate / 1.1 - 1.0).abs() < 0.006 && (1.004..1.008).contains(&(high / low)), "{ratio:?}");
        assert!(ratio.detectable.unwrap() < 1.006);
    }
}
