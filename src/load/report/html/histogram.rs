//! How latencies are distributed: a row per lane, all with the same bins and the same scales.

use super::{
    super::{
        super::number::{float, length, whole},
        Report,
        format::{counted, grouped, percent, round_time, time},
        rows::latency,
    },
    axis::Axis,
    chart::{Anchor, Canvas, Layout, Plot, Scale},
    page::{Figure, Style, list},
    tables::Table,
};
use std::time::Duration;

/// Bins that are wanted; round widths make them a few less or more.
const BINS: f64 = 32.0;
/// The height of a row.
const ROW: f64 = 84.0;

/// The bins of all lanes, and how many requests of each are in them.
struct Bins {
    axis: Axis,
    /// The edges in seconds, from the low end of the first bin to the high end of the last.
    edges: Vec<f64>,
    /// Per lane, per bin.
    counts: Vec<Vec<u64>>,
    /// Per lane: requests beyond the last edge.
    slower: Vec<u64>,
}

pub(super) fn figure(report: &Report) -> Option<Figure> {
    let bins = Bins::new(report)?;
    let styles = Style::of(report);
    let x = Scale::new(bins.axis, &latency(report).to_lowercase(), round_time);
    let most = bins.most(report);
    let draw = |layout: Layout| {
        let size = layout.text();
        let row = ROW + size * 2.2;
        let foot = Plot::foot(layout, true);
        let lanes = f64::from(u32::try_from(report.modes.len()).unwrap_or(u32::MAX));
        let mut canvas = Canvas::new(layout, row * lanes + foot);
        let mut top = 0.0;
        for (i, style) in styles.iter().enumerate() {
            let area = Plot {
                x: bins.axis,
                y: Axis::Linear(0.0, most * 1.25),
                left: 2.0,
                right: layout.width() - 14.0,
                top: top + size * 2.2,
                bottom: top + row,
            };
            bins.draw(&mut canvas, report, i, *style, &area);
            top += row;
            if i + 1 == styles.len() {
                area.below(&mut canvas, &x);
            } else {
                canvas.line((area.left, area.bottom), (area.right, area.bottom), "axis");
            }
        }
        canvas
    };
    Some(Figure {
        title: format!("{} histogram", latency(report)),
        caption: "The height of a bar is the share of the lane's requests in it; all lanes have the same bins and the \
                  same scale. The lines mark p50 and p99."
            .into(),
        keys: Vec::new(),
        label: format!("Histograms with the same bins for {}. The numbers are in the table below.", list(report)),
        drawings: Layout::BOTH.map(draw).into(),
        table: bins.table(report),
    })
}

impl Bins {
    /// From the fastest half percent of all lanes to the slowest 99th percentile: single outliers must not squeeze all others
    /// into a few bins. The first bin holds all that is faster.
    fn new(report: &Report) -> Option<Self> {
        let all = || report.modes.iter().map(|lane| &lane.tally.latencies).filter(|latencies| latencies.count() > 0);
        let low = all().filter_map(|latencies| latencies.percentile(0.5)).min()?.as_secs_f64().max(1e-6);
        let high = all().filter_map(|latencies| latencies.percentile(99.0)).max()?.as_secs_f64().max(low);
        let (axis, edges) = if high / low > 30.0 { geometric(low, high) } else { equal(low, high) };
        let limits: Vec<_> = edges.iter().skip(1).map(|edge| Duration::from_secs_f64(*edge)).collect();
        let (mut counts, mut slower) = (Vec::new(), Vec::new());
        for lane in &report.modes {
            let mut found = lane.tally.latencies.between(&limits);
            slower.push(found.pop().unwrap_or(0));
            counts.push(found);
        }
        Some(Self { axis, edges, counts, slower })
    }

    /// The largest share of a bin.
    fn most(&self, report: &Report) -> f64 {
        let shares = report.modes.iter().zip(&self.counts).flat_map(|(lane, counts)| {
            let all = float(lane.tally.answered()).max(1.0);
            counts.iter().map(move |n| float(*n) / all)
        });
        shares.fold(0.0, f64::max).max(1e-9)
    }

    fn draw(&self, canvas: &mut Canvas, report: &Report, index: usize, style: Style, area: &Plot) {
        let size = canvas.layout.text();
        let Some(((lane, counts), slower)) = report.modes.iter().zip(&self.counts).zip(&self.slower).nth(index) else {
            return;
        };
        let latencies = &lane.tally.latencies;
        let all = float(latencies.count()).max(1.0);
        for ((low, high), n) in self.edges.iter().zip(self.edges.iter().skip(1)).zip(counts).filter(|(_, n)| **n > 0) {
            let share = float(*n) / all;
            let (left, right) = (area.x_at(*low), area.x_at(*high));
            // A bin with a single request is still seen.
            let top = area.y_at(share).min(area.bottom - 0.7);
            let title = format!(
                "{} to {}: {} ({})",
                if self.edges.first() == Some(low) { "the fastest".into() } else { seconds(*low) },
                seconds(*high),
                percent(share),
                counted(*n, "request", "requests")
            );
            let (corner, extent) = ((left + 0.5, top), (right - left - 1.0, area.bottom - top));
            canvas.rect(corner, extent, &format!("bar {}", style.hue()), &title);
        }
        for p in [50.0, 99.0] {
            if let Some(value) = latencies.supports(p).then(|| latencies.percentile(p)).flatten() {
                let at = area.x_at(value.as_secs_f64());
                canvas.line((at, area.top), (at, area.bottom), "mark");
                let (anchor, beside) = if p < 90.0 { (Anchor::Start, 4.0) } else { (Anchor::End, -4.0) };
                canvas.text((at + beside, area.top + size * 0.9), anchor, "tick halo", &format!("p{p:.0}"));
            }
        }
        canvas.text((area.left, area.top - size * 0.5), Anchor::Start, "name", &lane.name);
        if *slower > 0 {
            let text = format!("{} slower, up to {}", percent(float(*slower) / all), time(latencies.slowest()));
            canvas.text((area.right, area.top - size * 0.5), Anchor::End, "tick", &text);
        }
    }

    fn table(&self, report: &Report) -> Table {
        let mut table = Table::new("up to", report);
        for (i, edge) in self.edges.iter().skip(1).enumerate() {
            let counts = self.counts.iter().map(|counts| counts.get(i).copied().unwrap_or(0));
            table.row(&seconds(*edge), counts.map(grouped).collect());
        }
        table.row("slower", self.slower.iter().map(|n| grouped(*n)).collect());
        table
    }
}

fn seconds(seconds: f64) -> String {
    time(Some(Duration::from_secs_f64(seconds.max(0.0))))
}

/// Bins of a round width.
fn equal(low: f64, high: f64) -> (Axis, Vec<f64>) {
    let wanted = ((high - low) / BINS).max(low / 200.0);
    let exponent = 10f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|digit| digit * exponent).find(|step| *step >= wanted);
    let step = step.unwrap_or(wanted);
    let first = (low / step).floor();
    let n = u32::try_from(whole((high / step).ceil() - first)).unwrap_or(1).clamp(1, 100);
    let edges: Vec<f64> = (0..=n).map(|i| (first + f64::from(i)) * step).collect();
    let last = edges.last().copied().unwrap_or(high);
    (Axis::Linear(first * step, last), edges)
}

/// Bins of equal ratios, for lanes that differ much.
fn geometric(low: f64, high: f64) -> (Axis, Vec<f64>) {
    let n = length(whole(BINS));
    let factor = (high / low).powf(1.0 / BINS);
    let edges: Vec<f64> = std::iter::successors(Some(low), |edge| Some(edge * factor)).take(n + 1).collect();
    let last = edges.last().copied().unwrap_or(high);
    (Axis::Log(low, last), edges)
}

#[cfg(test)]
mod tests {
    use super::{super::super::sample, *};

    #[test]
    fn every_request_is_in_one_bin() {
        for report in [sample::closed(), sample::matrix(), sample::failed()] {
            let bins = Bins::new(&report).unwrap();
            for (i, lane) in report.modes.iter().enumerate() {
                assert_eq!(bins.counts[i].iter().sum::<u64>() + bins.slower[i], lane.tally.answered());
                assert_eq!(bins.counts[i].len() + 1, bins.edges.len());
            }
            assert!(bins.edges.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn widths_are_round() {
        let (_, edges) = equal(0.41e-3, 3.3e-3);
        assert!((edges[1] - edges[0] - 1e-4).abs() < 1e-9 && (edges[0] - 4e-4).abs() < 1e-9, "{edges:?}");
        let (axis, edges) = geometric(1e-5, 1.0);
        assert_eq!((edges.len(), axis.ticks().len()), (33, 6));
    }
}
