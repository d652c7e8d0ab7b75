//! `verify crl`.

use super::{super::Context, report::Report, trust};
use crate::{cli::VerifyCrlArgs, input, output::Result, view};
use certauthz::{
    authz::Observer as _,
    crl::{CrlError, Freshness, RevocationList, StalePolicy, UnverifiedRevocationList, pem_or_der},
    error::Rejection,
};
use jiff::Timestamp;

const STEPS: &[&str] = &["parse", "issuer and signature", "times"];

pub(super) fn run(args: &VerifyCrlArgs, context: &Context) -> Result {
    let ca = trust::TrustedCa::find(&args.ca, context)?;
    let anchors = trust::anchors(std::slice::from_ref(&ca))?;
    let bytes = input::read_crl(&args.file)?;
    let mut report = Report { order: STEPS, ..Report::default() };
    report.subject = anchors.certificates().first().map(|ca| ca.subject_text());
    let at = args.common.at.unwrap_or(context.now);
    report.rejection = check(bytes, &ca.certificates, at, &mut report).err();
    report.print(args.common.explain, context.out)
}

fn check(
    bytes: Vec<u8>,
    issuers: &[Vec<u8>],
    at: Timestamp,
    report: &mut Report,
) -> std::result::Result<(), Rejection> {
    let unreadable = |error: CrlError| Rejection::CredentialMalformed(error.to_string().into());
    let der = pem_or_der(bytes).map_err(unreadable)?;
    let claimed = UnverifiedRevocationList::parse(&der).map_err(unreadable)?;
    report.not_after = Some(claimed.next_update());
    let (number, entries) = (claimed.number(), claimed.len());
    report.explanation.passed("parse", &|| format!("number {number}, {entries} entries"));
    let list = verified(&claimed, issuers)?;
    report.explanation.passed("issuer and signature", &String::new);
    check_times(list.freshness(at), at)?;
    report
        .explanation
        .passed("times", &|| format!("{} to {}", view::time(list.this_update()), view::time(list.next_update())));
    Ok(())
}

fn check_times(freshness: Freshness, at: Timestamp) -> std::result::Result<(), Rejection> {
    match freshness {
        Freshness::Current => Ok(()),
        // The list by itself is judged: there is no policy that could tolerate it.
        Freshness::Stale { since } => {
            let text = format!("the next revocation list was due at {since} (checked for {at})");
            Err(Rejection::RevocationUnknown(text.into()))
        }
        Freshness::NotYetValid { .. } => StalePolicy::FailClosed.judge(freshness, at).map(drop),
    }
}

fn verified(
    claimed: &UnverifiedRevocationList<'_>,
    issuers: &[Vec<u8>],
) -> std::result::Result<RevocationList, Rejection> {
    let mut refusal = Rejection::RevocationUnknown("no CA is given".into());
    for issuer in issuers {
        match claimed.verify(issuer) {
            Ok(list) => return Ok(list),
            Err(error) => refusal = Rejection::RevocationUnknown(error.to_string().into()),
        }
    }
    Err(refusal)
}
