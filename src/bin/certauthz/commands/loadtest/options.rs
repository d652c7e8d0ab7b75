//! Options that cannot be used together. What clap itself could refuse is refused here where the reason and the next step
//! are worth a sentence.

use crate::{
    cli::{LoadMode, LoadtestArgs},
    output::{Failure, Result},
    values::Data,
};
use std::path::Path;

/// Whether something holds that must not, why it must not, and what to do instead.
type Contradiction = (bool, String, &'static str);

/// Refuses options of a measurement that contradict one another.
pub(super) fn check(args: &LoadtestArgs) -> Result<()> {
    let all = [lanes(args), credentials(args), request(args), results(args)];
    refuse(all.into_iter().flatten().chain(belongs_to_auto(args)))
}

/// Refuses what a rehearsal cannot heed.
pub(super) fn check_rehearsal(args: &LoadtestArgs) -> Result<()> {
    let (subject, pace, results) = (&args.subject, &args.pace, &args.results);
    let given = [
        ("--matrix", subject.matrix),
        ("--aa", subject.aa),
        ("--clients", subject.client_count.is_some()),
        ("--token", subject.token.is_some()),
        ("--ramp", !pace.ramp.is_zero()),
        ("--disable-keepalive", pace.disable_keepalive),
        ("--threshold", !results.files.thresholds.is_empty()),
        ("--report", results.files.report.is_some()),
        ("--csv", results.csv.is_some()),
        ("--hdr-log", results.hdr_log.is_some()),
        ("--server-metrics", results.server_metrics.is_some()),
    ];
    let url = (
        subject.urls().next().is_some(),
        "--mode auto takes no URL".to_owned(),
        "leave it out: an outage is rehearsed in a temporary world, with its own authority",
    );
    let requests = (
        pace.requests.is_some(),
        "--mode auto takes no -n".to_owned(),
        "say how long with -z, and how many in a second with -q",
    );
    let several = (
        subject.clients.len() > 1,
        format!("--mode auto has one client, and --client names {}", subject.clients.len()),
        "name one: a circuit breaker is a client's own",
    );
    let others = given.into_iter().map(|(option, given)| {
        let why = format!("{option} is for measuring, and --mode auto rehearses an outage");
        (given, why, "leave it out, or choose --mode token, cert or both")
    });
    refuse([url, requests, several].into_iter().chain(others).chain(request(args)))
}

fn refuse(contradictions: impl IntoIterator<Item = Contradiction>) -> Result<()> {
    match contradictions.into_iter().find(|(holds, _, _)| *holds) {
        Some((_, why, hint)) => Err(Failure::Usage { why, hint: hint.to_owned() }),
        None => Ok(()),
    }
}

fn belongs_to_auto(args: &LoadtestArgs) -> [Contradiction; 1] {
    let why = "--outage belongs to --mode auto".to_owned();
    [(args.rehearsal.outage.is_some(), why, "add --mode auto: only that has an authority, and sends at a steady rate")]
}

/// What is put beside what.
fn lanes(args: &LoadtestArgs) -> Vec<Contradiction> {
    let subject = &args.subject;
    let (mode, has_url) = (subject.mode.as_str(), subject.urls().next().is_some());
    let own_keys = subject.key.key_type.is_some() || subject.key.key_size.is_some();
    vec![
        (
            subject.aa && subject.matrix,
            "--aa compares a mode with itself, and --matrix types of keys with one another".to_owned(),
            "leave out one of the two",
        ),
        (
            subject.aa && subject.mode == LoadMode::Both,
            format!("--aa compares one mode with itself, and --mode {mode} has two"),
            "choose --mode token or --mode cert",
        ),
        (
            subject.matrix && has_url,
            "--matrix needs a server for each type of key, and a URL names one".to_owned(),
            "leave out the URL: servers are started in temporary worlds",
        ),
        (
            subject.matrix && own_keys,
            "--matrix measures all types of keys, and --key-type or --key-size names one".to_owned(),
            "leave out one of the two",
        ),
        (
            has_url && own_keys,
            "--key-type and --key-size are for the temporary world, and with a URL there is none".to_owned(),
            "leave them out: the clients under --path have their keys",
        ),
    ]
}

/// Who sends, and what they show.
fn credentials(args: &LoadtestArgs) -> Vec<Contradiction> {
    let subject = &args.subject;
    let has_url = subject.urls().next().is_some();
    vec![
        (
            subject.client_count.is_some() && has_url,
            "--clients makes clients in the temporary world, and with a URL there is none".to_owned(),
            "repeat --client instead, for clients that are under --path",
        ),
        (
            subject.client_count.is_some() && !subject.clients.is_empty(),
            "--clients makes new clients, and --client names one".to_owned(),
            "leave out one of the two",
        ),
        (
            subject.token.is_some() && subject.mode == LoadMode::Cert,
            "--token gives a token, and --mode cert sends none".to_owned(),
            "leave it out, or choose --mode token or both",
        ),
        (
            subject.token.is_some() && !has_url,
            "--token gives a token, and no server of a temporary world would accept it".to_owned(),
            "leave it out, or give the URL of a server that does",
        ),
        (
            args.results.server_metrics.is_some() && !has_url,
            "--server-metrics is for a server of yours, and there is no URL".to_owned(),
            "leave it out: the CPU time of the temporary server is read from its process",
        ),
    ]
}

fn request(args: &LoadtestArgs) -> Vec<Contradiction> {
    let request = &args.request;
    let from_stdin = [
        args.subject.token.as_deref() == Some(Path::new("-")),
        request.data_file.as_deref() == Some(Path::new("-")),
        matches!(request.data, Some(Data::Stdin)),
    ];
    vec![
        (
            request.data.is_some() && request.data_file.is_some(),
            "-d and -D both give the body".to_owned(),
            "leave out one of the two",
        ),
        (
            request.content_type.is_some() && request.headers.iter().any(|header| header.name == "content-type"),
            "-T and -H both give the Content-Type".to_owned(),
            "leave out one of the two",
        ),
        (
            from_stdin.into_iter().filter(|given| *given).count() > 1,
            "the token and the body cannot both come from standard input".to_owned(),
            "give one of them as a file",
        ),
    ]
}

fn results(args: &LoadtestArgs) -> Vec<Contradiction> {
    let results = &args.results;
    let mut files: Vec<_> =
        [&results.files.output, &results.files.report, &results.csv, &results.hdr_log].into_iter().flatten().collect();
    let given = files.len();
    files.sort_unstable();
    files.dedup();
    vec![(
        files.len() < given,
        "two of -o, --report, --csv and --hdr-log name the same file".to_owned(),
        "give each its own",
    )]
}
