//! What is shown at `/metrics`: the counters of this process, and the state of what it decides with.
//!
//! The cost of showing it depends on the number of routes, reasons and CAs, never on that of nonces, revoked
//! certificates or connections.

use super::{Resource, issuers::Issuers, refusal};
use crate::{
    authz::CacheCounts,
    crl::RevocationList,
    error::Reason,
    number::{count, float},
    server::metrics::{Endpoint, Listener, Metrics, OUTCOMES, PLAIN, REASONS, families::Families, process::Process},
};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use prometheus_client::{collector::Collector, encoding, registry::Registry};
use std::{
    fmt::{self, Result},
    sync::Arc,
};

/// Of the text format 0.0.4, in the words of its specification.
pub(in crate::server) const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Writes the metrics of one server.
pub(in crate::server) struct Exposition {
    registry: Registry,
}

impl Exposition {
    /// `limits` are the most connections of each listener that there is.
    pub(in crate::server) fn new(
        resource: Arc<Resource>,
        metrics: Arc<Metrics>,
        issuers: Issuers,
        limits: Vec<(Listener, usize)>,
    ) -> Self {
        let mut registry = Registry::default();
        let process = Process::new();
        registry.register_collector(Box::new(Source { resource, metrics, issuers, limits, process }));
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

struct Source {
    resource: Arc<Resource>,
    metrics: Arc<Metrics>,
    issuers: Issuers,
    limits: Vec<(Listener, usize)>,
    process: Process,
}

/// What the library wants of a collector; the verifiers inside have nothing to print.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Collector for Source {
    fn encode(&self, encoder: encoding::DescriptorEncoder<'_>) -> Result {
        let mut families = Families(encoder);
        let to = &mut families;
        self.requests(to)?;
        self.connections(to)?;
        self.caches(to)?;
        self.replay(to)?;
        self.lists(to, Timestamp::now())?;
        self.process(to)?;
        to.gauge("certauthz_build_info", "What is running; always 1.")?
            .count(&[("version", env!("CARGO_PKG_VERSION"))], 1)
    }
}

/// What the place of an outcome stands for.
fn meaning(place: usize) -> (StatusCode, Option<Reason>) {
    match Reason::ALL.get(place) {
        Some(reason) => (refusal::status(*reason), Some(*reason)),
        None if place == REASONS => (StatusCode::PAYLOAD_TOO_LARGE, Some(Reason::CredentialTooLarge)),
        None => {
            let plain = place.checked_sub(REASONS + 1).and_then(|place| PLAIN.get(place));
            (plain.copied().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), None)
        }
    }
}

impl Source {
    fn requests(&self, to: &mut Families<'_>) -> Result {
        let mut total = to.counter("certauthz_http_requests_total", "Requests that were answered.")?;
        for endpoint in Endpoint::ALL {
            for place in 0..OUTCOMES {
                let (counted, (status, reason)) = (self.metrics.outcomes(endpoint, place), meaning(place));
                let expected = match reason {
                    Some(reason) => endpoint.can_refuse_for(reason) && status != StatusCode::PAYLOAD_TOO_LARGE,
                    None => status == StatusCode::OK && endpoint != Endpoint::Other,
                };
                if counted > 0 || expected {
                    let reason = reason.map_or("", Reason::as_str);
                    let labels = [("route", endpoint.label()), ("status", status.as_str()), ("reason", reason)];
                    total.count(&labels, counted)?;
                }
            }
        }
        let mut duration = to.histogram(
            "certauthz_http_request_duration_seconds",
            "From the end of a request's head to its answer, the reading of its body included.",
        )?;
        for endpoint in Endpoint::ALL {
            duration.seconds(&[("route", endpoint.label())], &self.metrics.latency(endpoint))?;
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

    fn caches(&self, to: &mut Families<'_>) -> Result {
        let caches: [(&str, CacheCounts); 2] = [
            ("certificate", self.resource.certificates.cache_counts()),
            ("token", self.resource.tokens.cache_counts()),
        ];
        let mut asked = to.counter(
            "certauthz_cache_requests_total",
            "Credentials looked up among those already verified. Validity and revocation are checked in any case.",
        )?;
        for (cache, counts) in caches {
            asked.count(&[("cache", cache), ("result", "hit")], counts.hits)?;
            asked.count(&[("cache", cache), ("result", "miss")], counts.misses)?;
        }
        let mut entries = to.gauge("certauthz_cache_entries", "Credentials that are remembered as verified.")?;
        for (cache, counts) in caches {
            entries.count(&[("cache", cache)], counts.entries)?;
        }
        Ok(())
    }

    fn replay(&self, to: &mut Families<'_>) -> Result {
        let memory = self.resource.certificates.replay();
        to.gauge("certauthz_replay_nonces", "Nonces that are remembered against replays.")?
            .count(&[], count(memory.len()))?;
        to.gauge("certauthz_replay_capacity", "The most nonces that are remembered.")?
            .count(&[], count(memory.capacity()))
    }

    fn lists(&self, to: &mut Families<'_>, now: Timestamp) -> Result {
        let lists = self.resource.certificates.lists();
        let named: Vec<(&str, Option<&RevocationList>)> =
            self.issuers.iter().map(|(name, id)| (name, lists.get(id).map(|list| &**list))).collect();
        let held = || named.iter().filter_map(|(name, list)| Some(([("issuer", *name)], (*list)?)));
        let mut there =
            to.gauge("certauthz_crl_loaded", "Whether there is a verified list of this CA, current or not.")?;
        for (name, list) in &named {
            there.count(&[("issuer", name)], u64::from(list.is_some()))?;
        }
        let mut number = to.gauge("certauthz_crl_number", "The number of the list in use.")?;
        for (labels, list) in held() {
            // Beyond 128 bits there is no number that a scraper could hold.
            if let Some(value) = list.number().to_u128() {
                match u64::try_from(value) {
                    Ok(value) => number.count(&labels, value)?,
                    Err(_) => number.number(&labels, large(value))?,
                }
            }
        }
        let mut entries = to.gauge("certauthz_crl_entries", "Certificates on the list in use.")?;
        for (labels, list) in held() {
            entries.count(&labels, count(list.len()))?;
        }
        let mut age = to.gauge("certauthz_crl_age_seconds", "Since the list in use was issued (thisUpdate).")?;
        for (labels, list) in held() {
            age.number(&labels, now.duration_since(list.this_update()).as_secs_f64())?;
        }
        let mut left = to.gauge(
            "certauthz_crl_until_next_update_seconds",
            "Until the list in use becomes stale (nextUpdate); negative since then.",
        )?;
        for (labels, list) in held() {
            left.number(&labels, list.next_update().duration_since(now).as_secs_f64())?;
        }
        let mut loads = to.counter("certauthz_crl_reloads_total", "Readings of a list's file that had changed.")?;
        loads.count(&[("result", "success")], self.metrics.lists_read.value())?;
        loads.count(&[("result", "failure")], self.metrics.lists_failed.value())
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

/// A number of more than 64 bits, as near as a fraction comes.
fn large(value: u128) -> f64 {
    let [high, low] = [value >> 64, value & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(u64::MAX));
    float(high) * 2f64.powi(64) + float(low)
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

    #[test]
    fn large_numbers_are_near() {
        assert_eq!(large(1 << 64), 18_446_744_073_709_551_616.0);
        assert!((large(u128::MAX) / 2f64.powi(128) - 1.0).abs() < 1e-9);
    }
}
