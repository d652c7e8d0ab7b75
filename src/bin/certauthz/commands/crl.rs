//! `crl revoke|create|show`.

use super::Context;
use crate::{
    cli::{CrlCreateArgs, CrlRevokeArgs, RevokeTarget},
    input,
    output::{Outcome, Result},
    view::{self, Crl},
};
use certauthz::store::{CRL_LIFETIME, RevocationTarget};
use serde_json::json;

pub(crate) fn revoke(args: CrlRevokeArgs, context: &Context) -> Result {
    let file;
    let target = match &args.what {
        RevokeTarget { client: Some(client), .. } => RevocationTarget::Client(client),
        RevokeTarget { serial: Some(serial), .. } => RevocationTarget::Serial(serial.clone()),
        RevokeTarget { cert, .. } => {
            file = input::read(cert.as_deref().unwrap_or("-".as_ref()))?;
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

pub(crate) fn create(args: &CrlCreateArgs, context: &Context) -> Result {
    let mut ca = context.credentials.authority(&args.ca)?;
    let state = ca.publish_crl(args.next_update, context.now)?;
    let crl = Crl::new(&ca.crl_path(), &state);
    let text = || view::fields(&format!("CA {}", args.ca), &[("published", crl.sentence())]);
    context.out.summary(text, &json!({"ca": args.ca, "crl": crl}))?;
    Ok(Outcome::Done)
}
