//! The report for programs.

use super::{Choice, KeyReport, Operation, Report};
use crate::{bench::Figure, key::KeyType};
use serde_json::{Value, json};

pub(super) fn render(report: &Report) -> Value {
    let environment = &report.environment;
    let signed_request = report.cheapest(&[Operation::RequestWarm]);
    json!({
        "environment": {
            "version": environment.version,
            "debug_build": environment.debug_build,
            "os": environment.os,
            "arch": environment.arch,
            "cpus": environment.cpus,
            "cpu_model": environment.cpu_model,
        },
        "seconds_per_key": report.budget.as_secs_f64(),
        "keys": report.keys.iter().map(key).collect::<Vec<_>>(),
        "cheapest": {
            "client": report.cheapest_for_client().map(choice),
            "server": report.cheapest_for_server().map(choice),
            "server_signed_request": signed_request.map(choice),
        },
    })
}

/// The kind as on the command line, and the size in bits.
fn kind(key_type: KeyType) -> (&'static str, u16) {
    match key_type {
        KeyType::Rsa(bits) => ("rsa", bits),
        KeyType::EcP256 => ("ec", 256),
        KeyType::EcP384 => ("ec", 384),
        KeyType::Ed25519 => ("ed25519", 256),
    }
}

fn key(report: &KeyReport) -> Value {
    let (key_type, bits) = kind(report.key_type);
    json!({
        "key_type": key_type,
        "bits": bits,
        "algorithm": report.key_type.algorithm().http_name(),
        "name": report.name,
        "rounds": report.rounds,
        "operations": report.figures.iter().map(figure).collect::<Vec<_>>(),
        "header_bytes": {
            "token": report.header_bytes.token,
            "signed_request": report.header_bytes.signed_request,
        },
    })
}

fn figure(figure: &Figure) -> Value {
    json!({
        "name": figure.operation.as_str(),
        "median_ns": figure.median_ns,
        "spread_ns": figure.spread_ns,
        "ratio_to_verify": figure.ratio,
        "ratio_spread": figure.ratio_spread,
        "iterations": figure.iterations,
    })
}

fn choice(choice: Choice<'_>) -> Value {
    let (key_type, bits) = kind(choice.key.key_type);
    json!({
        "key_type": key_type,
        "bits": bits,
        "name": choice.key.name,
        "operation": choice.figure.operation.as_str(),
        "median_ns": choice.figure.median_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn the_document_has_what_programs_want() {
        let keys = [(KeyType::Rsa(4096), None, 70_000.0), (KeyType::Ed25519, Some("alice.key"), 40_000.0)];
        let document = report(&keys).json();
        assert_eq!(
            (document["keys"][0]["key_type"].as_str(), document["keys"][0]["bits"].as_u64()),
            (Some("rsa"), Some(4096))
        );
        assert_eq!(document["keys"][0]["name"], Value::Null);
        assert_eq!(document["keys"][1]["operations"].as_array().unwrap().len(), Operation::ALL.len());
        assert_eq!(
            document["keys"][1]["operations"][1],
            json!({
                "name": "verify", "median_ns": 40_000.0, "spread_ns": 400.0, "ratio_to_verify": 1.0, "ratio_spread": 0.01, "iterations": 1000,
            })
        );
        assert_eq!(document["cheapest"]["server"]["name"], "alice.key");
        assert_eq!(document["cheapest"]["server"]["operation"], "jwt");
        assert_eq!(document["cheapest"]["server_signed_request"]["operation"], "request_warm");
        assert_eq!(document["seconds_per_key"], 2.0);
    }
}
