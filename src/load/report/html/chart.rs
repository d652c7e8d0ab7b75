//! Drawing: a canvas of SVG elements in two widths, so that text on a phone is as large as on a desk, and the frame that
//! most charts share.

use super::{
    axis::Axis,
    escape::{Escaped, Px},
};
use std::fmt::Write as _;

/// For which screen a chart is drawn. The page holds both and shows the one that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// From about 560 pixels on.
    Wide,
    /// A phone.
    Narrow,
}

impl Layout {
    pub(super) const BOTH: [Self; 2] = [Self::Wide, Self::Narrow];

    pub(super) const fn width(self) -> f64 {
        match self {
            Self::Wide => 560.0,
            Self::Narrow => 330.0,
        }
    }

    /// The height of text; the style sheet says the same.
    pub(super) const fn text(self) -> f64 {
        match self {
            Self::Wide => 12.0,
            Self::Narrow => 14.0,
        }
    }

    /// About the width of a text.
    pub(super) fn text_width(self, text: &str) -> f64 {
        super::chars(text) * self.text() * 0.56
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// Where a text stands relative to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A drawing under way.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) layout: Layout,
    height: f64,
    body: String,
}

impl Canvas {
    pub(super) fn new(layout: Layout, height: f64) -> Self {
        Self { layout, height, body: String::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (x1, y1, x2, y2) = (Px(from.0), Px(from.1), Px(to.0), Px(to.1));
        let _infallible =
            write!(self.body, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>");
    }

    /// A line through all points.
    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        if points.is_empty() {
            return;
        }
        let _infallible = write!(self.body, "<polyline class=\"{class}\" points=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            let _infallible = write!(self.body, "{}{},{}", if i > 0 { " " } else { "" }, Px(*x), Px(*y));
        }
        self.body.push_str("\"/>");
    }

    /// A rectangle; the title is shown where a pointer rests on it.
    pub(super) fn rect(&mut self, corner: (f64, f64), size: (f64, f64), class: &str, title: &str) {
        let (width, height) = (size.0.max(0.0), size.1.max(0.0));
        let _infallible = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{class}\">{}</rect>",
            Px(corner.0),
            Px(corner.1),
            Px(width),
            Px(height),
            tip(title)
        );
    }

    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, class: &str, title: &str) {
        let _infallible = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{class}\">{}</circle>",
            Px(at.0),
            Px(at.1),
            Px(radius),
            tip(title)
        );
    }

    /// A small cross.
    pub(super) fn cross(&mut self, at: (f64, f64), class: &str) {
        let (x, y) = at;
        self.line((x - 4.0, y - 4.0), (x + 4.0, y + 4.0), class);
        self.line((x - 4.0, y + 4.0), (x + 4.0, y - 4.0), class);
    }

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _infallible = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            Px(at.0),
            Px(at.1),
            Escaped(text)
        );
    }

    /// The drawing as an image that a screen reader calls by its label.
    pub(super) fn finish(self, label: &str) -> String {
        format!(
            "<svg class=\"chart {}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>\n",
            self.layout.class(),
            Px(self.layout.width()),
            Px(self.height),
            Escaped(label),
            self.body
        )
    }
}

fn tip(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("<title>{}</title>", Escaped(title)) }
}

/// Round numbers at an axis, with how they are written.
pub(super) struct Scale {
    pub(super) axis: Axis,
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) title: String,
}

impl Scale {
    pub(super) fn new(axis: Axis, title: &str, write: impl Fn(f64) -> String) -> Self {
        let ticks = axis.ticks().into_iter().map(|tick| (tick, write(tick))).collect();
        Self { axis, ticks, title: title.into() }
    }
}

/// The area in which values are drawn, with a scale below it and one to its left.
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Plot {
    /// The place of a point.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x_at(x), self.y_at(y))
    }

    pub(super) fn x_at(&self, x: f64) -> f64 {
        self.left + self.x.at(x) * (self.right - self.left)
    }

    pub(super) fn y_at(&self, y: f64) -> f64 {
        self.bottom - self.y.at(y) * (self.bottom - self.top)
    }

    /// The left border that labels of the y axis need.
    pub(super) fn margin(layout: Layout, y: &Scale) -> f64 {
        let widest = y.ticks.iter().map(|(_, text)| layout.text_width(text)).fold(0.0, f64::max);
        (widest + 10.0).clamp(30.0, 90.0)
    }

    /// A plot over the canvas' whole width, with grid lines and what is written at both axes.
    pub(super) fn framed(canvas: &mut Canvas, x: &Scale, y: &Scale, top: f64, bottom: f64) -> Self {
        let layout = canvas.layout;
        let left = Self::margin(layout, y);
        let plot = Self { x: x.axis, y: y.axis, left, right: layout.width() - 14.0, top, bottom };
        plot.grid(canvas, y);
        plot.below(canvas, x);
        plot
    }

    /// Horizontal lines, as many as have room, the numbers left of them, and what they are above.
    pub(super) fn grid(&self, canvas: &mut Canvas, y: &Scale) {
        let size = canvas.layout.text();
        let mut free = f64::MAX;
        for (tick, text) in &y.ticks {
            let at = self.y_at(*tick);
            if at > free {
                continue;
            }
            free = at - size * 1.5;
            canvas.line((self.left, at), (self.right, at), "grid");
            canvas.text((self.left - 6.0, at + size * 0.35), Anchor::End, "tick", text);
        }
        if !y.title.is_empty() {
            canvas.text((0.0, self.top - size * 0.8), Anchor::Start, "title", &y.title);
        }
    }

    /// Numbers below the plot: as many as fit.
    pub(super) fn below(&self, canvas: &mut Canvas, x: &Scale) {
        let layout = canvas.layout;
        let size = layout.text();
        canvas.line((self.left, self.bottom), (self.right, self.bottom), "axis");
        let mut free = f64::MIN;
        for (tick, text) in &x.ticks {
            let at = self.x_at(*tick);
            let half = layout.text_width(text) / 2.0;
            canvas.line((at, self.bottom), (at, self.bottom + 4.0), "axis");
            let middle = at.clamp(half, layout.width() - half);
            if middle - half >= free {
                canvas.text((middle, self.bottom + 6.0 + size), Anchor::Middle, "tick", text);
                free = middle + half + size * 0.6;
            }
        }
        if !x.title.is_empty() {
            canvas.text((self.right, self.bottom + 10.0 + size * 2.2), Anchor::End, "title", &x.title);
        }
    }

    /// What [`below`](Self::below) needs under the plot.
    pub(super) fn foot(layout: Layout, titled: bool) -> f64 {
        if titled { 14.0 + layout.text() * 2.2 } else { 10.0 + layout.text() }
    }
}
