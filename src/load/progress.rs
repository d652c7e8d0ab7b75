//! Telling how far a run is.

use super::plan::Mode;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal as _, time::Duration};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Requests are prepared (in mode `cert`: signed).
    Preparing {
        /// For which mode.
        mode: Mode,
        /// How many.
        requests: u64,
    },
    /// Requests are sent.
    Running {
        /// In which mode.
        mode: Mode,
        /// Answers per second in the last moments.
        rate: f64,
    },
    /// An outage is rehearsed.
    Rehearsing {
        /// What goes on.
        what: &'static str,
        /// Requests that failed so far.
        failed: u64,
    },
}

/// Who is told about progress, some twenty times a second.
pub enum Progress<'a> {
    /// Nobody.
    Silent,
    /// A bar on standard error, if that is a terminal; else nobody.
    Bar,
    /// The given function, with the phase and the part of the run that is done (0 to 1).
    Call(&'a mut dyn FnMut(Phase, f64)),
}

/// A [`Progress`] in use.
pub(super) enum Display<'a> {
    Silent,
    Bar(ProgressBar),
    Call(&'a mut dyn FnMut(Phase, f64)),
}

/// The bar's length: its position is a part of a thousand.
const STEPS: f64 = 1000.0;

impl<'a> Display<'a> {
    pub(super) fn new(progress: Progress<'a>) -> Self {
        match progress {
            Progress::Bar if std::io::stderr().is_terminal() => {
                let bar =
                    ProgressBar::with_draw_target(Some(super::number::whole(STEPS)), ProgressDrawTarget::stderr());
                // The template is constant; if indicatif did not like it, its default bar would do.
                if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:30}] {percent:>3} % {msg}") {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.enable_steady_tick(Duration::from_millis(200));
                Self::Bar(bar)
            }
            Progress::Silent | Progress::Bar => Self::Silent,
            Progress::Call(call) => Self::Call(call),
        }
    }

    pub(super) fn show(&mut self, phase: Phase, part: f64) {
        match self {
            Self::Silent => {}
            Self::Call(call) => call(phase, part),
            Self::Bar(bar) => {
                bar.set_position(super::number::whole(part * STEPS));
                bar.set_message(match phase {
                    Phase::Preparing { mode: Mode::Cert, requests } => format!("signing {requests} requests"),
                    Phase::Preparing { mode, requests } => format!("preparing {requests} requests ({mode})"),
                    Phase::Running { mode, rate } => format!("{mode}: {rate:.0} requests/s"),
                    Phase::Rehearsing { what, failed: 0 } => what.to_owned(),
                    Phase::Rehearsing { what, failed } => format!("{what}; {failed} requests failed"),
                });
            }
        }
    }
}

impl Drop for Display<'_> {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
