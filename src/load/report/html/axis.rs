//! Where values lie on an axis, and which round numbers are written at it.

/// The fewest ticks that show a scale, and the most that can be read.
const TICKS: std::ops::RangeInclusive<usize> = 3..=8;

/// An axis from its low to its high end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Axis {
    /// Equal distances are equal differences.
    Linear(f64, f64),
    /// Equal distances are equal ratios. Both ends are more than 0.
    Log(f64, f64),
}

impl Axis {
    /// A linear axis that holds zero and `high`, with some air above.
    pub(super) fn from_zero(high: f64) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        Self::Linear(0.0, high * 1.06)
    }

    /// An axis for times: logarithmic where they are of several magnitudes, linear from zero otherwise. `None` where
    /// there is no positive value.
    pub(super) fn of_times(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = extent(values)?;
        Some(if high / low > 12.0 { Self::Log(low / 1.15, high * 1.15) } else { Self::from_zero(high) })
    }

    /// A logarithmic axis around 1 that holds all values, and never less than ±5 %.
    pub(super) fn around_one(values: impl Iterator<Item = f64>) -> Self {
        let far = values.filter(|value| value.is_finite() && *value > 0.0).map(|value| value.ln().abs());
        // 8.2 is more than a factor of 3,600.
        let far = far.fold(0.05_f64.ln_1p(), f64::max).min(8.2) * 1.12;
        Self::Log((-far).exp(), far.exp())
    }

    /// Where a value lies: 0 at the low end, 1 at the high one; outside of both, at the nearest.
    pub(super) fn at(&self, value: f64) -> f64 {
        let part = match *self {
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Log(low, high) => (value / low).ln() / (high / low).ln(),
        };
        if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) }
    }

    /// Round numbers within the axis, at least 3 and at most 8.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match *self {
            Self::Linear(low, high) => linear(low, high),
            Self::Log(low, high) => log(low, high),
        }
    }
}

/// The smallest and the largest positive value.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite() && *value > 0.0).fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// Multiples of 1, 2 or 5 times a power of ten: the largest of these steps that fits in thrice. The next smaller one is
/// at most 2.5 times smaller, so never more than eight fit.
pub(super) fn linear(low: f64, high: f64) -> Vec<f64> {
    let width = high - low;
    if !(width.is_finite() && width > 0.0) {
        return vec![low];
    }
    let exponent = (width / 3.0).log10().floor();
    let step = [5.0, 2.0, 1.0, 0.5]
        .into_iter()
        .map(|digit| digit * 10f64.powf(exponent))
        .find(|step| width / step >= 3.0)
        .unwrap_or(width / 3.0);
    let first = (low / step - 1e-9).ceil();
    let mut ticks = Vec::new();
    for i in 0..9_u32 {
        let tick = (first + f64::from(i)) * step;
        if tick > high + step * 1e-9 {
            break;
        }
        ticks.push(tick);
    }
    ticks
}

/// Powers of ten; where these are too few 1, 2 and 5 times them; and where the axis is too short for that, linear ticks.
fn log(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high.is_finite() && high > low) {
        return vec![low];
    }
    let (first, last) = ((low.log10() - 1e-9).ceil(), (high.log10() + 1e-9).floor());
    for stride in [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
        let ticks = powers(first, last, stride, &[1.0]);
        if TICKS.contains(&ticks.len()) {
            return ticks;
        }
        if ticks.len() < *TICKS.start() {
            break;
        }
    }
    let mut ticks = powers(first - 1.0, last, 1.0, &[1.0, 2.0, 5.0]);
    ticks.retain(|tick| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(tick));
    if TICKS.contains(&ticks.len()) { ticks } else { linear(low, high) }
}

fn powers(first: f64, last: f64, stride: f64, digits: &[f64]) -> Vec<f64> {
    let mut ticks = Vec::new();
    let mut exponent = first;
    while exponent <= last && ticks.len() < 64 {
        ticks.extend(digits.iter().map(|digit| digit * 10f64.powf(exponent)));
        exponent += stride;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether at most two significant digits are needed.
    fn is_round(tick: f64) -> bool {
        if tick == 0.0 {
            return true;
        }
        let mantissa = tick.abs() / 10f64.powf(tick.abs().log10().floor() - 1.0);
        (mantissa - mantissa.round()).abs() < 1e-6
    }

    fn check(axis: Axis, low: f64, high: f64) -> Result<(), TestCaseError> {
        let ticks = axis.ticks();
        prop_assert!(TICKS.contains(&ticks.len()), "{axis:?}: {ticks:?}");
        prop_assert!(ticks.is_sorted_by(|a, b| a < b), "{axis:?}: {ticks:?}");
        let slack = (high - low) * 1e-6;
        prop_assert!(ticks.iter().all(|t| (low - slack..=high + slack).contains(t)), "{axis:?}: {ticks:?}");
        Ok(())
    }

    proptest! {
        #[test]
        fn any_linear_range_has_round_ticks_inside(low in 0.0..1e9_f64, width in 1e-3..1e9_f64) {
            check(Axis::Linear(low, low + width), low, low + width)?;
            let from_zero = Axis::Linear(0.0, width);
            check(from_zero, 0.0, width)?;
            prop_assert!(from_zero.ticks().into_iter().all(is_round), "{:?}", from_zero.ticks());
        }

        #[test]
        fn any_logarithmic_range_has_ticks_inside(exponent in -9.0..4.0_f64, factor in 1.02..1e9_f64) {
            let low = 10f64.powf(exponent);
            let axis = Axis::Log(low, low * factor);
            check(axis, low, low * factor)?;
            prop_assert!(factor < 10.0 || axis.ticks().into_iter().all(is_round), "{:?}", axis.ticks());
        }

        #[test]
        fn every_value_has_a_place(low: f64, high: f64, value: f64) {
            for axis in [Axis::Linear(low, high), Axis::Log(low, high), Axis::around_one([low, high].into_iter())] {
                prop_assert!((0.0..=1.0).contains(&axis.at(value)));
                prop_assert!(axis.ticks().len() <= 9);
            }
        }
    }

    #[test]
    fn ticks_are_what_a_person_would_write() {
        let near = |ticks: Vec<f64>, wanted: &[f64]| {
            assert!(
                ticks.len() == wanted.len() && ticks.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9),
                "{ticks:?}"
            );
        };
        near(linear(0.0, 100.0), &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        near(linear(0.0, 3.2), &[0.0, 1.0, 2.0, 3.0]);
        near(log(1e-4, 1.0), &[1e-4, 1e-3, 1e-2, 1e-1, 1.0]);
        near(log(3e-4, 6e-3), &[5e-4, 1e-3, 2e-3, 5e-3]);
        near(log(0.93, 1.08), &[0.95, 1.0, 1.05]);
    }

    #[test]
    fn times_of_one_magnitude_begin_at_zero() {
        assert_eq!(Axis::of_times([].into_iter()), None);
        assert!(matches!(Axis::of_times([1.0, 5.0].into_iter()), Some(Axis::Linear(low, _)) if low == 0.0));
        assert!(matches!(Axis::of_times([1.0, 50.0].into_iter()), Some(Axis::Log(..))));
    }
}
