//! Runs of several machines at the same time, added up as if one had sent it all.

use super::{
    compare,
    comparison::Comparison,
    number::float,
    plan::Schedule,
    random::Random,
    report::{Ending, Generator, ModeReport, Report},
    series::Series,
};
use crate::error::{Error, Result};
use std::time::Duration;

/// The same files give the same interval.
const SEED: u64 = 0x6d65_7267;

/// More machines than that took part in no run.
const MOST: usize = 1_000;

/// Adds up reports of runs that took place at the same time, each with the name (of its file, say) by which an error or note
/// speaks of it. Histograms, statuses, errors and the series are added exactly; percentiles are those of the sum, not
/// averages. The time of a lane is the longest of its runs, so rates add up. Ratios are computed again from the pairs of
/// all runs. Server CPU is left out where there are several: each run saw the CPU time that all of them caused.
///
/// # Errors
/// [`Error::InvalidValue`] for no report at all, and for one whose lanes or kind of loop are others than the first's.
pub fn merge(reports: Vec<(String, Report)>) -> Result<Report> {
    let hint = "merge reports of the same load test on several machines";
    if reports.len() > MOST {
        return Err(Error::invalid("reports", reports.len(), format!("no more than {MOST} can be merged"), hint));
    }
    let mut reports = reports.into_iter();
    let Some((first_name, mut sum)) = reports.next() else {
        return Err(Error::invalid("reports", "", "there is none to merge", hint));
    };
    let rest: Vec<_> = reports.collect();
    if rest.is_empty() {
        return Ok(sum);
    }
    let own_limit = note_limit(&first_name, &sum.generator);
    sum.notes.extend(own_limit);
    for lane in &mut sum.modes {
        (lane.server_cpu_per_request, lane.server_cpu_source) = (None, None);
    }
    let begun = rest.iter().map(|(_, report)| report.started).fold(sum.started, Ord::min);
    let offset = |report: &Report| Duration::try_from(report.started.duration_since(begun)).unwrap_or_default();
    let mut series: Vec<Vec<(Duration, Series)>> =
        sum.modes.iter().map(|lane| vec![(offset(&sum), lane.series.clone())]).collect();
    for (name, report) in rest {
        check(&name, &first_name, &report, &sum)?;
        let later = offset(&report);
        sum.notes.extend(note_limit(&name, &report.generator));
        sum.notes.extend(differences(&name, &report, &sum));
        for (lane, parts) in sum.modes.iter_mut().zip(&mut series) {
            if let Some(other) = report.modes.iter().find(|other| other.name == lane.name) {
                parts.push((later, other.series.clone()));
                add_lane(lane, other);
            }
        }
        add(&mut sum, report);
    }
    for (lane, parts) in sum.modes.iter_mut().zip(&series) {
        lane.series = Series::side_by_side(parts);
    }
    sum.started = begun;
    sum.notes.push(
        "Several runs in one: requests per second are those of all machines together, over the longest run.".into(),
    );
    sum.notes.push("Server CPU is left out: each run saw the CPU time that all of them caused.".into());
    compare_again(&mut sum);
    Ok(sum)
}

/// Whether the runs measured the same things.
fn check(name: &str, first: &str, report: &Report, sum: &Report) -> Result<()> {
    let error =
        |why: String| Error::invalid("report", name, why, "merge reports of the same load test on several machines");
    let missing = |report: &Report, of: &Report| {
        let lane = of.modes.iter().find(|lane| !report.modes.iter().any(|other| other.name == lane.name));
        lane.map(|lane| lane.name.clone())
    };
    if let Some(lane) = missing(report, sum) {
        return Err(error(format!("it has no lane {lane:?}, which {first} has")));
    }
    if let Some(lane) = missing(sum, report) {
        return Err(error(format!("it has a lane {lane:?}, which {first} has not")));
    }
    for lane in &sum.modes {
        if report.modes.iter().any(|other| other.name == lane.name && other.mode != lane.mode) {
            return Err(error(format!("its lane {:?} authenticates in another way than that of {first}", lane.name)));
        }
    }
    let open = |report: &Report| matches!(report.generator.schedule, Schedule::Open { .. });
    if open(report) != open(sum) {
        return Err(error(format!("of it and {first}, one is with a rate and one without")));
    }
    Ok(())
}

fn note_limit(name: &str, generator: &Generator) -> Option<String> {
    generator.limited().then(|| format!("{name}: the load generator itself may have set the pace."))
}

/// What a reader should know about a run that is added.
fn differences(name: &str, report: &Report, sum: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |differs: bool, what: String| notes.extend(differs.then(|| format!("{name}: {what}")));
    let (own, others) = (&report.environment, &sum.environment);
    note(report.urls.iter().any(|url| !sum.urls.contains(url)), format!("it sent to {}.", report.urls.join(" ")));
    note(own.version != others.version, format!("it is of version {}, not {}.", own.version, others.version));
    note(own.debug_build && !others.debug_build, "it is of a debug build.".into());
    note(report.generator.presign != sum.generator.presign, "requests were signed at another time.".into());
    note(report.ending != Ending::Completed, format!("it ended early ({}).", report.ending.as_str()));
    let longest = |report: &Report| report.generator.measured;
    let apart = Duration::try_from(report.started.duration_since(sum.started).abs()).unwrap_or_default();
    note(
        apart > longest(report).min(longest(sum)) / 2,
        format!("it began {:.0} s before or after the others: such rates do not add up.", apart.as_secs_f64()),
    );
    notes.extend(report.notes.iter().map(|note| format!("{name}: {note}")));
    notes
}

fn add_lane(sum: &mut ModeReport, other: &ModeReport) {
    let (n, m) = (float(sum.tally.done()), float(other.tally.done()));
    let mean = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) if n + m > 0.0 => Some((a * n + b * m) / (n + m)),
        (a, b) => a.or(b),
    };
    sum.signing_time_per_request = mean(sum.signing_time_per_request, other.signing_time_per_request);
    sum.signing_cpu_per_request = mean(sum.signing_cpu_per_request, other.signing_cpu_per_request);
    sum.header_bytes = mean(sum.header_bytes, other.header_bytes);
    sum.tally.merge(&other.tally);
    sum.measured = sum.measured.max(other.measured);
    sum.blocks = sum.blocks.saturating_add(other.blocks);
    sum.block_metrics.0.append(other.block_metrics.0.clone());
}

/// Everything but the lanes.
fn add(sum: &mut Report, report: Report) {
    let later: Vec<_> = report.urls.into_iter().filter(|url| !sum.urls.contains(url)).collect();
    sum.urls.extend(later);
    if sum.ending == Ending::Completed {
        sum.ending = report.ending;
    }
    sum.environment.debug_build |= report.environment.debug_build;
    let (own, other) = (&mut sum.generator, report.generator);
    if let (Schedule::Open { rate }, Schedule::Open { rate: more }) = (&mut own.schedule, other.schedule) {
        *rate += more;
    }
    own.steal = own.steal.into_iter().chain(other.steal).reduce(f64::max);
    own.lateness.merge(&other.lateness);
    own.late |= other.late;
    own.unsent_while_idle = own.unsent_while_idle.saturating_add(other.unsent_while_idle);
    own.connections = own.connections.saturating_add(other.connections);
    own.threads = own.threads.saturating_add(other.threads);
    own.timeout = own.timeout.max(other.timeout);
    own.ramp = own.ramp.max(other.ramp);
    own.drain = own.drain.max(other.drain);
    own.cpu = own.cpu.saturating_add(other.cpu);
    own.waited = own.waited.saturating_add(other.waited);
    own.measured = own.measured.max(other.measured);
    own.requests = own.requests.saturating_add(other.requests);
    // Only what all runs compared can be compared in the sum.
    sum.comparisons.retain_mut(|found| {
        let same = report.comparisons.iter().find(|other| other.base == found.base && other.other == found.other);
        same.map(|other| found.log.0.append(other.log.0.clone())).is_some()
    });
}

fn compare_again(sum: &mut Report) {
    let mut random = Random(SEED);
    let comparisons = std::mem::take(&mut sum.comparisons);
    for found in comparisons {
        let total = |name: &str| sum.modes.iter().find(|lane| lane.name == name).map(compare::total);
        if let (Some(base), Some(other)) = (total(&found.base), total(&found.other)) {
            let Comparison { base: base_name, other: other_name, log, .. } = found;
            sum.comparisons.push(Comparison::new(&base_name, &other_name, log, (&base, &other), &mut random));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{comparison::Metric, report::sample},
        *,
    };

    fn run(lanes: &[&str], seconds: i64) -> Report {
        let mut report = sample::report(lanes.iter().map(|name| sample::lane(name, 2_000, 1e-3)).collect());
        report.started += jiff::SignedDuration::from_secs(seconds);
        report
    }

    fn named(reports: Vec<Report>) -> Vec<(String, Report)> {
        reports.into_iter().enumerate().map(|(i, report)| (format!("{i}.json"), report)).collect()
    }

    #[test]
    fn histograms_and_counts_are_added_and_times_are_not() {
        let (mut a, mut b) = (run(&["token", "cert"], 0), run(&["cert", "token"], 2));
        a.modes[0].tally.errors.insert("timeout", 3);
        let tally = a.modes[0].tally.clone();
        a.modes[0].series.add(Duration::from_secs(1), Duration::from_secs(1), &tally);
        b.modes[1].tally.latencies.record(Duration::from_secs(9));
        b.modes[1].tally.errors.insert("timeout", 4);
        b.modes[1].measured = Duration::from_secs(40);
        let mut wanted = a.modes[0].tally.clone();
        wanted.merge(&b.modes[1].tally);
        let sum = merge(named(vec![a.clone(), b])).unwrap();
        let token = &sum.modes[0];
        assert_eq!(token.tally.latencies.histogram(), wanted.latencies.histogram());
        assert_eq!(token.tally.latencies.exact(), wanted.latencies.exact());
        assert_eq!((token.tally.errors["timeout"], token.tally.statuses[&200]), (7, 4_000));
        assert_eq!((token.measured, token.server_cpu_per_request), (Duration::from_secs(40), None));
        assert_eq!((sum.started, sum.generator.connections), (a.started, 2 * a.generator.connections));
        assert!(sum.notes.iter().any(|note| note.contains("all machines")), "{:?}", sum.notes);
    }

    #[test]
    fn one_report_stays_as_it_is() {
        let report = run(&["token"], 0);
        let sum = merge(named(vec![report.clone()])).unwrap();
        assert_eq!(sum.json(), report.json());
        assert!(merge(Vec::new()).unwrap_err().is_usage());
    }

    #[test]
    fn other_lanes_and_other_loops_are_refused_by_name() {
        let refused = |b| merge(named(vec![run(&["token", "cert"], 0), b])).unwrap_err().to_string();
        assert!(refused(run(&["token"], 0)).contains(r#""1.json": it has no lane "cert", which 0.json has"#));
        assert!(
            refused(run(&["token", "cert", "cert-x"], 0)).contains(r#"it has a lane "cert-x", which 0.json has not"#)
        );
        let mut open = run(&["token", "cert"], 0);
        open.generator.schedule = Schedule::Open { rate: 5.0 };
        assert!(refused(open).contains("one is with a rate"));
    }

    #[test]
    fn ratios_come_from_the_pairs_of_all() {
        let mut random = Random(1);
        let mut part = |seed: u64| {
            let mut report = run(&["token", "cert"], 0);
            let mut pairs = super::super::samples::Pairs::default();
            for i in 0..20 {
                let base = compare::total(&sample::lane("token", 1_000, 1e-3 + 1e-5 * float(seed + i)));
                let other = compare::total(&sample::lane("cert", 1_000, 1.5e-3 + 1e-5 * float(seed * 3 + i)));
                pairs.push(&base, &other);
            }
            let totals = [0, 1].map(|i| compare::total(&report.modes[i]));
            report.comparisons = vec![Comparison::new("token", "cert", pairs, (&totals[0], &totals[1]), &mut random)];
            report
        };
        let (a, b) = (part(1), part(9));
        let of = |report: &Report| report.comparisons[0].ratio(Metric::P50).unwrap();
        let mean = (of(&a).estimate.ln() + of(&b).estimate.ln()) / 2.0;
        let sum = merge(named(vec![a.clone(), b])).unwrap();
        assert_eq!((sum.comparisons[0].pairs, of(&sum).pairs), (40, 40));
        assert!((of(&sum).estimate.ln() - mean).abs() < 1e-9);
        let without = merge(named(vec![a, run(&["token", "cert"], 0)])).unwrap();
        assert!(without.comparisons.is_empty());
    }

    #[test]
    fn what_differs_is_noted() {
        let mut late = run(&["token"], 3_600);
        late.urls = vec!["http://elsewhere/".into()];
        late.environment.debug_build = true;
        let sum = merge(named(vec![run(&["token"], 0), late])).unwrap();
        let notes = sum.notes.join("\n");
        for wanted in ["1.json: it sent to http://elsewhere/.", "1.json: it is of a debug build.", "do not add up"] {
            assert!(notes.contains(wanted), "{notes}");
        }
        assert!(sum.environment.debug_build);
    }
}
