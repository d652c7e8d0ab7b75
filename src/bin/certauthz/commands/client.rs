//! `client create|renew|list|show`.

use super::{Context, client_authority, other_kind};
use crate::{
    cli::{ClientCreateArgs, ClientRenewArgs, ClientShowArgs},
    input,
    output::{self, Outcome, Result},
    view::{self, Certificate, Token},
};
use certauthz::{
    cert::csr,
    error::{Error, Result as LibraryResult},
    scope::Scopes,
    store::{
        CertificateRecord, ClientCredentials, ClientKey, ClientOptions, IssuedClient, IssuedToken, Kind, Name,
        RenewOptions, Status,
    },
};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// A client, as all of its commands print it.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    directory: String,
    ca: Option<String>,
    #[serde(flatten)]
    certificate: Certificate,
    scopes: Option<Scopes>,
    status: Option<&'static str>,
    private_key: Option<String>,
    token: Option<Token>,
}

impl Shown {
    fn issued(client: &IssuedClient, ca: &Name, token: Option<&IssuedToken>) -> Self {
        let key = client.directory.join("client.key");
        Self {
            name: client.name.to_string(),
            directory: client.directory.display().to_string(),
            ca: Some(ca.to_string()),
            certificate: Certificate::new(&client.certificate),
            scopes: Some(client.scopes.clone()),
            status: Some(Status::Valid.as_str()),
            private_key: key.exists().then(|| key.display().to_string()),
            token: token.map(Token::new),
        }
    }

    /// As its directory has it.
    fn found(name: &Name, context: &Context) -> Result<Self> {
        let credentials = &context.credentials;
        let client =
            credentials.client(name).map_err(|error| other_kind(name, "CA", error, credentials.ca_names(), context))?;
        let directory = credentials.root().join(name);
        // A client whose CA is elsewhere is still worth showing.
        let ca = credentials.ca_of(&client).ok();
        Ok(Self {
            name: name.to_string(),
            directory: directory.display().to_string(),
            status: ca.as_ref().and_then(|ca| status(&client, ca, context)),
            ca: ca.map(|ca| ca.to_string()),
            certificate: Certificate::new(&client.certificate),
            scopes: credentials.scopes_of(&client).ok(),
            private_key: client.key.is_some().then(|| directory.join("client.key").display().to_string()),
            token: credentials.read_token(name).ok().and_then(|token| token_content(&token)),
        })
    }

    fn text(&self) -> String {
        let mut rows = vec![("directory", self.directory.clone())];
        rows.extend(self.certificate.rows());
        rows.extend(self.ca.as_ref().map(|ca| ("CA", ca.clone())));
        rows.push(("scopes", self.scopes.as_ref().map_or_else(|| "unreadable".to_owned(), view::scopes)));
        rows.extend(self.status.map(|status| ("status", status.to_owned())));
        rows.push(("private key", self.private_key.clone().unwrap_or_else(|| "kept elsewhere".to_owned())));
        rows.push((
            "token",
            self.token.as_ref().map_or_else(
                || "none".to_owned(),
                |token| format!("for {} until {}", output::printable(&token.audience), token.expires),
            ),
        ));
        view::fields(&format!("client {}", self.name), &rows)
    }
}

pub(crate) fn create(args: ClientCreateArgs, context: &Context) -> Result {
    let key = match &args.csr {
        Some(path) => ClientKey::Existing(request_key(path)?),
        None => ClientKey::New(args.key.resolve()?),
    };
    let options = ClientOptions {
        name: args.name,
        ca: args.ca,
        scopes: Scopes::new(args.scopes)?,
        common_name: args.common_name,
        organization: args.organization,
        lifetime: args.expiration,
        serial: args.serial_number,
        key,
        force: args.force,
    };
    let mut token = None;
    let client = context.credentials.create_client(&options, context.now, |ca, client| {
        token = ca.issue_first_token(client, None, context.now)?;
        Ok(token.as_ref().map(|token| token.token.clone()))
    })?;
    print_issued(&client, &options.ca, token.as_ref(), context)?;
    if options.force {
        warn_of_older(&client, context);
    }
    Ok(Outcome::Done)
}

/// Whoever replaces a client may think that the old certificate is of no use any more.
fn warn_of_older(client: &IssuedClient, context: &Context) {
    const SHOWN: usize = 3;
    let older = older_certificates(client, context);
    let program = context.program();
    for (ca, record) in older.iter().take(SHOWN) {
        context.out.warn(
            &format!("an older certificate of {} is valid until {}", client.name, view::time(record.not_after)),
            &format!("revoke it with `{program} crl revoke --ca {ca} --serial 0x{}`", record.serial.to_hex()),
        );
    }
    if let Some((ca, _)) = older.get(SHOWN) {
        let text = format!("and {} more", older.len() - SHOWN);
        context.out.warn(&text, &format!("see them all with `{program} ca show --name {ca}`"));
    }
}

/// What any CA here issued to this client before and can still be used.
fn older_certificates(client: &IssuedClient, context: &Context) -> Vec<(Name, CertificateRecord)> {
    // The client is made by now: what cannot be found out is no failure, but whoever replaces it should know.
    let unknown = |place: &str, error: &Error| {
        let text = format!("whether older certificates of {} by {place} are valid is unknown: {error}", client.name);
        context.out.warn(&text, &error.hint().unwrap_or_default());
        Vec::new()
    };
    let cas = context.credentials.ca_names().unwrap_or_else(|error| {
        unknown("any CA", &error);
        Vec::new()
    });
    let mut older = Vec::new();
    for ca in cas {
        let issued = context.credentials.authority(&ca).and_then(|authority| authority.certificates());
        let issued = issued.unwrap_or_else(|error| unknown(&ca, &error));
        let of_client = issued.into_iter().filter(|record| {
            record.kind == Kind::Client
                && record.name == client.name.as_str()
                && record.serial != client.certificate.serial
                && matches!(record.status(context.now), Status::Valid | Status::NotYetValid)
        });
        older.extend(of_client.map(|record| (ca.clone(), record)));
    }
    older
}

pub(crate) fn renew(args: ClientRenewArgs, context: &Context) -> Result {
    if let Some(authority) = &args.authority {
        client_authority::renew(&args.name, authority, context)?;
        let shown = Shown::found(&args.name, context)?;
        context.out.summary(|| shown.text(), &shown)?;
        return Ok(Outcome::Done);
    }
    let scopes = if args.scopes.is_empty() { None } else { Some(Scopes::new(args.scopes)?) };
    let options = RenewOptions { scopes, lifetime: args.expiration, ..RenewOptions::new(args.name) };
    let (mut issuer, mut token) = (None, None);
    let client = context.credentials.renew_client(&options, context.now, |ca, client| {
        issuer = Some(ca.name().clone());
        token = ca.issue_first_token(client, None, context.now)?;
        Ok(token.as_ref().map(|token| token.token.clone()))
    })?;
    let issuer = issuer.unwrap_or_else(|| client.name.clone());
    print_issued(&client, &issuer, token.as_ref(), context)
}

/// The public key of a certification request. One that is no request, or whose signature does not hold, is a bad file.
fn request_key(path: &Path) -> LibraryResult<certauthz::key::PublicKey> {
    let bytes = input::read(path)?;
    csr::public_key(&bytes).map_err(|error| Error::BadFile {
        path: path.into(),
        why: error.to_string().into(),
        hint: "make one with `openssl req -new -key client.key -subj /CN=client -out client.csr`".into(),
    })
}

fn print_issued(client: &IssuedClient, ca: &Name, token: Option<&IssuedToken>, context: &Context) -> Result {
    let shown = Shown::issued(client, ca, token);
    context.out.summary(|| shown.text(), &shown)?;
    if token.is_none() {
        context.out.warn(
            "no token was made: it is not clear from the scopes which service it would be for",
            &format!("{} token create --ca {ca} --client {} --audience SERVICE", context.program(), client.name),
        );
    }
    Ok(Outcome::Done)
}

pub(crate) fn list(context: &Context) -> Result {
    let (mut rows, mut documents) = (vec![], vec![]);
    for name in context.credentials.client_names()? {
        match context.credentials.client(&name) {
            Ok(client) => {
                let certificate = Certificate::new(&client.certificate);
                let scopes = context.credentials.scopes_of(&client).ok();
                rows.push(vec![
                    name.to_string(),
                    certificate.key.clone(),
                    certificate.not_after.clone(),
                    scopes.as_ref().map_or_else(|| "unreadable".to_owned(), view::scopes),
                ]);
                documents.push(json!({"name": name, "certificate": certificate, "scopes": scopes}));
            }
            Err(error) => {
                rows.push(vec![name.to_string(), "unusable".to_owned(), output::printable(&error.to_string())]);
                documents.push(json!({"name": name, "error": error.to_string()}));
            }
        }
    }
    let place = context.credentials.root().display();
    let text = || match rows.is_empty() {
        true => format!(
            "no client in {place}; make one with `{} client create --name alice --ca primary --scope bob.user.read`\n",
            context.program()
        ),
        false => output::titled_table(&["NAME", "KEY", "VALID UNTIL", "SCOPES"], &rows),
    };
    context.out.data(text, &json!({"clients": documents}))?;
    Ok(Outcome::Done)
}

pub(crate) fn show(args: &ClientShowArgs, context: &Context) -> Result {
    let shown = Shown::found(&args.name, context)?;
    context.out.data(|| shown.text(), &shown)?;
    Ok(Outcome::Done)
}

/// The status in the CA's database; unknown where that cannot be asked.
fn status(client: &ClientCredentials, ca: &Name, context: &Context) -> Option<&'static str> {
    let ask = || context.credentials.authority(ca)?.certificate_by_serial(&client.certificate.serial);
    match ask() {
        Ok(record) => record.map(|record| record.status(context.now).as_str()),
        Err(error) => {
            context.out.warn(&format!("whether it was revoked is unknown: {error}"), &error.hint().unwrap_or_default());
            None
        }
    }
}

/// What a token says of itself. Nothing is verified here: `verify token` does that.
fn token_content(token: &str) -> Option<Token> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Some(Token {
        audience: claims.get("aud")?.as_str()?.to_owned(),
        scopes: Scopes::parse(claims.get("scope")?.as_str()?).ok()?,
        expires: view::time(jiff::Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()?),
    })
}
