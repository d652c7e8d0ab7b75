//! Telling how far a run is.

use super::report::time;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{fmt, io::IsTerminal as _, time::Duration};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Phase<'a> {
    /// Requests are signed.
    Preparing {
        /// For which lane.
        lane: &'a str,
        /// How many.
        requests: u64,
    },
    /// Requests are sent.
    Running {
        /// In which lane.
        lane: &'a str,
        /// Answers per second in the last moments.
        rate: f64,
        /// Median latency in the last interval of this lane; `None` before the first has ended.
        p50: Option<Duration>,
        /// The latency that 99 % of the requests of that interval did not exceed, where that can be told.
        p99: Option<Duration>,
        /// Requests of all lanes so far that got no answer, or none that is 2xx.
        errors: u64,
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
    Call(&'a mut dyn FnMut(Phase<'_>, f64)),
}

/// A [`Progress`] in use.
pub(super) enum Display<'a> {
    Silent,
    Bar(ProgressBar),
    Call(&'a mut dyn FnMut(Phase<'_>, f64)),
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
                if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:12}] {percent:>3} % {msg}") {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.enable_steady_tick(Duration::from_millis(200));
                Self::Bar(bar)
            }
            Progress::Silent | Progress::Bar => Self::Silent,
            Progress::Call(call) => Self::Call(call),
        }
    }

    pub(super) fn show(&mut self, phase: Phase<'_>, part: f64) {
        match self {
            Self::Silent => {}
            Self::Call(call) => call(phase, part),
            Self::Bar(bar) => {
                bar.set_position(super::number::whole(part * STEPS));
                bar.set_message(phase.to_string());
            }
        }
    }
}

impl fmt::Display for Phase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Phase::Preparing { lane, requests } => write!(f, "{lane}: signing {requests} requests"),
            Phase::Running { lane, rate, p50, p99, errors } => {
                write!(f, "{lane}: {rate:.0}/s")?;
                for (name, value) in [("p50", p50), ("p99", p99)] {
                    if value.is_some() {
                        write!(f, ", {name} {}", time(value))?;
                    }
                }
                write!(f, ", {errors} errors")
            }
            Phase::Rehearsing { what, failed: 0 } => f.write_str(what),
            Phase::Rehearsing { what, failed } => write!(f, "{what}; {failed} requests failed"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_says_what_is_known() {
        let ms = |n| Some(Duration::from_millis(n));
        let running = Phase::Running { lane: "cert", rate: 1234.5, p50: None, p99: None, errors: 0 };
        assert_eq!(running.to_string(), "cert: 1234/s, 0 errors");
        let running = Phase::Running { lane: "cert", rate: 0.4, p50: ms(2), p99: ms(30), errors: 7 };
        let text = running.to_string();
        assert!(text.starts_with("cert: 0/s, p50 2.") && text.ends_with("ms, 7 errors"), "{text}");
        assert_eq!(Phase::Preparing { lane: "cert", requests: 9 }.to_string(), "cert: signing 9 requests");
    }
}
