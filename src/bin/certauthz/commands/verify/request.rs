//! `verify request`.

use super::{
    super::Context,
    report::Report,
    trust::{self, TrustedCa},
};
use crate::{cli::VerifyRequestArgs, input, output::Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::{
    authz::{Authorities, CertificateVerifier, Explanation, Message, Observer, Policy, REQUEST_STEPS, RevocationCheck},
    cert::facts::Facts,
    crl::{RevocationList, RevocationStore, StalePolicy},
    error::Rejection,
    scope::Scopes,
    signature::{CLIENT_CERT, CLIENT_CERT_CHAIN},
};
use http::HeaderMap;
use jiff::Timestamp;

pub(super) fn run(args: VerifyRequestArgs, context: &Context) -> Result {
    let cas = trust::find_all(&args.cas, context)?;
    let anchors = trust::anchors(&cas)?;
    let lists = trust::lists(&args.revocation, &cas, context)?;
    let required = Scopes::new(args.require_scopes)?;
    let given = if args.authorities.is_empty() { None } else { Some(Authorities::new(&args.authorities)?) };
    let message = Message::parse(&input::read(&args.file)?);
    let at = args.common.at.unwrap_or(context.now);
    let mut report = Report { order: REQUEST_STEPS, ..Report::default() };
    let verdict = message.and_then(|message| {
        let authorities = own_authorities(given, &message)?;
        let policy = Policy {
            scopes_oid: context.credentials.scopes_oid().clone(),
            revocation: match &lists {
                Some(_) => RevocationCheck::Required(StalePolicy::FailClosed),
                None => RevocationCheck::Off,
            },
            ..Policy::new(authorities)
        };
        let store = verified_lists(lists.unwrap_or_default(), &cas, &message.headers, context);
        let verifier = CertificateVerifier::new(anchors, policy, store, 0, 1);
        verify(&verifier, &message, &required, at, &mut report)
    });
    report.rejection = verdict.err();
    report.print(args.common.explain, context.out)
}

/// Without `--authority` the request may be for anyone, so it is taken for that of the service that it names.
fn own_authorities(given: Option<Authorities>, message: &Message) -> std::result::Result<Authorities, Rejection> {
    let named = || {
        let got = message.authority.chars().take(200).collect();
        Authorities::new([&message.authority]).map_err(|_| Rejection::AuthorityMismatch { got })
    };
    given.map_or_else(named, Ok)
}

fn verify(
    verifier: &CertificateVerifier,
    message: &Message,
    required: &Scopes,
    at: Timestamp,
    report: &mut Report,
) -> std::result::Result<(), Rejection> {
    if let Some(facts) = leaf_of(&message.headers) {
        report.subject = facts.common_name;
        report.serial = Some(facts.serial.to_hex());
        report.not_after = Some(facts.not_after);
    }
    let mut observer = Offline(&mut report.explanation);
    let principal = verifier.verify_observed(&message.parts(), &message.body, required, at, &mut observer)?;
    report.subject = Some(principal.client.to_string());
    report.scopes = principal.scopes;
    Ok(())
}

/// Whether a server has seen the nonce before is known to that server only.
struct Offline<'a>(&'a mut Explanation);

impl Observer for Offline<'_> {
    fn passed(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        match step {
            "nonce" => self.0.skipped(step, &|| "only a server remembers which nonces it has seen".to_owned()),
            _ => self.0.passed(step, detail),
        }
    }

    fn skipped(&mut self, step: &'static str, detail: &dyn Fn() -> String) {
        self.0.skipped(step, detail);
    }

    fn signature_base(&mut self, base: &[u8]) {
        self.0.signature_base(base);
    }
}

/// The certificate in the header, for the answer's text only: the verifier reads it by itself.
fn leaf_of(headers: &HeaderMap) -> Option<Facts> {
    let der = STANDARD.decode(headers.get(CLIENT_CERT)?.as_bytes()).ok()?;
    Facts::from_der(&der).ok()
}

/// The lists whose issuer is known: a CA that is trusted, one below it, or one in the request. The last proves nothing
/// yet: a list counts only for certificates of the very key that signed it, once the path over that key is valid.
fn verified_lists(lists: Vec<Vec<u8>>, cas: &[TrustedCa], headers: &HeaderMap, context: &Context) -> RevocationStore {
    let mut issuers: Vec<Vec<u8>> =
        cas.iter().flat_map(|ca| ca.certificates.iter().chain(&ca.below)).cloned().collect();
    if let Some(chain) = headers.get(CLIENT_CERT_CHAIN) {
        let parts = chain.as_bytes().split(|&b| b == b',').take(4);
        issuers.extend(parts.filter_map(|part| STANDARD.decode(part.trim_ascii()).ok()));
    }
    let mut store = RevocationStore::new();
    for der in lists {
        if let Err(why) = offer(&mut store, &der, &issuers) {
            context.out.warn(&format!("a revocation list counts for nothing: {why}"), "");
        }
    }
    store
}

fn offer(store: &mut RevocationStore, der: &[u8], issuers: &[Vec<u8>]) -> std::result::Result<(), String> {
    let mut refusal = "no CA is given that could have issued it".to_owned();
    for issuer in issuers {
        match RevocationList::verify(der, issuer) {
            Ok(list) => return store.offer(list).map(drop).map_err(|error| error.to_string()),
            Err(error) => refusal = error.to_string(),
        }
    }
    Err(refusal)
}
