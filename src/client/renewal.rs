//! A new certificate for the same key, asked for with the present one.

use super::{
    OutgoingRequest,
    identity::Identity,
    transport::{MAX_AUTHORITY_ANSWER, Transport},
};
use crate::{
    cert::{extension::Oid, facts::Facts},
    key::Signer,
    signature::MAX_CHAIN,
};
use http::{Method, Request, Response, StatusCode, Uri, header::ACCEPT};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// How long the signed request can be used.
const SIGNED_FOR: Duration = Duration::from_secs(60);
/// By how much the authorization server's clock may be ahead.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

#[derive(Deserialize)]
struct Renewed {
    /// PEM.
    certificate: String,
    /// PEM, the certificate's issuer first.
    #[serde(default)]
    chain: Vec<String>,
}

/// A certificate that was just issued, with the CAs above it.
pub(super) struct NewCertificate {
    pub(super) identity: Identity,
    pub(super) chain: Vec<Facts>,
}

/// Asks once, for at most `limit`. The new certificate is checked against the present one: same key, same name, same issuer,
/// valid now. Who signed it is the services' to check; a client need not have the CA's certificate.
///
/// # Errors
/// Why there is no new certificate, for people.
pub(super) fn renew(
    present: &Identity,
    key: &Arc<dyn Signer>,
    oid: &Oid,
    endpoint: &Uri,
    transport: &dyn Transport,
    limit: Duration,
) -> Result<NewCertificate, String> {
    let outgoing = OutgoingRequest { method: &Method::POST, uri: endpoint, body: b"" };
    let signed = present.signer.sign(&outgoing, SIGNED_FOR, Timestamp::now()).map_err(|error| error.to_string())?;
    let mut request = Request::builder().method(Method::POST).uri(endpoint.clone()).header(ACCEPT, "application/json");
    for (name, value) in signed {
        request = request.header(name, value);
    }
    let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
    let answer = transport.send(request, limit).map_err(|failure| failure.to_string())?;
    let (facts, chain) = read(&answer)?;
    check(&facts, &present.facts, Timestamp::now())?;
    let identity = Identity::new(facts, &chain, key, oid).map_err(|error| error.to_string())?;
    Ok(NewCertificate { identity, chain })
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
    let certificate = |text: &String| {
        let block = pem::parse(text).map_err(|error| format!("the answer has no certificate in PEM ({error})"))?;
        match block.tag() {
            "CERTIFICATE" => Facts::parse(block.contents()),
            other => Err(format!("the answer has a {other:?} for a certificate")),
        }
    };
    let chain = renewed.chain.iter().map(certificate).collect::<Result<_, _>>()?;
    Ok((certificate(&renewed.certificate)?, chain))
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

fn check(new: &Facts, present: &Facts, now: Timestamp) -> Result<(), String> {
    let wrong = if new.spki != present.spki {
        "is for another key"
    } else if new.common_name != present.common_name {
        "has another name"
    } else if new.issuer != present.issuer {
        "has another issuer"
    } else if new.is_ca {
        "is a CA's"
    } else if new.not_before.duration_since(now) > SKEW {
        "is not valid yet"
    } else if new.not_after <= now {
        "has ended already"
    } else {
        return Ok(());
    };
    Err(format!("the certificate in the answer {wrong}"))
}

#[cfg(test)]
mod tests;
