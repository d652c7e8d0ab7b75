//! Medians and quartiles over rounds.

use super::Operation;

/// What was found about one operation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Figure {
    /// Which.
    pub operation: Operation,
    /// Nanoseconds that it takes: the median over the rounds.
    pub median_ns: f64,
    /// Half of the distance between the quartiles of the same, in nanoseconds.
    pub spread_ns: f64,
    /// Its time over that of a bare verification in the same round: the median over the rounds.
    pub ratio: f64,
    /// Half of the distance between the quartiles of the ratio.
    pub ratio_spread: f64,
    /// How often it was done, all rounds together.
    pub iterations: u64,
}

/// The median and half of the distance between the quartiles; zeros for no values.
pub(super) fn median_and_spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    (quantile(&sorted, 2), (quantile(&sorted, 3) - quantile(&sorted, 1)) / 2.0)
}

/// The value at so many quarters of the way, between neighbours where it falls between them.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    let scaled = sorted.len().saturating_sub(1) * quarters;
    let (index, rest) = (scaled / 4, scaled % 4);
    let Some(&low) = sorted.get(index) else { return 0.0 };
    let high = sorted.get(index + 1).copied().unwrap_or(low);
    low + (high - low) * f64::from(u8::try_from(rest).unwrap_or(0)) / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_values() {
        let of = |values: &[f64]| median_and_spread(values.iter().copied());
        assert_eq!(of(&[]), (0.0, 0.0));
        assert_eq!(of(&[7.0]), (7.0, 0.0));
        assert_eq!(of(&[2.0, 1.0]), (1.5, 0.25));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), (3.0, 1.0));
        // One round that was disturbed changes nothing.
        assert_eq!(of(&[1e9, 1.0, 4.0, 2.0, 3.0]), (3.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_median_is_between_the_extremes(values in proptest::collection::vec(0.0f64..1e12, 1..60)) {
            let (median, spread) = median_and_spread(values.iter().copied());
            let low = values.iter().copied().fold(f64::MAX, f64::min);
            let high = values.iter().copied().fold(0.0, f64::max);
            prop_assert!((low..=high).contains(&median));
            prop_assert!((0.0..=(high - low) / 2.0 * 1.000_001).contains(&spread));
        }
    }
}
