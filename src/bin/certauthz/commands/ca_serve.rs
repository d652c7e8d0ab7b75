//! `ca serve` and `ca publish`: the authorization server, and its documents as files.

use super::{
    Context,
    ca::perhaps_client,
    serve::{announce, authorities, bind, runtime, shutdown, signed, system},
};
use crate::{
    cli::{CaPublishArgs, CaServeArgs},
    output::{Failure, Outcome, Result},
    view,
};
use certauthz::{
    rlimit::raise_fd_limit,
    server::{self, AuthorizationOptions, AuthorizationServer, Limits},
};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

pub(crate) fn serve(args: CaServeArgs, context: &Context) -> Result {
    let given = authorities(args.listen, &args.authorities)?;
    raise_fd_limit();
    let runtime = runtime(args.workers)?;
    let _entered = runtime.enter();
    let (server, authorities) = bind(args.listen, args.metrics_listen, given)?;
    let options = AuthorizationOptions {
        issuer: args.issuer,
        token_lifetime: signed("token lifetime", args.token_lifetime)?,
        ..AuthorizationOptions::new(authorities)
    };
    let authority = AuthorizationServer::open(&context.credentials, &args.name, options, Timestamp::now())
        .map_err(|error| perhaps_client(&args.name, error, context))?;
    if let Some(why) = authority.unready() {
        let hint = format!("let this user write in {}", context.credentials.root().join(&args.name).display());
        context.out.warn(&format!("{why}: /readyz answers 503"), &hint);
    }
    let limits = Limits { max_connections: args.max_connections.get(), ..Limits::default() };
    let shutdown = shutdown(args.stop_with_stdin).map_err(system("listen for signals"))?;
    announce(&server, context)?;
    runtime.block_on(server.run_authorization(authority, limits, shutdown));
    // A task that blocks on a file must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(Outcome::Done)
}

pub(crate) fn publish(args: CaPublishArgs, context: &Context) -> Result {
    let CaPublishArgs { name, out, issuer } = args;
    let done = server::publish(&context.credentials, &name, issuer, &out, context.now).map_err(|error| {
        let failure = perhaps_client(&name, error, context);
        match failure {
            Failure::Library(error @ certauthz::error::Error::NotAllowed { .. }) => {
                let hint = format!("publish a new list first: `{} crl create --ca {name}`", context.program());
                Failure::Hinted { error, hint }
            }
            other => other,
        }
    })?;
    let text = || {
        let mut rows: Vec<(&str, String)> =
            done.files.iter().map(|file| (file.content_type, file.path.display().to_string())).collect();
        rows.push(("list", format!("number {}, until {}", done.number, view::time(done.next_update))));
        view::fields(&format!("CA {name}"), &rows)
    };
    let files: Vec<_> = done
        .files
        .iter()
        .map(|file| json!({"path": file.path, "content_type": file.content_type, "bytes": file.len}))
        .collect();
    let document = json!({
        "ca": name,
        "files": files,
        "crl": {"number": done.number, "next_update": view::time(done.next_update)},
    });
    context.out.summary(text, &document)?;
    Ok(Outcome::Done)
}
