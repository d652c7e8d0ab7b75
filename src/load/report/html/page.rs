//! The parts of the page that charts are put into.

use super::{
    super::{super::plan::Mode, Report},
    chart::Canvas,
    escape::Escaped,
    tables::Table,
};
use std::fmt::Write as _;

/// Patterns of lines; further lanes begin anew.
const DASHES: usize = 4;

/// How a lane is drawn: two hues that everybody can tell apart, and patterns within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    hue: usize,
    dash: usize,
}

impl Style {
    /// Of every lane. Two lanes have a hue each; of more, a hue says the mode.
    pub(super) fn of(report: &Report) -> Vec<Self> {
        let few = report.modes.len() <= 2;
        let mut seen = [0; 2];
        let style = |(i, mode): (usize, Mode)| {
            let hue = if few { i } else { usize::from(mode == Mode::Cert) };
            let drawn = seen.get_mut(hue).map_or(0, |n| std::mem::replace(n, *n + 1));
            Self { hue, dash: drawn % DASHES }
        };
        report.modes.iter().map(|lane| lane.mode).enumerate().map(style).collect()
    }

    /// The classes of colour and pattern.
    pub(super) fn class(self) -> String {
        format!("h{} d{}", self.hue, self.dash)
    }

    /// The class of the colour.
    pub(super) fn hue(self) -> String {
        format!("h{}", self.hue)
    }
}

/// What a line or mark of a chart is.
pub(super) struct Key {
    pub(super) class: String,
    pub(super) name: String,
}

impl Key {
    fn write(&self, out: &mut String) {
        let class = &self.class;
        let mark = match class.split(' ').next() {
            Some("dot" | "spot") => format!("<circle cx=\"14\" cy=\"6\" r=\"4\" class=\"{class}\"/>"),
            Some("band") => format!("<rect x=\"2\" y=\"0\" width=\"24\" height=\"12\" class=\"{class}\"/>"),
            Some("failed") => format!(
                "<line x1=\"10\" y1=\"2\" x2=\"18\" y2=\"10\" class=\"{class}\"/>\
                 <line x1=\"10\" y1=\"10\" x2=\"18\" y2=\"2\" class=\"{class}\"/>"
            ),
            _ => format!("<line x1=\"0\" y1=\"6\" x2=\"28\" y2=\"6\" class=\"{class}\"/>"),
        };
        let _infallible = write!(
            out,
            "<li><svg class=\"key\" viewBox=\"0 0 28 12\" aria-hidden=\"true\">{mark}</svg> {}</li>",
            Escaped(&self.name)
        );
    }
}

/// A chart with all that belongs to it.
pub(super) struct Figure {
    pub(super) title: String,
    /// What is seen, in a sentence or two.
    pub(super) caption: String,
    pub(super) keys: Vec<Key>,
    /// What a screen reader says.
    pub(super) label: String,
    /// One per layout.
    pub(super) drawings: Vec<Canvas>,
    /// The numbers behind it.
    pub(super) table: Table,
}

impl Figure {
    pub(super) fn write(self, out: &mut String) {
        let _infallible = write!(
            out,
            "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"caption\">{}</p>\n",
            Escaped(&self.title),
            Escaped(&self.caption)
        );
        if !self.keys.is_empty() {
            out.push_str("<ul class=\"keys\">");
            for key in &self.keys {
                key.write(out);
            }
            out.push_str("</ul>\n");
        }
        for drawing in self.drawings {
            out.push_str(&drawing.finish(&self.label));
        }
        out.push_str("<details><summary>Numbers</summary>\n");
        self.table.write(out);
        out.push_str("</details>\n</section>\n");
    }
}

/// The lanes by name: `token and cert`.
pub(super) fn list(report: &Report) -> String {
    let names: Vec<_> = report.modes.iter().map(|lane| lane.name.as_str()).collect();
    match names.as_slice() {
        [] => "no lane".into(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
