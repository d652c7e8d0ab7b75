//! A source behind a URL: fetched in its rhythm, counted, and complained about once.

use super::{
    fetch::{Failure, FetchError, Fetched, Fetcher},
    pace::Pace,
    record::{Complaints, Kind, Record},
};
use crate::{error::Error, measure::random::Random};
use http::Uri;
use jiff::Timestamp;
use std::{io::Read, sync::Arc, time::Duration};

/// What one URL needs besides what is done with its content.
#[derive(Debug)]
pub(super) struct Remote {
    fetcher: Fetcher,
    pace: Pace,
    random: Random,
    complaints: Complaints,
    record: Arc<Record>,
    /// Whether it was asked at all.
    asked: bool,
}

impl Remote {
    pub(super) fn new(kind: Kind, url: Uri, accept: &'static str, interval: Duration) -> Self {
        Self {
            record: Arc::new(Record::new(kind, public_name(&url))),
            fetcher: Fetcher::new(url, accept),
            pace: Pace::new(interval),
            random: Random::from_system(),
            complaints: Complaints::default(),
            asked: false,
        }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    pub(super) fn interval(&self) -> Duration {
        self.pace.interval()
    }

    /// Until it is to be asked again, where what is at hand is good for `left`. It is asked at once at first.
    pub(super) fn wait(&mut self, left: Option<Duration>) -> Duration {
        if self.asked { self.pace.wait(left, &mut self.random) } else { Duration::ZERO }
    }

    /// The first reading, while whoever started the server waits: a failure is returned to be told there, not logged.
    ///
    /// # Errors
    /// Why there is nothing yet.
    pub(super) fn begin(
        &mut self,
        limit: Duration,
        take: impl FnOnce(&mut dyn Read, Option<usize>) -> Result<bool, FetchError>,
    ) -> Result<(), Error> {
        self.attempt(limit, take).map(|_| ()).map_err(|error| {
            self.complaints.failed(&error);
            error.about(&self.record.name)
        })
    }

    /// Reads the source again. `take` puts the body into use, and says whether that changed anything; so does the result.
    pub(super) fn refresh(
        &mut self,
        limit: Duration,
        take: impl FnOnce(&mut dyn Read, Option<usize>) -> Result<bool, FetchError>,
    ) -> bool {
        let outcome = self.attempt(limit, take);
        let (name, noun) = (&self.record.name, self.record.kind.noun());
        match outcome {
            Ok(changed) => {
                if self.complaints.succeeded() {
                    tracing::info!("the {noun} can be fetched again from {name}");
                }
                if changed {
                    tracing::info!("new {noun} from {name}");
                }
                changed
            }
            Err(error) => {
                if self.complaints.failed(&error) {
                    tracing::warn!("the old {noun} stays in use: {name}: {error}");
                }
                false
            }
        }
    }

    fn attempt(
        &mut self,
        limit: Duration,
        take: impl FnOnce(&mut dyn Read, Option<usize>) -> Result<bool, FetchError>,
    ) -> Result<bool, FetchError> {
        self.asked = true;
        let outcome = self.fetcher.fetch(limit, take);
        match outcome {
            Ok(fetched) => {
                let changed = matches!(fetched, Fetched::Body(true));
                self.pace.succeeded();
                self.record.succeeded(changed, Timestamp::now());
                Ok(changed)
            }
            Err(Failure { error, retry_after }) => {
                self.pace.failed(retry_after);
                self.record.failed.increment();
                Err(error)
            }
        }
    }
}

/// The URL for logs and metrics, which are for more eyes than the configuration: without the query, as one may carry a
/// signature that lets whoever has it in (pre-signed object storage), and without user and password.
fn public_name(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}{}", url.host().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_without_its_secrets() {
        for (url, name) in [
            ("https://pki.example/crl", "https://pki.example/crl"),
            ("http://[::1]:8586/a/crl", "http://[::1]:8586/a/crl"),
            ("https://store.example/crl?X-Amz-Signature=secret&x=1", "https://store.example/crl"),
            ("https://user:secret@store.example:8443/crl?sig=secret", "https://store.example:8443/crl"),
            ("https://store.example?sig=secret", "https://store.example/"),
        ] {
            let remote = Remote::new(Kind::Crl, url.parse().unwrap(), "*/*", Duration::from_secs(1));
            assert_eq!(remote.record().name, name, "{url}");
        }
    }
}
