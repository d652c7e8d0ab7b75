//! Metrics of blocks, and ratios of pairs of blocks, in constant memory.

use super::{
    comparison::{Metric, Summary},
    number::float,
    statistics::Tally,
};
use std::time::Duration;

/// Rows that are kept; beyond, neighbours are averaged. Some hours of blocks, and far more than a bootstrap needs.
pub(super) const MOST_ROWS: usize = 2_048;

/// How many metrics there are.
pub(super) const METRICS: usize = Metric::ALL.len();

/// The logarithm of each metric (or ratio) of one block (or pair).
pub(super) type Row = [Option<f64>; METRICS];

/// The mean of some logarithms, and how many they were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// A row of them.
pub(super) type Cells = [Option<Sample>; METRICS];

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Cell {
    sum: f64,
    n: u64,
}

impl Cell {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.n += other.n;
    }

    fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / float(self.n))
    }
}

/// At most [`MOST_ROWS`] rows. When more come, neighbours are added up: sums and counts, so that the mean over all stays
/// what it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    rows: Vec<[Cell; METRICS]>,
    /// How often neighbours were added up: a full row holds 2^this.
    halvings: u32,
    /// What the last row holds.
    filled: u64,
    total: u64,
}

impl Samples {
    /// How many were added.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// How many a row holds.
    pub(super) fn per_row(&self) -> u64 {
        1u64.checked_shl(self.halvings).unwrap_or(u64::MAX)
    }

    pub(super) fn push(&mut self, row: &Row) {
        if self.rows.is_empty() || self.filled >= self.per_row() {
            if self.rows.len() >= MOST_ROWS {
                self.halve();
            }
            self.rows.push(Default::default());
            self.filled = 0;
        }
        for (cell, value) in self.rows.last_mut().into_iter().flatten().zip(row) {
            if let Some(sum) = value.filter(|value| value.is_finite()) {
                cell.add(Cell { sum, n: 1 });
            }
        }
        self.filled += 1;
        self.total += 1;
    }

    /// Adds the rows of another run behind the own ones.
    pub(super) fn append(&mut self, mut other: Self) {
        while self.halvings < other.halvings {
            self.halve();
        }
        while other.halvings < self.halvings {
            other.halve();
        }
        self.rows.append(&mut other.rows);
        self.filled = other.filled;
        self.total = self.total.saturating_add(other.total);
        while self.rows.len() > MOST_ROWS {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let odd = self.rows.len() % 2 == 1;
        self.filled = if odd { self.filled } else { self.filled.saturating_add(self.per_row()) };
        self.rows = self
            .rows
            .chunks(2)
            .map(|neighbours| {
                let mut sum = [Cell::default(); METRICS];
                for row in neighbours {
                    sum.iter_mut().zip(row).for_each(|(sum, cell)| sum.add(*cell));
                }
                sum
            })
            .collect();
        self.halvings += 1;
    }

    /// All rows.
    pub(super) fn rows(&self) -> Vec<Cells> {
        let sample = |cell: Cell| Some(Sample { value: cell.mean()?, weight: float(cell.n) });
        self.rows.iter().map(|row| row.map(sample)).collect()
    }

    /// In how many rows each metric is known.
    pub(super) fn known(&self) -> [usize; METRICS] {
        std::array::from_fn(|metric| {
            self.rows.iter().filter(|row| row.get(metric).is_some_and(|cell| cell.n > 0)).count()
        })
    }

    /// The mean of a metric in each row, for a file.
    pub(super) fn means(&self, metric: Metric) -> impl Iterator<Item = Option<f64>> {
        self.cells(metric).map(Cell::mean)
    }

    fn cells(&self, metric: Metric) -> impl Iterator<Item = Cell> {
        let index = Metric::ALL.iter().position(|other| *other == metric);
        self.rows.iter().filter_map(move |row| row.get(index?).copied())
    }

    /// From what [`means`](Self::means) gave. Which of the `per_row` blocks of a row lacked a metric is forgotten: each
    /// counts as full.
    pub(super) fn from_means(rows: &[Row], halvings: u32, total: u64) -> Self {
        let mut read = Self { halvings, total, ..Self::default() };
        let n = read.per_row();
        read.filled = n;
        let cell = |mean: &Option<f64>| mean.map_or_else(Cell::default, |mean| Cell { sum: mean * float(n), n });
        read.rows = rows.iter().map(|row| std::array::from_fn(|i| row.get(i).map(cell).unwrap_or_default())).collect();
        while read.rows.len() > MOST_ROWS {
            read.halve();
        }
        read
    }
}

/// The ratios of pairs of neighbouring blocks of two lanes. More than 2,048 are averaged with their neighbours, so that a
/// run of a day takes no more memory than one of an hour.
#[derive(Debug, Clone, Default)]
pub struct Pairs(pub(super) Samples);

impl Pairs {
    /// Adds two neighbouring blocks.
    pub(super) fn push(&mut self, base: &Summary, other: &Summary) {
        self.0.push(&base.log_ratios(other));
    }

    /// How many pairs were added.
    pub fn count(&self) -> u64 {
        self.0.total()
    }
}

/// The metrics of each block of a lane, for the comparison with another run. More than 2,048 blocks are averaged with their
/// neighbours.
#[derive(Debug, Clone, Default)]
pub struct BlockMetrics(pub(super) Samples);

impl BlockMetrics {
    /// Adds a block (or where a lane has only one, a piece of it of a second or so) that took `elapsed`.
    pub fn add(&mut self, tally: &Tally, elapsed: Duration, server_cpu: Option<Duration>) {
        self.push(&Summary::new(tally, elapsed, server_cpu));
    }

    pub(super) fn push(&mut self, summary: &Summary) {
        self.0.push(&summary.logs());
    }

    /// How many blocks were added.
    pub fn count(&self) -> u64 {
        self.0.total()
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions)]
mod tests {
    use super::*;

    fn row(value: f64) -> Row {
        // The second metric is unknown now and then.
        std::array::from_fn(|i| (i != 1 || !(value as u64).is_multiple_of(3)).then_some(value))
    }

    fn mean(samples: &Samples, metric: Metric) -> f64 {
        {
            let index = Metric::ALL.iter().position(|other| *other == metric).unwrap();
            let known: Vec<_> = samples.rows().iter().filter_map(|row| row[index]).collect();
            super::super::bootstrap::mean(&known)
        }
    }

    #[test]
    fn any_number_fits_and_estimates_stay() {
        for n in [1, 2_048, 2_049, 5_000, 100_000u32] {
            let mut samples = Samples::default();
            (0..n).for_each(|i| samples.push(&row(f64::from(i))));
            assert!(samples.rows.len() <= MOST_ROWS && (n < 2_049 || samples.rows.len() > MOST_ROWS / 2), "{n}");
            assert_eq!(samples.total(), u64::from(n));
            let wanted = f64::from(n - 1) / 2.0;
            assert!((mean(&samples, Metric::Mean) - wanted).abs() < 1e-6);
            let known: Vec<_> = (0..n).filter(|i| i % 3 != 0).map(f64::from).collect();
            let wanted = known.iter().sum::<f64>() / known.len().max(1) as f64;
            assert!((mean(&samples, Metric::P50) - wanted).abs() < 1e-6, "{n}");
        }
    }

    #[test]
    fn what_is_appended_counts_as_much() {
        let (mut long, mut short) = (Samples::default(), Samples::default());
        (0..5_000).for_each(|_| long.push(&row(1.0)));
        (0..5_000).for_each(|_| short.push(&row(4.0)));
        (0..3_000).for_each(|_| short.push(&row(4.0)));
        long.append(short);
        assert_eq!((long.total(), long.rows.len() <= MOST_ROWS), (13_000, true));
        assert!((mean(&long, Metric::Mean) - (5_000.0 + 8_000.0 * 4.0) / 13_000.0).abs() < 1e-9);
        (0..13_000).for_each(|_| long.push(&row(2.0)));
        assert_eq!(long.total(), 26_000);
    }
}
