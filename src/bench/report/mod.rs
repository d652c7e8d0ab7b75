//! What was found, for people ([`Report::text`]) and for programs ([`Report::json`]).

mod json;
mod text;

use super::{Environment, Figure, Operation};
use crate::key::KeyType;
use std::time::Duration;

/// The result of [`super::run`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// One entry per key, in the order that was asked for.
    pub keys: Vec<KeyReport>,
    /// The time that was to be spent on each.
    pub budget: Duration,
    /// Where this ran.
    pub environment: Environment,
}

/// What was found about one key.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeyReport {
    /// Its kind and size.
    pub key_type: KeyType,
    /// Its name, where it was given one.
    pub name: Option<String>,
    /// How often all operations had their turn.
    pub rounds: u64,
    /// One entry per operation, in the order of [`Operation::ALL`].
    pub figures: Vec<Figure>,
    /// What its credentials add to a request.
    pub header_bytes: HeaderBytes,
}

/// The bytes that credentials take in a request's head: lines of HTTP/1.1 with name and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderBytes {
    /// `Authorization` with a token of two scopes.
    pub token: usize,
    /// `X-Client-Cert`, `Signature-Input` and `Signature`.
    pub signed_request: usize,
}

/// The cheapest of several ways.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Choice<'a> {
    /// With which key.
    pub key: &'a KeyReport,
    /// By which operation.
    pub figure: &'a Figure,
}

impl KeyReport {
    /// What was found about this operation.
    pub fn figure(&self, operation: Operation) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.operation == operation)
    }
}

impl Report {
    /// What costs the client least where it has to sign. (A token costs it nothing but the way to the authorization
    /// server, while that is there.)
    pub fn cheapest_for_client(&self) -> Option<Choice<'_>> {
        self.cheapest(&[Operation::RequestSign])
    }

    /// What costs the server least, tokens and signed requests of known clients alike.
    pub fn cheapest_for_server(&self) -> Option<Choice<'_>> {
        self.cheapest(&[Operation::Jwt, Operation::RequestWarm])
    }

    /// What costs the server least among these operations.
    pub fn cheapest(&self, operations: &[Operation]) -> Option<Choice<'_>> {
        let all = self.keys.iter().flat_map(|key| key.figures.iter().map(move |figure| Choice { key, figure }));
        all.filter(|choice| operations.contains(&choice.figure.operation))
            .min_by(|a, b| a.figure.median_ns.total_cmp(&b.figure.median_ns))
    }

    /// The report for a terminal, at most 100 columns wide, with a newline at the end.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as JSON; times are in nanoseconds.
    pub fn json(&self) -> serde_json::Value {
        json::render(self)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A report with times that grow from operation to operation.
    pub(super) fn report(keys: &[(KeyType, Option<&str>, f64)]) -> Report {
        let key = |(key_type, name, verify): &(KeyType, Option<&str>, f64)| KeyReport {
            key_type: *key_type,
            name: name.map(str::to_owned),
            rounds: 31,
            figures: Operation::ALL
                .into_iter()
                .zip([17.5, 1.0, 18.0, 1.04, 1.18, 0.08, 2.2, 1.1])
                .map(|(operation, ratio)| Figure {
                    operation,
                    median_ns: verify * ratio,
                    spread_ns: verify * ratio / 100.0,
                    ratio,
                    ratio_spread: 0.01,
                    iterations: 1000,
                })
                .collect(),
            header_bytes: HeaderBytes { token: 720, signed_request: 1_834 },
        };
        let environment = Environment::here();
        Report { keys: keys.iter().map(key).collect(), budget: Duration::from_secs(2), environment }
    }

    #[test]
    fn the_cheapest_is_found_per_side() {
        let report = report(&[(KeyType::EcP256, None, 50_000.0), (KeyType::Rsa(2048), None, 20_000.0)]);
        let server = report.cheapest_for_server().unwrap();
        assert_eq!((server.key.key_type, server.figure.operation), (KeyType::Rsa(2048), Operation::Jwt));
        let client = report.cheapest_for_client().unwrap();
        assert_eq!((client.key.key_type, client.figure.operation), (KeyType::Rsa(2048), Operation::RequestSign));
        assert!(Report { keys: Vec::new(), ..report }.cheapest_for_client().is_none());
    }
}
