//! A new certificate for the same key, asked for with the present one.

use super::{
    OutgoingRequest,
    identity::Identity,
    successor,
    transport::{MAX_AUTHORITY_ANSWER, Transport},
};
use crate::{
    cert::{extension::Oid, facts::Facts},
    key::Signer,
    signature::MAX_CHAIN,
};
use http::{Method, Request, Response, StatusCode, Uri, header::ACCEPT};
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the signed request can be used.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// Where certificates are renewed.
pub(super) struct Renewal {
    pub(super) endpoint: Uri,
    /// The certificate of the CA that issues them, in PEM.
    pub(super) issuer: Uri,
}

#[derive(Deserialize)]
struct Renewed {
    /// PEM.
    certificate: String,
    /// PEM, the certificate's issuer first.
    #[serde(default)]
    chain: Vec<String>,
}

/// Asks once, for at most `limit`. The new certificate is taken only if it [can follow](successor::check) the present one:
/// whoever answers in the authorization server's place has no other.
///
/// # Errors
/// Why there is no new certificate, for people.
pub(super) fn renew(
    present: &Identity,
    key: &Arc<dyn Signer>,
    oid: &Oid,
    renewal: &Renewal,
    transport: &dyn Transport,
    limit: Duration,
) -> Result<Identity, String> {
    let started = Instant::now();
    let endpoint = &renewal.endpoint;
    let outgoing = OutgoingRequest { method: &Method::POST, uri: endpoint, body: b"" };
    let signed = present.signer.sign(&outgoing, SIGNED_FOR, Timestamp::now()).map_err(|error| error.to_string())?;
    let mut request = Request::builder().method(Method::POST).uri(endpoint.clone()).header(ACCEPT, "application/json");
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
    let answer = transport.send(request, limit).map_err(|failure| failure.to_string())?;
    let (facts, chain) = read(&answer)?;
    let issuer = match chain.first().or(present.chain.first()) {
        Some(issuer) => issuer.clone(),
        // A root's own certificate is in no chain.
        None => issuer(&renewal.issuer, transport, limit.saturating_sub(started.elapsed()))?,
    };
    successor::check(&facts, &chain, &issuer, &present.facts, Timestamp::now())?;
    let chain = successor::chain(&facts, chain, &present.chain);
    Identity::new(facts, chain, key, oid).map_err(|error| error.to_string())
}

/// The certificate of the CA. Nothing vouches for it but that it made the present certificate's signature.
fn issuer(place: &Uri, transport: &dyn Transport, limit: Duration) -> Result<Facts, String> {
    let said = |why: String| format!("the CA's certificate, to check the new one, is not to be had: {why}");
    if limit.is_zero() {
        return Err(said("no time is left".to_owned()));
    }
    let request = Request::builder().uri(place.clone()).header(ACCEPT, "application/pem-certificate-chain");
    let request = request.body(Vec::new()).map_err(|error| said(error.to_string()))?;
    let answer = transport.send(request, limit).map_err(|failure| said(failure.to_string()))?;
    if answer.status() != StatusCode::OK || answer.body().len() > MAX_AUTHORITY_ANSWER {
        return Err(said(format!("the answer is {}, {} bytes", answer.status(), answer.body().len())));
    }
    certificate(answer.body())
}

fn read(answer: &Response<Vec<u8>>) -> Result<(Facts, Vec<Facts>), String> {
    if answer.status() != StatusCode::OK {
        return Err(format!("the authorization server answered {}{}", answer.status(), reason(answer.body())));
    }
    if answer.body().len() > MAX_AUTHORITY_ANSWER {
        return Err("the answer is too large".to_owned());
    }
    let renewed: Renewed =
        serde_json::from_slice(answer.body()).map_err(|error| format!("the answer is not the JSON wanted: {error}"))?;
    if renewed.chain.len() > MAX_CHAIN {
        return Err(format!("the answer has more than {MAX_CHAIN} certificates above the client's"));
    }
    let chain = renewed.chain.iter().map(|text| certificate(text.as_bytes())).collect::<Result<_, _>>()?;
    Ok((certificate(renewed.certificate.as_bytes())?, chain))
}

/// One certificate in PEM, the first in the text.
fn certificate(text: &[u8]) -> Result<Facts, String> {
    let block = pem::parse(text).map_err(|error| format!("the answer has no certificate in PEM ({error})"))?;
    match block.tag() {
        "CERTIFICATE" => Facts::parse(block.contents()),
        other => Err(format!("the answer has a {other:?} for a certificate")),
    }
}

/// What the problem document (RFC 9457) says.
fn reason(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        #[serde(alias = "error")]
        reason: String,
    }
    let problem = serde_json::from_slice::<Problem>(body.get(..4096).unwrap_or(body)).ok();
    let plain = |text: &str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    problem
        .filter(|problem| plain(&problem.reason))
        .map_or_else(String::new, |problem| format!(" ({})", problem.reason))
}

#[cfg(test)]
mod tests;
