//! Reading a report back from what [`json`](super::json) wrote. The file may come from anywhere: everything is checked and
//! bounded, and what is wrong is named by its path.

use super::{
    super::{
        comparison::{Comparison, Metric, Ratio},
        plan::{Mode, Presign, Schedule},
        samples::{METRICS, MOST_ROWS, Pairs, Row, Samples},
        words,
    },
    Ending, Generator, Report,
    fields::Field,
    json::FORMAT,
    read_lane,
};
use crate::{
    error::{Error, Result},
    measure::Environment,
};
use serde_json::Value;
use std::{fs::File, io::Read as _, path::Path};

/// Larger files are none of ours.
const LARGEST: u64 = 64 << 20;
/// Lanes, URLs and notes are no more than this.
const MOST: usize = 1_000;

/// The words for when requests were signed.
pub(super) const PRESIGN: [(&str, Presign); 3] =
    [("block", Presign::Block), ("all", Presign::All), ("inline", Presign::Inline)];
const MODES: [(&str, Mode); 2] = [("token", Mode::Token), ("cert", Mode::Cert)];
const ENDINGS: [(&str, Ending); 4] = [
    ("completed", Ending::Completed),
    ("interrupted", Ending::Interrupted),
    ("server_gone", Ending::ServerGone),
    ("source_dry", Ending::SourceDry),
];

impl Report {
    /// Reads what [`json`](Self::json) gave. Unknown fields are ignored.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that names the field by its path, for what is missing, of another type or out of any bounds.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        let hint = "use a report that loadtest -o has written";
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
            return Err(Error::invalid("report", format!("{} bytes", text.len()), "it is larger than 64 MiB", hint));
        }
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| Error::invalid("report", "", format!("it is not JSON: {error}"), hint))?;
        report(&Field::root(&value))
    }

    /// Reads a report from a file of at most 64 MiB.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::BadFile`] that names the field.
    pub fn read(path: &Path) -> Result<Self> {
        let io = |action| move |source| Error::Io { action, path: path.into(), source };
        let mut text = Vec::new();
        File::open(path).map_err(io("open"))?.take(LARGEST + 1).read_to_end(&mut text).map_err(io("read"))?;
        Self::from_json(&text).map_err(|error| match error {
            Error::InvalidValue { value, why, hint, .. } => {
                let why = if value.is_empty() { why } else { format!("{value}: {why}").into() };
                Error::BadFile { path: path.into(), why, hint }
            }
            other => other,
        })
    }
}

fn report(root: &Field<'_>) -> Result<Report> {
    let format = root.get("format")?;
    if format.count()? != FORMAT {
        return Err(format.wrong(format!("this program reads format {FORMAT}")));
    }
    let started = root.get("started")?;
    let mut modes = Vec::new();
    for (name, lane) in root.get("modes")?.members()? {
        if name.is_empty() || name.len() > 200 || modes.len() >= MOST {
            return Err(lane.wrong("the name is empty or too long, or there are more than 1,000 lanes"));
        }
        modes.push(read_lane::lane(name, &lane, root)?);
    }
    if modes.is_empty() {
        return Err(root.get("modes")?.wrong("there is none"));
    }
    let mut generator = generator(&root.get("generator")?)?;
    modes.iter().for_each(|lane| generator.lateness.merge(&lane.tally.lateness));
    let comparisons = match root.find("comparisons")? {
        Some(all) => all.items(MOST)?.map(|one| comparison(&one)).collect::<Result<_>>()?,
        None => Vec::new(),
    };
    Ok(Report {
        urls: texts(&root.get("urls")?)?,
        started: started.text()?.parse().map_err(|_| started.wrong("it is not a time as RFC 3339 writes it"))?,
        modes,
        comparisons,
        generator,
        environment: environment(&root.get("environment")?)?,
        ending: root.get("ending")?.word(&ENDINGS)?,
        notes: root.find("notes")?.map_or_else(|| Ok(Vec::new()), |notes| texts(&notes))?,
    })
}

pub(super) fn mode(field: &Field<'_>) -> Result<Mode> {
    field.word(&MODES)
}

fn texts(field: &Field<'_>) -> Result<Vec<String>> {
    field.items(MOST)?.map(|item| item.text().map(Into::into)).collect()
}

/// A text that is a constant where it comes from.
pub(super) fn lasting(field: &Field<'_>) -> Result<&'static str> {
    words::lasting(field.text()?).ok_or_else(|| field.wrong("it is not a word"))
}

fn generator(field: &Field<'_>) -> Result<Generator> {
    let schedule = match field.get("loop")?.word(&[("closed", false), ("open", true)])? {
        false => Schedule::Closed,
        true => Schedule::Open { rate: field.get("rate")?.positive()? },
    };
    let presign = field.get("presign")?.word(&PRESIGN)?;
    let timeout = field.get("timeout")?.seconds()?;
    let connections = field.get("connections")?.length()?;
    let threads = field.get("threads")?.length()?;
    let mut read = Generator::new(schedule, presign, connections, threads, timeout);
    read.ramp = field.get("ramp")?.seconds()?;
    read.drain = field.get("drain")?.seconds()?;
    read.steal = field.find("steal")?.map(|steal| steal.number()).transpose()?;
    read.late = field.get("late")?.boolean()?;
    read.unsent_while_idle = field.get("unsentWhileIdle")?.count()?;
    let (cpu, waited) = (field.get("cpu")?.seconds()?, field.get("waited")?.seconds()?);
    read.add(cpu, waited, field.get("measured")?.seconds()?, field.get("requests")?.count()?);
    Ok(read)
}

fn environment(field: &Field<'_>) -> Result<Environment> {
    let mut read = Environment::here();
    read.version = lasting(&field.get("version")?)?;
    read.debug_build = field.get("debugBuild")?.boolean()?;
    read.os = lasting(&field.get("os")?)?;
    read.arch = lasting(&field.get("arch")?)?;
    read.cpus = field.get("cpus")?.length()?;
    read.cpu_model = field.find("cpuModel")?.map(|model| model.text().map(Into::into)).transpose()?;
    Ok(read)
}

fn comparison(field: &Field<'_>) -> Result<Comparison> {
    let ratios = field.get("ratios")?;
    let mut found = Comparison {
        base: field.get("base")?.text()?.into(),
        other: field.get("other")?.text()?.into(),
        pairs: field.get("pairs")?.length()?,
        caveat: field.find("caveat")?.map(|_| super::super::compare::CAVEAT),
        ..Comparison::default()
    };
    for (slot, metric) in found.ratios.iter_mut().zip(Metric::ALL) {
        *slot = ratios.find(metric.as_str())?.map(|found| ratio(&found)).transpose()?;
    }
    if let Some(log) = field.find("pairLog")? {
        found.log = Pairs(samples(&log, "pairs")?);
    }
    Ok(found)
}

fn ratio(field: &Field<'_>) -> Result<Ratio> {
    let estimate = field.get("ratio")?.positive()?;
    let interval = match field.find("interval95")? {
        None => None,
        Some(interval) => {
            let ends = interval.items(2)?.map(|end| end.positive()).collect::<Result<Vec<_>>>()?;
            match ends.as_slice() {
                [low, high] if low <= high => Some((*low, *high)),
                _ => return Err(interval.wrong("it is not a lower and an upper end")),
            }
        }
    };
    let detectable = field.find("detectable")?.map(|effect| effect.positive()).transpose()?;
    Ok(Ratio { estimate, interval, pairs: field.get("pairs")?.length()?, detectable })
}

/// Rows of values per metric; all metrics that are there have as many.
pub(super) fn samples(field: &Field<'_>, what: &str) -> Result<Samples> {
    let per_row = field.get("perRow")?;
    let n = per_row.count()?;
    if !n.is_power_of_two() || n > 1 << 32 {
        return Err(per_row.wrong("it is not a power of two up to 2^32"));
    }
    let mut rows: Vec<Row> = Vec::new();
    for (i, metric) in Metric::ALL.iter().enumerate() {
        let Some(values) = field.find(metric.as_str())? else { continue };
        let logs: Vec<Option<f64>> = values
            .items(MOST_ROWS)?
            .map(|value| if value.is_null() { Ok(None) } else { value.positive().map(|value| Some(value.ln())) })
            .collect::<Result<_>>()?;
        if rows.is_empty() {
            rows.resize(logs.len(), [None; METRICS]);
        }
        if logs.len() != rows.len() {
            return Err(values.wrong("it has not as many values as other metrics"));
        }
        for (row, log) in rows.iter_mut().zip(logs) {
            row.iter_mut().skip(i).take(1).for_each(|cell| *cell = log);
        }
    }
    Ok(Samples::from_means(&rows, n.ilog2(), field.get(what)?.count()?))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::random::Random, sample},
        *,
    };
    use crate::load::{number::count, statistics::Tally};
    use proptest::prelude::*;
    use std::time::Duration;

    /// A report with something in every field.
    fn full(seed: u64, n: u64) -> Report {
        let mut random = Random(seed);
        let mut report = sample::report(vec![sample::lane("token", n, 1e-3), sample::lane("cert", n + 7, 2e-3)]);
        let mut pairs = Pairs::default();
        for (i, lane) in report.modes.iter_mut().enumerate() {
            lane.tally.errors.extend([("timeout", random.below(9)), ("connect: refused", 1)]);
            (lane.tally.unfinished, lane.tally.unsent) = (random.below(5), random.below(5));
            (lane.tally.expired, lane.tally.discarded) = (random.below(5), random.below(5));
            (0..n).for_each(|_| lane.tally.service.record_nanos(random.below(1 << 34)));
            (0..n).for_each(|_| lane.tally.lateness.record_nanos(random.below(1 << 14)));
            lane.series = Default::default();
            for second in 0..300 {
                let mut tally = Tally::default();
                (0..random.below(60)).for_each(|_| tally.latencies.record_nanos(random.below(1 << 30)));
                lane.series.add(Duration::from_secs(second), Duration::from_millis(900), &tally);
                lane.block_metrics.add(
                    &tally,
                    Duration::from_millis(900),
                    (i == 0).then_some(Duration::from_millis(1)),
                );
            }
        }
        let totals = [0, 1].map(|i| crate::load::compare::total(&report.modes[i]));
        (0..12).for_each(|_| pairs.push(&totals[0], &totals[1]));
        report.comparisons = vec![Comparison::new("token", "cert", pairs, (&totals[0], &totals[1]), &mut random)];
        report.generator.schedule = Schedule::Open { rate: 123.5 };
        report.generator.steal = Some(0.25);
        report.generator.waited = Duration::from_nanos(random.below(1 << 40));
        let lateness: Vec<_> = report.modes.iter().map(|lane| lane.tally.lateness.clone()).collect();
        lateness.iter().for_each(|lateness| report.generator.lateness.merge(lateness));
        report.notes = vec!["a note".into()];
        report
    }

    /// Where two documents differ: the documents are too long to look at.
    fn first_difference(a: &Value, b: &Value, path: String) -> Option<String> {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
                a.iter().find_map(|(key, value)| first_difference(value, &b[key], format!("{path}/{key}")))
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).enumerate().find_map(|(i, (a, b))| first_difference(a, b, format!("{path}/{i}")))
            }
            // The parser may be off by the last bit.
            (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                ((a - b).abs() > 1e-15 * a.abs().max(b.abs())).then(|| format!("{path}: {a} {b}"))
            }
            (a, b) => (a != b).then(|| format!("{path}: {a} {b}")),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_written_is_read(seed in any::<u64>(), n in 1u64..400) {
            let report = full(seed, n);
            let written = report.json();
            let read = Report::from_json(written.to_string().as_bytes()).unwrap();
            prop_assert_eq!(first_difference(&read.json(), &written, "".into()), None);
            for (read, lane) in read.modes.iter().zip(&report.modes) {
                prop_assert_eq!(read.tally.latencies.histogram(), lane.tally.latencies.histogram());
                prop_assert_eq!(read.tally.lateness.exact(), lane.tally.lateness.exact());
                prop_assert_eq!(read.measured, lane.measured);
            }
        }

        #[test]
        fn a_damaged_file_is_an_error_or_a_report(seed in any::<u64>(), with in prop::sample::select(vec!["0", "-1", "\"", "null", "{}", "[]", "1e300", "9", "A"])) {
            let mut text = full(1, 30).json().to_string();
            let at = usize::try_from(Random(seed).below(count(text.len()))).unwrap();
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, with);
            }
            if let Ok(read) = Report::from_json(text.as_bytes()) {
                let _works = (read.text(), read.json());
            }
        }
    }

    /// The error for a report in which the value at `path` is another, or missing.
    fn refusal(path: &str, value: Option<Value>) -> String {
        let mut json = full(3, 200).json();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = json.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => parent.insert(key.into(), value),
            None => parent.shift_remove(key),
        };
        Report::from_json(json.to_string().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (path, value, wanted) in [
            ("/format", Some(2.into()), r#"report field "format": this program reads format 1"#),
            ("/format", None, r#""format": it is missing"#),
            ("/started", Some("yesterday".into()), r#""started": it is not a time"#),
            ("/modes/cert/summary/total", None, r#""modes.cert.summary.total": it is missing"#),
            (
                "/modes/cert/summary/total",
                Some((-1).into()),
                r#""modes.cert.summary.total": it is not a number from 0 on"#,
            ),
            ("/modes/cert/summary/total", Some(1e300.into()), "it is longer than ten years"),
            ("/modes/cert/summary/answered", Some(3.into()), "these are not as many answers as in the histogram"),
            ("/modes/cert/statusCodeDistribution/200", Some(3.into()), "these are not as many answers"),
            ("/modes/cert/statusCodeDistribution/20", Some(3.into()), "there is no such status"),
            (
                "/modes/cert/histogram/latency",
                Some("AAAA".into()),
                r#""modes.cert.histogram.latency": it is too short"#,
            ),
            ("/modes/cert/histogram/exact/latency/sumNanos", Some("1".into()), "the sum is not that of the buckets"),
            ("/modes/cert/histogram/exact/latency/sumNanos", Some(1.into()), "it is not a text"),
            ("/modes/cert/mode", Some("basic".into()), "it is none of: token, cert"),
            ("/modes/cert/intervals", Some(vec![0; 241].into()), "it has more than 240 items"),
            ("/modes/cert/blockMetrics/perRow", Some(3.into()), "it is not a power of two"),
            ("/modes/cert/blockMetrics/p50", Some(vec![1.0].into()), "it has not as many values as other metrics"),
            ("/modes", Some(Value::Object(Default::default())), r#""modes": there is none"#),
            ("/generator/rate", Some(0.into()), r#""generator.rate": it is not more than 0"#),
            ("/generator/connections", Some(1.5.into()), "it is not a whole number"),
            ("/comparisons", Some(3.into()), "it is not an array"),
        ] {
            let error = refusal(path, value);
            assert!(error.contains(wanted), "{path}: {error}");
        }
        assert!(Report::from_json(b"{").unwrap_err().to_string().contains("it is not JSON"));
        assert!(Report::from_json(b"[]").unwrap_err().to_string().contains("it is not an object"));
    }

    #[test]
    fn unknown_fields_are_ignored_and_a_file_is_named() {
        let mut json = full(3, 200).json();
        json["modes"]["cert"]["fromTheFuture"] = 1.into();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        std::fs::write(&path, json.to_string()).unwrap();
        assert!(Report::read(&path).is_ok());
        std::fs::write(&path, "{}").unwrap();
        let error = Report::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("a.json: format: it is missing"), "{error}");
    }
}
