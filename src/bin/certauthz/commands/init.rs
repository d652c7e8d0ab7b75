//! `init`: the example world.

use super::Context;
use crate::{
    cli::InitArgs,
    output::{self, Failure, Outcome, Result},
    view,
};
use certauthz::{
    cert::Lifetime,
    error::{Error, Result as LibraryResult},
    key::KeyType,
    scope::Scopes,
    store::{CaOptions, ClientKey, ClientOptions, Credentials, IssuedClient, Name},
};
use jiff::Timestamp;
use serde_json::json;
use std::thread;

/// To try things for a day without making new ones.
const TOKEN_LIFETIME: Lifetime = Lifetime::hours(24);
const CA: &str = "primary";
const CLIENTS: [(&str, &str); 2] = [("alice", "bob.user.read bob.user.write"), ("bob", "alice.user.read")];

pub(crate) fn run(args: &InitArgs, context: &Context) -> Result {
    let world = make_world(&context.credentials, KeyType::DEFAULT, args.force, context.now).map_err(other_place)?;
    let crl = context.credentials.authority(&world.ca)?.crl_state()?;
    let token_end = TOKEN_LIFETIME.end(context.now)?;
    let place = |name: &Name| context.credentials.root().join(name).display().to_string();
    let text = || {
        let mut rows = vec![vec!["CA".to_owned(), world.ca.to_string(), place(&world.ca), String::new()]];
        rows.extend(world.clients.iter().map(|client| {
            vec!["client".to_owned(), client.name.to_string(), place(&client.name), client.scopes.to_string()]
        }));
        let program = context.program();
        format!(
            "{}tokens until {}, revocation list until {}\n\nnext: {program} serve\n      {program} client request \
             --name alice --mode cert http://127.0.0.1:8585/cert\n",
            output::table(&rows),
            view::time(token_end),
            view::time(crl.next_update),
        )
    };
    let clients: Vec<_> = world
        .clients
        .iter()
        .map(|client| {
            let not_after = view::time(client.certificate.not_after);
            json!({"name": client.name, "directory": place(&client.name), "scopes": client.scopes, "not_after": not_after})
        })
        .collect();
    let document = json!({
        "ca": {"name": world.ca, "directory": place(&world.ca)},
        "clients": clients,
        "tokens_expire": view::time(token_end),
        "crl_next_update": view::time(crl.next_update),
    });
    context.out.summary(text, &document)?;
    Ok(Outcome::Done)
}

/// The names in the example world are given, so another `--name` is no way out.
fn other_place(failure: Failure) -> Failure {
    match failure {
        Failure::Library(error @ Error::AlreadyExists { .. }) => {
            Failure::Hinted { error, hint: "pass --force to replace it, or choose another --path".to_owned() }
        }
        other => other,
    }
}

/// The example world.
pub(crate) struct World {
    /// Its CA.
    pub(crate) ca: Name,
    /// Its clients.
    pub(crate) clients: Vec<IssuedClient>,
}

/// Makes the example world, or nothing: what a failure leaves behind is removed.
pub(crate) fn make_world(
    credentials: &Credentials,
    key_type: KeyType,
    force: bool,
    now: Timestamp,
) -> std::result::Result<World, Failure> {
    let ca = Name::new(CA)?;
    let clients = CLIENTS
        .into_iter()
        .map(|(name, scopes)| Ok((Name::new(name)?, Scopes::parse(scopes)?)))
        .collect::<LibraryResult<Vec<_>>>()?;
    let names: Vec<_> = std::iter::once(&ca).chain(clients.iter().map(|(name, _)| name)).collect();
    if !force {
        refuse_existing(credentials, &names)?;
    }
    // Of several processes at once, those that come too late for the CA end here, and have made nothing.
    credentials.create_ca(&CaOptions { key_type, force, ..CaOptions::new(ca.clone()) }, now)?;
    let made = make_clients(credentials, &ca, &clients, key_type, force, now);
    if made.iter().any(LibraryResult::is_err) && !force {
        // Only what was made here: another process may have taken the other names in the meantime. What cannot be
        // removed either is no news: the first error says why.
        let mine = made.iter().flatten().map(|client| &client.name).chain([&ca]);
        mine.for_each(|name| drop(std::fs::remove_dir_all(credentials.root().join(name))));
    }
    Ok(World { clients: made.into_iter().collect::<LibraryResult<_>>()?, ca })
}

fn refuse_existing(credentials: &Credentials, names: &[&Name]) -> LibraryResult<()> {
    let mut paths = names.iter().map(|name| credentials.root().join(name));
    match paths.find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(Error::AlreadyExists { path }),
        None => Ok(()),
    }
}

/// Makes a client with a token for a day.
pub(crate) fn make_client(
    credentials: &Credentials,
    ca: &Name,
    (name, scopes): &(Name, Scopes),
    key_type: KeyType,
    force: bool,
    now: Timestamp,
) -> LibraryResult<IssuedClient> {
    let options = ClientOptions {
        key: ClientKey::New(key_type),
        force,
        ..ClientOptions::new(name.clone(), ca.clone(), scopes.clone())
    };
    credentials.create_client(&options, now, |ca, client| {
        Ok(ca.issue_first_token(client, Some(TOKEN_LIFETIME), now)?.map(|token| token.token))
    })
}

fn make_clients(
    credentials: &Credentials,
    ca: &Name,
    clients: &[(Name, Scopes)],
    key_type: KeyType,
    force: bool,
    now: Timestamp,
) -> Vec<LibraryResult<IssuedClient>> {
    // An RSA key takes most of the time, and each client makes its own.
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter()
            .map(|client| scope.spawn(move || make_client(credentials, ca, client, key_type, force, now)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
