//! Two runs at different times, side by side.

use super::{
    bootstrap,
    comparison::{Comparison, FEWEST_PAIRS, Ratio, Summary},
    number::{float, length},
    plan::Schedule,
    random::Random,
    report::{ModeReport, Report},
    samples::{Cells, Sample},
};
use std::time::Duration;

/// What no interval over two runs covers.
pub(super) const CAVEAT: &str = "The runs took place one after the other: their intervals cover the variation within each, and \
                                 not that machine, network or server may have changed in between. Lanes of one run, which \
                                 take turns, are free of that.";

/// Blocks that follow each other are averaged until no more than this many are left: a slow drift makes neighbours alike,
/// and resampling would take them for independent.
const BATCHES: usize = 20;

/// The same files give the same interval.
const SEED: u64 = 0x6c6f_6164;

/// Compares each lane of `b` with the one of the same name in `a`, or where each has only one with that, whatever its name.
/// The ratio is `b` over `a`. The interval is a bootstrap over the blocks of each run; with fewer than five blocks in either
/// there is only the ratio of the totals. Empty where no lane is in both.
pub fn compare_reports(a: &Report, b: &Report) -> Vec<Comparison> {
    let mut random = Random(SEED);
    match (a.modes.as_slice(), b.modes.as_slice()) {
        ([a], [b]) => vec![compare(a, b, &mut random)],
        (a, b) => {
            let same = |lane: &ModeReport| a.iter().find(|other| other.name == lane.name);
            b.iter().filter_map(|lane| Some(compare(same(lane)?, lane, &mut random))).collect()
        }
    }
}

fn compare(a: &ModeReport, b: &ModeReport, random: &mut Random) -> Comparison {
    let totals = total(a).log_ratios(&total(b));
    let [base, other] = [a, b].map(|lane| batches(lane.block_metrics.0.rows()));
    let found = bootstrap::estimates(&[&base, &other], FEWEST_PAIRS, random);
    let (base, other) = (a.block_metrics.0.known(), b.block_metrics.0.known());
    let ratios = std::array::from_fn(|metric| {
        let blocks = [base, other].iter().filter_map(|known| known.get(metric).copied()).min().unwrap_or(0);
        Ratio::of(found.get(metric).copied().flatten(), totals.get(metric).copied().flatten(), blocks)
    });
    let blocks = a.block_metrics.count().min(b.block_metrics.count());
    Comparison {
        base: format!("{} (A)", a.name),
        other: format!("{} (B)", b.name),
        pairs: length(blocks),
        caveat: Some(CAVEAT),
        ratios,
        ..Comparison::default()
    }
}

/// What differs between two runs besides what they measured: one sentence each. Whoever reads a ratio should know.
pub fn differences(a: &Report, b: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: &str, a: String, b: String| {
        if a != b {
            notes.push(format!("The runs differ in {what}: A {a}, B {b}."));
        }
    };
    let environment = |report: &Report| {
        let here = &report.environment;
        let model = here.cpu_model.as_deref().unwrap_or("unknown CPU");
        format!("{} {} on {} x {model}", here.os, here.arch, here.cpus)
    };
    let build = |report: &Report| {
        format!("{}{}", report.environment.version, if report.environment.debug_build { " (debug)" } else { "" })
    };
    let pace = |report: &Report| match report.generator.schedule {
        Schedule::Closed => "as many as were answered".to_owned(),
        Schedule::Open { rate } => format!("{rate} requests/s"),
    };
    let limit = |report: &Report| {
        if report.generator.limited() { "by the generator" } else { "by the server alone" }.to_owned()
    };
    note("the rate", pace(a), pace(b));
    note("connections", a.generator.connections.to_string(), b.generator.connections.to_string());
    note(
        "when requests were signed",
        format!("{:?}", a.generator.presign).to_lowercase(),
        format!("{:?}", b.generator.presign).to_lowercase(),
    );
    note("the generator's threads", a.generator.threads.to_string(), b.generator.threads.to_string());
    note("the machine", environment(a), environment(b));
    note("certauthz", build(a), build(b));
    note("how they ended", a.ending.as_str().into(), b.ending.as_str().into());
    note("what limited them", limit(a), limit(b));
    notes
}

/// The metrics of all requests of a lane.
pub(super) fn total(lane: &ModeReport) -> Summary {
    let cpu = lane.server_cpu_per_request.map(|cpu| cpu * float(lane.tally.answered()));
    let cpu = cpu.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Summary::new(&lane.tally, lane.measured, cpu)
}

fn batches(rows: Vec<Cells>) -> Vec<Cells> {
    if rows.len() < 2 * BATCHES {
        return rows;
    }
    let size = rows.len().div_ceil(BATCHES);
    let batch = |rows: &[Cells]| {
        std::array::from_fn(|metric| {
            let known: Vec<_> = rows.iter().filter_map(|row| row.get(metric).copied().flatten()).collect();
            let weight: f64 = known.iter().map(|sample| sample.weight).sum();
            (weight > 0.0).then(|| Sample { value: bootstrap::mean(&known), weight })
        })
    };
    rows.chunks(size).map(batch).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{comparison::Metric, report::sample},
        *,
    };
    use std::time::Duration;

    /// A lane with `blocks` blocks of requests of about `typical` seconds.
    fn run(name: &str, blocks: u64, typical: f64, seed: u64) -> Report {
        let mut random = Random(seed);
        let mut lane = sample::lane(name, 0, typical);
        for _ in 0..blocks {
            let mut tally = super::super::statistics::Tally::default();
            let machine = 1.0 + float(random.below(100)) / 1_000.0;
            (0..200).for_each(|i| {
                tally.latencies.record(Duration::from_secs_f64(typical * machine * (1.0 + float(i) / 200.0)))
            });
            lane.block_metrics.add(&tally, Duration::from_millis(100), None);
            lane.tally.merge(&tally);
        }
        sample::report(vec![lane])
    }

    #[test]
    fn a_run_does_not_differ_from_its_repetition_and_differs_from_a_slower_one() {
        let claims = (0..100u64)
            .filter(|seed| {
                let (a, b) = (run("token", 30, 1e-3, *seed), run("token", 50, 1e-3, seed + 1_000));
                compare_reports(&a, &b)[0].ratio(Metric::P50).unwrap().differs() == Some(true)
            })
            .count();
        assert!(claims <= 9, "{claims} of 100");
        let found = compare_reports(&run("token", 30, 1e-3, 1), &run("cert", 30, 1.3e-3, 2));
        let ratio = found[0].ratio(Metric::Mean).unwrap();
        assert_eq!((ratio.differs(), found[0].caveat.is_some()), (Some(true), true));
        assert!((1.25..1.35).contains(&ratio.estimate), "{ratio:?}");
        assert_eq!((found[0].base.as_str(), found[0].other.as_str()), ("token (A)", "cert (B)"));
    }

    #[test]
    fn few_blocks_give_the_ratio_of_the_totals() {
        let found = compare_reports(&run("token", 2, 1e-3, 1), &run("token", 40, 2e-3, 2));
        let ratio = found[0].ratio(Metric::P50).unwrap();
        assert!((1.8..2.2).contains(&ratio.estimate) && ratio.interval.is_none() && ratio.detectable.is_none());
    }

    #[test]
    fn several_lanes_are_compared_by_name() {
        let of = |names: &[&str]| sample::report(names.iter().map(|name| sample::lane(name, 1_000, 1e-3)).collect());
        let found = compare_reports(&of(&["token", "cert"]), &of(&["cert", "cert-ec-256"]));
        assert_eq!(found.iter().map(|found| found.other.as_str()).collect::<Vec<_>>(), ["cert (B)"]);
        assert!(compare_reports(&of(&["token", "cert"]), &of(&["cert-rsa"])).is_empty());
    }

    #[test]
    fn what_else_differs_is_said() {
        let (a, mut b) = (run("token", 2, 1e-3, 1), run("token", 2, 1e-3, 1));
        assert_eq!(differences(&a, &b), Vec::<String>::new());
        b.generator.connections = 99;
        b.environment.debug_build = !a.environment.debug_build;
        let found = differences(&a, &b);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with(", B 99."), "{found:?}");
    }
}
