//! `token create`.

use super::Context;
use crate::{
    cli::TokenCreateArgs,
    output::{Outcome, Result},
    view,
};
use certauthz::{scope::Scopes, store::TokenOptions};
use serde_json::json;

pub(crate) fn create(args: TokenCreateArgs, context: &Context) -> Result {
    let options = TokenOptions {
        client: args.client,
        audience: args.audience,
        scopes: if args.scopes.is_empty() { None } else { Some(Scopes::new(args.scopes)?) },
        lifetime: args.expiration,
    };
    let issued = context.credentials.authority(&args.ca)?.issue_token(&options, context.now)?;
    let document = json!({
        "token": issued.token,
        "client": options.client,
        "audience": issued.audience,
        "scopes": issued.scopes,
        "expires": view::time(issued.expires),
    });
    context.out.data(|| format!("{}\n", issued.token), &document)?;
    Ok(Outcome::Done)
}
