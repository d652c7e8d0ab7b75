//! The same documents as files, for any server or store of static files.

use super::{
    PUBLISHED_CRL_LIFETIME,
    document::Document,
    documents::{CA_CERTIFICATE, CRL, CRL_PEM, Fixed, JWKS, METADATA},
    issuer_of,
    publisher::Publisher,
    state::Shared,
};
use crate::{
    error::{Error, Result},
    store::{Credentials, Name, replace_public},
};
use jiff::Timestamp;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its media type, which whoever serves it has to say.
    pub content_type: &'static str,
    /// Its size in bytes.
    pub len: usize,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The files, each complete.
    pub files: Vec<PublishedFile>,
    /// The number of the revocation list.
    pub number: u64,
    /// Until when that is current; it has to be replaced before.
    pub next_update: Timestamp,
}

/// Writes `crl`, `crl.pem`, `ca.crt`, `jwks.json` and `.well-known/oauth-authorization-server` below `out`, which is made
/// if need be. Each file is replaced as a whole. The list is a new one only if the one at hand lacks something or is past
/// two thirds of its life.
///
/// # Errors
/// As [`super::AuthorizationServer::open`]; [`Error::NotAllowed`] where there is no current list and none could be made; else file
/// errors.
pub fn publish(
    credentials: &Credentials,
    name: &Name,
    issuer: Option<String>,
    out: &Path,
    now: Timestamp,
) -> Result<Publication> {
    let authority = credentials.authority(name)?;
    let fixed = Fixed::new(authority.certificate(), &issuer_of(&authority, issuer)?, now)?;
    let shared = Arc::new(Shared::new(None));
    Publisher::new(credentials, authority, PUBLISHED_CRL_LIFETIME, Arc::clone(&shared), now)?;
    let stale = |why| Error::not_allowed("CA", name, why, "see why with -v, and publish with `certauthz crl create`");
    let Some(served) = shared.list() else { return Err(stale("it has no revocation list, and none could be made")) };
    if served.list.next_update() <= now {
        return Err(stale("its revocation list is stale, and no new one could be made"));
    }
    // The list last: it is what changes, and whoever finds it finds the rest.
    let documents = [
        (CA_CERTIFICATE, &fixed.ca),
        (JWKS, &fixed.jwks),
        (METADATA, &fixed.metadata),
        (CRL_PEM, &served.pem),
        (CRL, &served.der),
    ];
    let files = documents.into_iter().map(|(place, document)| write(out, place, document)).collect::<Result<_>>()?;
    Ok(Publication { files, number: served.number(), next_update: served.list.next_update() })
}

fn write(out: &Path, place: &str, document: &Document) -> Result<PublishedFile> {
    let path = out.join(place.trim_start_matches('/'));
    if let Some(directory) = path.parent() {
        // With the mode that the umask leaves: everybody may read what is in there.
        std::fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
    }
    replace_public(&path, document.body())?;
    Ok(PublishedFile { path, content_type: document.content_type(), len: document.body().len() })
}
