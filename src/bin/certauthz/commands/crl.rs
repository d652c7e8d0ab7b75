//! `crl revoke|create|show`.

use super::Context;
use crate::{
    cli::{CrlCreateArgs, CrlGenerateArgs, CrlRevokeArgs, CrlShowArgs, RevokeTarget},
    input,
    output::{Outcome, Result, printable, titled_table},
    view::{self, Crl},
};
use certauthz::{
    cert::facts::Facts,
    crl::{CrlError, UnverifiedRevocationList, issue::invented, pem_or_der},
    error::Error,
    store::{CRL_LIFETIME, RevocationTarget},
};
use serde_json::json;
use std::path::Path;
use x509_parser::{prelude::FromDer as _, x509::X509Name};

pub(crate) fn revoke(args: CrlRevokeArgs, context: &Context) -> Result {
    let file;
    let target = match &args.what {
        RevokeTarget { client: Some(client), .. } => RevocationTarget::Client(client),
        RevokeTarget { serial: Some(serial), .. } => RevocationTarget::Serial(serial.clone()),
        RevokeTarget { cert, .. } => {
            file = read_certificate(cert.as_deref().unwrap_or("-".as_ref()))?;
            RevocationTarget::Certificate(&file)
        }
    };
    let mut ca = context.credentials.authority(&args.ca)?;
    let done = ca.revoke(&target, args.reason, CRL_LIFETIME, context.now)?;
    let crl = Crl::new(&ca.crl_path(), &done.crl);
    let text = || {
        let mut rows: Vec<(&str, String)> = done.revoked.iter().map(|serial| ("revoked", serial.to_string())).collect();
        rows.extend(done.already.iter().map(|serial| ("was revoked before", serial.to_string())));
        rows.push(("published", crl.sentence()));
        view::fields(&format!("CA {}", args.ca), &rows)
    };
    let document = json!({
        "ca": args.ca,
        "reason": args.reason.as_str(),
        "revoked": done.revoked,
        "already_revoked": done.already,
        "crl": crl,
    });
    context.out.summary(text, &document)?;
    Ok(Outcome::Done)
}

/// The first certificate of a file, in DER.
fn read_certificate(path: &Path) -> std::result::Result<Vec<u8>, Error> {
    let bad = |why: String| Error::BadFile {
        path: path.into(),
        why: why.into(),
        hint: "give the certificate to revoke in PEM or DER, or name it with --client or --serial".into(),
    };
    let first = input::der_blocks(input::read(path)?, "CERTIFICATE").into_iter().next();
    let der = first.ok_or_else(|| bad("there is no certificate in it".to_owned()))?;
    match Facts::from_der(&der) {
        Ok(_) => Ok(der),
        Err(Error::Issue { why, .. }) => Err(bad(format!("it is not a certificate ({why})"))),
        Err(error) => Err(error),
    }
}

pub(crate) fn create(args: &CrlCreateArgs, context: &Context) -> Result {
    let mut ca = context.credentials.authority(&args.ca)?;
    let state = ca.publish_crl(args.next_update, context.now).map_err(|error| match error {
        // As the library calls the end of any lifetime.
        Error::InvalidValue { what: "expiration", value, why, hint } => {
            Error::InvalidValue { what: "next update", value, why, hint }
        }
        other => other,
    })?;
    let crl = Crl::new(&ca.crl_path(), &state);
    let text = || view::fields(&format!("CA {}", args.ca), &[("published", crl.sentence())]);
    context.out.summary(text, &json!({"ca": args.ca, "crl": crl}))?;
    Ok(Outcome::Done)
}

pub(crate) fn generate(args: &CrlGenerateArgs, context: &Context) -> Result {
    let mut ca = context.credentials.authority(&args.ca)?;
    let invented = invented(args.entries, args.seed, context.now);
    let state = ca.write_crl_with(invented, &args.out, args.next_update, context.now)?;
    let crl = Crl::new(&args.out, &state);
    let text = || view::fields(&format!("CA {}", args.ca), &[("written", crl.sentence())]);
    context.out.summary(text, &json!({"ca": args.ca, "entries": args.entries, "crl": crl}))?;
    Ok(Outcome::Done)
}

pub(crate) fn show(args: &CrlShowArgs, context: &Context) -> Result {
    let bad = |error: CrlError| Error::BadFile {
        path: args.file.clone(),
        why: error.to_string().into(),
        hint: "give a revocation list in PEM or DER, like credentials/primary/ca.crl".into(),
    };
    let der = pem_or_der(input::read_crl(&args.file)?).map_err(bad)?;
    let list = UnverifiedRevocationList::parse(&der).map_err(bad)?;
    let issuer = issuer_text(&list);
    let entries = || {
        list.entries().map(|entry| {
            let revoked = entry.revoked();
            let serial: String = entry.serial().iter().map(|byte| format!("{byte:02x}")).collect();
            (serial, view::time(revoked.date), revoked.reason.as_str())
        })
    };
    let text = || {
        let rows = [
            ("issuer", printable(&issuer)),
            ("number", list.number().to_string()),
            ("this update", view::time(list.this_update())),
            ("next update", view::time(list.next_update())),
            ("entries", list.len().to_string()),
        ];
        let revoked: Vec<_> =
            entries().map(|(serial, date, reason)| vec![format!("0x{serial}"), date, reason.to_owned()]).collect();
        let table =
            if revoked.is_empty() { String::new() } else { titled_table(&["SERIAL", "DATE", "REASON"], &revoked) };
        format!(
            "{}{}{table}",
            view::fields("revocation list (not verified)", &rows),
            if table.is_empty() { "" } else { "\n" }
        )
    };
    let listed: Vec<_> = match context.out.is_json() {
        true => {
            entries().map(|(serial, date, reason)| json!({"serial": serial, "date": date, "reason": reason})).collect()
        }
        false => Vec::new(),
    };
    let number = list.number();
    let number = match number.to_u128().and_then(|number| u64::try_from(number).ok()) {
        Some(number) => json!(number),
        // Programs would round it.
        None => json!(number.to_string()),
    };
    let document = json!({
        "issuer": issuer,
        "number": number,
        "this_update": view::time(list.this_update()),
        "next_update": view::time(list.next_update()),
        "entries": listed,
    });
    context.out.data(text, &document)?;
    Ok(Outcome::Done)
}

fn issuer_text(list: &UnverifiedRevocationList<'_>) -> String {
    X509Name::from_der(list.issuer()).map_or_else(|_| "unreadable".to_owned(), |(_, name)| name.to_string())
}
