//! What each document is served with.

use crate::{
    peer::Answer,
    world::{World, primary, until},
};
use jiff::{Timestamp, fmt::rfc2822};
use serde_json::{Value, json};
use std::{io::Write as _, process::Command};

const ALL: [(&str, &str); 5] = [
    ("/crl", "application/pkix-crl"),
    ("/crl.pem", "application/x-pem-file"),
    ("/ca.crt", "application/pem-certificate-chain"),
    ("/jwks.json", "application/jwk-set+json"),
    ("/.well-known/oauth-authorization-server", "application/json"),
];

fn seconds(answer: &Answer, directive: &str) -> Option<i64> {
    let value = answer.header("cache-control").unwrap();
    value.split(", ").find_map(|part| part.strip_prefix(directive)?.strip_prefix('=')?.parse().ok())
}

#[test]
fn each_has_its_type_a_strong_tag_a_date_and_an_end() {
    let world = World::new();
    let server = world.serve();
    let next_update = server.list(&world).next_update();
    let left = next_update.as_second() - Timestamp::now().as_second();
    for (path, content_type) in ALL {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{path}");
        let tag = answer.header("etag").unwrap();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
        let date = answer.header("last-modified").unwrap();
        let modified = rfc2822::DateTimeParser::new().parse_timestamp(date).unwrap();
        assert!(date.ends_with(" GMT") && modified <= Timestamp::now(), "{date}");
        assert!(answer.header("cache-control").unwrap().starts_with("public, max-age="));
        let age = seconds(&answer, "max-age").unwrap() + seconds(&answer, "stale-if-error").unwrap_or(0);
        if path.starts_with("/crl") {
            assert!(age > 0 && age < left, "{age} {left}");
        }
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));

        let head = server.ask("HEAD", path, &[]);
        for name in ["content-type", "etag", "last-modified", "content-length"] {
            assert_eq!(head.header(name), answer.header(name), "{path} {name}");
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let refused = server.ask(method, path, &[]);
            assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")), "{method} {path}");
        }
    }
}

#[test]
fn what_the_sender_has_is_not_sent_again() {
    let world = World::new();
    let server = world.serve();
    for (path, _) in ALL {
        let answer = server.get(path);
        let (tag, date) = (answer.header("etag").unwrap(), answer.header("last-modified").unwrap());
        let (weak, list) = (format!("W/{tag}"), format!("\"x\", {tag}"));
        for headers in [
            &[("if-none-match", tag)][..],
            &[("if-none-match", &weak)],
            &[("if-none-match", &list)],
            &[("if-none-match", "*")],
            &[("if-modified-since", date)],
            &[("if-none-match", tag), ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")],
        ] {
            for method in ["GET", "HEAD"] {
                let known = server.ask(method, path, headers);
                assert_eq!((known.status, known.header("etag")), (304, Some(tag)), "{path} {headers:?}");
                assert!(known.header("cache-control").is_some());
                assert_eq!((known.header("content-type"), known.header("content-length")), (None, None));
            }
        }
        for headers in [
            &[("if-none-match", "\"x\""), ("if-modified-since", date)][..],
            &[("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT")],
            &[("if-modified-since", "soon")],
        ] {
            assert_eq!(server.ask("GET", path, headers).status, 200, "{path} {headers:?}");
        }
    }
}

#[test]
fn the_documents_say_the_same_of_the_ca() {
    let world = World::new();
    let server = world.serve_with(certauthz::server::Limits::default(), |options| {
        options.issuer = Some("https://as.example:444/".to_owned());
    });
    let ca = world.credentials.ca_facts(&primary()).unwrap();
    assert_eq!(server.get("/ca.crt").body, std::fs::read(world.file("ca.crt")).unwrap());
    let pem = server.get("/crl.pem").body;
    assert_eq!(pem, std::fs::read(world.file("ca.crl")).unwrap());
    assert_eq!(pem::parse(pem).unwrap().contents(), server.get("/crl").body);
    let keys = server.get("/jwks.json").json();
    let key = &keys["keys"][0];
    let own = certauthz::key::PublicKey::from_spki_der(&ca.certificate.spki).unwrap();
    assert_eq!((key["kid"].as_str(), key["use"].as_str()), (Some(&*own.thumbprint()), Some("sig")));
    let metadata = server.get("/.well-known/oauth-authorization-server").json();
    let wanted = json!({
        "issuer": "https://as.example:444/",
        "token_endpoint": "https://as.example:444/oauth/token",
        "jwks_uri": "https://as.example:444/jwks.json",
        "introspection_endpoint": "https://as.example:444/oauth/introspect",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256", "ES384", "EdDSA"],
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256", "ES384", "EdDSA"],
    });
    assert_eq!(metadata, wanted);
}

#[test]
fn openssl_verifies_the_list_with_the_certificate_from_the_same_server() {
    let world = World::new();
    let server = world.serve();
    world.revoke("alice");
    until("the list is not new", || server.list(&world).len() == 1);
    let (ca, crl) = (world.dir.path().join("fetched.crt"), world.dir.path().join("fetched.crl"));
    std::fs::write(&ca, server.get("/ca.crt").body).unwrap();
    for (path, form) in [("/crl", "DER"), ("/crl.pem", "PEM")] {
        std::fs::File::create(&crl).unwrap().write_all(&server.get(path).body).unwrap();
        let arguments = ["crl", "-inform", form, "-noout", "-crlnumber", "-verify", "-in"];
        let output = match Command::new("openssl").args(arguments).arg(&crl).arg("-CAfile").arg(&ca).output() {
            Ok(output) => output,
            Err(error) => return println!("skipped: there is no openssl here ({error})"),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("verify OK"), "{said}");
    }
}

#[test]
fn every_server_has_its_common_routes() {
    let world = World::new();
    let server = world.serve();
    assert_eq!(server.get("/healthz").json(), json!({"status": "ok"}));
    assert_eq!(server.get("/readyz").json(), json!({"status": "ready"}));
    assert_eq!(server.get("/nowhere").status, 404);
    assert_eq!(server.get("/token").status, 404, "that is the resource server's");
    for path in ["/oauth/token", "/oauth/introspect", "/certificates/renew"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{path}");
    }
    let form = server.ask("POST", "/oauth/token", &[("content-type", "application/x-www-form-urlencoded")]);
    let error: Value = form.json();
    assert_eq!((form.status, error["error"].as_str()), (400, Some("invalid_request")));
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    for line in [
        "certauthz_http_requests_total{route=\"readyz\",status=\"200\",reason=\"\"} 1",
        "certauthz_http_requests_total{route=\"token\",status=\"400\",reason=\"\"} 1",
        "certauthz_http_requests_total{route=\"other\",status=\"404\",reason=\"\"} 2",
        "certauthz_ready 1",
        "certauthz_crl_number 1",
        "certauthz_crl_entries 0",
        "certauthz_tokens_total{result=\"issued\"} 0",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line} is not in\n{metrics}");
    }
}
