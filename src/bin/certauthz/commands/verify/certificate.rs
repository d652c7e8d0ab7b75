//! `verify cert`.

use super::{super::Context, report::Report, trust};
use crate::{cli::VerifyCertArgs, input, output::Result, view};
use certauthz::{
    authz::Observer as _,
    cert::{
        chain::{self, Anchors, Path, Purpose, Revocation},
        extension,
        facts::Facts,
    },
    error::{Reason, Rejection},
    scope::Scopes,
};
use jiff::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

const STEPS: &[&str] = &["parse", "validity", "purpose", "path", "revocation", "scopes"];

pub(super) fn run(args: &VerifyCertArgs, context: &Context) -> Result {
    let cas = trust::find_all(&args.cas, context)?;
    let anchors = trust::anchors(&cas)?;
    let lists = trust::lists(&args.revocation, &cas, context)?;
    let required = Scopes::new(args.require_scopes.iter().cloned())?;
    let mut certificates = input::der_blocks(input::read(&args.cert)?, "CERTIFICATE").into_iter();
    let leaf = certificates.next();
    // What follows the client's certificate in its file are the CAs above it. One that is not needed does no harm.
    let mut intermediates: Vec<_> = certificates.collect();
    intermediates.extend(cas.iter().flat_map(|ca| ca.below.iter().cloned()));
    for path in &args.intermediates {
        intermediates.extend(input::der_blocks(input::read(path)?, "CERTIFICATE"));
    }
    let mut report = Report { order: STEPS, ..Report::default() };
    let verdict = match &leaf {
        None => Err(Rejection::CredentialMalformed("there is no certificate in the file".into())),
        Some(leaf) => {
            let check = Check {
                leaf,
                intermediates: &intermediates,
                anchors: &anchors,
                lists: lists.as_deref(),
                at: args.common.at.unwrap_or(context.now),
                args,
                required: &required,
                context,
            };
            check.run(&mut report)
        }
    };
    report.rejection = verdict.err();
    report.print(args.common.explain, context.out)
}

struct Check<'a> {
    leaf: &'a [u8],
    intermediates: &'a [Vec<u8>],
    anchors: &'a Anchors,
    lists: Option<&'a [Vec<u8>]>,
    at: Timestamp,
    args: &'a VerifyCertArgs,
    required: &'a Scopes,
    context: &'a Context,
}

impl Check<'_> {
    fn run(&self, report: &mut Report) -> std::result::Result<(), Rejection> {
        if let Ok(facts) = Facts::from_der(self.leaf) {
            describe(&facts, report);
        }
        let path = self.validate(Revocation::Unchecked).inspect_err(|rejection| self.reached(rejection, report))?;
        let leaf = path.leaf();
        report.subject.get_or_insert_with(|| leaf.subject_text());
        report.serial = Some(leaf.serial_hex());
        report.not_after = Some(leaf.not_after());
        report.explanation.passed("parse", &|| format!("{} bytes", self.leaf.len()));
        report
            .explanation
            .passed("validity", &|| format!("{} to {}", view::time(leaf.not_before()), view::time(leaf.not_after())));
        self.purpose(report);
        report.explanation.passed("path", &|| describe_path(&path));
        self.check_revocation(report)?;
        self.check_scopes(report)
    }

    fn validate(&self, revocation: Revocation<'_>) -> std::result::Result<Path, Rejection> {
        let intermediates: Vec<_> = self.intermediates.iter().map(Vec::as_slice).collect();
        let purpose = if self.args.any_purpose { Purpose::Any } else { Purpose::ClientAuth };
        chain::validate(self.leaf, &intermediates, self.anchors, purpose, revocation, self.at)
    }

    /// Validation is one call; which of the steps it came to follows from its answer.
    fn reached(&self, rejection: &Rejection, report: &mut Report) {
        let (passed, purpose): (&[&str], _) = match rejection.reason() {
            Reason::CredentialMalformed => (&[], false),
            Reason::CertificateExpired | Reason::CertificateNotYetValid => (&["parse"], false),
            Reason::CertificatePurpose => (&["parse", "validity"], false),
            _ => (&["parse", "validity"], true),
        };
        passed.iter().for_each(|step| report.explanation.passed(step, &String::new));
        if purpose {
            self.purpose(report);
        }
    }

    fn purpose(&self, report: &mut Report) {
        if self.args.any_purpose {
            report.explanation.skipped("purpose", &|| "not asked for".to_owned());
        } else {
            report.explanation.passed("purpose", &|| "client authentication".to_owned());
        }
    }

    /// Validates once more, as there may be a path whose certificates are not revoked beside one whose are.
    fn check_revocation(&self, report: &mut Report) -> std::result::Result<(), Rejection> {
        let Some(lists) = self.lists else {
            report.explanation.skipped("revocation", &|| "not checked".to_owned());
            return Ok(());
        };
        let lists: Vec<_> = lists.iter().map(Vec::as_slice).collect();
        self.validate(Revocation::Check(&lists))?;
        report.explanation.passed("revocation", &|| format!("not on the lists ({} given)", lists.len()));
        Ok(())
    }

    fn check_scopes(&self, report: &mut Report) -> std::result::Result<(), Rejection> {
        if self.args.no_scopes {
            report.explanation.skipped("scopes", &|| "not asked for".to_owned());
            return Ok(());
        }
        let (_, parsed) = X509Certificate::from_der(self.leaf)
            .map_err(|_| Rejection::CredentialMalformed("not a certificate".into()))?;
        report.scopes = extension::read_scopes(&parsed, self.context.credentials.scopes_oid())?;
        report.scopes.covers(self.required)?;
        report.explanation.passed("scopes", &|| report.scopes.to_string());
        Ok(())
    }
}

/// What a certificate says of itself. A client is called by its common name, as servers do.
fn describe(facts: &Facts, report: &mut Report) {
    report.subject = facts.common_name.clone();
    report.serial = Some(facts.serial.to_hex());
    report.not_after = Some(facts.not_after);
}

fn describe_path(path: &Path) -> String {
    let names: Vec<_> = path.certificates().map(|certificate| certificate.subject_text()).collect();
    names.join(" < ")
}
