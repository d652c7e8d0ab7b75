//! The report for programs, in the words of the load test's: seconds throughout, times counted from the begin of the run
//! unless the name says otherwise.

use super::{
    super::{
        super::{plan::Mode, report::environment},
        analysis::{PhaseReport, Recovery, Switch},
        timeline::Slot,
    },
    Report,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Percentiles, with their keys. One that fewer than ten requests lie beyond is null.
const PERCENTILES: [(f64, &str); 5] = [(50.0, "p50"), (90.0, "p90"), (95.0, "p95"), (99.0, "p99"), (99.9, "p99.9")];

pub(super) fn render(report: &Report) -> Value {
    let found = &report.findings;
    let (marks, plan) = (report.marks, &report.plan);
    let statuses: Map<_, _> = found.statuses.iter().map(|(status, n)| (status.to_string(), (*n).into())).collect();
    json!({
        "url": report.url,
        "ending": report.ending.as_str(),
        "passed": report.passed(),
        "verdict": report.verdict(),
        "plan": {
            "loop": "open",
            "duration": seconds(plan.duration),
            "ratePerSec": plan.rate,
            "connections": plan.connections,
            "timeout": seconds(plan.timeout),
            "undisturbed": seconds(plan.undisturbed),
            "outage": plan.outage.map(|outage| json!({
                "kind": report.setting.outage_kind,
                "from": seconds(outage.from()),
                "to": seconds(outage.to()),
            })),
            "tokenLifetime": seconds(report.setting.token_lifetime),
            "budget": seconds(report.setting.budget),
            "probeInterval": [seconds(report.setting.probe_interval.0), seconds(report.setting.probe_interval.1)],
        },
        "requests": found.all.requests,
        "failed": found.all.failed,
        "share": {"token": found.all.share(Mode::Token), "certificate": found.all.share(Mode::Cert)},
        "outage": {"from": optional(marks.outage), "to": optional(marks.restored), "ready": optional(marks.ready)},
        "switch": found.switch.as_ref().map(switch),
        "recovery": found.recovery.map(recovery),
        "settledOverUndisturbed": {"p50": found.ratio(50.0), "p99": found.ratio(99.0)},
        "phases": phases(report),
        "transitions": report
            .transitions
            .iter()
            .map(|transition| json!({"at": seconds(transition.at), "to": transition.to.as_str()}))
            .collect::<Vec<_>>(),
        "statusCodeDistribution": statuses,
        "errorDistribution": found.errors,
        "timeline": timeline(report),
        "environment": environment(&report.environment),
    })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn optional(duration: Option<Duration>) -> Value {
    duration.map(seconds).into()
}

/// Times after the outage.
fn switch(switch: &Switch) -> Value {
    json!({
        "firstCertificate": seconds(switch.first_certificate),
        "settled": seconds(switch.settled),
        "requests": switch.phase.requests,
        "slowest": optional(switch.phase.latencies.slowest()),
    })
}

/// `ready` after the end of the outage, the others after that.
fn recovery(recovery: Recovery) -> Value {
    json!({
        "ready": seconds(recovery.ready),
        "firstToken": optional(recovery.first_token),
        "lastCertificate": seconds(recovery.last_certificate),
    })
}

fn phases(report: &Report) -> Value {
    let found = &report.findings;
    let switch = found.switch.as_ref().map(|switch| &switch.phase);
    let all = [
        ("undisturbedCertificates", found.undisturbed.as_ref()),
        ("before", Some(&found.before)),
        ("switch", switch),
        ("settled", found.settled.as_ref()),
        ("during", found.during.as_ref()),
        ("after", found.after.as_ref()),
        ("all", Some(&found.all)),
    ];
    all.into_iter()
        .map(|(name, found)| (name.to_owned(), found.map_or(Value::Null, phase)))
        .collect::<Map<_, _>>()
        .into()
}

fn phase(phase: &PhaseReport) -> Value {
    let percentiles: Map<_, _> =
        PERCENTILES.iter().map(|(p, key)| ((*key).to_owned(), optional(phase.percentile(*p)))).collect();
    json!({
        "requests": phase.requests,
        "failed": phase.failed,
        "token": phase.token,
        "certificate": phase.certificate,
        "average": optional(phase.latencies.mean()),
        "fastest": optional(phase.latencies.fastest()),
        "slowest": optional(phase.latencies.slowest()),
        "latencyPercentiles": percentiles,
    })
}

fn timeline(report: &Report) -> Value {
    let timeline = report.timeline();
    let slot = |(at, slot): (Duration, &Slot)| {
        json!({
            "at": seconds(at),
            "requests": slot.requests,
            "token": slot.token,
            "certificate": slot.certificate,
            "failed": slot.failed,
            "slowest": (slot.requests > 0).then(|| seconds(slot.slowest)),
        })
    };
    json!({"step": seconds(timeline.step), "series": timeline.iter().map(slot).collect::<Vec<_>>()})
}
