//! `verify token`.

use super::{super::Context, report::Report, trust};
use crate::{
    cli::VerifyTokenArgs,
    input,
    output::{Failure, Result},
};
use certauthz::{
    authz::{BearerVerifier, Explanation, Observer, RevocationCheck, RevocationLookup, SharedLists, TOKEN_STEPS},
    cert::facts::Facts,
    crl::{RevocationStore, StalePolicy},
    error::{Error, Rejection},
    key::PublicKey,
    scope::Scopes,
    store::DEFAULT_ISSUER_URL,
    token::TokenVerifier,
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

/// One for each certificate of the CAs: its key, and its revocation list.
fn verifiers(args: &VerifyTokenArgs, context: &Context) -> std::result::Result<Vec<BearerVerifier>, Failure> {
    let cas = trust::find_all(&args.cas, context)?;
    let lists = trust::lists(&args.revocation, &cas, context)?;
    let check = match lists {
        Some(_) => RevocationCheck::Required(StalePolicy::FailClosed),
        None => RevocationCheck::Off,
    };
    let lists = SharedLists::new(verified(&lists.unwrap_or_default(), &cas));
    let mut verifiers = Vec::new();
    for ca in cas {
        let issuer = args.issuer.clone().or(ca.issuer_url).unwrap_or_else(|| DEFAULT_ISSUER_URL.to_owned());
        for der in &ca.certificates {
            let facts = Facts::from_der(der)?;
            let key = PublicKey::from_spki_der(&facts.spki).map_err(Error::from)?;
            let tokens = TokenVerifier::new(key, issuer.clone(), args.audience.clone(), SKEW);
            let lookup = RevocationLookup::new(lists.clone(), [&facts], check);
            verifiers.push(BearerVerifier::new(tokens).with_revocation(lookup));
        }
    }
    Ok(verifiers)
}

/// The newest list of each CA. One that none of them has signed counts for nothing, as if it were not there.
fn verified(lists: &[Vec<u8>], cas: &[trust::TrustedCa]) -> RevocationStore {
    let issuers: Vec<&[u8]> = cas.iter().flat_map(|ca| ca.certificates.iter().map(Vec::as_slice)).collect();
    let mut store = RevocationStore::new();
    for list in lists {
        if let Err(error) = store.offer_der(list.clone(), &issuers) {
            tracing::info!("a revocation list counts for nothing: {error}");
        }
    }
    store
}

/// Counts the steps that passed, and records them.
#[derive(Default)]
struct Steps {
    passed: usize,
    explanation: Explanation,
}

impl Observer for Steps {
    fn passed(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        self.passed += 1;
        self.explanation.passed(step, detail);
    }

    fn skipped(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        self.passed += 1;
        self.explanation.skipped(step, detail);
    }
}

/// How far the token came, and the answer.
fn check(verifier: &BearerVerifier, token: &str, required: &Scopes, at: Timestamp) -> (usize, Report) {
    let mut report = Report { order: TOKEN_STEPS, ..Report::default() };
    let mut steps = Steps::default();
    let verdict = match token.is_empty() {
        true => Err(Rejection::TokenMalformed("it is empty".into())),
        false => verifier.verify_token(token, required, at, &mut steps),
    };
    match verdict {
        Ok((principal, verified)) => {
            report.subject = Some(principal.client.to_string());
            report.serial = verified.certificate.map(|serial| serial.to_hex());
            report.scopes = principal.scopes;
            report.not_after = Some(verified.expires);
        }
        Err(rejection) => report.rejection = Some(rejection),
    }
    report.explanation = steps.explanation;
    (steps.passed, report)
}
