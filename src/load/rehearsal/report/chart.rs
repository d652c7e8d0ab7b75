//! The timeline as a chart: a line per step, with what happened in it.

use super::{
    super::{
        super::{
            number::{float, length, whole},
            report::{grouped, time},
        },
        timeline::Slot,
    },
    Report,
};
use std::{fmt::Write as _, time::Duration};

/// Lines at most.
const LINES: usize = 42;
/// Characters of a full bar.
const BAR: f64 = 30.0;
/// Events that one line tells; a breaker that flutters would make it endless.
const EVENTS: usize = 6;

pub(super) fn render(out: &mut String, report: &Report) {
    let timeline = report.timeline().coarser(LINES);
    let most = timeline.slots.iter().map(|slot| slot.requests).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let events = events(report);
    let _infallible = writeln!(out, "Timeline (■ token, □ certificate, × failed):");
    for (begin, slot) in timeline.iter() {
        let end = begin + timeline.step;
        let mut happened = events.iter().filter(|(at, _)| (begin..end).contains(at)).map(|(_, what)| what.as_str());
        let told: Vec<_> = happened.by_ref().take(EVENTS).collect();
        let more = match happened.count() {
            0 => String::new(),
            n => format!(", {n} more"),
        };
        let line = format!(
            "  {:>7.1} s {:>7} {:>10} |{}| {}{more}",
            begin.as_secs_f64(),
            grouped(slot.requests),
            if slot.requests > 0 { time(Some(slot.slowest)) } else { "-".into() },
            bar(slot, most),
            told.join(", "),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// What is marked, in order.
fn events(report: &Report) -> Vec<(Duration, String)> {
    let marks =
        [(report.marks.outage, "outage"), (report.marks.restored, "outage ends"), (report.marks.ready, "ready")];
    let marks = marks.into_iter().filter_map(|(at, what)| Some((at?, what.to_owned())));
    let circuit = report.transitions.iter().map(|transition| (transition.at, format!("circuit {}", transition.to)));
    let mut events: Vec<_> = marks.chain(circuit).collect();
    events.sort_by_key(|(at, _)| *at);
    for (at, what) in &mut events {
        let _infallible = write!(what, " {:.2} s", at.as_secs_f64());
    }
    events
}

/// The requests of a step: what failed first, so that a single one is seen.
fn bar(slot: &Slot, most: u64) -> String {
    let width = |n: u64| length(whole((float(n) / float(most.max(1)) * BAR).round()));
    let all = width(slot.requests);
    let failed = width(slot.failed).max(usize::from(slot.failed > 0)).min(all.max(1));
    let certificate = width(slot.certificate).max(usize::from(slot.certificate > 0)).min(all.saturating_sub(failed));
    let token = all.saturating_sub(failed + certificate);
    let bar = "×".repeat(failed) + &"■".repeat(token) + &"□".repeat(certificate);
    format!("{bar:<width$}", width = length(whole(BAR)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(requests: u64, token: u64, certificate: u64, failed: u64) -> Slot {
        Slot { requests, token, certificate, failed, slowest: Duration::ZERO }
    }

    #[test]
    fn bars_show_the_shares_and_every_failure() {
        assert_eq!(bar(&slot(30, 20, 10, 0), 30), "■".repeat(20) + &"□".repeat(10));
        assert_eq!(bar(&slot(15, 15, 0, 0), 30), "■".repeat(15) + &" ".repeat(15));
        assert_eq!(bar(&slot(3_000, 3_000, 0, 1), 3_000), "×".to_owned() + &"■".repeat(29));
        assert_eq!(bar(&slot(3_000, 2_999, 1, 0), 3_000), "■".repeat(29) + "□");
        assert_eq!(bar(&slot(0, 0, 0, 0), 30), " ".repeat(30));
        assert_eq!(bar(&slot(2, 0, 0, 2), 2), "×".repeat(30));
    }
}
