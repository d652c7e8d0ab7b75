//! What an authorization server counts, beside the requests.

use super::{
    super::metrics::{Counter, Families},
    state::Shared,
};
use crate::number::count;
use jiff::Timestamp;
use std::fmt::Result;

/// Counted where it happens, shown at `/metrics`.
#[derive(Debug, Default)]
pub(in crate::server) struct Counts {
    /// Revocation lists that this process has published.
    pub(super) lists_published: Counter,
    /// Attempts at that which failed.
    pub(super) lists_failed: Counter,
    /// Access tokens that were issued.
    pub(super) tokens_issued: Counter,
    /// Requests for tokens that were refused.
    pub(super) tokens_refused: Counter,
    /// Certificates that were renewed.
    pub(super) certificates_renewed: Counter,
}

/// Writes the families of an authorization server alone.
pub(super) fn expose(shared: &Shared, to: &mut Families<'_>, now: Timestamp) -> Result {
    let counts = &shared.counts;
    to.gauge("certauthz_ready", "Whether tokens and certificates can be issued (/readyz).")?
        .count(&[], u64::from(shared.readiness().is_ok()))?;
    let mut tokens = to.counter("certauthz_tokens_total", "Requests for tokens, by what became of them.")?;
    tokens.count(&[("result", "issued")], counts.tokens_issued.value())?;
    tokens.count(&[("result", "refused")], counts.tokens_refused.value())?;
    to.counter("certauthz_certificates_renewed_total", "Certificates that were renewed.")?
        .count(&[], counts.certificates_renewed.value())?;
    let mut lists =
        to.counter("certauthz_crl_publications_total", "Publications of a revocation list by this process.")?;
    lists.count(&[("result", "success")], counts.lists_published.value())?;
    lists.count(&[("result", "failure")], counts.lists_failed.value())?;
    let published = shared.published();
    to.gauge("certauthz_crl_loaded", "Whether there is a list to serve, current or not.")?
        .count(&[], u64::from(published.is_some()))?;
    let Some(served) = &*published else { return Ok(()) };
    let list = &served.list;
    to.gauge("certauthz_crl_number", "The number of the list that is served.")?.count(&[], served.number())?;
    to.gauge("certauthz_crl_entries", "Certificates on the list that is served.")?.count(&[], count(list.len()))?;
    to.gauge("certauthz_crl_bytes", "Size of the list that is served, in DER.")?
        .count(&[], count(served.der.body().len()))?;
    to.gauge("certauthz_crl_age_seconds", "Since the list that is served was issued (thisUpdate).")?
        .number(&[], now.duration_since(list.this_update()).as_secs_f64())?;
    to.gauge(
        "certauthz_crl_until_next_update_seconds",
        "Until the list that is served becomes stale (nextUpdate); negative since then.",
    )?
    .number(&[], list.next_update().duration_since(now).as_secs_f64())
}
