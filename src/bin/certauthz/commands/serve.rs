//! `serve`: the resource server.

use super::{Context, trust::TrustedCa};
use crate::{
    cli::ServeArgs,
    output::{Failure, Outcome, Result, raw_to_stdout, to_stderr},
};
use certauthz::{
    authz::{
        Authorities, BearerVerifier, CertificateVerifier, IntrospectionReader, Policy, RevocationCheck,
        RevocationLookup, SharedLists,
    },
    cert::{chain::Anchors, facts::Facts},
    crl::{Freshness, RevocationStore},
    error::Error,
    key::PublicKey,
    rlimit::raise_fd_limit,
    scope::Scopes,
    server::{Introspection, Limits, Resource, Server, Source, Sources},
    token::{KeySet, TokenVerifier},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{future::Future, io, net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// How long the start waits for URLs.
const START_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn run(args: ServeArgs, context: &Context) -> Result {
    let ca = TrustedCa::find(&args.ca, context)?;
    let (mut sources, issuer) = (sources(&args, &ca)?, issuer(&args, &ca)?);
    let given = authorities(args.listen, &args.authorities)?;
    raise_fd_limit();
    let runtime = runtime(args.workers)?;
    let _entered = runtime.enter();
    let (server, authorities) = bind(args.listen, args.metrics_listen, given)?;
    let resource = resource(&args, &ca, authorities, issuer, &mut sources, context)?;
    let limits = Limits { max_body: args.max_body.0, max_connections: args.max_connections.get(), ..Limits::default() };
    let shutdown = shutdown(args.stop_with_stdin).map_err(system("listen for signals"))?;
    announce(&server, context)?;
    let served = runtime.block_on(server.run(resource, limits, sources, shutdown));
    // A task that blocks on a file must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served?;
    Ok(Outcome::Done)
}

/// What was named, or `None` for "the address it listens on", which is not known before it listens.
pub(super) fn authorities(listen: SocketAddr, named: &[String]) -> Result<Option<Authorities>> {
    if named.is_empty() {
        // Refused before anything is taken.
        Authorities::of_address(listen)?;
        return Ok(None);
    }
    Ok(Some(Authorities::new(named)?))
}

/// Takes the addresses. Must be called within the runtime.
pub(super) fn bind(
    listen: SocketAddr,
    metrics: Option<SocketAddr>,
    authorities: Option<Authorities>,
) -> Result<(Server, Authorities)> {
    let mut server = Server::bind(listen)?;
    if let Some(address) = metrics {
        server = server.with_metrics_at(address)?;
    }
    let authorities = match authorities {
        Some(named) => named,
        None => Authorities::of_address(server.address())?,
    };
    Ok((server, authorities))
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

/// The lists that were named, or the CA's own and those of the CAs below it in the same directory; the keys if named.
fn sources(args: &ServeArgs, ca: &TrustedCa) -> Result<Sources> {
    let lists = match args.crls.is_empty() {
        true => ca.crl_paths.iter().cloned().map(Source::File).collect(),
        false => args.crls.clone(),
    };
    if lists.is_empty() {
        return Err(Failure::Usage {
            why: format!("no revocation list is named for the CA in {}", args.ca),
            hint: "name it with --crl URL or --crl FILE".to_owned(),
        });
    }
    let issuers = ca.certificates.iter().chain(&ca.below).cloned().collect();
    let sources = Sources::new(lists, issuers, args.crl_interval);
    Ok(match &args.jwks {
        Some(keys) => sources.with_keys(keys.clone()),
        None => sources,
    })
}

/// The issuer that tokens must name.
fn issuer(args: &ServeArgs, ca: &TrustedCa) -> Result<String> {
    args.issuer.clone().or_else(|| ca.issuer_url.clone()).ok_or_else(|| Failure::Usage {
        why: format!("the issuer of the tokens of CA {:?} is not known", args.ca),
        hint: "name it with --issuer URL".to_owned(),
    })
}

fn resource(
    args: &ServeArgs,
    ca: &TrustedCa,
    authorities: Authorities,
    issuer: String,
    sources: &mut Sources,
    context: &Context,
) -> Result<Resource> {
    let skew = signed("skew", args.skew)?;
    let introspection = introspection(args, &issuer, skew, context)?;
    let tokens = token_verifier(ca, issuer, args.audience.clone(), skew)?;
    let tokens = BearerVerifier::with_cache(tokens, args.token_cache);

    let mut policy = Policy::new(authorities);
    policy.max_age = signed("maximum age", args.max_age)?;
    policy.skew = skew;
    policy.scopes_oid = context.credentials.scopes_oid().clone();
    policy.revocation = RevocationCheck::Required(args.stale_crl);
    // One handle: a new list is news for certificates and for the tokens that name them.
    let lists = SharedLists::new(load(args, sources, &tokens, context));
    // A set of keys may be that of a CA below: the certificates that its tokens name are on its list.
    let known = ca.certificates.iter().chain(&ca.below);
    let facts = known.map(|der| Facts::from_der(der)).collect::<certauthz::error::Result<Vec<_>>>()?;
    let tokens = tokens.with_revocation(RevocationLookup::new(lists.clone(), &facts, policy.revocation));
    policy.started = Some(Timestamp::now());
    let anchors = Anchors::new(ca.certificates.iter().cloned())?;
    let certificates = CertificateVerifier::new(anchors, policy, lists, args.cert_cache, args.replay_capacity.get());
    Ok(Resource { tokens, introspection, certificates, required: Scopes::new(args.require_scopes.iter().cloned())? })
}

/// The authorization server that is asked about tokens, if one is.
fn introspection(
    args: &ServeArgs,
    issuer: &str,
    skew: SignedDuration,
    context: &Context,
) -> Result<Option<Introspection>> {
    let (Some(url), Some(name)) = (&args.introspect, &args.introspect_client) else { return Ok(None) };
    let client = context.credentials.client(name)?;
    client.signer()?;
    let Some(key) = client.key else { return Ok(None) };
    let id = client.certificate.common_name.unwrap_or_else(|| name.to_string());
    let reader = IntrospectionReader::new(issuer.to_owned(), args.audience.clone(), skew);
    let remember = signed("time to remember", args.introspect_cache)?;
    Ok(Some(Introspection::new(url.uri().clone(), id, Arc::new(key), reader, remember)))
}

/// Accepts tokens that a trusted CA signed.
fn token_verifier(ca: &TrustedCa, issuer: String, audience: String, skew: SignedDuration) -> Result<TokenVerifier> {
    let mut keys = Vec::new();
    for certificate in &ca.certificates {
        let spki = Facts::from_der(certificate)?.spki;
        keys.push(PublicKey::from_spki_der(&spki).map_err(Error::from)?);
    }
    Ok(TokenVerifier::with_keys(KeySet::new(keys)?, issuer, audience, skew))
}

/// Reads lists and keys as they are now. One that is missing or stale does not keep the server from starting (a new one is
/// taken as soon as it is there), but whoever starts it should know.
fn load(args: &ServeArgs, sources: &mut Sources, tokens: &BearerVerifier, context: &Context) -> RevocationStore {
    let hint = list_hint(args, context);
    let mut lists = RevocationStore::new();
    let loaded = sources.load(&mut lists, tokens, START_LIMIT);
    for error in loaded.lists {
        context.out.warn(&format!("no usable revocation list ({error}): its clients are answered 503"), &hint);
    }
    if let Some(error) = loaded.keys {
        let text = format!("no token keys ({error}): those of the CA hold");
        context.out.warn(&text, "they are read again by and by, and taken as soon as they are there");
    }
    let now = Timestamp::now();
    for list in lists.lists() {
        if let Freshness::Stale { since } = list.freshness(now) {
            let policy = args.stale_crl.name();
            let text = format!("revocation list number {} is stale since {since}; policy {policy}", list.number());
            context.out.warn(&text, &hint);
        }
    }
    lists
}

fn list_hint(args: &ServeArgs, context: &Context) -> String {
    let given: Vec<_> = args.crls.iter().map(ToString::to_string).collect();
    match given.is_empty() {
        true => {
            format!("publish a new list with `{} crl create --ca {}`: it is taken at once", context.program(), args.ca)
        }
        false if args.crls.iter().all(|list| matches!(list, Source::File(_))) => {
            format!("put a current list at {}: it is taken at once", given.join(" or "))
        }
        false => format!("put a current list at {}: it is taken soon", given.join(" or ")),
    }
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
