//! The first request: a run against a server that is not there, or that refuses, would measure nothing.

use super::{
    connection::{Connection, Limits},
    plan::Plan,
    source::{self, Order},
    target::Target,
};
use crate::error::{Error, Result};
use std::{sync::atomic::AtomicBool, time::Instant};

/// As much of a refusal's body as a message shows.
const BODY_SHOWN: usize = 600;

/// Sends one request of `source`.
///
/// # Errors
/// [`Error::Network`] where no answer came, or one that is not 2xx: with URL, status and the body's beginning. What
/// preparing the request failed with.
pub(super) fn first_request(
    plan: &Plan,
    target: &Target,
    source: &dyn source::RequestSource,
    interrupted: &AtomicBool,
) -> Result<()> {
    let order = Order { source, target, count: 1, chunk: 1, threads: 1, interrupted };
    let (mut chunks, _, _) = source::prepare(order)?;
    let Some(request) = chunks.pop().and_then(|mut chunk| chunk.requests.pop()) else {
        // Interrupted, or a source without a single request: the run ends before it began, and reports that.
        return Ok(());
    };
    let url = target.url_of(request.request.uri());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|source| Error::System { action: "start the load test", source })?;
    let answer = runtime.block_on(async {
        let mut connection = Connection::new([target.clone()].into());
        let limits =
            Limits { connect_timeout: plan.connect_timeout, keep_alive: plan.keep_alive, ..Limits::new(plan.timeout) };
        connection.exchange_with(request, Instant::now(), &limits, BODY_SHOWN).await
    });
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
