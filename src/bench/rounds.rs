//! The measurement of one key: operations take turns in short blocks, in random order.

use super::{Figure, Operation, SignedRequest, World, statistics::median_and_spread};
use crate::{
    error::Result,
    measure::random::Random,
    number::{count, float, length, nanos, whole},
};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// The rounds that a budget is divided into; a larger one has more of them.
const ROUNDS: u32 = 31;
/// So many rounds there are also where they take longer than the budget: quartiles need some values.
const FEWEST_ROUNDS: u64 = 5;
/// The longest block. Longer ones would average over changes of the machine's speed that the ratios shall be free of.
const LONGEST_BLOCK: Duration = Duration::from_millis(4);
/// The most requests that are signed in advance: as many as still fit into a processor's cache, as a request does that has
/// just arrived.
const MAX_POOL: u64 = 128;
/// The fewest; each pass over the pool costs a new verifier, which is not on the clock but takes time.
const MIN_POOL: u64 = 8;

/// One operation's blocks.
struct Series {
    operation: Operation,
    /// Iterations of a block.
    iterations: u64,
    /// Nanoseconds of one operation, by round.
    times: Vec<f64>,
}

/// Runs all operations for about `budget`; the number of rounds, and what was found, in the order of [`Operation::ALL`].
pub(super) fn measure(world: &World, budget: Duration, progress: &mut dyn FnMut(f64)) -> Result<(u64, Vec<Figure>)> {
    let begin = Instant::now();
    let bench = Bench { world, pool: pool(world, budget)? };
    let operations = u32::try_from(Operation::ALL.len()).unwrap_or(u32::MAX);
    let block = (budget / ROUNDS.saturating_mul(operations)).min(LONGEST_BLOCK);
    let mut series = Vec::new();
    for operation in Operation::ALL {
        let iterations = bench.calibrate(operation, block)?;
        series.push(Series { operation, iterations, times: Vec::new() });
    }
    let mut random = Random::from_system();
    let mut order: Vec<usize> = (0..series.len()).collect();
    let mut rounds = 0;
    while rounds < FEWEST_ROUNDS || begin.elapsed() < budget {
        shuffle(&mut order, &mut random);
        for index in &order {
            let Some(series) = series.get_mut(*index) else { continue };
            let taken = bench.time(series.operation, series.iterations)?;
            series.times.push(float(nanos(taken)) / float(series.iterations));
        }
        rounds += 1;
        progress((begin.elapsed().as_secs_f64() / budget.as_secs_f64()).min(1.0));
    }
    Ok((rounds, figures(&series, rounds)))
}

fn figures(series: &[Series], rounds: u64) -> Vec<Figure> {
    let bare = series.iter().find(|one| one.operation == Operation::Verify).map_or(&[][..], |one| &one.times);
    let figure = |one: &Series| {
        let (median_ns, spread_ns) = median_and_spread(one.times.iter().copied());
        let ratios = one.times.iter().zip(bare).map(|(time, bare)| time / bare.max(f64::MIN_POSITIVE));
        let (ratio, ratio_spread) = median_and_spread(ratios);
        let iterations = one.iterations.saturating_mul(rounds);
        Figure { operation: one.operation, median_ns, spread_ns, ratio, ratio_spread, iterations }
    };
    series.iter().map(figure).collect()
}

/// Fisher and Yates' shuffle.
fn shuffle(order: &mut [usize], random: &mut Random) {
    for last in (1..order.len()).rev() {
        order.swap(last, length(random.below(count(last) + 1)));
    }
}

/// Signed requests, as many as a tenth of the budget is enough for. One more than is measured: the first makes a
/// verifier know the certificate.
fn pool(world: &World, budget: Duration) -> Result<Vec<SignedRequest>> {
    let mut pool = vec![world.signed_request()?];
    let begin = Instant::now();
    while count(pool.len()) <= MIN_POOL || (count(pool.len()) <= MAX_POOL && begin.elapsed() < budget / 10) {
        pool.push(world.signed_request()?);
    }
    Ok(pool)
}

struct Bench<'a> {
    world: &'a World,
    pool: Vec<SignedRequest>,
}

impl Bench<'_> {
    /// The iterations that fill a block.
    fn calibrate(&self, operation: Operation, block: Duration) -> Result<u64> {
        let mut iterations = 1;
        loop {
            let taken = self.time(operation, iterations)?;
            // A quarter is long enough to extrapolate; it has warmed up by then.
            if taken >= block / 4 || iterations >= 1 << 30 {
                let fit = float(nanos(block)) * float(iterations) / float(nanos(taken).max(1));
                return Ok(whole(fit.round()).max(1));
            }
            iterations *= 4;
        }
    }

    /// The time of so many operations.
    fn time(&self, operation: Operation, iterations: u64) -> Result<Duration> {
        let world = self.world;
        match operation {
            Operation::Sign => repeat(iterations, || world.sign()),
            Operation::Verify => repeat(iterations, || world.verify()),
            Operation::RequestSign => repeat(iterations, || world.sign_request()),
            Operation::Jwt => repeat(iterations, || world.validate_token()),
            Operation::CertificateCold => repeat(iterations, || world.certificate_cold()),
            Operation::CertificateWarm => repeat(iterations, || world.certificate_warm()),
            Operation::RequestCold => self.requests(iterations, 0),
            Operation::RequestWarm => self.requests(iterations, 16),
        }
    }

    /// As [`repeat`], with requests of the pool. A verifier sees each of them once.
    fn requests(&self, iterations: u64, cache: usize) -> Result<Duration> {
        let Some((first, rest)) = self.pool.split_first() else { return Ok(Duration::ZERO) };
        let mut left = length(iterations);
        let mut taken = Duration::ZERO;
        while left > 0 {
            let batch = rest.get(..left).unwrap_or(rest);
            let verifier = self.world.verifier(cache, batch.len())?;
            black_box(self.world.verify_request(&verifier, first)?);
            let begin = Instant::now();
            for request in batch {
                black_box(self.world.verify_request(&verifier, request)?);
            }
            taken += begin.elapsed();
            left -= batch.len();
        }
        Ok(taken)
    }
}

fn repeat<T>(iterations: u64, mut operation: impl FnMut() -> Result<T>) -> Result<Duration> {
    let begin = Instant::now();
    for _ in 0..iterations {
        black_box(operation()?);
    }
    Ok(begin.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_loses_nothing_and_changes_the_order() {
        let mut random = Random::from_system();
        let mut firsts = [0; 5];
        for _ in 0..1_000 {
            let mut order = [0, 1, 2, 3, 4];
            shuffle(&mut order, &mut random);
            firsts[order[0]] += 1;
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4]);
        }
        assert!(firsts.iter().all(|n| *n > 100), "{firsts:?}");
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine became ten times slower in the second round, and both operations with it.
        let of = |operation, times: &[f64]| Series { operation, iterations: 2, times: times.to_vec() };
        let series = [of(Operation::Verify, &[10.0, 100.0, 10.0]), of(Operation::Jwt, &[12.0, 120.0, 12.0])];
        let figures = figures(&series, 3);
        assert_eq!((figures[0].ratio, figures[0].ratio_spread), (1.0, 0.0));
        assert_eq!((figures[1].median_ns, figures[1].ratio, figures[1].iterations), (12.0, 1.2, 6));
        assert!(figures[1].ratio_spread < 1e-9 && figures[1].spread_ns > 10.0);
    }
}
