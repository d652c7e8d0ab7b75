//! `loadtest`: both modes over HTTP, measured; or an outage of the authority, rehearsed.

mod authority;
mod process;
mod rehearsal;
mod stand_in;
mod template;
mod world;

use super::Context;
use crate::{
    cli::{LoadMode, LoadtestArgs, RequestMode},
    output::{Failure, Outcome, Result},
};
use certauthz::{
    cert::Lifetime,
    client::{OutgoingRequest, RequestSigner},
    error::Result as LibraryResult,
    key::LocalKey,
    load::{
        self, Ending, Mode, Plan, PreparedRequest, Progress, Report, Requests, ServerClock, Stop, Subject, Target,
        WarmUp, Watch,
    },
    store::{Credentials, Name, TokenOptions},
};
use http::{HeaderValue, Uri, header::AUTHORIZATION};
use jiff::Timestamp;
use process::{Process, interrupt_flag};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use template::Template;
use world::{World, system};

const DEFAULT_DURATION: Duration = Duration::from_secs(5);
/// Long enough for a request's way through a full server, short enough for the server's window.
const SIGNED_FOR: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &LoadtestArgs, context: &Context) -> Result {
    match args.mode {
        LoadMode::Auto => rehearsal::run(args, context),
        LoadMode::Token => compare(&[RequestMode::Token], args, context),
        LoadMode::Cert => compare(&[RequestMode::Cert], args, context),
        LoadMode::Both => compare(&[RequestMode::Token, RequestMode::Cert], args, context),
    }
}

/// Measures these modes, one after the other.
fn compare(modes: &[RequestMode], args: &LoadtestArgs, context: &Context) -> Result {
    refuse_rehearsal_options(args)?;
    let interrupted = interrupt_flag().map_err(system("listen for signals"))?;
    let report = match &args.url {
        Some(url) => measure(modes, args, url.uri(), &context.credentials, None, context, &interrupted)?,
        None => {
            let world = World::make(args.key.resolve()?, context.now)?;
            let (server, url) = start_server(&world.credentials, &[])?;
            if interrupted.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            measure(modes, args, &url, &world.credentials, Some(server.id()), context, &interrupted)?
        }
    };
    let cut_short = report.ending == Ending::Interrupted;
    if cut_short && report.modes.iter().all(|mode| mode.tally.done() == 0) {
        return Err(Failure::Interrupted);
    }
    context.out.data(|| report.text(), &report.json())?;
    // Whoever interrupts knows that a mode may be missing.
    let failed = report.modes.iter().any(|mode| mode.tally.successes() == 0 && !(cut_short && mode.tally.done() == 0));
    if failed || report.ending == Ending::ServerGone {
        return Err(Failure::System {
            action: format!("measure {}", report.urls.join(" ")).into(),
            source: io::Error::other(match report.ending {
                Ending::ServerGone => "it stopped answering",
                _ => "in one mode no request was answered with 2xx",
            }),
        });
    }
    Ok(Outcome::Done)
}

/// Options that only a rehearsal could heed.
fn refuse_rehearsal_options(args: &LoadtestArgs) -> Result<()> {
    let given = [("--outage", args.outage.is_some()), ("--rate", args.rate.is_some())];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::Usage {
            why: format!("{option} belongs to --mode auto"),
            hint: "add --mode auto: only that has an authority, and sends at a steady rate".to_owned(),
        }),
    }
}

/// Starts a resource server on a free port.
fn start_server(credentials: &Credentials, more: &[&str]) -> Result<(Process, Uri)> {
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
    let (server, url) = Process::start(credentials, &arguments).map_err(system("start `certauthz serve`"))?;
    let url = url.parse().map_err(|_| Failure::System {
        action: "start `certauthz serve`".into(),
        source: io::Error::other(format!("it says it listens on {url:?}")),
    })?;
    Ok((server, url))
}

fn measure(
    modes: &[RequestMode],
    args: &LoadtestArgs,
    url: &Uri,
    credentials: &Credentials,
    server_pid: Option<u32>,
    context: &Context,
    interrupted: &Arc<AtomicBool>,
) -> Result<Report> {
    let mut client = credentials.client(&args.client)?;
    let template = Arc::new(Template::new(args)?);
    let target = Target::resolve(&url.to_string())?;
    let mut subjects = Vec::new();
    for mode in modes {
        let uri = route(url, *mode, modes.len() > 1)?;
        let (mode, credential) = match mode {
            RequestMode::Token => (Mode::Token, Credential::Token(bearer(credentials, &args.client, context.now)?)),
            RequestMode::Cert => {
                client.signer()?;
                let Some(key) = client.key.take() else { continue };
                let chain: Vec<_> = client.chain.iter().map(|c| c.der.clone()).collect();
                (Mode::Cert, Credential::Signer(RequestSigner::new(&client.certificate.der, &chain, key)?))
            }
        };
        let source = Source { template: Arc::clone(&template), uri, credential };
        subjects.push(Subject {
            name: mode.to_string(),
            mode,
            targets: vec![target.clone()],
            supply: match mode {
                Mode::Token => Requests::Repeat(vec![source.request()?]),
                Mode::Cert => Requests::Sign(Arc::new(move |count| source.prepare(count))),
            },
            server: server_pid.map(ServerClock::Process),
        });
    }
    let watch = Watch { progress: progress(args, context), intervals: None };
    Ok(load::run(&plan(args), subjects, watch, interrupted)?)
}

fn progress(args: &LoadtestArgs, context: &Context) -> Progress<'static> {
    if args.no_progress || context.out.is_quiet() { Progress::Silent } else { Progress::Bar }
}

fn plan(args: &LoadtestArgs) -> Plan {
    let stop = match args.requests {
        Some(requests) => Stop::Requests(u64::try_from(requests.get()).unwrap_or(u64::MAX)),
        None => Stop::Duration(args.duration.unwrap_or(DEFAULT_DURATION)),
    };
    let mut plan = Plan::new(stop);
    plan.connections = args.connections.get();
    plan.timeout = args.timeout;
    plan.warm_up = WarmUp { duration: args.warmup, ..plan.warm_up };
    plan
}

/// The URL of a mode: as it was given; with the route of the mode where it names the other's or none.
fn route(url: &Uri, mode: RequestMode, both: bool) -> Result<Uri> {
    let wanted = match mode {
        RequestMode::Token => "/token",
        RequestMode::Cert => "/cert",
    };
    let replace = match url.path() {
        "" | "/" => url.query().is_none(),
        "/token" | "/cert" => both,
        _ => false,
    };
    if !replace {
        return Ok(url.clone());
    }
    let mut parts = url.clone().into_parts();
    let path = match url.query() {
        Some(query) => format!("{wanted}?{query}"),
        None => wanted.to_owned(),
    };
    let unusable =
        |why: String| Failure::Usage { why: format!("URL {url}: {why}"), hint: "give an absolute URL".to_owned() };
    parts.path_and_query = Some(path.parse().map_err(|e: http::uri::InvalidUri| unusable(e.to_string()))?);
    Uri::from_parts(parts).map_err(|e| unusable(e.to_string()))
}

/// A token that lives through the run: a new one where the CA is at hand, else the one in the client's directory.
fn bearer(credentials: &Credentials, client: &Name, now: Timestamp) -> LibraryResult<String> {
    let found = credentials.client(client)?;
    let Ok(ca) = credentials.ca_of(&found).and_then(|name| credentials.authority(&name)) else {
        return credentials.read_token(client);
    };
    let options = TokenOptions { lifetime: Some(Lifetime::hours(24)), ..TokenOptions::new(client.clone()) };
    Ok(ca.issue_token(&options, now)?.token)
}

enum Credential {
    Token(String),
    Signer(RequestSigner<LocalKey>),
}

/// Makes the requests of one mode.
struct Source {
    template: Arc<Template>,
    uri: Uri,
    credential: Credential,
}

impl Source {
    fn prepare(&self, count: usize) -> LibraryResult<Vec<PreparedRequest>> {
        (0..count).map(|_| self.request()).collect()
    }

    fn request(&self) -> LibraryResult<PreparedRequest> {
        let Template { method, body, .. } = &*self.template;
        let mut request = self.template.request(&self.uri);
        match &self.credential {
            Credential::Token(token) => {
                if let Ok(value) = HeaderValue::try_from(format!("Bearer {token}")) {
                    request.headers_mut().insert(AUTHORIZATION, value);
                }
            }
            Credential::Signer(signer) => {
                let outgoing = OutgoingRequest { method, uri: &self.uri, body };
                // `now` per request: a long block must not look old at its end.
                request.headers_mut().extend(signer.sign(&outgoing, SIGNED_FOR, Timestamp::now())?);
            }
        }
        Ok(request)
    }
}
