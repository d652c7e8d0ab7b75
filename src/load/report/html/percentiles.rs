//! Latency by percentile: the x axis gives every further nine the same room, so that the tail can be seen.

use super::{
    super::{
        super::{number::float, statistics::Latencies},
        Report,
        format::round_time,
        rows::{is_open, latency},
    },
    axis::Axis,
    chart::{Canvas, Layout, Plot, Scale},
    page::{Figure, Key, Style, list},
};

/// Points per nine.
const STEPS: u32 = 24;
/// The curve begins at this percentile: the fastest requests would only stretch the scale.
const FIRST: f64 = 5.0;
/// 99.9999 %: beyond that even ten million requests say nothing.
const MOST_NINES: f64 = 6.0;

/// What is written at the axis.
const TICKS: [(f64, &str); 6] =
    [(50.0, "50 %"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"), (99.999, "99.999 %")];

/// A line of the chart.
struct Curve {
    class: String,
    /// Nines and seconds.
    points: Vec<(f64, f64)>,
}

pub(super) fn figure(report: &Report) -> Option<Figure> {
    let (mut curves, mut keys) = (Vec::new(), Vec::new());
    for (lane, style) in report.modes.iter().zip(Style::of(report)) {
        let mut add = |latencies: &Latencies, weight: &str, what: &str| {
            let points = curve(latencies);
            if !points.is_empty() {
                let class = format!("curve {weight} {}", style.class());
                keys.push(Key { class: class.clone(), name: format!("{}{what}", lane.name) });
                curves.push(Curve { class, points });
            }
        };
        if is_open(report) {
            add(&lane.tally.latencies, "bold", ", response");
            add(&lane.tally.service, "thin", ", service");
        } else {
            add(&lane.tally.latencies, "bold", "");
        }
    }
    let axis = Axis::of_times(curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y)))?;
    let y = Scale::new(axis, latency(report), round_time);
    let last = curves.iter().filter_map(|curve| curve.points.last()).map(|(x, _)| *x).fold(1.0, f64::max);
    let ticks = TICKS.iter().map(|(p, text)| (nines(*p), (*text).to_owned())).filter(|(at, _)| *at <= last + 1e-9);
    let x = Scale { axis: Axis::Linear(0.0, last), ticks: ticks.collect(), title: "share of requests".into() };
    let draw = |layout: Layout| {
        let height = 300.0;
        let mut canvas = Canvas::new(layout, height);
        let bottom = height - Plot::foot(layout, true);
        let plot = Plot::framed(&mut canvas, &x, &y, layout.text() * 2.0, bottom);
        for curve in &curves {
            let points: Vec<_> = curve.points.iter().map(|(x, y)| plot.at(*x, *y)).collect();
            canvas.path(&points, &curve.class);
        }
        canvas
    };
    let what = latency(report).to_lowercase();
    Some(Figure {
        title: format!("{} by percentile", latency(report)),
        caption: format!(
            "How long at most the given share of the requests took. Each step to the right leaves a tenth of the requests \
             beyond; a line ends where fewer than ten do.{}",
            if is_open(report) { " Bold: response time, thin: service time." } else { "" }
        ),
        keys,
        label: format!(
            "Lines of {what} over the share of requests, for {}. The numbers are in the table below.",
            list(report)
        ),
        drawings: Layout::BOTH.map(draw).into(),
        table: super::tables::percentiles(report),
    })
}

/// The percentile as its number of nines: 90 % is 1, 99 % is 2.
fn nines(percent: f64) -> f64 {
    -(1.0 - percent / 100.0).log10()
}

/// From [`FIRST`] to the last percentile with ten samples beyond.
fn curve(latencies: &Latencies) -> Vec<(f64, f64)> {
    let end = (float(latencies.count()) / 10.0).log10().min(MOST_NINES);
    let begin = nines(FIRST);
    if end.is_nan() || end <= begin {
        return Vec::new();
    }
    let last = super::super::super::number::whole((end * f64::from(STEPS)).floor());
    let steps = (0..=u32::try_from(last).unwrap_or(0))
        .map(|i| f64::from(i) / f64::from(STEPS))
        .filter(|x| *x > begin && *x < end);
    let point = |x: f64| Some((x, latencies.percentile(100.0 * (1.0 - 10f64.powf(-x)))?.as_secs_f64()));
    std::iter::once(begin).chain(steps).chain([end]).filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_curve_ends_where_ten_samples_lie_beyond() {
        let mut latencies = Latencies::default();
        assert!(curve(&latencies).is_empty());
        for i in 1..=10_000_u64 {
            latencies.record(Duration::from_micros(i));
        }
        let points = curve(&latencies);
        let (x, y) = points.last().copied().unwrap();
        assert!((x - 3.0).abs() < 1e-9 && (y - 9.99e-3).abs() < 2e-5, "{x} {y}");
        assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
        assert!((nines(99.9) - 3.0).abs() < 1e-9 && nines(0.0) == 0.0);
    }
}
