//! `verify token`.

use super::{super::Context, report::Report, trust};
use crate::{
    cli::VerifyTokenArgs,
    input,
    output::{Failure, Result},
    view,
};
use certauthz::{
    authz::{Explanation, Observer as _, TOKEN_STEPS},
    cert::facts::Facts,
    error::{Error, Rejection, Result as LibraryResult},
    key::PublicKey,
    scope::Scopes,
    store::DEFAULT_ISSUER_URL,
    token::{TokenVerifier, VerifiedToken},
};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;

/// How far the issuer's clock may run ahead; as in a resource server.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn run(args: VerifyTokenArgs, context: &Context) -> Result {
    let verifiers = verifiers(&args, context)?;
    let required = Scopes::new(args.require_scopes)?;
    let token = match args.token.as_str() {
        "-" => String::from_utf8_lossy(&input::read(Path::new("-"))?).trim().to_owned(),
        token => token.trim().to_owned(),
    };
    let at = args.common.at.unwrap_or(context.now);
    // With several CAs the answer is that of the one with which the token comes furthest.
    let report = verifiers
        .iter()
        .map(|verifier| check(verifier, &token, &required, at))
        .max_by_key(|(steps, _)| *steps)
        .map(|(_, report)| report);
    report.unwrap_or_default().print(args.common.explain, context.out)
}

fn verifiers(args: &VerifyTokenArgs, context: &Context) -> std::result::Result<Vec<TokenVerifier>, Failure> {
    let mut verifiers = Vec::new();
    for ca in trust::find_all(&args.cas, context)? {
        let issuer = args.issuer.clone().or(ca.issuer_url).unwrap_or_else(|| DEFAULT_ISSUER_URL.to_owned());
        for der in &ca.certificates {
            verifiers.push(TokenVerifier::new(key_of(der)?, issuer.clone(), args.audience.clone(), SKEW));
        }
    }
    Ok(verifiers)
}

fn key_of(certificate: &[u8]) -> LibraryResult<PublicKey> {
    PublicKey::from_spki_der(&Facts::from_der(certificate)?.spki).map_err(Error::from)
}

/// The number of steps that passed, and the answer.
fn check(verifier: &TokenVerifier, token: &str, required: &Scopes, at: Timestamp) -> (usize, Report) {
    let mut report = Report { order: TOKEN_STEPS, ..Report::default() };
    let mut steps = 0;
    let verdict = verify(verifier, token, required, at, &mut report.explanation, &mut steps);
    match verdict {
        Ok(verified) => {
            report.subject = Some(verified.client.to_string());
            report.scopes = verified.scopes;
            report.not_after = Some(verified.expires);
        }
        Err(rejection) => report.rejection = Some(rejection),
    }
    (steps, report)
}

fn verify(
    verifier: &TokenVerifier,
    token: &str,
    required: &Scopes,
    at: Timestamp,
    explanation: &mut Explanation,
    steps: &mut usize,
) -> std::result::Result<VerifiedToken, Rejection> {
    if token.is_empty() {
        return Err(Rejection::TokenMalformed("it is empty".into()));
    }
    let verified = verifier.verify_with(token, at, |step| {
        *steps += 1;
        explanation.passed(step, &String::new);
    })?;
    verified.scopes.covers(required)?;
    *steps += 1;
    explanation.passed("scopes", &|| format!("{}, until {}", verified.scopes, view::time(verified.expires)));
    Ok(verified)
}
