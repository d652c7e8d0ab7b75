//! A request of the command line, resolved: every part is there and goes together with the others.

use crate::{
    cli::RequestArgs,
    output::Failure,
    values::{Data, Header},
};
use certauthz::{client::OutgoingRequest, error::Result as LibraryResult};
use http::{HeaderName, HeaderValue, Method, Uri, header};
use std::path::PathBuf;

/// Headers that signing or sending makes, so that a second one would contradict it.
const OWN: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "x-client-cert",
    "x-client-cert-chain",
    "content-digest",
    "signature-input",
    "signature",
];

/// A request that can be signed and sent.
#[derive(Debug)]
pub(crate) struct ResolvedRequest {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    /// The file that the body came from, if it did.
    pub(crate) body_file: Option<PathBuf>,
    /// The value of `Host`: the authority that is signed.
    pub(crate) host: String,
}

impl ResolvedRequest {
    /// Reads the body, and refuses headers that are not the caller's to give.
    ///
    /// # Errors
    /// A usage failure for such a header, or the body's file cannot be read.
    pub(crate) fn new(args: RequestArgs) -> Result<Self, Failure> {
        let body = args.data.as_ref().map(Data::read).transpose()?;
        let method = args.method.unwrap_or(if body.is_some() { Method::POST } else { Method::GET });
        if let Some(Header { name, .. }) = args.headers.iter().find(|header| OWN.contains(&header.name.as_str())) {
            return Err(Failure::Usage {
                why: format!("the header {} follows from the request and its signature", title(name)),
                hint: "leave that -H out; the host is the URL's".to_owned(),
            });
        }
        let body_file = match args.data {
            Some(Data::File(path)) => Some(path),
            _ => None,
        };
        let mut request = Self {
            method,
            uri: args.url.uri().clone(),
            headers: args.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: body.unwrap_or_default(),
            body_file,
            host: String::new(),
        };
        request.host = request.outgoing().authority()?;
        Ok(request)
    }

    /// As the signer wants it.
    pub(crate) fn outgoing(&self) -> OutgoingRequest<'_> {
        OutgoingRequest { method: &self.method, uri: &self.uri, body: &self.body }
    }

    /// Path and query, as the request line has them.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }

    /// The value of `Content-Length`, where the message has one: with a body, and where the method expects one
    /// (RFC 9110 section 8.6).
    pub(crate) fn content_length(&self) -> Option<usize> {
        let expected = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        (expected || !self.body.is_empty()).then_some(self.body.len())
    }

    /// Whether one of the given headers has this name.
    pub(crate) fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|(given, _)| given == name)
    }
}

/// The access token's header.
///
/// # Errors
/// [`certauthz::error::Error::BadFile`] where the token is none.
pub(crate) fn authorization(token: &str, path: PathBuf) -> LibraryResult<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| certauthz::error::Error::BadFile {
        path,
        why: "it holds no token".into(),
        hint: "make one with `certauthz token create`".into(),
    })?;
    value.set_sensitive(true);
    Ok((header::AUTHORIZATION, value))
}

/// A header's name as people write it: `X-Client-Cert`.
pub(crate) fn title(name: &HeaderName) -> String {
    let mut text = String::with_capacity(name.as_str().len());
    let mut first = true;
    for c in name.as_str().chars() {
        text.push(if first { c.to_ascii_uppercase() } else { c });
        first = c == '-';
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    fn resolve(headers: &[&str], data: Option<&str>, url: &str) -> Result<ResolvedRequest, Failure> {
        ResolvedRequest::new(RequestArgs {
            method: None,
            headers: headers.iter().map(|text| values::header(text).unwrap()).collect(),
            data: data.map(|text| values::data(text).unwrap()),
            url: values::url(url).unwrap(),
        })
    }

    #[test]
    fn the_method_follows_from_the_body() {
        let get = resolve(&[], None, "http://Bob.example:80").unwrap();
        assert_eq!((get.method.as_str(), get.target(), get.host.as_str()), ("GET", "/", "bob.example"));
        assert_eq!(get.content_length(), None);
        let post = resolve(&["X-A: 1"], Some(""), "https://bob/x?").unwrap();
        assert_eq!((post.method.as_str(), post.target(), post.content_length()), ("POST", "/x?", Some(0)));
    }

    #[test]
    fn headers_of_the_signature_cannot_be_given() {
        for own in ["Host: x", "signature: a=:AA==:", "X-Client-Cert: x", "Content-Length: 5"] {
            assert!(matches!(resolve(&[own], None, "http://bob/"), Err(Failure::Usage { .. })), "{own}");
        }
    }

    #[test]
    fn names_as_people_write_them() {
        assert_eq!(title(&HeaderName::from_static("x-client-cert")), "X-Client-Cert");
        assert_eq!(title(&HeaderName::from_static("signature")), "Signature");
    }
}
