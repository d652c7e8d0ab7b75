//! `loadtest`: both modes over HTTP, measured.

use super::{Context, init::make_world};
use crate::{
    cli::{LoadtestArgs, RequestMode},
    output::{Failure, Outcome, Result},
};
use bytes::Bytes;
use certauthz::{
    cert::Lifetime,
    client::{OutgoingRequest, RequestSigner},
    error::Result as LibraryResult,
    key::LocalKey,
    load::{self, Ending, Mode, Plan, PreparedRequest, Progress, Report, Stop, Subject, Target, WarmUp},
    store::{Credentials, Name, TokenOptions},
};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::AUTHORIZATION};
use jiff::Timestamp;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::{
    fs::Permissions,
    io::{self, BufRead as _, BufReader},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

const DEFAULT_DURATION: Duration = Duration::from_secs(5);
/// Long enough for a request's way through a full server, short enough for the server's window.
const SIGNED_FOR: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &LoadtestArgs, context: &Context) -> Result {
    let interrupted =
        interrupt_flag().map_err(|source| Failure::System { action: "listen for signals".into(), source })?;
    let report = match &args.url {
        Some(url) => measure(args, url.uri(), &context.credentials, None, context, &interrupted)?,
        None => {
            let world = World::start(args, context.now)?;
            if interrupted.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            measure(args, &world.url, &world.credentials, Some(world.server.id()), context, &interrupted)?
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
            action: format!("measure {}", report.url).into(),
            source: io::Error::other(match report.ending {
                Ending::ServerGone => "it stopped answering",
                _ => "in one mode no request was answered with 2xx",
            }),
        });
    }
    Ok(Outcome::Done)
}

fn measure(
    args: &LoadtestArgs,
    url: &Uri,
    credentials: &Credentials,
    server_pid: Option<u32>,
    context: &Context,
    interrupted: &Arc<AtomicBool>,
) -> Result<Report> {
    let client = credentials.client(&args.client)?;
    let template = Template::new(args)?;
    let target = Target::resolve(&url.to_string())?;
    let mut sources: Vec<(Mode, Source<'_>)> = Vec::new();
    for mode in args.mode.modes() {
        let uri = route(url, *mode, args.mode.modes().len() > 1)?;
        let (mode, credential) = match mode {
            RequestMode::Token => (Mode::Token, Credential::Token(bearer(credentials, &args.client, context.now)?)),
            RequestMode::Cert => {
                let chain: Vec<_> = client.chain.iter().map(|c| c.der.clone()).collect();
                (Mode::Cert, Credential::Signer(RequestSigner::new(&client.certificate.der, &chain, client.signer()?)?))
            }
        };
        sources.push((mode, Source { template: &template, uri, credential }));
    }
    let closures: Vec<_> = sources.iter().map(|(mode, source)| (*mode, |count| source.prepare(count))).collect();
    let subjects: Vec<_> = closures.iter().map(|(mode, source)| Subject { mode: *mode, source }).collect();
    let progress = if args.no_progress || context.out.is_quiet() { Progress::Silent } else { Progress::Bar };
    Ok(load::run(&plan(args, server_pid), &target, &subjects, progress, interrupted)?)
}

fn plan(args: &LoadtestArgs, server_pid: Option<u32>) -> Plan {
    let stop = match args.requests {
        Some(requests) => Stop::Requests(u64::try_from(requests.get()).unwrap_or(u64::MAX)),
        None => Stop::Duration(args.duration.unwrap_or(DEFAULT_DURATION)),
    };
    let mut plan = Plan::new(stop);
    plan.connections = args.connections.get();
    plan.timeout = args.timeout;
    plan.warm_up = WarmUp { duration: args.warmup, ..plan.warm_up };
    plan.server_pid = server_pid;
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

/// What all requests have in common.
struct Template {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Template {
    fn new(args: &LoadtestArgs) -> Result<Self> {
        let body = match &args.data {
            Some(data) => Bytes::from(data.read()?),
            None => Bytes::new(),
        };
        let default = if args.data.is_some() { Method::POST } else { Method::GET };
        let mut headers = HeaderMap::new();
        for header in &args.headers {
            headers.append(header.name.clone(), header.value.clone());
        }
        Ok(Self { method: args.method.clone().unwrap_or(default), headers, body })
    }
}

enum Credential<'a> {
    Token(String),
    Signer(RequestSigner<&'a LocalKey>),
}

/// Makes the requests of one mode.
struct Source<'a> {
    template: &'a Template,
    uri: Uri,
    credential: Credential<'a>,
}

impl Source<'_> {
    fn prepare(&self, count: usize) -> LibraryResult<Vec<PreparedRequest>> {
        (0..count).map(|_| self.request()).collect()
    }

    fn request(&self) -> LibraryResult<PreparedRequest> {
        let Template { method, headers, body } = self.template;
        let mut request = Request::new(body.clone());
        *request.method_mut() = method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers.clone();
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

/// A temporary directory with credentials, and a server in a process of its own. Both end with it.
struct World {
    credentials: Credentials,
    url: Uri,
    server: Server,
    _directory: TempDir,
}

impl World {
    fn start(args: &LoadtestArgs, now: Timestamp) -> Result<Self> {
        let system = |action: &'static str| move |source| Failure::System { action: action.into(), source };
        let directory = tempfile::Builder::new()
            .prefix("certauthz-")
            // It holds private keys.
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(system("make a temporary directory"))?;
        let credentials = Credentials::new(directory.path().join("credentials"));
        make_world(&credentials, args.key.resolve()?, false, now)?;
        let (server, url) = Server::start(&credentials).map_err(system("start `certauthz serve`"))?;
        let url = url.parse().map_err(|_| Failure::System {
            action: "start `certauthz serve`".into(),
            source: io::Error::other(format!("it says it listens on {url:?}")),
        })?;
        Ok(Self { credentials, url, server, _directory: directory })
    }
}

/// The child process. It ends when its standard input does, so it cannot outlive this process, however that ends.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Server {
    fn start(credentials: &Credentials) -> io::Result<(Self, String)> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--path")
            .arg(credentials.root())
            .args(["serve", "--listen", "127.0.0.1:0", "--stop-with-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the load test, which still wants answers to the requests that are under way.
            .process_group(0)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("it has no standard output"))?;
        let server = Self { child, stdin };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok((server, url.to_owned())),
            None => Err(io::Error::other("it ended before it listened")),
        }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It drains for 10 seconds at most.
        if let Err(error) = self.child.wait() {
            tracing::warn!("waiting for the server: {error}");
        }
    }
}

/// Set by the first signal that asks for the end, so that the temporary world is removed; the second ends the process.
fn interrupt_flag() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // In this order: the flag that the first signal sets must not end the process yet.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&interrupted))?;
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}
