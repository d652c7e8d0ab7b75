//! `ca create|list|show`.

use super::{Context, other_kind};
use crate::{
    cli::{CaCreateArgs, CaShowArgs},
    output::{self, Failure, Outcome, Result},
    view::{self, Certificate, Crl, Issued},
};
use certauthz::{
    error::Error,
    key::{PublicKey, Signer as _},
    store::{Authority, CaOptions, Name},
};
use serde::Serialize;
use serde_json::json;

/// A CA, as `create` and `show` print it.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    directory: String,
    #[serde(flatten)]
    certificate: Certificate,
    parent: Option<String>,
    path_length: Option<u32>,
    issuer: String,
    kid: String,
    crl_url: Option<String>,
    crl: Crl,
}

impl Shown {
    fn new(ca: &Authority, context: &Context) -> certauthz::error::Result<Self> {
        Ok(Self {
            name: ca.name().to_string(),
            directory: context.credentials.root().join(ca.name()).display().to_string(),
            certificate: Certificate::new(ca.certificate()),
            parent: ca.chain().first().and_then(|parent| parent.common_name.clone()),
            path_length: ca.certificate().path_len,
            issuer: ca.issuer_url()?,
            kid: ca.signer().public_key().thumbprint(),
            crl_url: ca.crl_url()?,
            crl: Crl::new(&ca.crl_path(), &ca.crl_state()?),
        })
    }

    fn text(&self) -> String {
        let mut rows = vec![("directory", self.directory.clone())];
        rows.extend(self.certificate.rows());
        rows.extend(self.parent.as_ref().map(|parent| ("parent", output::printable(parent))));
        rows.push(("issuer", self.issuer.clone()));
        rows.push(("CRL", self.crl.sentence()));
        rows.extend(self.crl_url.as_ref().map(|url| ("CRL URL", url.clone())));
        view::fields(&format!("CA {}", self.name), &rows)
    }
}

pub(crate) fn create(args: CaCreateArgs, context: &Context) -> Result {
    let options = CaOptions {
        name: args.name,
        common_name: args.common_name,
        organization: args.organization,
        lifetime: args.expiration,
        serial: args.serial_number,
        key_type: args.key.resolve()?,
        parent: args.parent,
        crl_url: args.crl_url,
        issuer_url: args.issuer,
        force: args.force,
    };
    let ca = context.credentials.create_ca(&options, context.now)?;
    let shown = Shown::new(&ca, context)?;
    context.out.summary(|| shown.text(), &shown)?;
    Ok(Outcome::Done)
}

pub(crate) fn list(context: &Context) -> Result {
    let (mut rows, mut documents) = (vec![], vec![]);
    for name in context.credentials.ca_names()? {
        match context.credentials.ca_facts(&name) {
            Ok(ca) => {
                let certificate = Certificate::new(&ca.certificate);
                let kind = if ca.chain.is_empty() { "root" } else { "intermediate" };
                rows.push(vec![
                    name.to_string(),
                    kind.to_owned(),
                    certificate.key.clone(),
                    certificate.not_after.clone(),
                    format!("CN={}", output::printable(certificate.common_name.as_deref().unwrap_or_default())),
                ]);
                documents
                    .push(json!({"name": name, "kind": kind, "certificate": certificate, "issuer": ca.issuer_url}));
            }
            // One CA that cannot be read does not hide the others.
            Err(error) => {
                rows.push(vec![name.to_string(), "unusable".to_owned(), output::printable(&error.to_string())]);
                documents.push(json!({"name": name, "kind": "unusable", "error": error.to_string()}));
            }
        }
    }
    let place = context.credentials.root().display();
    let text = || match rows.is_empty() {
        true => format!("no CA in {place}; make one with `{} ca create --name primary`\n", context.program()),
        false => output::titled_table(&["NAME", "KIND", "KEY", "VALID UNTIL", "SUBJECT"], &rows),
    };
    context.out.data(text, &json!({"cas": documents}))?;
    Ok(Outcome::Done)
}

pub(crate) fn show(args: &CaShowArgs, context: &Context) -> Result {
    if args.jwks {
        return show_keys(&args.name, context);
    }
    let ca = context.credentials.authority(&args.name).map_err(|error| perhaps_client(&args.name, error, context))?;
    let shown = Shown::new(&ca, context)?;
    let issued: Vec<_> = ca.certificates()?.iter().map(|record| Issued::new(record, context.now)).collect();
    let text = || {
        let rows: Vec<Vec<String>> = issued.iter().map(issued_row).collect();
        let titles = ["SERIAL", "KIND", "NAME", "VALID UNTIL", "STATUS", "SCOPES"];
        format!("{}\n{}", shown.text(), output::titled_table(&titles, &rows))
    };
    context.out.data(text, &json!({"ca": shown, "issued": issued}))?;
    Ok(Outcome::Done)
}

fn issued_row(issued: &Issued) -> Vec<String> {
    let status = match issued.revocation_reason {
        Some(reason) => format!("{} ({reason})", issued.status),
        None => issued.status.to_owned(),
    };
    vec![
        format!("0x{}", issued.serial),
        issued.kind.to_owned(),
        output::printable(&issued.name),
        issued.not_after.clone(),
        status,
        view::scopes(&issued.scopes),
    ]
}

pub(super) fn perhaps_client(name: &Name, error: Error, context: &Context) -> Failure {
    other_kind(name, "client", error, context.credentials.client_names(), context)
}

/// The set has one form whatever `--format` says: it is what servers publish.
fn show_keys(name: &Name, context: &Context) -> Result {
    let ca = context.credentials.ca_facts(name).map_err(|error| perhaps_client(name, error, context))?;
    let key = PublicKey::from_spki_der(&ca.certificate.spki).map_err(Error::from)?;
    output::json_to_stdout(&json!({"keys": [key.to_jwk()]}))?;
    Ok(Outcome::Done)
}
