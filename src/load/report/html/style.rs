//! The style sheet of the page.

/// Colours are custom properties, so that both themes share everything else. Text has at least 4.5:1 on its ground, marks
/// at least 3:1 (a test computes it).
pub(super) const SHEET: &str = r#"
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #ffffff; --edge: #d8dce2; --grid: #e4e7ec;
  --ink: #1b2028; --soft: #545d6b; --h0: #1f62c7; --h1: #b8480a;
  --warn: #7a4100; --warn-ground: #fff3dc; --warn-edge: #e0a030; --band: #e9ecf1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a; --card: #1b1f26; --edge: #343b46; --grid: #2c323c;
    --ink: #e8ebf0; --soft: #a3acba; --h0: #6fb0ff; --h1: #ff9d57;
    --warn: #ffd48a; --warn-ground: #33270f; --warn-edge: #8f6a1d; --band: #2a303a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
}
main { max-width: 1240px; margin: 0 auto; padding: 24px 20px 40px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 17px; line-height: 1.3; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0; overflow-wrap: anywhere; }
.meta, .caption { color: var(--soft); font-size: 14px; }
.caption { margin-bottom: 8px; }
.notes {
  margin: 18px 0 0; padding: 10px 16px; list-style: none; color: var(--warn); background: var(--warn-ground);
  border: 1px solid var(--warn-edge); border-radius: 8px; font-size: 15px; overflow-wrap: anywhere;
}
.notes li + li { margin-top: 6px; }
.verdict { margin: 18px 0 0; font-size: 20px; line-height: 1.4; max-width: 62em; }
.verdict + .verdict { margin-top: 8px; }
.cards {
  display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; margin-top: 20px;
}
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 16px 18px; min-width: 0; }
.full, .card:last-child:nth-child(odd) { grid-column: 1 / -1; }
.cards:has(> .full) .card:last-child:nth-child(odd) { grid-column: auto; }
.cards:has(> .full) .card:last-child:nth-child(even) { grid-column: 1 / -1; }
.keys { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 8px; padding: 0; list-style: none; font-size: 14px; }
.keys li { overflow-wrap: anywhere; }
.key { width: 28px; height: 12px; vertical-align: -1px; overflow: visible; }
.chart { display: block; width: 100%; height: auto; margin: 0 auto; overflow: visible; }
.wide { max-width: 760px; }
.wide text { font-size: 12px; }
.narrow { display: none; max-width: 480px; }
.narrow text { font-size: 14px; }
text { fill: var(--soft); }
.name, .label { fill: var(--ink); }
.name { font-weight: 600; }
.halo { paint-order: stroke; stroke: var(--card); stroke-width: 3; stroke-linejoin: round; }
.grid { stroke: var(--grid); stroke-width: 1; }
.axis, .one { stroke: var(--soft); stroke-width: 1; }
.one { stroke-width: 1.5; }
.mark { stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 2; }
.h0 { --c: var(--h0); }
.h1 { --c: var(--h1); }
.ink { --c: var(--ink); }
.curve { stroke: var(--c); stroke-width: 1.6; fill: none; stroke-linejoin: round; stroke-linecap: butt; }
.bold { stroke-width: 2.4; }
.thin { stroke-width: 1.1; }
.d1 { stroke-dasharray: 7 3; }
.d2 { stroke-dasharray: 2 2.5; }
.d3 { stroke-dasharray: 9 3 2 3; }
.bar, .spot { fill: var(--c); }
.failed { stroke: var(--ink); stroke-width: 1.8; }
.whisker { stroke: var(--ink); stroke-width: 2; }
.dot { fill: var(--ink); stroke: var(--ink); stroke-width: 1.5; }
.whisker.none { stroke: var(--soft); }
.dot.none { fill: var(--card); stroke: var(--soft); stroke-width: 2; }
.band { fill: var(--band); }
.scroll { overflow-x: auto; }
details .scroll { max-height: 480px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { padding: 4px 0 4px 14px; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { font-weight: 600; }
tbody th { font-weight: 400; color: var(--soft); white-space: normal; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
details { margin-top: 10px; font-size: 14px; }
summary { cursor: pointer; color: var(--soft); padding: 4px 0; }
dl { margin: 0; font-size: 15px; }
dt { font-weight: 600; margin-top: 8px; }
dd { margin: 0; color: var(--soft); }
@media (max-width: 940px) { .cards { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 600px) {
  main { padding: 16px 12px 28px; }
  h1 { font-size: 21px; }
  .verdict { font-size: 17px; }
  .card { padding: 12px; }
  .cards { gap: 12px; }
  .wide { display: none; }
  .narrow { display: block; }
  th, td { padding-left: 10px; }
}
@media print {
  :root {
    --ground: #ffffff; --card: #ffffff; --edge: #bbbbbb; --grid: #dddddd; --ink: #000000; --soft: #444444;
    --h0: #1f62c7; --h1: #b8480a; --warn: #000000; --warn-ground: #ffffff; --warn-edge: #666666; --band: #e4e4e4;
  }
  body { font-size: 12px; }
  main { max-width: none; padding: 0; }
  .cards { display: block; }
  .card { break-inside: avoid; margin-bottom: 10px; }
  details { display: none; }
  .scroll { overflow: visible; max-height: none; }
  .wide { display: block; max-width: 620px; }
  .narrow { display: none; }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.2: relative luminance of `#rrggbb`.
    fn luminance(color: &str) -> f64 {
        let part = |i: usize| {
            let value = f64::from(u8::from_str_radix(&color[i..i + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The value of a custom property in the theme that begins at the `n`-th `:root`.
    fn color(n: usize, name: &str) -> &'static str {
        let theme = SHEET.split(":root").nth(n).unwrap();
        let at = theme.find(&format!("{name}: #")).unwrap() + name.len() + 2;
        &theme[at..at + 7]
    }

    #[test]
    fn text_and_marks_stand_out_in_every_theme() {
        for theme in 1..=3 {
            let on = |ink, ground| contrast(color(theme, ink), color(theme, ground));
            for (ink, ground) in [
                ("--ink", "--card"),
                ("--ink", "--ground"),
                ("--soft", "--card"),
                ("--soft", "--ground"),
                ("--warn", "--warn-ground"),
                ("--h0", "--card"),
                ("--h1", "--card"),
            ] {
                assert!(on(ink, ground) >= 4.5, "theme {theme}: {ink} on {ground} has {:.2}", on(ink, ground));
            }
            assert!(on("--ink", "--band") >= 3.0);
        }
    }
}
