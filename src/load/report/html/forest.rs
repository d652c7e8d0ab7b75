//! A comparison as a forest plot: each ratio with its interval around 1, and the effects that were too small to be shown.

use super::{
    super::{
        super::comparison::{Comparison, Metric, Ratio},
        format::{NOTHING, detectable, estimate, interval},
        rows::{self, COMPARED},
    },
    axis::Axis,
    chart::{Anchor, Canvas, Layout, Plot, Scale},
    page::{Figure, Key},
    tables::Table,
};

pub(super) fn figure(comparison: &Comparison) -> Option<Figure> {
    let found: Vec<(Metric, &str, Ratio)> = COMPARED
        .iter()
        .filter_map(|(metric, name)| Some((*metric, *name, comparison.ratio(*metric)?)))
        .filter(|(_, _, ratio)| ratio.estimate.is_finite() && ratio.estimate > 0.0)
        .collect();
    if found.is_empty() {
        return None;
    }
    let bounds = found.iter().flat_map(|(_, _, ratio)| {
        let (low, high) = ratio.interval.unwrap_or((1.0, 1.0));
        [ratio.estimate, low, high]
    });
    let axis = Axis::around_one(bounds);
    let x = Scale::new(axis, "ratio (logarithmic)", rounded);
    let draw = |layout: Layout| {
        let size = layout.text();
        let (row, head) = match layout {
            Layout::Wide => (30.0, 8.0),
            Layout::Narrow => (46.0, 4.0),
        };
        let rows = f64::from(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let mut canvas = Canvas::new(layout, head + row * rows + Plot::foot(layout, true));
        let (left, right) = match layout {
            Layout::Wide => (158.0, layout.width() - 138.0),
            Layout::Narrow => (8.0, layout.width() - 8.0),
        };
        let plot = Plot { x: axis, y: Axis::Linear(0.0, 1.0), left, right, top: head, bottom: head + row * rows };
        for (tick, _) in &x.ticks {
            canvas.line((plot.x_at(*tick), plot.top), (plot.x_at(*tick), plot.bottom), "grid");
        }
        let mut top = head;
        for (_, name, ratio) in &found {
            let middle = match layout {
                Layout::Wide => top + row / 2.0,
                Layout::Narrow => top + row - 12.0,
            };
            let text = match layout {
                Layout::Wide => middle + size * 0.35,
                Layout::Narrow => top + size,
            };
            mark(&mut canvas, &plot, name, ratio, middle);
            canvas.text((0.0, text), Anchor::Start, "label", name);
            canvas.text((layout.width(), text), Anchor::End, "label", &figures(ratio));
            top += row;
        }
        canvas.line((plot.x_at(1.0), plot.top), (plot.x_at(1.0), plot.bottom), "one");
        plot.below(&mut canvas, &x);
        canvas
    };
    let drawings = Layout::BOTH.map(draw).into();
    let key = |class: &str, name: &str| Key { class: class.into(), name: name.into() };
    let mut keys = vec![key("dot ink", "difference, with its 95 % interval")];
    if found.iter().any(|(_, _, ratio)| ratio.differs() == Some(false)) {
        keys.push(key("dot none", "no detectable difference"));
    }
    if found.iter().any(|(_, _, ratio)| ratio.detectable.is_some()) {
        keys.push(key("band", "effects too small for this run to show"));
    }
    Some(Figure {
        title: format!("{} compared with {}", comparison.other, comparison.base),
        caption: format!(
            "Ratio {} / {}: {}. Right of 1: {} has more of it.",
            comparison.other,
            comparison.base,
            rows::method(comparison),
            comparison.other
        ),
        keys,
        label: format!(
            "Ratios of {} to {} with their intervals. The numbers are in the table below.",
            comparison.other, comparison.base
        ),
        drawings,
        table: table(comparison),
    })
}

fn mark(canvas: &mut Canvas, plot: &Plot, name: &str, ratio: &Ratio, y: f64) {
    if let Some(factor) = ratio.detectable.filter(|factor| factor.is_finite() && *factor > 1.0) {
        let (left, right) = (plot.x_at(1.0 / factor), plot.x_at(factor));
        canvas.rect((left, y - 9.0), (right - left, 18.0), "band", "effects too small for this run to show");
    }
    // Without one nobody knows whether it is a difference; the number beside it is all there is.
    let Some((low, high)) = ratio.interval else { return };
    let differs = ratio.differs() == Some(true);
    let class = if differs { "whisker" } else { "whisker none" };
    let (left, right) = (plot.x_at(low), plot.x_at(high));
    canvas.line((left, y), (right, y), class);
    for end in [left, right] {
        canvas.line((end, y - 4.0), (end, y + 4.0), class);
    }
    let class = if differs { "dot ink" } else { "dot none" };
    canvas.dot((plot.x_at(ratio.estimate), y), 5.0, class, &format!("{name}: {}", figures(ratio)));
}

/// `1.14 (1.11–1.17)`
fn figures(ratio: &Ratio) -> String {
    let known = interval(ratio, "–").map(|interval| format!(" ({interval})")).unwrap_or_default();
    format!("{}{known}", estimate(ratio))
}

fn rounded(tick: f64) -> String {
    let text = format!("{tick:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn table(comparison: &Comparison) -> Table {
    let mut table = Table::with(&["", "ratio", "95 % interval", "difference", "smallest effect it could show"]);
    for (metric, name) in COMPARED {
        let Some(ratio) = comparison.ratio(metric) else {
            table.row(name, vec![NOTHING.into(); 4]);
            continue;
        };
        let differs = match ratio.differs() {
            Some(true) => "yes",
            Some(false) => "none detectable",
            None => "unknown: too few pairs",
        };
        let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.into());
        let values =
            [estimate(&ratio), or_nothing(interval(&ratio, " to ")), differs.into(), or_nothing(detectable(&ratio))];
        table.row(name, values.into());
    }
    table
}
