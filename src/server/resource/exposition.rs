//! What the resource server adds to the metrics: the state of what it decides with.
//!
//! The cost of showing it depends on the number of CAs, never on that of nonces or revoked certificates.

use super::App;
use crate::{
    authz::CacheCounts,
    crl::RevocationList,
    number::{count, float},
    server::metrics::Families,
};
use jiff::Timestamp;
use std::fmt::Result;

impl App {
    pub(super) fn expose_all(&self, to: &mut Families<'_>) -> Result {
        self.caches(to)?;
        self.introspections(to)?;
        self.replay(to)?;
        self.lists(to, Timestamp::now())?;
        self.sources(to, Timestamp::now())
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

    fn introspections(&self, to: &mut Families<'_>) -> Result {
        let Some(introspection) = &self.resource.introspection else { return Ok(()) };
        let counts = introspection.counts();
        let mut asked = to.counter(
            "certauthz_introspections_total",
            "Tokens by how it became known what the authorization server says of them: by asking (answered, failure), by \
             an answer that was remembered or that somebody else waited for (shared), or not at all (shed).",
        )?;
        let results = [
            ("answered", &counts.answered),
            ("failure", &counts.failed),
            ("remembered", &counts.remembered),
            ("shared", &counts.shared),
            ("shed", &counts.shed),
        ];
        for (result, counter) in results {
            asked.count(&[("result", result)], counter.value())?;
        }
        to.gauge("certauthz_introspection_entries", "Answers about tokens that are remembered.")?
            .count(&[], count(introspection.entries()))
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
            self.running.issuers.iter().map(|(name, id)| (name, lists.get(id).map(|list| &**list))).collect();
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
        let mut loads = to.counter("certauthz_crl_reloads_total", "Readings of a list that may have changed.")?;
        loads.count(&[("result", "success")], self.counts.read.value())?;
        loads.count(&[("result", "failure")], self.counts.failed.value())
    }

    fn sources(&self, to: &mut Families<'_>, now: Timestamp) -> Result {
        let records = &self.running.records;
        // Two URLs may differ in nothing but the query, which is not shown; two series of one name are an error to scrapers.
        let named: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(place, record)| {
                match records
                    .iter()
                    .take(place)
                    .filter(|other| other.kind == record.kind && other.name == record.name)
                    .count()
                {
                    0 => (record, record.name.clone()),
                    before => (record, format!("{} ({})", record.name, before + 1)),
                }
            })
            .collect();
        let each = || named.iter().map(|(record, name)| (record.kind.label(), name.as_str(), *record));
        let mut reads = to.counter("certauthz_source_reads_total", "Readings of a file or URL that was configured.")?;
        for (kind, source, record) in each() {
            let results = [("changed", &record.changed), ("unchanged", &record.unchanged), ("failure", &record.failed)];
            for (result, counter) in results {
                reads.count(&[("kind", kind), ("source", source), ("result", result)], counter.value())?;
            }
        }
        let successes = || each().filter_map(|(kind, source, record)| Some((kind, source, record.last_success()?)));
        let mut last = to.gauge(
            "certauthz_source_last_success_timestamp_seconds",
            "When a source last had what is in use, or something newer, since 1970.",
        )?;
        for (kind, source, time) in successes() {
            last.number(
                &[("kind", kind), ("source", source)],
                time.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64(),
            )?;
        }
        let mut age = to.gauge("certauthz_source_age_seconds", "Since the last success of a source.")?;
        for (kind, source, time) in successes() {
            age.number(&[("kind", kind), ("source", source)], now.duration_since(time).as_secs_f64())?;
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

    #[test]
    fn large_numbers_are_near() {
        assert_eq!(large(1 << 64), 18_446_744_073_709_551_616.0);
        assert!((large(u128::MAX) / 2f64.powi(128) - 1.0).abs() < 1e-9);
    }
}
