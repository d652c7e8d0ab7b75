//! Intervals by resampling, and what they could have shown.

use super::{
    number::{count, float, length, whole},
    random::Random,
    samples::{Cells, METRICS, Sample},
};

/// The 97.5 % quantile of the normal distribution.
const NORMAL_975: f64 = 1.959_963_985;
/// The part of the resamples that the intervals hold together. More than 95 %, because thirty pairs do not show how long
/// the tails are that they come from: of 60 runs of a thing against itself beside compilers, 0.95 let 7 claim a difference
/// of any kind, and 0.98 let 2.
const TOGETHER: f64 = 0.98;
/// The 80 % quantile of the normal distribution.
const NORMAL_80: f64 = 0.841_621_234;

/// The weighted mean; 0 of nothing.
pub(super) fn mean(samples: &[Sample]) -> f64 {
    let (sum, weight) = samples
        .iter()
        .fold((0.0, 0.0), |(sum, weight), sample| (sum + sample.value * sample.weight, weight + sample.weight));
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// What is known about one metric; all are logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) center: f64,
    /// The interval reaches so far to either side.
    pub(super) reach: f64,
    /// The smallest difference from 0 that the interval excludes from 0 in 80 % of all runs: 80 % of the estimates come out
    /// above the true value less the 80 % quantile times the standard error.
    pub(super) detectable: f64,
    /// The fewest values in a group.
    pub(super) values: usize,
}

/// Estimates the mean of a group, or of two groups the mean of the second less the mean of the first, which are independent
/// of each other. There is none for a metric with fewer than `fewest` values in a group.
///
/// The intervals hold together: in 95 of 100 runs each of them holds its true value. (Seven intervals that were right 95
/// times each would find "a difference" between a thing and itself in some 15 of 100 runs.) For that, rows are resampled
/// whole, and the intervals reach as many standard errors as the furthest metric of a resample keeps within in nearly all
/// resamples ([`TOGETHER`]). Metrics of one run go together, so that is not much more than for a single one: 2.5 to 3 instead of 2.
pub(super) fn estimates(groups: &[&[Cells]], fewest: usize, random: &mut Random) -> [Option<Estimate>; METRICS] {
    let columns: [Vec<Vec<Sample>>; METRICS] = std::array::from_fn(|metric| {
        groups.iter().map(|rows| rows.iter().filter_map(|row| row.get(metric).copied().flatten()).collect()).collect()
    });
    let known = columns.each_ref().map(|groups| {
        let values = groups.iter().map(Vec::len).min().unwrap_or(0);
        (values >= fewest.max(2)).then(|| Known::of(groups, values))
    });
    let reach = reach(groups, &known, random);
    known.map(|known| {
        let Known { center, error, freedom, values, .. } = known?;
        let reach = student(reach, freedom) * error;
        Some(Estimate { center, reach, detectable: reach + student(NORMAL_80, freedom) * error, values })
    })
}

/// A metric before resampling.
#[derive(Debug, Clone, Copy)]
struct Known {
    center: f64,
    /// The standard error, and its degrees of freedom.
    error: f64,
    freedom: f64,
    /// The standard error that resampling sees: of a variance that is divided by n where the estimate divides by n - 1.
    seen: f64,
    values: usize,
}

impl Known {
    fn of(groups: &[Vec<Sample>], values: usize) -> Self {
        let (error, freedom) = standard_error(groups);
        let seen = |group: &Vec<Sample>| {
            let n = float(count(group.len())).max(1.0);
            variance(group) * (n - 1.0) / (n * n)
        };
        let seen = groups.iter().map(seen).sum::<f64>().sqrt();
        Self { center: difference(groups.iter().map(|group| mean(group))), error, freedom, seen, values }
    }
}

/// The second less the first, or the only one.
fn difference(means: impl Iterator<Item = f64>) -> f64 {
    means.reduce(|first, second| second - first).unwrap_or_default()
}

/// How many standard errors the furthest metric is away from its center in nearly all resamples. No less than
/// the normal distribution has it for one metric alone: 2,000 resamples do not know better.
fn reach(groups: &[&[Cells]], known: &[Option<Known>; METRICS], random: &mut Random) -> f64 {
    let known: Vec<_> =
        known.iter().enumerate().filter_map(|(metric, known)| Some((metric, known.as_ref()?))).collect();
    let metrics: Vec<_> = known.iter().map(|(metric, _)| *metric).collect();
    let tables: Vec<_> = groups.iter().map(|group| Table::new(group, &metrics)).collect();
    let n = groups.iter().map(|group| count(group.len())).sum::<u64>();
    // Constant effort, whatever the number of values.
    let resamples = length((4_000_000 / n.max(1)).clamp(200, 2_000));
    let mut found: Vec<f64> = (0..resamples)
        .map(|_| {
            let means: Vec<_> = tables.iter().map(|table| table.resampled_means(random)).collect();
            let distance = |(column, (_, known)): (usize, &(usize, &Known))| {
                let center = difference(means.iter().filter_map(|means| means.get(column).copied()));
                if known.seen > 0.0 { (center - known.center).abs() / known.seen } else { 0.0 }
            };
            known.iter().enumerate().map(distance).fold(0.0, f64::max)
        })
        .collect();
    found.sort_unstable_by(f64::total_cmp);
    let index = length(whole(TOGETHER * float(count(found.len()).saturating_sub(1)) + 0.5));
    found.get(index).copied().unwrap_or_default().max(NORMAL_975)
}

/// The rows of a group with what resampling adds up: for each metric value times weight, and weight.
struct Table {
    cells: Vec<(f64, f64)>,
    columns: usize,
    /// The means of all rows.
    means: Vec<f64>,
}

impl Table {
    fn new(rows: &[Cells], metrics: &[usize]) -> Self {
        let cell = |row: &Cells, metric: usize| {
            row.get(metric)
                .copied()
                .flatten()
                .map_or((0.0, 0.0), |sample| (sample.value * sample.weight, sample.weight))
        };
        let cells = rows.iter().flat_map(|row| metrics.iter().map(|metric| cell(row, *metric))).collect();
        let means = metrics.iter().map(|metric| {
            let known: Vec<_> = rows.iter().filter_map(|row| row.get(*metric).copied().flatten()).collect();
            mean(&known)
        });
        Self { cells, columns: metrics.len(), means: means.collect() }
    }

    /// Where no resampled row has a metric, that keeps its mean.
    fn resampled_means(&self, random: &mut Random) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.columns];
        let rows = self.cells.len() / self.columns.max(1);
        for _ in 0..rows {
            let begin = length(random.below(count(rows))) * self.columns;
            let row = self.cells.get(begin..begin + self.columns).unwrap_or_default();
            for ((sum, weights), (value, weight)) in sums.iter_mut().zip(row) {
                *sum += value;
                *weights += weight;
            }
        }
        let mean = |((sum, weight), mean): ((f64, f64), &f64)| if weight > 0.0 { sum / weight } else { *mean };
        sums.into_iter().zip(&self.means).map(mean).collect()
    }
}

/// The standard error of the sum or difference of the groups' means, and its degrees of freedom (Welch-Satterthwaite; of
/// one group n - 1).
fn standard_error(groups: &[Vec<Sample>]) -> (f64, f64) {
    let (mut total, mut divisor, mut fewest) = (0.0, 0.0, f64::INFINITY);
    for group in groups {
        let n = float(count(group.len())).max(2.0);
        let part = variance(group) / n;
        total += part;
        divisor += part * part / (n - 1.0);
        fewest = fewest.min(n - 1.0);
    }
    let freedom = if divisor > 0.0 { total * total / divisor } else { fewest };
    (total.sqrt(), freedom)
}

/// The unbiased variance; 0 for fewer than two values.
fn variance(samples: &[Sample]) -> f64 {
    let n = float(count(samples.len()));
    if n < 2.0 {
        return 0.0;
    }
    let center = samples.iter().map(|sample| sample.value).sum::<f64>() / n;
    samples.iter().map(|sample| (sample.value - center).powi(2)).sum::<f64>() / (n - 1.0)
}

/// The quantile of Student's distribution with `freedom` ≥ 4 degrees of freedom that belongs to the normal quantile `z`:
/// the Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5), within 0.3 %.
fn student(z: f64, freedom: f64) -> f64 {
    z + (z.powi(3) + z) / (4.0 * freedom)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom.powi(2))
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * freedom.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_is_the_table() {
        for (freedom, wanted, wanted_80) in
            [(4.0, 2.776, 0.941), (9.0, 2.262, 0.883), (29.0, 2.045, 0.854), (1e6, 1.960, 0.8416)]
        {
            assert!((student(NORMAL_975, freedom) - wanted).abs() < 0.01, "{freedom}");
            assert!((student(NORMAL_80, freedom) - wanted_80).abs() < 0.002, "{freedom}");
        }
    }
}
