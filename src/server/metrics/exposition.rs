//! What is shown at `/metrics`: the counters of this process, and what the application has to add.
//!
//! The cost of showing it depends on the number of routes and reasons, never on that of connections.

use super::{
    super::{
        answer,
        application::{Application, Route},
    },
    Listener, Metrics, OUTCOMES, PLAIN, REASONS,
    families::Families,
    process::Process,
};
use crate::{error::Reason, number::count};
use http::{HeaderValue, StatusCode};
use prometheus_client::{collector::Collector, encoding, registry::Registry};
use std::{
    fmt::{self, Result},
    sync::Arc,
};

/// Of the text format 0.0.4, in the words of its specification.
pub(in crate::server) const TEXT_FORMAT: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Writes the metrics of one server.
pub(in crate::server) struct Exposition {
    registry: Registry,
}

impl Exposition {
    /// `limits` are the most connections of each listener that there is.
    pub(in crate::server) fn new<A: Application>(
        application: Arc<A>,
        metrics: Arc<Metrics>,
        limits: Vec<(Listener, usize)>,
    ) -> Self {
        let mut registry = Registry::default();
        let process = Process::new();
        registry.register_collector(Box::new(Source { application, metrics, limits, process }));
        Self { registry }
    }

    /// The metrics as they are now.
    ///
    /// # Errors
    /// Where the library cannot write one; none of them is such.
    pub(in crate::server) fn text(&self) -> std::result::Result<String, fmt::Error> {
        let mut text = String::with_capacity(32 * 1024);
        encoding::text::encode_registry(&mut text, &self.registry)?;
        Ok(text)
    }
}

struct Source<A> {
    application: Arc<A>,
    metrics: Arc<Metrics>,
    limits: Vec<(Listener, usize)>,
    process: Process,
}

/// What the library wants of a collector; an application has nothing to print.
impl<A> fmt::Debug for Source<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl<A: Application> Collector for Source<A> {
    fn encode(&self, encoder: encoding::DescriptorEncoder<'_>) -> Result {
        let mut families = Families(encoder);
        let to = &mut families;
        self.requests(to)?;
        self.connections(to)?;
        self.application.expose(to)?;
        self.process(to)?;
        to.gauge("certauthz_build_info", "What is running; always 1.")?
            .count(&[("version", env!("CARGO_PKG_VERSION"))], 1)
    }
}

/// What the place of an outcome stands for.
fn meaning(place: usize) -> (StatusCode, Option<Reason>) {
    match Reason::ALL.get(place) {
        Some(reason) => (answer::status(*reason), Some(*reason)),
        None if place == REASONS => (StatusCode::PAYLOAD_TOO_LARGE, Some(Reason::CredentialTooLarge)),
        None => {
            let plain = place.checked_sub(REASONS + 1).and_then(|place| PLAIN.get(place));
            (plain.copied().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), None)
        }
    }
}

impl<A: Application> Source<A> {
    fn requests(&self, to: &mut Families<'_>) -> Result {
        let mut total = to.counter("certauthz_http_requests_total", "Requests that were answered.")?;
        for route in Route::<A::Endpoint>::all() {
            for place in 0..OUTCOMES {
                let (counted, (status, reason)) = (self.metrics.outcomes(route.place(), place), meaning(place));
                let expected = match reason {
                    Some(reason) => route.can_refuse_for(reason) && status != StatusCode::PAYLOAD_TOO_LARGE,
                    None => status == StatusCode::OK && route != Route::Other,
                };
                if counted > 0 || expected {
                    let reason = reason.map_or("", Reason::as_str);
                    let labels = [("route", route.label()), ("status", status.as_str()), ("reason", reason)];
                    total.count(&labels, counted)?;
                }
            }
        }
        let mut duration = to.histogram(
            "certauthz_http_request_duration_seconds",
            "From the end of a request's head to its answer, the reading of its body included.",
        )?;
        for route in Route::<A::Endpoint>::all() {
            duration.seconds(&[("route", route.label())], &self.metrics.latency(route.place()))?;
        }
        Ok(())
    }

    fn connections(&self, to: &mut Families<'_>) -> Result {
        let each = || {
            self.limits.iter().map(|(listener, limit)| (listener.label(), self.metrics.connections(*listener), *limit))
        };
        let mut open = to.gauge("certauthz_connections_open", "Connections that are being served.")?;
        for (listener, connections, _) in each() {
            open.count(&[("listener", listener)], connections.open())?;
        }
        let mut most = to.gauge("certauthz_connections_limit", "The most connections that are served at a time.")?;
        for (listener, _, limit) in each() {
            most.count(&[("listener", listener)], count(limit))?;
        }
        let mut accepted =
            to.counter("certauthz_connections_accepted_total", "Connections that were taken to be served.")?;
        for (listener, connections, _) in each() {
            accepted.count(&[("listener", listener)], connections.accepted.value())?;
        }
        let mut shed = to.counter("certauthz_connections_shed_total", "Connections that were turned away at once.")?;
        for (listener, connections, _) in each() {
            let reasons =
                [("limit", &connections.shed_by_limit), ("file_descriptors", &connections.shed_by_descriptors)];
            for (reason, counter) in reasons {
                shed.count(&[("listener", listener), ("reason", reason)], counter.value())?;
            }
        }
        let mut evicted =
            to.counter("certauthz_connections_evicted_total", "Connections that were closed to make room for others.")?;
        for (listener, connections, _) in each() {
            evicted.count(&[("listener", listener)], connections.evicted.value())?;
        }
        let mut slow =
            to.counter("certauthz_connections_timed_out_total", "Connections that were closed for taking too long.")?;
        for (listener, connections, _) in each() {
            let phases =
                [("head", &connections.slow_heads), ("answer", &connections.slow_answers), ("idle", &connections.idle)];
            for (phase, counter) in phases {
                slow.count(&[("listener", listener), ("phase", phase)], counter.value())?;
            }
        }
        Ok(())
    }

    fn process(&self, to: &mut Families<'_>) -> Result {
        to.counter("process_cpu_seconds_total", "User and system time of all threads.")?
            .number(&[], Process::cpu_seconds())?;
        if let Some(seconds) = self.process.start_seconds() {
            to.gauge("process_start_time_seconds", "Start of the process since 1970.")?.number(&[], seconds)?;
        }
        if let Some((virtual_bytes, resident)) = self.process.memory() {
            to.gauge("process_resident_memory_bytes", "Resident memory.")?.count(&[], resident)?;
            to.gauge("process_virtual_memory_bytes", "Virtual memory.")?.count(&[], virtual_bytes)?;
        }
        if let Some((open, limit)) = self.process.descriptors() {
            to.gauge("process_open_fds", "Open file descriptors.")?.count(&[], open)?;
            if let Some(limit) = limit {
                to.gauge("process_max_fds", "The most file descriptors that may be open.")?.count(&[], limit)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::metrics::outcome;

    #[test]
    fn a_place_means_what_is_counted_there() {
        for place in 0..OUTCOMES {
            let (status, reason) = meaning(place);
            assert_eq!(outcome(status, reason), place, "{status} {reason:?}");
        }
    }
}
