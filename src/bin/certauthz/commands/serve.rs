//! `serve`: the resource server.

use super::Context;
use crate::{
    cli::ServeArgs,
    output::{Failure, Outcome, Result, raw_to_stdout, to_stderr},
};
use certauthz::{
    authz::{Authorities, BearerVerifier, CertificateVerifier, Policy, RevocationCheck},
    cert::chain::Anchors,
    crl::{Freshness, RevocationStore},
    error::Error,
    key::PublicKey,
    rlimit::raise_fd_limit,
    scope::Scopes,
    server::{Limits, Resource, RevocationFile, Server},
    store::CaFacts,
    token::TokenVerifier,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{future::Future, io, num::NonZeroUsize, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

pub(crate) fn run(args: ServeArgs, context: &Context) -> Result {
    let ca = context.credentials.ca_facts(&args.ca)?;
    let authorities = authorities(&args)?;
    raise_fd_limit();
    let runtime = runtime(args.workers)?;
    let _entered = runtime.enter();
    let mut server = Server::bind(args.listen)?;
    if let Some(address) = args.metrics_listen {
        server = server.with_metrics_at(address)?;
    }
    let authorities = match authorities {
        Some(given) => given,
        None => Authorities::of_address(server.address())?,
    };
    let lists = revocation_files(&args, &ca, context)?;
    let resource = resource(&args, &ca, authorities, &lists, context)?;
    let limits = Limits { max_body: args.max_body.0, max_connections: args.max_connections.get(), ..Limits::default() };
    let shutdown = shutdown(args.stop_with_stdin).map_err(system("listen for signals"))?;
    announce(&server, context)?;
    runtime.block_on(server.run(resource, limits, Some(lists), shutdown));
    // A task that blocks on a file must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(Outcome::Done)
}

/// What was named, or `None` for "the address it listens on", which is not known before it listens.
fn authorities(args: &ServeArgs) -> Result<Option<Authorities>> {
    if args.authorities.is_empty() {
        // Refused before anything is taken.
        Authorities::of_address(args.listen)?;
        return Ok(None);
    }
    Ok(Some(Authorities::new(&args.authorities)?))
}

/// As many threads as were asked for.
pub(super) fn runtime(workers: Option<NonZeroUsize>) -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name("certauthz");
    if let Some(workers) = workers {
        builder.worker_threads(workers.get());
    }
    builder.build().map_err(system("start threads"))
}

pub(super) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::System { action: action.into(), source }
}

/// The lists to watch: those that were named, or the CA's own and those of the CAs below it in the same directory.
fn revocation_files(args: &ServeArgs, ca: &CaFacts, context: &Context) -> Result<RevocationFile> {
    let mut issuers = vec![ca.certificate.der.clone()];
    let mut paths = vec![ca.crl_path.clone()];
    for name in context.credentials.ca_names()? {
        // A broken neighbour is not this CA's business; a client of it would be refused for lack of a list.
        let Ok(below) = context.credentials.ca_facts(&name) else { continue };
        if below.chain.iter().any(|above| above.der == ca.certificate.der) {
            issuers.push(below.certificate.der);
            paths.push(below.crl_path);
        }
    }
    if !args.crls.is_empty() {
        paths.clone_from(&args.crls);
    }
    Ok(RevocationFile::new(paths, issuers))
}

fn resource(
    args: &ServeArgs,
    ca: &CaFacts,
    authorities: Authorities,
    lists: &RevocationFile,
    context: &Context,
) -> Result<Resource> {
    let issuer = args.issuer.clone().or_else(|| ca.issuer_url.clone()).ok_or_else(|| Failure::Usage {
        why: format!("the issuer of the tokens of CA {:?} is not known", args.ca.as_str()),
        hint: "name it with --issuer URL".to_owned(),
    })?;
    let skew = signed("skew", args.skew)?;
    let key = PublicKey::from_spki_der(&ca.certificate.spki).map_err(Error::from)?;
    let tokens = TokenVerifier::new(key, issuer, args.audience.clone(), skew);

    let mut policy = Policy::new(authorities);
    policy.max_age = signed("maximum age", args.max_age)?;
    policy.skew = skew;
    policy.scopes_oid = context.credentials.scopes_oid().clone();
    policy.revocation = RevocationCheck::Required(args.stale_crl);
    let now = Timestamp::now();
    policy.started = Some(now);
    let anchors = Anchors::new([ca.certificate.der.clone()])?;
    let certificates = CertificateVerifier::new(
        anchors,
        policy,
        load_lists(args, lists, now, context),
        args.cert_cache,
        args.replay_capacity.get(),
    );
    Ok(Resource {
        tokens: BearerVerifier::with_cache(tokens, args.token_cache),
        certificates,
        required: Scopes::new(args.require_scopes.iter().cloned())?,
    })
}

/// The lists as they are now. One that is missing or stale does not keep the server from starting (a new one is taken as
/// soon as it is there), but whoever starts it should know.
fn load_lists(args: &ServeArgs, files: &RevocationFile, now: Timestamp, context: &Context) -> RevocationStore {
    let program = context.program();
    let given: Vec<_> = args.crls.iter().map(|path| path.display().to_string()).collect();
    let hint = match given.is_empty() {
        true => format!("publish a new list with `{program} crl create --ca {}`: it is taken at once", args.ca),
        false => format!("put a current list at {}: it is taken at once", given.join(" or ")),
    };
    let mut lists = RevocationStore::new();
    if let Err(error) = files.load(&mut lists) {
        context.out.warn(&format!("no usable revocation list ({error}): /cert answers 503 for its clients"), &hint);
    }
    for list in lists.lists() {
        if let Freshness::Stale { since } = list.freshness(now) {
            let policy = args.stale_crl.name();
            let text = format!("revocation list number {} is stale since {since}; policy {policy}", list.number());
            context.out.warn(&text, &hint);
        }
    }
    lists
}

pub(super) fn signed(what: &str, duration: Duration) -> Result<SignedDuration> {
    SignedDuration::try_from(duration).map_err(|_| Failure::Usage {
        why: format!("{what} {duration:?}: too long"),
        hint: "give a shorter time".to_owned(),
    })
}

/// The one line that says where it listens; a program that starts the server waits for it. Before that, where metrics are
/// if they have an address of their own.
pub(super) fn announce(server: &Server, context: &Context) -> Result<()> {
    let url = format!("http://{}", server.address());
    let metrics = server.metrics_address().map(|address| format!("http://{address}/metrics"));
    if let Some(metrics) = &metrics {
        to_stderr(&format!("metrics on {metrics}\n"));
    }
    let line = if context.out.is_json() {
        let mut document = json!({"listening": url});
        if let (Some(metrics), Some(object)) = (metrics, document.as_object_mut()) {
            object.insert("metrics".to_owned(), metrics.into());
        }
        format!("{document}\n")
    } else {
        format!("listening on {url}\n")
    };
    raw_to_stdout(line.as_bytes())
}

/// Completes at SIGTERM, Ctrl-C or, if asked for, the end of standard input. A second signal ends the process at once.
pub(super) fn shutdown(with_stdin: bool) -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin_ends(), if with_stdin => {}
        }
        tracing::info!("stopping: open requests may finish");
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(130);
        });
    })
}

/// A thread reads it: it may block for as long as the process lives.
async fn stdin_ends() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // What arrives is of no interest; an error is an end as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = ended.send(());
    });
    let _ = end.await;
}
