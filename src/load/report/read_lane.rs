//! Reading one lane of a report.

use super::{
    super::{
        samples::BlockMetrics,
        series::{Interval, MOST_INTERVALS, Series},
        sketch::Sketch,
        statistics::{Exact, Latencies, Tally},
        words,
    },
    ModeReport,
    fields::Field,
    read,
};
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Different reasons of errors in one lane.
const MOST_WORDS: usize = 64;

/// A lane; what is said about its server is elsewhere in `root`.
pub(super) fn lane(name: &str, field: &Field<'_>, root: &Field<'_>) -> Result<ModeReport> {
    let optional = |key: &str| field.find(key)?.map(|value| value.number()).transpose();
    let server = match root.find("server")? {
        Some(servers) => servers.find(name)?,
        None => None,
    };
    let source = server.map(|server| server.get("source").and_then(|source| read::lasting(&source))).transpose()?;
    let blocks = field.find("blockMetrics")?.map(|blocks| read::samples(&blocks, "blocks")).transpose()?;
    Ok(ModeReport {
        name: name.into(),
        mode: read::mode(&field.get("mode")?)?,
        tally: tally(field)?,
        measured: field.get("summary")?.get("total")?.seconds()?,
        blocks: field.get("blocks")?.count()?,
        series: series(field)?,
        block_metrics: BlockMetrics(blocks.unwrap_or_default()),
        server_cpu_per_request: optional("serverCpuPerRequest")?,
        server_cpu_source: source,
        signing_time_per_request: optional("signingTimePerRequest")?,
        signing_cpu_per_request: optional("signingCpuPerRequest")?,
        header_bytes: optional("headerBytes")?,
    })
}

fn tally(field: &Field<'_>) -> Result<Tally> {
    let (summary, histograms) = (field.get("summary")?, field.get("histogram")?);
    let mut tally = Tally {
        latencies: latencies(&histograms, "latency")?,
        service: latencies(&histograms, "service")?,
        lateness: latencies(&histograms, "lateness")?,
        unfinished: summary.get("unfinished")?.count()?,
        unsent: summary.get("unsent")?.count()?,
        discarded: summary.get("discarded")?.count()?,
        expired: field.get("expiredUnsent")?.count()?,
        ..Tally::default()
    };
    let statuses = field.get("statusCodeDistribution")?;
    let mut answered = 0u64;
    for (status, n) in statuses.members()? {
        let status = status.parse().ok().filter(|status| (100..1_000).contains(status));
        let status: u16 = status.ok_or_else(|| n.wrong("there is no such status"))?;
        answered = answered.saturating_add(n.count()?);
        if tally.statuses.insert(status, n.count()?).is_some() {
            return Err(n.wrong("it is there twice"));
        }
    }
    if answered != tally.answered() {
        return Err(statuses.wrong("these are not as many answers as in the histogram"));
    }
    let errors = field.get("errorDistribution")?;
    for (word, n) in errors.members()? {
        let word = words::lasting(word).ok_or_else(|| n.wrong("it is not a word"))?;
        *tally.errors.entry(word).or_default() += n.count()?;
        if tally.errors.len() > MOST_WORDS {
            return Err(errors.wrong("there are more than 64"));
        }
    }
    let written = summary.get("answered")?;
    if written.count()? != answered {
        return Err(written.wrong("these are not as many answers as in the histogram"));
    }
    Ok(tally)
}

/// A histogram with the sums that belong to it; none is no samples.
fn latencies(histograms: &Field<'_>, key: &str) -> Result<Latencies> {
    let Some(text) = histograms.find(key)? else { return Ok(Latencies::default()) };
    let exact = histograms.get("exact")?.get(key)?;
    let sum = exact.get("sumNanos")?;
    let sums = Exact {
        sum_nanos: sum.text()?.parse().map_err(|_| sum.wrong("it is not a whole number in a text"))?,
        fastest_nanos: exact.get("fastestNanos")?.count()?,
        slowest_nanos: exact.get("slowestNanos")?.count()?,
        clamped: exact.get("clamped")?.count()?,
    };
    Latencies::from_base64(text.encoded()?, sums).map_err(|error| match error {
        Error::InvalidValue { why, .. } => text.wrong(why),
        other => other,
    })
}

fn series(field: &Field<'_>) -> Result<Series> {
    let Some(intervals) = field.find("intervals")? else { return Ok(Series::default()) };
    let parts = intervals.items(MOST_INTERVALS)?.map(|field| interval(&field)).collect::<Result<Vec<_>>>()?;
    if !parts.is_sorted_by_key(|(interval, _)| interval.start) {
        return Err(intervals.wrong("they are not in the order of time"));
    }
    Ok(Series::from_parts(parts))
}

fn interval(field: &Field<'_>) -> Result<(Interval, Sketch)> {
    let text = field.get("sketch")?;
    let bytes = STANDARD.decode(text.encoded()?);
    let sketch = bytes.ok().and_then(|bytes| Sketch::from_bytes(&bytes));
    let sketch = sketch.ok_or_else(|| text.wrong("it is not a histogram"))?;
    let answered = field.get("answered")?;
    let interval = Interval {
        start: field.get("start")?.seconds()?,
        end: field.get("end")?.seconds()?,
        measured: field.get("measured")?.seconds()?,
        answered: answered.count()?,
        failed: field.get("failed")?.count()?,
        // These follow from the histogram.
        p50: None,
        p99: None,
        slowest: field.find("slowest")?.map(|slowest| slowest.seconds()).transpose()?,
    };
    if interval.end < interval.start {
        return Err(field.wrong("it ends before it begins"));
    }
    if sketch.count() != interval.answered {
        return Err(answered.wrong("these are not as many answers as in the histogram"));
    }
    Ok((interval, sketch))
}
