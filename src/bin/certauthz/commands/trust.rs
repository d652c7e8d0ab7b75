//! `--ca` and `--crl`: what is trusted, and what says who is revoked.

use super::Context;
use crate::{cli::RevocationArgs, input};
use certauthz::{
    cert::chain::Anchors,
    crl::pem_or_der,
    error::{Error, Result},
    store::Name,
};
use std::path::{Path, PathBuf};

/// A CA that was named with `--ca`.
pub(super) struct TrustedCa {
    /// Its certificates in DER: one, or all of a file.
    pub(super) certificates: Vec<Vec<u8>>,
    /// The CAs below it that are under `--path` too, if it was given by name.
    pub(super) below: Vec<Vec<u8>>,
    /// The revocation lists that a CA brings which was given by name: its own, and theirs.
    pub(super) crl_paths: Vec<PathBuf>,
    /// The issuer identifier of its tokens, where that is known.
    pub(super) issuer_url: Option<String>,
}

impl TrustedCa {
    /// The name of a CA under `--path`, or else a file.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is neither, [`Error::BadFile`] for a file without certificate.
    pub(super) fn find(value: &str, context: &Context) -> Result<Self> {
        let by_name = match Name::new(value) {
            Ok(name) => Self::by_name(&name, context),
            Err(error) => Err(error),
        };
        match by_name {
            Err(Error::InvalidValue { .. } | Error::NotFound { .. }) if Path::new(value).exists() => {
                Self::from_file(Path::new(value))
            }
            Err(Error::NotFound { name, place, .. }) => {
                let hint =
                    "see `certauthz ca list` for names, or give a file that exists, relative to the current directory"
                        .into();
                Err(Error::NotFound { what: "CA or file", name, place, hint })
            }
            // Whatever is no name can only have been meant as a file.
            Err(Error::InvalidValue { .. }) => Self::from_file(Path::new(value)),
            found => found,
        }
    }

    fn by_name(name: &Name, context: &Context) -> Result<Self> {
        let ca = context.credentials.ca_facts(name)?;
        let (mut below, mut crl_paths) = (Vec::new(), vec![ca.crl_path]);
        for other in context.credentials.ca_names()? {
            // A broken neighbour is not this CA's business; a client of it will be refused for lack of a list.
            let Ok(other) = context.credentials.ca_facts(&other) else { continue };
            if other.chain.iter().any(|above| above.der == ca.certificate.der) {
                below.push(other.certificate.der);
                crl_paths.push(other.crl_path);
            }
        }
        Ok(Self { certificates: vec![ca.certificate.der], below, crl_paths, issuer_url: ca.issuer_url })
    }

    fn from_file(path: &Path) -> Result<Self> {
        let certificates = input::der_blocks(input::read(path)?, "CERTIFICATE");
        let bad = |why: String| Error::BadFile {
            path: path.into(),
            why: why.into(),
            hint: "give the name of a CA under --path, or a CA's certificate in PEM or DER".into(),
        };
        if certificates.is_empty() {
            return Err(bad("there is no certificate in it".to_owned()));
        }
        // Read here for the message that names the file; the error's own value would be a number.
        match Anchors::new(certificates.clone()) {
            Ok(_) => Ok(Self { certificates, below: Vec::new(), crl_paths: Vec::new(), issuer_url: None }),
            Err(Error::InvalidValue { why, .. }) => Err(bad(format!("its certificate cannot be used: {why}"))),
            Err(error) => Err(error),
        }
    }
}

/// Every CA that was named.
pub(super) fn find_all(values: &[String], context: &Context) -> Result<Vec<TrustedCa>> {
    values.iter().map(|value| TrustedCa::find(value, context)).collect()
}

/// All their certificates.
pub(super) fn anchors(cas: &[TrustedCa]) -> Result<Anchors> {
    Anchors::new(cas.iter().flat_map(|ca| ca.certificates.iter().cloned()))
}

/// The revocation lists to ask, in DER; `None` where revocation is not checked: with `--no-crl`, or where there are only
/// files and no list among them.
pub(super) fn lists(args: &RevocationArgs, cas: &[TrustedCa], context: &Context) -> Result<Option<Vec<Vec<u8>>>> {
    let own: Vec<_> = cas.iter().flat_map(|ca| ca.crl_paths.iter().map(PathBuf::as_path)).collect();
    let paths: Vec<&Path> = match (args.no_crl, args.crls.is_empty()) {
        (true, _) => return Ok(None),
        (_, false) => args.crls.iter().map(PathBuf::as_path).collect(),
        (_, true) if own.is_empty() => return Ok(None),
        (_, true) => own,
    };
    let mut lists = Vec::new();
    for path in paths {
        // A CA that lacks its list is no reason to stop: without one nobody is accepted, and the answer says so.
        if args.crls.is_empty() && !path.exists() {
            context.out.warn(
                &format!("there is no revocation list at {}", path.display()),
                "publish one with `certauthz crl create --ca`, or pass --no-crl",
            );
            continue;
        }
        match pem_or_der(input::read_crl(path)?) {
            Ok(der) => lists.push(der),
            Err(error) => context.out.warn(&format!("{}: {error}", path.display()), "it counts for nothing"),
        }
    }
    Ok(Some(lists))
}
