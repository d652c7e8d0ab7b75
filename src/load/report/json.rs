//! The report for programs: oha's field names where the meaning is the same, seconds throughout. What
//! [`read`](super::read) needs to make the same report of it again is in `histogram`, `intervals`, `blockMetrics` and
//! `pairLog`.

use super::{
    super::{
        comparison::{Comparison, Metric, Ratio},
        plan::Schedule,
        samples::Samples,
        series::{Interval, Series},
        sketch::Sketch,
        statistics::{Latencies, Tally},
    },
    BINS, Generator, ModeReport, PERCENTILES, Report,
    read::PRESIGN,
};
use crate::measure::Environment;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The version of the format; it rises when old readers would misunderstand a file.
pub(super) const FORMAT: u64 = 1;

pub(super) fn render(report: &Report) -> Value {
    let modes: Map<_, _> = report.modes.iter().map(|m| (m.name.clone(), mode(m))).collect();
    let servers: Map<_, _> = report.modes.iter().filter_map(|m| Some((m.name.clone(), server(m)?))).collect();
    let mut root = Map::new();
    root.insert("format".into(), FORMAT.into());
    root.insert("urls".into(), report.urls.as_slice().into());
    root.insert("started".into(), report.started.to_string().into());
    root.insert("ending".into(), report.ending.as_str().into());
    root.insert("modes".into(), modes.into());
    if let Some(found) = report.comparisons.first() {
        root.insert("comparison".into(), comparison(found, false));
    }
    let comparisons: Vec<_> = report.comparisons.iter().map(|found| comparison(found, true)).collect();
    root.insert("comparisons".into(), comparisons.into());
    root.insert("generator".into(), generator(report));
    root.insert("server".into(), servers.into());
    root.insert("environment".into(), environment(&report.environment));
    root.insert("notes".into(), report.notes.as_slice().into());
    root.into()
}

fn seconds(duration: Option<Duration>) -> Value {
    duration.map(|duration| duration.as_secs_f64()).into()
}

fn mode(report: &ModeReport) -> Value {
    let tally = &report.tally;
    let latencies = &tally.latencies;
    let histogram: Map<_, _> =
        latencies.bins(BINS).into_iter().map(|(edge, n)| (edge.as_secs_f64().to_string(), n.into())).collect();
    let statuses: Map<_, _> = tally.statuses.iter().map(|(status, n)| (status.to_string(), (*n).into())).collect();
    let errors: Map<_, _> = tally.errors.iter().map(|(word, n)| ((*word).to_owned(), (*n).into())).collect();
    let mut lane = Map::new();
    let mut put = |key: &str, value: Value| lane.insert(key.into(), value);
    put("mode", report.mode.as_str().into());
    put("summary", summary(report));
    put("responseTimeHistogram", histogram.into());
    put("latencyPercentiles", percentiles(latencies));
    if tally.service.count() > 0 {
        put("serviceTimePercentiles", percentiles(&tally.service));
        put("latenessPercentiles", percentiles(&tally.lateness));
    }
    put("statusCodeDistribution", statuses.into());
    put("errorDistribution", errors.into());
    put("serverCpuPerRequest", report.server_cpu_per_request.into());
    put("signingTimePerRequest", report.signing_time_per_request.into());
    put("signingCpuPerRequest", report.signing_cpu_per_request.into());
    let mean = latencies.mean().map(|mean| mean.as_secs_f64());
    put(
        "clientTotalPerRequest",
        mean.zip(report.signing_time_per_request).map(|(mean, signing)| mean + signing).into(),
    );
    put("headerBytes", report.header_bytes.into());
    put("blocks", report.blocks.into());
    put("expiredUnsent", tally.expired.into());
    put("clampedLatencies", latencies.clamped().into());
    put("histogram", histograms(tally));
    put("intervals", intervals(&report.series));
    put("blockMetrics", samples(&report.block_metrics.0, "blocks"));
    lane.into()
}

fn summary(report: &ModeReport) -> Value {
    let (tally, latencies) = (&report.tally, &report.tally.latencies);
    json!({
        "successRate": tally.success_rate(),
        "total": report.measured.as_secs_f64(),
        "slowest": seconds(latencies.slowest()),
        "fastest": seconds(latencies.fastest()),
        "average": seconds(latencies.mean()),
        "requestsPerSec": report.requests_per_second(),
        "requests": tally.done(),
        "answered": tally.answered(),
        "unfinished": tally.unfinished,
        "unsent": tally.unsent,
        "discarded": tally.discarded,
    })
}

/// Null where fewer than ten requests lie beyond.
fn percentiles(latencies: &Latencies) -> Value {
    let value = |p: f64| seconds(latencies.supports(p).then(|| latencies.percentile(p)).flatten());
    PERCENTILES.iter().map(|(p, key)| ((*key).to_owned(), value(*p))).collect::<Map<_, _>>().into()
}

fn histograms(tally: &Tally) -> Value {
    let (mut texts, mut sums) = (Map::new(), Map::new());
    for (name, latencies) in [("latency", &tally.latencies), ("service", &tally.service), ("lateness", &tally.lateness)]
    {
        let Some(exact) = latencies.exact() else { continue };
        texts.insert(name.into(), latencies.to_base64().into());
        let sums_of_one = json!({
            // As text: more than 2^53 ns are 104 days in all, and many readers of JSON have no larger whole numbers.
            "sumNanos": exact.sum_nanos.to_string(),
            "fastestNanos": exact.fastest_nanos,
            "slowestNanos": exact.slowest_nanos,
            "clamped": exact.clamped,
        });
        sums.insert(name.into(), sums_of_one);
    }
    texts.insert("exact".into(), sums.into());
    texts.into()
}

fn intervals(series: &Series) -> Value {
    let interval = |(interval, sketch): (&Interval, &Sketch)| {
        json!({
            "start": interval.start.as_secs_f64(),
            "end": interval.end.as_secs_f64(),
            "measured": interval.measured.as_secs_f64(),
            "answered": interval.answered,
            "failed": interval.failed,
            "requestsPerSec": interval.requests_per_second(),
            "p50": seconds(interval.p50),
            "p99": seconds(interval.p99),
            "slowest": seconds(interval.slowest),
            "sketch": STANDARD.encode(sketch.bytes()),
        })
    };
    series.parts().map(interval).collect::<Vec<_>>().into()
}

/// Per metric a value for each row: of `perRow` blocks the geometric mean.
fn samples(samples: &Samples, what: &str) -> Value {
    let mut root = Map::new();
    root.insert(what.into(), samples.total().into());
    root.insert("perRow".into(), samples.per_row().into());
    for metric in Metric::ALL {
        let values: Vec<_> = samples.means(metric).map(|log| log.map(|log| rounded(log.exp()))).collect();
        if values.iter().any(Option::is_some) {
            root.insert(metric.as_str().into(), values.into());
        }
    }
    root.into()
}

/// Eight digits: nothing here is known better, and files stay small.
fn rounded(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}

/// Comparisons of reports, with what is to be known about them, as JSON: `{"comparisons": […], "notes": […]}`, the former as
/// in a report.
pub fn comparisons(found: &[Comparison], notes: &[String]) -> Value {
    json!({ "comparisons": found.iter().map(|found| comparison(found, false)).collect::<Vec<_>>(), "notes": notes })
}

fn comparison(found: &Comparison, with_pairs: bool) -> Value {
    let ratios: Map<_, _> = Metric::ALL
        .iter()
        .map(|metric| (metric.as_str().to_owned(), found.ratio(*metric).map_or(Value::Null, ratio)))
        .collect();
    let mut root = Map::new();
    root.insert("of".into(), format!("{}/{}", found.other, found.base).into());
    root.insert("base".into(), found.base.as_str().into());
    root.insert("other".into(), found.other.as_str().into());
    root.insert("pairs".into(), found.pairs.into());
    root.insert("ratios".into(), ratios.into());
    root.insert("caveat".into(), found.caveat.into());
    if with_pairs {
        root.insert("pairLog".into(), samples(&found.log.0, "pairs"));
    }
    root.into()
}

fn ratio(ratio: Ratio) -> Value {
    json!({
        "ratio": ratio.estimate,
        "interval95": ratio.interval.map(|(low, high)| [low, high]),
        "pairs": ratio.pairs,
        "differs": ratio.differs(),
        "detectable": ratio.detectable,
    })
}

fn generator(report: &Report) -> Value {
    let generator: &Generator = &report.generator;
    let (kind, rate) = match generator.schedule {
        Schedule::Closed => ("closed", None),
        Schedule::Open { rate } => ("open", Some(rate)),
    };
    let presign = PRESIGN.iter().find(|(_, presign)| *presign == generator.presign).map(|(word, _)| *word);
    json!({
        "loop": kind,
        "rate": rate,
        "ramp": generator.ramp.as_secs_f64(),
        "drain": generator.drain.as_secs_f64(),
        "presign": presign,
        "connections": generator.connections,
        "threads": generator.threads,
        "timeout": generator.timeout.as_secs_f64(),
        "cpuPerRequest": generator.cpu_per_request(),
        "busy": generator.busy(),
        "waitingForCpu": generator.waiting(),
        "limited": generator.limited(),
        "latenessPercentiles": percentiles(&generator.lateness),
        "steal": generator.steal,
        "late": generator.late,
        "unsentWhileIdle": generator.unsent_while_idle,
        "cpu": generator.cpu.as_secs_f64(),
        "waited": generator.waited.as_secs_f64(),
        "measured": generator.measured.as_secs_f64(),
        "requests": generator.requests,
    })
}

fn server(lane: &ModeReport) -> Option<Value> {
    let source = lane.server_cpu_source?;
    Some(json!({ "source": source, "cpuPerRequest": lane.server_cpu_per_request }))
}

pub(in super::super) fn environment(environment: &Environment) -> Value {
    json!({
        "version": environment.version,
        "debugBuild": environment.debug_build,
        "os": environment.os,
        "arch": environment.arch,
        "cpus": environment.cpus,
        "cpuModel": environment.cpu_model,
    })
}
