//! How latency and rate went over time.

use super::{
    super::{
        super::series::Interval,
        ModeReport, Report,
        format::{grouped, rate, round, round_time, time},
        rows::latency,
    },
    axis::Axis,
    chart::{Anchor, Canvas, Layout, Plot, Scale},
    page::{Figure, Key, Style, list},
    tables::Table,
};
use std::time::Duration;

/// The height of a lane's row.
const ROW: f64 = 110.0;

/// Which time of an interval.
type Time = fn(&Interval) -> Option<Duration>;

/// The middle of an interval, in seconds after the begin of the run.
fn middle(interval: &Interval) -> f64 {
    (interval.start.as_secs_f64() + interval.end.as_secs_f64()) / 2.0
}

fn intervals(report: &Report) -> impl Iterator<Item = &Interval> {
    report.modes.iter().flat_map(|lane| lane.series.intervals())
}

/// The time axis of both charts; `None` where there are not two moments to connect.
fn clock(report: &Report) -> Option<Scale> {
    if !report.modes.iter().any(|lane| lane.series.intervals().len() > 1) {
        return None;
    }
    let end = intervals(report).map(|i| i.end.as_secs_f64()).fold(0.0, f64::max);
    // Whole numbers of a unit in which they are short.
    let (unit, name) = match end {
        e if e < 300.0 => (1.0, "seconds"),
        e if e < 18_000.0 => (60.0, "minutes"),
        _ => (3_600.0, "hours"),
    };
    let ticks = super::axis::linear(0.0, end / unit).into_iter().map(|tick| (tick * unit, round(tick))).collect();
    Some(Scale { axis: Axis::Linear(0.0, end), ticks, title: format!("{name} after the begin of the run") })
}

pub(super) fn latencies(report: &Report) -> Option<Figure> {
    let x = clock(report)?;
    let times = intervals(report).flat_map(|i| [i.p50, i.p99, i.slowest]).flatten().map(|time| time.as_secs_f64());
    let y = Scale::new(Axis::of_times(times)?, "", round_time);
    let styles = Style::of(report);
    let draw = |layout: Layout| {
        let size = layout.text();
        let row = ROW + size * 3.0;
        let lanes = f64::from(u32::try_from(report.modes.len()).unwrap_or(u32::MAX));
        let mut canvas = Canvas::new(layout, row * lanes + Plot::foot(layout, true));
        let mut top = 0.0;
        for (i, (lane, style)) in report.modes.iter().zip(&styles).enumerate() {
            let area = Plot {
                x: x.axis,
                y: y.axis,
                left: Plot::margin(layout, &y),
                right: layout.width() - 14.0,
                top: top + size * 2.6,
                bottom: top + row - size * 0.4,
            };
            area.grid(&mut canvas, &y);
            canvas.text((0.0, area.top - size * 0.8), Anchor::Start, "name", &lane.name);
            draw_lane(&mut canvas, lane, *style, &area);
            if i + 1 == report.modes.len() {
                area.below(&mut canvas, &x);
            }
            top += row;
        }
        canvas
    };
    let key = |class: &str, name: &str| Key { class: class.into(), name: name.into() };
    Some(Figure {
        title: format!("{} over time", latency(report)),
        caption: "Per interval of the run. p99 is missing where fewer than ten requests lie beyond it.".into(),
        keys: vec![key("curve bold ink", "p50"), key("curve ink d1", "p99"), key("spot ink", "slowest")],
        label: format!("Median, 99th percentile and slowest request over time for {}.", list(report)),
        drawings: Layout::BOTH.map(draw).into(),
        table: latency_table(report),
    })
}

fn draw_lane(canvas: &mut Canvas, lane: &ModeReport, style: Style, area: &Plot) {
    let found = lane.series.intervals();
    let of: [(Time, &str); 2] = [(|i| i.p99, "curve d1"), (|i| i.p50, "curve bold")];
    for interval in found {
        if let Some(slowest) = interval.slowest {
            let title = format!("slowest at {:.0} s: {}", middle(interval), time(Some(slowest)));
            let at = area.at(middle(interval), slowest.as_secs_f64());
            canvas.dot(at, 2.2, &format!("spot {}", style.hue()), &title);
        }
    }
    for (value, class) in of {
        let class = format!("{class} {}", style.hue());
        // A gap stays a gap.
        for stretch in found.split(|interval| value(interval).is_none()) {
            let points: Vec<_> = stretch
                .iter()
                .filter_map(|interval| Some(area.at(middle(interval), value(interval)?.as_secs_f64())))
                .collect();
            canvas.path(&points, &class);
        }
    }
}

pub(super) fn rates(report: &Report) -> Option<Figure> {
    let x = clock(report)?;
    let y = Scale::new(
        Axis::from_zero(intervals(report).map(Interval::requests_per_second).fold(0.0, f64::max)),
        "requests per second",
        round,
    );
    let styles = Style::of(report);
    let mut keys: Vec<_> = report
        .modes
        .iter()
        .zip(&styles)
        .map(|(lane, style)| Key { class: format!("curve bold {}", style.class()), name: lane.name.clone() })
        .collect();
    let failed = intervals(report).any(|interval| interval.failed > 0);
    if failed {
        keys.push(Key { class: "failed".into(), name: "some requests failed".into() });
    }
    let draw = |layout: Layout| {
        let height = 240.0;
        let mut canvas = Canvas::new(layout, height);
        let bottom = height - Plot::foot(layout, true);
        let plot = Plot::framed(&mut canvas, &x, &y, layout.text() * 2.0, bottom);
        for (lane, style) in report.modes.iter().zip(&styles) {
            let points: Vec<_> =
                lane.series.intervals().iter().map(|i| plot.at(middle(i), i.requests_per_second())).collect();
            canvas.path(&points, &format!("curve bold {}", style.class()));
            for interval in lane.series.intervals().iter().filter(|interval| interval.failed > 0) {
                canvas.cross(plot.at(middle(interval), interval.requests_per_second()), "failed");
            }
        }
        canvas
    };
    Some(Figure {
        title: "Rate over time".into(),
        caption: "Answers per second of the time in which requests of the lane were on their way.".into(),
        keys,
        label: format!("Answers per second over time for {}.", list(report)),
        drawings: Layout::BOTH.map(draw).into(),
        table: rate_table(report),
    })
}

/// The tables have a row per interval, so lanes come one after the other.
fn latency_table(report: &Report) -> Table {
    let mut table = Table::with(&["lane, begin", "p50", "p99", "slowest"]);
    for lane in &report.modes {
        for interval in lane.series.intervals() {
            let times = [interval.p50, interval.p99, interval.slowest].map(time);
            table.row(&begin(lane, interval), times.into());
        }
    }
    table
}

fn rate_table(report: &Report) -> Table {
    let mut table = Table::with(&["lane, begin", "requests/s", "answered", "failed"]);
    for lane in &report.modes {
        for interval in lane.series.intervals() {
            let values =
                vec![rate(interval.requests_per_second()), grouped(interval.answered), grouped(interval.failed)];
            table.row(&begin(lane, interval), values);
        }
    }
    table
}

fn begin(lane: &ModeReport, interval: &Interval) -> String {
    format!("{}, {:.1} s", lane.name, interval.start.as_secs_f64())
}
