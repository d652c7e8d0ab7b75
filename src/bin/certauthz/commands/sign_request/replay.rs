//! Signed requests for other load generators, which can send but not sign.

use super::{HeaderRef, STANDARD, header_members, text};
use crate::request::{ResolvedRequest, title};
use base64::Engine as _;
use certauthz::client::SignedHeaders;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A target of vegeta's JSON format, on a line of its own. (Without the line's end vegeta would drop it.)
pub(super) fn vegeta_target<'a>(request: &ResolvedRequest, headers: impl Iterator<Item = HeaderRef<'a>>) -> String {
    // vegeta takes `Host` from here.
    let mut members = Map::from_iter([("Host".to_owned(), json!([request.host]))]);
    for (name, value) in headers {
        match members.entry(title(name)).or_insert_with(|| json!([])) {
            Value::Array(values) => values.push(text(value).into()),
            other => *other = json!([text(value)]),
        }
    }
    let mut target = json!({"method": request.method.as_str(), "url": request.uri.to_string(), "header": members});
    if let (false, Value::Object(target)) = (request.body.is_empty(), &mut target) {
        target.insert("body".to_owned(), STANDARD.encode(&request.body).into());
    }
    format!("{target}\n")
}

/// The headers that each request has of its own, in the order in which the script takes them.
const OWN: [&str; 2] = ["signature-input", "signature"];

/// The begin of a script for k6: everything that its requests have in common.
pub(super) fn k6_begin(request: &ResolvedRequest, signed: &SignedHeaders) -> String {
    let common = signed.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let headers = header_members(request, request.headers.iter().chain(common));
    let body = if request.body.is_empty() { Value::Null } else { STANDARD.encode(&request.body).into() };
    let request = json!({"method": request.method.as_str(), "url": request.uri.to_string(), "headers": headers});
    format!(
        "\
// Requests that were signed by certauthz. Each can be sent once, and not for long:
//   k6 run -e VUS=16 THIS_FILE
import http from 'k6/http';
import exec from 'k6/execution';
import encoding from 'k6/encoding';
import {{ SharedArray }} from 'k6/data';

const request = {request};
const body = {body};

// Signature-Input and Signature of each request; in memory once, for all VUs.
const signatures = new SharedArray('signatures', function () {{
  return [
"
    )
}

/// A request of the script.
pub(super) fn k6_item(signed: &SignedHeaders) -> String {
    let own = OWN.map(|own| signed.iter().find(|(name, _)| name == own).map(|(_, value)| text(value)));
    format!("    {},\n", json!(own))
}

/// The end of the script. The signatures are good for `window`, so it ends then.
pub(super) fn k6_end(window: Duration) -> String {
    let seconds = window.as_secs();
    format!(
        "\
  ];
}});

export const options = {{
  scenarios: {{
    signed: {{
      executor: 'shared-iterations',
      vus: Math.min(Number(__ENV.VUS || 16), signatures.length),
      iterations: signatures.length,
      maxDuration: '{seconds}s', // the life of a signature
    }},
  }},
  discardResponseBodies: true,
}};

const bytes = body === null ? null : encoding.b64decode(body);

export default function () {{
  // Unique in the whole test, also where several machines share it: no request is sent twice.
  const [input, signature] = signatures[exec.scenario.iterationInTest];
  http.request(request.method, request.url, bytes, {{
    headers: Object.assign({{}}, request.headers, {{ 'Signature-Input': input, Signature: signature }}),
    redirects: 0, // the signature is for this URL alone
  }});
}}
"
    )
}
