//! Arguments of the load test.

use super::KeyArgs;
use crate::values::{self, Data, Header, HttpUrl, Rate};
use certauthz::{
    load::{Threshold, rehearsal::Outage},
    store::Name,
};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use http::Method;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Without URL a temporary world is made, and `serve` is started in it: no set-up is needed.
With URL that server is measured, with the credentials under --path. Its path / is replaced by the
mode's route, /token or /cert; where both modes run, so are /token and /cert. Other paths are kept.

Without -q each connection sends its next request when the last answer is complete (closed loop):
that finds the capacity. With -q requests are due at a steady rate, whatever the server does (open
loop), and latency is counted from that time: that finds what users feel.

--mode auto rehearses an outage: requests come at a steady rate, through a client that takes tokens
from an authority of the temporary world, which is taken away and brought back meanwhile.

Exit codes: 0; 3 where it could not be measured, or no request of a mode was answered with 2xx;
99 where a --threshold does not hold, or where a request of a rehearsal failed, no certificate
bridged the outage, or the tokens did not come back.

Examples:
  certauthz loadtest
  certauthz loadtest -q 500 -z 1m --report report.html
  certauthz loadtest http://127.0.0.1:8585/token --mode token -z 30s
  certauthz loadtest --matrix -z 20s -o matrix.json
  certauthz loadtest --threshold 'cert.p99<5ms' --threshold 'cert/token.p50<1.2'
  certauthz loadtest --mode auto --outage 5s..15s --outage-kind hang
  certauthz loadtest compare before.json after.json
  certauthz loadtest merge machine-1.json machine-2.json -o both.json"
)]
pub(crate) struct LoadtestArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LoadtestCommand>,
    #[command(flatten)]
    pub(crate) subject: LoadSubjectArgs,
    #[command(flatten)]
    pub(crate) pace: LoadPaceArgs,
    #[command(flatten)]
    pub(crate) request: LoadRequestArgs,
    #[command(flatten)]
    pub(crate) results: LoadResultArgs,
    #[command(flatten)]
    pub(crate) rehearsal: RehearsalArgs,
    /// Print no summaries and no warnings, only errors and the data that was asked for
    // The same option as everywhere else, without its letter: whoever knows hey or oha means a rate by -q.
    #[arg(long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoadtestCommand {
    /// Compare two runs, as -o wrote them: the second with the first
    Compare(LoadCompareArgs),
    /// Add runs of several machines, as -o wrote them, as if they were one
    Merge(LoadMergeArgs),
}

/// What is measured, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is measured")]
pub(crate) struct LoadSubjectArgs {
    /// The server; requests go to several in turn [default: a temporary one]
    #[arg(value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url)]
    pub(crate) urls: Vec<HttpUrl>,
    /// The same as URL; repeat for several
    #[arg(long = "url", value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url)]
    pub(crate) more_urls: Vec<HttpUrl>,
    /// The credentials that requests show
    #[arg(long, value_name = "MODE", value_enum, default_value = "both")]
    pub(crate) mode: LoadMode,
    /// A client whose credentials are used; requests come from several in turn [default: alice]
    #[arg(long = "client", value_name = "NAME", value_parser = values::name)]
    pub(crate) clients: Vec<Name>,
    /// In the temporary world: requests come from this many clients in turn, each with its own key
    #[arg(long = "clients", value_name = "N", value_parser = values::clients)]
    pub(crate) client_count: Option<NonZeroUsize>,
    /// File with the token to send; - is standard input [default: a new one, or the client's]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// RSA 2048, EC P-256 and Ed25519 beside one another, each in a temporary world of its own
    #[arg(long)]
    pub(crate) matrix: bool,
    /// The mode against itself: how much two runs of the same differ here
    #[arg(long)]
    pub(crate) aa: bool,
}

impl LoadSubjectArgs {
    /// All URLs.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &HttpUrl> {
        self.urls.iter().chain(&self.more_urls)
    }
}

/// How much is sent, and when.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadPaceArgs {
    /// Send this many requests in each mode
    #[arg(short = 'n', long = "requests", value_name = "N", value_parser = values::count, conflicts_with = "duration")]
    pub(crate) requests: Option<NonZeroUsize>,
    /// Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]
    #[arg(short = 'z', long = "duration", value_name = "DURATION", value_parser = values::positive_duration)]
    pub(crate) duration: Option<Duration>,
    /// Connections, each with one request under way at most
    #[arg(short = 'c', long = "connections", value_name = "N", value_parser = values::count, default_value = "16")]
    pub(crate) connections: NonZeroUsize,
    /// Requests per second, at even distances, all connections together [default: as many as the server answers; with
    /// --mode auto 200]
    #[arg(short = 'q', long, value_name = "RATE", value_parser = values::rate)]
    pub(crate) rate: Option<Rate>,
    /// Let the rate, or without -q the connections, rise for this long first; not counted
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "0s")]
    pub(crate) ramp: Duration,
    /// Send for this long first; not counted [default: 200 requests, for 1s at most; with --mode auto 1s]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) warmup: Option<Duration>,
    /// At the end, wait this long for what is due or under way; what is left then is counted as such
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "5s")]
    pub(crate) drain: Duration,
    /// A new connection for each request
    #[arg(long)]
    pub(crate) disable_keepalive: bool,
    /// Longest time to wait for an answer
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "10s")]
    pub(crate) timeout: Duration,
    /// Longest time to wait for a connection: the default has room for two lost packets, which are sent again after 1 s
    /// and 3 s
    #[arg(long, value_name = "DURATION", value_parser = values::positive_duration, default_value = "5s")]
    pub(crate) connect_timeout: Duration,
    /// When requests are signed
    #[arg(long, value_name = "WHEN", value_enum, default_value = "block")]
    pub(crate) presign: PresignMode,
    /// How long the server takes a signature (its --max-age), 2s to 300s; none is sent that is older than half of it
    #[arg(long, value_name = "DURATION", value_parser = values::signature_age, default_value = "60s")]
    pub(crate) max_age: Duration,
}

/// What is sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Requests")]
pub(crate) struct LoadRequestArgs {
    /// Method [default: GET, or POST with a body]
    #[arg(short = 'X', long = "request", value_name = "METHOD", value_parser = values::method)]
    pub(crate) method: Option<Method>,
    /// A header of the requests; repeat for several
    #[arg(short = 'H', long = "header", value_name = "K: V", value_parser = values::header)]
    pub(crate) headers: Vec<Header>,
    /// Body of the requests: the data itself, @FILE for a file's bytes, @- for standard input
    #[arg(short = 'd', long = "data", value_name = "DATA|@FILE", value_parser = values::data)]
    pub(crate) data: Option<Data>,
    /// Body of the requests: this file's bytes; - is standard input
    #[arg(short = 'D', long = "data-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) data_file: Option<PathBuf>,
    /// Content-Type of the requests
    #[arg(short = 'T', long = "content-type", value_name = "TYPE", value_parser = values::header_value)]
    pub(crate) content_type: Option<http::HeaderValue>,
}

/// What is done with the results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct LoadResultArgs {
    #[command(flatten)]
    pub(crate) files: ReportFileArgs,
    /// Write a line for each second and mode into this file, as CSV
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<PathBuf>,
    /// Write the latencies of each second into this file, as an interval log of HdrHistogram (V2)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) hdr_log: Option<PathBuf>,
    /// Where the server shows its metrics; its CPU time is read there [default: /metrics of URL, if it has them]
    #[arg(long, value_name = "URL", value_parser = values::url, value_hint = ValueHint::Url)]
    pub(crate) server_metrics: Option<HttpUrl>,
    /// Show no progress
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// What a run, or several that were merged, can be written to and held against.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct ReportFileArgs {
    /// What must hold, like 'cert.p99<5ms', 'cert.successRate>=0.999' or 'cert/token.p50<1.2'; repeat for several
    #[arg(long = "threshold", value_name = "EXPR", value_parser = values::threshold)]
    pub(crate) thresholds: Vec<Threshold>,
    /// Write the report into this file, as JSON
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Write the report into this file, as a page for browsers
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
}

/// Options of `--mode auto`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rehearsal of an outage (--mode auto)")]
pub(crate) struct RehearsalArgs {
    /// When the authority is away, from the begin of the run
    #[arg(long, value_name = "FROM..TO", value_parser = values::outage)]
    pub(crate) outage: Option<Outage>,
    /// In which way it is away
    #[arg(long, value_name = "KIND", value_enum, default_value = "kill", requires = "outage")]
    pub(crate) outage_kind: OutageKind,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each run is one sample: what differs between two runs may be the machine's mood as well. The
comparison of --mode both, within one run, is the better instrument where it can be had.

Example:
  certauthz loadtest compare before.json after.json")]
pub(crate) struct LoadCompareArgs {
    /// The run that the other is divided by
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(crate) base: PathBuf,
    /// The run that is divided
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub(crate) other: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The histograms are added, so percentiles are those of all requests, and no averages of percentiles.

Example:
  certauthz loadtest merge machine-1.json machine-2.json -o both.json --report both.html")]
pub(crate) struct LoadMergeArgs {
    /// The runs
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) runs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) files: ReportFileArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoadMode {
    /// Access tokens only
    Token,
    /// Signed requests only
    Cert,
    /// Both, in turn, and compared
    Both,
    /// Tokens from an authority, and certificates while it is away
    Auto,
}

impl LoadMode {
    /// The word on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Cert => "cert",
            Self::Both => "both",
            Self::Auto => "auto",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresignMode {
    /// Before each block of requests, off the clock
    Block,
    /// All of them before the first is sent
    All,
    /// Each one in the time before it is due
    Inline,
}

/// In which way the authority is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutageKind {
    /// Its process is killed, and started again
    Kill,
    /// Its process is stopped: connections are accepted, and nobody answers
    Hang,
    /// Connections are accepted and reset
    Reset,
    /// Everything is answered 500
    Error500,
}

impl OutageKind {
    /// The word on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Hang => "hang",
            Self::Reset => "reset",
            Self::Error500 => "error500",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Command};
    use clap::Parser as _;

    /// Whether it is quiet, and the rate.
    fn parse(line: &str) -> Option<(bool, Option<f64>)> {
        let cli = Cli::try_parse_from(line.split(' ')).ok()?;
        let rate = match cli.command {
            Command::Loadtest(args) => args.pace.rate.map(crate::values::Rate::per_second),
            _ => None,
        };
        Some((cli.global.quiet, rate))
    }

    #[test]
    fn the_letter_q_is_a_rate_here_and_quiet_everywhere_else() {
        for (line, quiet, rate) in [
            ("certauthz loadtest", false, None),
            ("certauthz -q loadtest", true, None),
            ("certauthz --quiet loadtest -n 5", true, None),
            ("certauthz loadtest --quiet", true, None),
            ("certauthz serve -q", true, None),
            ("certauthz -q serve", true, None),
            ("certauthz loadtest -q 100", false, Some(100.0)),
            ("certauthz loadtest -q 0.5 --quiet", true, Some(0.5)),
            ("certauthz -q loadtest --rate 7", true, Some(7.0)),
            ("certauthz loadtest --mode auto -q 50", false, Some(50.0)),
            ("certauthz -q loadtest merge a", true, None),
            ("certauthz loadtest merge --quiet a", true, None),
            ("certauthz loadtest compare a b --quiet", true, None),
        ] {
            assert_eq!(parse(line), Some((quiet, rate)), "{line}");
        }
        for bad in ["certauthz loadtest -q", "certauthz loadtest -q fast", "certauthz loadtest -v --quiet"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn urls_and_subcommands() {
        let urls = |line: &str| match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Loadtest(args) => (args.subject.urls().count(), args.command.is_some()),
            _ => (0, false),
        };
        assert_eq!(urls("certauthz loadtest http://a http://b --url http://c"), (3, false));
        assert_eq!(urls("certauthz loadtest compare a b"), (0, true));
        assert_eq!(urls("certauthz loadtest merge a b c"), (0, true));
        assert!(parse("certauthz loadtest merge").is_none());
        assert!(parse("certauthz loadtest compare a").is_none());
        assert!(parse("certauthz loadtest -n 5 compare a b").is_none());
    }
}
