//! Intervals by resampling, and what they could have shown.

use super::{
    number::{count, float, length, whole},
    random::Random,
    samples::Sample,
};

/// The 97.5 % quantile of the normal distribution.
const NORMAL_975: f64 = 1.959_963_985;
/// The 80 % quantile of the normal distribution.
const NORMAL_80: f64 = 0.841_621_234;

/// The weighted mean; 0 of nothing.
pub(super) fn mean(samples: &[Sample]) -> f64 {
    let (sum, weight) = samples
        .iter()
        .fold((0.0, 0.0), |(sum, weight), sample| (sum + sample.value * sample.weight, weight + sample.weight));
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// The 95 % interval of the mean of `samples`.
pub(super) fn of_mean(samples: &[Sample], random: &mut Random) -> (f64, f64) {
    interval(mean(samples), &[samples], random, |means| means.first().copied().unwrap_or_default())
}

/// The 95 % interval of the mean of `other` less the mean of `base`, which are independent of each other.
pub(super) fn of_difference(base: &[Sample], other: &[Sample], random: &mut Random) -> (f64, f64) {
    interval(mean(other) - mean(base), &[base, other], random, |means| match means {
        [base, other] => other - base,
        _ => 0.0,
    })
}

/// The smallest difference from 0 that an interval over such groups excludes from 0 in 80 % of all runs: the interval
/// reaches Student's 97.5 % quantile times the standard error to either side, and 80 % of the estimates come out above
/// the true value less the 80 % quantile times the standard error.
pub(super) fn detectable(groups: &[&[Sample]]) -> f64 {
    let (error, freedom) = standard_error(groups);
    (student(NORMAL_975, freedom) + student(NORMAL_80, freedom)) * error
}

/// The interval of `statistic` of the means of the groups, each resampled on its own.
///
/// The plain percentile bootstrap is too narrow for few values (it takes the sample's variance, not its estimate of the
/// population's, and normal instead of Student's quantiles); the deviations are widened by just that factor.
fn interval(center: f64, groups: &[&[Sample]], random: &mut Random, statistic: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let n = groups.iter().map(|group| count(group.len())).sum::<u64>();
    // Constant effort, whatever the number of values.
    let resamples = length((4_000_000 / n.max(1)).clamp(200, 2_000));
    let mut means = vec![0.0; groups.len()];
    let mut found: Vec<f64> = (0..resamples)
        .map(|_| {
            means.iter_mut().zip(groups).for_each(|(mean, group)| *mean = resampled_mean(group, random));
            statistic(&means)
        })
        .collect();
    found.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| {
        let index = length(whole(part * float(count(found.len()).saturating_sub(1)) + 0.5));
        found.get(index).copied().unwrap_or(center)
    };
    let widening = widening(groups);
    (center + (at(0.025) - center) * widening, center + (at(0.975) - center) * widening)
}

fn resampled_mean(samples: &[Sample], random: &mut Random) -> f64 {
    let n = count(samples.len());
    let (mut sum, mut weight) = (0.0, 0.0);
    for _ in 0..n {
        if let Some(sample) = samples.get(length(random.below(n))) {
            sum += sample.value * sample.weight;
            weight += sample.weight;
        }
    }
    if weight > 0.0 { sum / weight } else { 0.0 }
}

fn widening(groups: &[&[Sample]]) -> f64 {
    let (error, freedom) = standard_error(groups);
    // The variance that resampling sees: divided by n where the estimate divides by n - 1.
    let seen: f64 = groups
        .iter()
        .map(|group| {
            let n = float(count(group.len())).max(1.0);
            variance(group) * (n - 1.0) / (n * n)
        })
        .sum();
    let ratio = if seen > 0.0 { error / seen.sqrt() } else { 1.0 };
    ratio * student(NORMAL_975, freedom) / NORMAL_975
}

/// The standard error of the sum or difference of the groups' means, and its degrees of freedom (Welch-Satterthwaite; of
/// one group n - 1).
fn standard_error(groups: &[&[Sample]]) -> (f64, f64) {
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
