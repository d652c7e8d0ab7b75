//! The report for programs: oha's field names where the meaning is the same, seconds throughout.

use super::{
    super::comparison::{Comparison, Metric, Ratio},
    BINS, Generator, ModeReport, PERCENTILES, Report,
};
use crate::measure::Environment;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) fn render(report: &Report) -> Value {
    let modes: Map<_, _> = report.modes.iter().map(|m| (m.name.clone(), mode(m))).collect();
    let mut root = Map::new();
    root.insert("urls".into(), report.urls.as_slice().into());
    root.insert("ending".into(), report.ending.as_str().into());
    root.insert("modes".into(), modes.into());
    if let Some(found) = report.comparisons.first() {
        root.insert("comparison".into(), comparison(found));
    }
    root.insert("generator".into(), generator(&report.generator));
    root.insert("environment".into(), environment(&report.environment));
    root.into()
}

fn seconds(duration: Option<Duration>) -> Value {
    duration.map(|duration| duration.as_secs_f64()).into()
}

fn mode(report: &ModeReport) -> Value {
    let tally = &report.tally;
    let latencies = &tally.latencies;
    let percentiles: Map<_, _> =
        PERCENTILES.iter().map(|(p, key)| ((*key).to_owned(), seconds(latencies.percentile(*p)))).collect();
    let histogram: Map<_, _> =
        latencies.bins(BINS).into_iter().map(|(edge, n)| (edge.as_secs_f64().to_string(), n.into())).collect();
    let statuses: Map<_, _> = tally.statuses.iter().map(|(status, n)| (status.to_string(), (*n).into())).collect();
    let errors: Map<_, _> = tally.errors.iter().map(|(word, n)| ((*word).to_owned(), (*n).into())).collect();
    json!({
        "summary": {
            "successRate": tally.success_rate(),
            "total": report.measured.as_secs_f64(),
            "slowest": seconds(latencies.slowest()),
            "fastest": seconds(latencies.fastest()),
            "average": seconds(latencies.mean()),
            "requestsPerSec": report.requests_per_second(),
            "requests": tally.done(),
            "answered": tally.answered(),
            "unfinished": tally.unfinished,
        },
        "responseTimeHistogram": histogram,
        "latencyPercentiles": percentiles,
        "statusCodeDistribution": statuses,
        "errorDistribution": errors,
        "serverCpuPerRequest": report.server_cpu_per_request,
        "signingTimePerRequest": report.signing_time_per_request,
        "signingCpuPerRequest": report.signing_cpu_per_request,
        "headerBytes": report.header_bytes,
        "blocks": report.blocks,
        "expiredUnsent": tally.expired,
        "clampedLatencies": latencies.clamped(),
    })
}

fn comparison(found: &Comparison) -> Value {
    let ratios: Map<_, _> = Metric::ALL
        .iter()
        .map(|metric| (metric.as_str().to_owned(), found.ratio(*metric).map_or(Value::Null, ratio)))
        .collect();
    json!({ "of": format!("{}/{}", found.other, found.base), "pairs": found.pairs, "ratios": ratios })
}

fn ratio(ratio: Ratio) -> Value {
    json!({
        "ratio": ratio.estimate,
        "interval95": ratio.interval.map(|(low, high)| [low, high]),
        "pairs": ratio.pairs,
        "differs": ratio.differs(),
    })
}

fn generator(generator: &Generator) -> Value {
    json!({
        "loop": "closed",
        "connections": generator.connections,
        "threads": generator.threads,
        "timeout": generator.timeout.as_secs_f64(),
        "cpuPerRequest": generator.cpu_per_request(),
        "busy": generator.busy(),
        "waitingForCpu": generator.waiting(),
        "limited": generator.limited(),
    })
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
