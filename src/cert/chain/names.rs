//! Directory names that a trusted CA permits (RFC 5280 section 4.2.1.10).
//!
//! webpki refuses every certificate below a CA that constrains directory names. For the anchor, and for what it
//! permits, the check is easily made here: the constraint is taken out of what webpki is given, and each certificate of
//! the path must then name its subject, and any directory name among its alternative names, within one of the permitted
//! subtrees. Names are compared byte by byte, which is narrower than RFC 5280 section 7.1 and so can only refuse more.
//! What an anchor excludes, and all that intermediates say, stays with webpki: there, comparing bytes would let through
//! what differs in case alone.

use super::{Path, PathCertificate};
use crate::{
    der::{self, BadDer, CONTEXT_0, Reader, SEQUENCE},
    error::Rejection,
};

/// `[4]` of GeneralName, explicit.
const DIRECTORY_NAME: u8 = 0xa4;

/// The RDNs of a DER Name, without its SEQUENCE header.
pub(super) type Rdns = Box<[u8]>;

/// Splits the content of a NameConstraints sequence into one without permitted directory names (`None` if nothing is
/// left) and these.
pub(super) fn split_directory_names(constraints: &[u8]) -> Result<(Option<Vec<u8>>, Vec<Rdns>), BadDer> {
    let mut fields = Reader::new(constraints);
    let Some(permitted) = fields.optional(CONTEXT_0)? else { return Ok((Some(constraints.to_vec()), Vec::new())) };
    let mut directories = Vec::new();
    let mut others = Vec::new();
    let mut subtrees = Reader::new(permitted);
    while !subtrees.is_empty() {
        let subtree = subtrees.expect_element(SEQUENCE)?;
        match directory_name(subtree.content)? {
            Some(name) => directories.push(name.into()),
            None => others.extend_from_slice(subtree.whole),
        }
    }
    let mut rest = if others.is_empty() { Vec::new() } else { der::wrap(CONTEXT_0, &others)? };
    while !fields.is_empty() {
        rest.extend_from_slice(fields.element()?.whole);
    }
    Ok(((!rest.is_empty()).then_some(rest), directories))
}

/// The RDNs of a GeneralSubtree that is a directory name; `None` for other kinds.
fn directory_name(subtree: &[u8]) -> Result<Option<&[u8]>, BadDer> {
    let mut fields = Reader::new(subtree);
    let base = fields.element()?;
    if base.tag != DIRECTORY_NAME {
        return Ok(None);
    }
    // RFC 5280 section 4.2.1.10: minimum and maximum are not used.
    fields.finish()?;
    rdns(base.content).map(Some)
}

/// The content of a Name.
fn rdns(name: &[u8]) -> Result<&[u8], BadDer> {
    let mut reader = Reader::new(name);
    let content = reader.expect(SEQUENCE)?;
    reader.finish()?;
    Ok(content)
}

/// Checks every certificate below the anchor against the directory names that the anchor permits.
pub(super) fn check(path: &Path) -> Result<(), Rejection> {
    let permitted = &path.anchor().rules.permitted_directories;
    if permitted.is_empty() || path.links().all(|(certificate, _)| is_within(certificate, permitted)) {
        return Ok(());
    }
    Err(Rejection::CertificateUntrusted("a directory name is outside of what the trusted CA may name".into()))
}

fn is_within(certificate: &PathCertificate, permitted: &[Rdns]) -> bool {
    // Whole elements at the front of the one are whole elements at the front of the other.
    let allowed = |name: &[u8]| rdns(name).is_ok_and(|rdns| permitted.iter().any(|subtree| rdns.starts_with(subtree)));
    // A subject may be empty where all names are alternative ones; then only those count.
    (certificate.subject().len() <= 2 || allowed(certificate.subject()))
        && certificate.rules.directory_names.iter().all(|name| allowed(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_permitted_directory_names_are_taken_out() {
        let directory = [0x30, 6, 0xa4, 4, 0x30, 2, 0x31, 0];
        let dns = [0x30, 3, 0x82, 1, b'a'];
        let permitted = der::wrap(CONTEXT_0, &[&directory[..], &dns].concat()).unwrap();
        let excluded = der::wrap(0xa1, &directory).unwrap();
        let (rest, names) = split_directory_names(&[permitted, excluded.clone()].concat()).unwrap();
        assert_eq!(rest.unwrap(), [der::wrap(CONTEXT_0, &dns).unwrap(), excluded].concat());
        assert_eq!(names, [vec![0x31, 0].into_boxed_slice()]);
        let (rest, names) = split_directory_names(&der::wrap(CONTEXT_0, &directory).unwrap()).unwrap();
        assert_eq!((rest, names.len()), (None, 1));
        // A minimum of 1 after the base.
        let minimum = [0x30, 9, 0xa4, 4, 0x30, 2, 0x31, 0, 0x80, 1, 1];
        assert!(split_directory_names(&der::wrap(CONTEXT_0, &minimum).unwrap()).is_err());
    }
}
