//! What all requests of a load test have in common.

use crate::{cli::LoadRequestArgs, input, output::Result};
use bytes::Bytes;
use certauthz::load::PreparedRequest;
use http::{HeaderMap, Method, Request, Uri, header::CONTENT_TYPE};

/// Method, headers and body.
pub(super) struct Template {
    pub(super) method: Method,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Template {
    /// Reads the body.
    pub(super) fn new(args: &LoadRequestArgs) -> Result<Self> {
        let body = match (&args.data, &args.data_file) {
            (Some(data), _) => Some(data.read()?),
            (None, Some(path)) => Some(input::read_body(path)?),
            (None, None) => None,
        };
        let default = if body.is_some() { Method::POST } else { Method::GET };
        let mut headers = HeaderMap::new();
        for header in &args.headers {
            headers.append(header.name.clone(), header.value.clone());
        }
        if let Some(content_type) = &args.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        let body = body.map_or_else(Bytes::new, Bytes::from);
        Ok(Self { method: args.method.clone().unwrap_or(default), headers, body })
    }

    /// A request to `uri`, without a credential.
    pub(super) fn request(&self, uri: &Uri) -> PreparedRequest {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}
