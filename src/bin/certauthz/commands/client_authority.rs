//! What `client token|renew|request` do with an authorization server.

use super::Context;
use crate::{
    cli::ClientTokenArgs,
    output::{Outcome, Result},
    view,
};
use certauthz::{
    client::{Client, ClientBuilder, Mode},
    scope::Scopes,
    store::Name,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// A client with the credentials under `--path`. A certificate is renewed only by whoever asks for that.
pub(super) fn builder(name: &Name, authority: &str, context: &Context) -> Result<ClientBuilder> {
    let credentials = context.credentials.client(name)?;
    let builder = Client::builder(credentials, authority).scopes_oid(context.credentials.scopes_oid().clone());
    Ok(builder.renew_certificates(false))
}

/// `client token`: the token on standard output, and nothing else there.
pub(crate) fn token(args: ClientTokenArgs, context: &Context) -> Result {
    let mut builder = builder(&args.name, &args.authority, context)?.mode(Mode::Token);
    if let Some(audience) = args.audience {
        builder = builder.audience(audience);
    }
    if !args.scopes.is_empty() {
        builder = builder.scopes(Scopes::new(args.scopes)?);
    }
    let token = builder.build()?.token()?;
    let remaining = SignedDuration::try_from(token.remaining()).unwrap_or_default();
    let document = json!({
        "token": token.as_str(),
        "client": args.name,
        "scopes": token.scopes(),
        "expires": Timestamp::now().checked_add(remaining).ok().map(view::time),
    });
    context.out.data(|| format!("{}\n", token.as_str()), &document)?;
    Ok(Outcome::Done)
}

/// The part of `client renew` that asks the authorization server. The new certificate is in the client's directory then.
pub(super) fn renew(name: &Name, authority: &str, context: &Context) -> Result<()> {
    let builder = builder(name, authority, context)?.save_certificates_to(context.credentials.clone());
    builder.mode(Mode::Certificate).build()?.renew_certificate()?;
    Ok(())
}
