//! Where the requests of a lane come from: which URLs, which clients, which credential.

use super::template::Template;
use crate::{
    cli::RequestMode,
    input,
    output::{Failure, Result},
    request::authorization,
};
use certauthz::{
    cert::Lifetime,
    client::{OutgoingRequest, RequestSigner},
    error::Result as LibraryResult,
    key::LocalKey,
    load::{PreparedRequest, RequestSource, Requests},
    store::{ClientCredentials, Credentials, Name, TokenOptions},
};
use http::{HeaderName, HeaderValue, Uri};
use jiff::Timestamp;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The URL of a mode: as it was given; with the route of the mode where it names the other's or none.
pub(super) fn route(url: &Uri, mode: RequestMode, both: bool) -> Result<Uri> {
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

/// The token's header for each client.
pub(super) type Bearers = Vec<(HeaderName, HeaderValue)>;

/// The one token of a file.
pub(super) fn bearer_of_file(path: &Path) -> Result<Bearers> {
    let text = zeroize::Zeroizing::new(input::read(path)?);
    let token = String::from_utf8_lossy(&text);
    if token.trim().is_empty() {
        return Err(Failure::Usage {
            why: format!("--token {}: it is empty", path.display()),
            hint: "make a token with `certauthz token create`".to_owned(),
        });
    }
    Ok(vec![authorization(token.trim(), path.into())?])
}

/// For each client a token that lives through the run: the one in its directory where `fresh`, else a new one where the
/// CA is at hand.
pub(super) fn bearers(credentials: &Credentials, clients: &[Name], fresh: bool, now: Timestamp) -> Result<Bearers> {
    let bearer = |name: &Name| -> LibraryResult<_> {
        let client = credentials.client(name)?;
        let issued = if fresh { None } else { new_token(credentials, &client, now)? };
        let token = issued.map_or_else(|| credentials.read_token(name), Ok)?;
        authorization(&token, client.token_path)
    };
    Ok(clients.iter().map(bearer).collect::<LibraryResult<_>>()?)
}

fn new_token(credentials: &Credentials, client: &ClientCredentials, now: Timestamp) -> LibraryResult<Option<String>> {
    let Ok(ca) = credentials.ca_of(client).and_then(|name| credentials.authority(&name)) else { return Ok(None) };
    let options = TokenOptions { lifetime: Some(Lifetime::hours(24)), ..TokenOptions::new(client.name.clone()) };
    Ok(Some(ca.issue_token(&options, now)?.token))
}

/// Requests with tokens, to be sent again and again: each URL as each client.
pub(super) fn with_tokens(template: &Template, uris: &[Uri], bearers: &Bearers) -> Requests {
    let pairs = bearers.iter().flat_map(|bearer| uris.iter().map(move |uri| (bearer, uri)));
    let request = |((name, value), uri): (&(HeaderName, HeaderValue), &Uri)| {
        let mut request = template.request(uri);
        request.headers_mut().insert(name.clone(), value.clone());
        request
    };
    Requests::Repeat(pairs.map(request).collect())
}

/// The clients' signers.
pub(super) type Signers = Arc<[RequestSigner<LocalKey>]>;

/// Loads what the clients need to sign.
pub(super) fn signers(credentials: &Credentials, clients: &[Name]) -> Result<Signers> {
    let signer = |name: &Name| -> LibraryResult<_> {
        let mut client = credentials.client(name)?;
        let chain: Vec<_> = client.chain.iter().map(|facts| facts.der.clone()).collect();
        // The key, or else the error that says where it is.
        client.signer()?;
        client.key.take().map(|key| RequestSigner::new(&client.certificate.der, &chain, key)).transpose()
    };
    let signers: LibraryResult<Vec<_>> = clients.iter().filter_map(|name| signer(name).transpose()).collect();
    Ok(signers?.into())
}

/// Makes signed requests, each once.
pub(super) struct Signing {
    pub(super) template: Arc<Template>,
    pub(super) uris: Vec<Uri>,
    pub(super) signers: Signers,
    /// How long a signature can be used.
    pub(super) life: Duration,
    /// Requests made so far: picks URL and client.
    pub(super) made: AtomicUsize,
}

impl Signing {
    fn request(&self) -> LibraryResult<Option<PreparedRequest>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let Some((uri, signer)) = turn(number, &self.uris, &self.signers) else { return Ok(None) };
        let Template { method, body, .. } = &*self.template;
        let mut request = self.template.request(uri);
        let outgoing = OutgoingRequest { method, uri, body };
        // `now` per request: a long block must not look old at its end.
        request.headers_mut().extend(signer.sign(&outgoing, self.life, Timestamp::now())?);
        Ok(Some(request))
    }
}

impl RequestSource for Signing {
    fn prepare(&self, count: usize) -> LibraryResult<Vec<PreparedRequest>> {
        (0..count).filter_map(|_| self.request().transpose()).collect()
    }
}

/// URLs take turns, and clients do when all URLs had theirs: so each goes with each.
fn turn<'a, A, B>(number: usize, first: &'a [A], second: &'a [B]) -> Option<(&'a A, &'a B)> {
    let a = first.get(number.checked_rem(first.len())?)?;
    let b = second.get((number / first.len()).checked_rem(second.len())?)?;
    Some((a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goes_with_each() {
        let pairs: Vec<_> = (0..7).map(|i| turn(i, &["a", "b"], &[1, 2, 3]).unwrap()).collect();
        assert_eq!(pairs, [(&"a", &1), (&"b", &1), (&"a", &2), (&"b", &2), (&"a", &3), (&"b", &3), (&"a", &1)]);
        assert_eq!(turn::<u8, u8>(0, &[], &[]), None);
        assert_eq!(turn::<u8, u8>(0, &[1], &[]), None);
    }

    #[test]
    fn routes() {
        let of = |url: &str, mode, both| route(&url.parse().unwrap(), mode, both).unwrap().to_string();
        for (url, both, token, cert) in [
            ("http://a", false, "http://a/token", "http://a/cert"),
            ("http://a/token", false, "http://a/token", "http://a/token"),
            ("http://a/token?x=1", true, "http://a/token?x=1", "http://a/cert?x=1"),
            ("http://a/?x=1", true, "http://a/?x=1", "http://a/?x=1"),
            ("http://a/api", true, "http://a/api", "http://a/api"),
        ] {
            assert_eq!(
                (of(url, RequestMode::Token, both), of(url, RequestMode::Cert, both)),
                (token.into(), cert.into())
            );
        }
    }
}
