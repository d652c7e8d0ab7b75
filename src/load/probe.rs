//! The first request: a run against a server that is not there, or that refuses, would measure nothing.

use super::{connection::Connection, stock::Outgoing, stretch::Limits, target::Target};
use crate::error::{Error, Result};
use std::time::Instant;

/// As much of a refusal's body as a message shows.
const BODY_SHOWN: usize = 600;

/// Sends these requests, one after the other.
///
/// # Errors
/// [`Error::Network`] where no answer came, or one that is not 2xx: with URL, status and the body's beginning.
pub(super) fn send(targets: &[Target], limits: Limits, requests: Vec<Outgoing>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|source| Error::System { action: "start the load test", source })?;
    runtime.block_on(async {
        let mut connection = Connection::new(targets.into());
        for request in requests {
            one(&mut connection, targets, &limits, request).await?;
        }
        Ok(())
    })
}

async fn one(connection: &mut Connection, targets: &[Target], limits: &Limits, request: Outgoing) -> Result<()> {
    let path = request.request.uri();
    let url = targets.get(request.target).map_or_else(|| path.to_string(), |target| target.url_of(path));
    let answer = connection.exchange_with(&mut Some(request), Instant::now(), limits, BODY_SHOWN).await;
    match answer {
        Ok((status, _)) if status.is_success() => Ok(()),
        Ok((status, body)) => {
            let body = printable(&body);
            let said = if body.is_empty() { String::new() } else { format!(": {body}") };
            Err(Error::Network {
                url,
                why: format!("the first request was answered {status}{said}"),
                hint: "a load test needs 2xx answers: check the URL, and that the server trusts the CA under --path"
                    .into(),
            })
        }
        Err(failure) => Err(Error::Network {
            url,
            why: format!("the first request got no answer ({})", failure.word),
            hint: "check that the server runs and that the address is right".into(),
        }),
    }
}

/// A peer's bytes, fit for a terminal: one line, no control characters (which could be escape sequences).
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable(b"{\n \"reason\":\x1b[31m\"x\"\r\n\0}"), "{ \"reason\": [31m\"x\" }");
        assert_eq!(printable(b"\xff\xfe"), "\u{fffd}\u{fffd}");
        assert_eq!(printable(b""), "");
    }

    proptest! {
        #[test]
        fn no_body_leaves_a_control_character(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!printable(&bytes).chars().any(char::is_control));
        }
    }
}
