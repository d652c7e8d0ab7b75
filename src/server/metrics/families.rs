//! The writing of metric families in Prometheus' text format 0.0.4.
//!
//! The library writes OpenMetrics, which names a counter's family without `_total`, and its values with it. The older
//! format has one name for both, so counters go through the library's encoder for plain numbers, under their whole name.
//! For everything else the two formats agree; the end mark of OpenMetrics is left out.

use super::histogram::Snapshot;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};
use std::fmt::Error;

type Result<T = ()> = std::result::Result<T, Error>;

/// Labels with constant names. Their values are constants or were configured.
type Labels<'a> = &'a [(&'static str, &'a str)];

/// Writes families, one after the other.
pub(in crate::server) struct Families<'a>(pub(in crate::server) DescriptorEncoder<'a>);

/// One family: its values with their labels.
pub(in crate::server) struct Family<'a>(MetricEncoder<'a>);

impl Families<'_> {
    /// A family of numbers that only grow. The name ends with `_total`.
    pub(in crate::server) fn counter(&mut self, name: &'static str, help: &str) -> Result<Family<'_>> {
        debug_assert!(name.ends_with("_total"), "{name}");
        self.0.encode_descriptor(name, help, None, MetricType::Counter).map(Family)
    }

    /// A family of numbers that go up and down.
    pub(in crate::server) fn gauge(&mut self, name: &'static str, help: &str) -> Result<Family<'_>> {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge).map(Family)
    }

    /// A family of histograms.
    pub(in crate::server) fn histogram(&mut self, name: &'static str, help: &str) -> Result<Family<'_>> {
        self.0.encode_descriptor(name, help, None, MetricType::Histogram).map(Family)
    }
}

impl Family<'_> {
    /// A whole number.
    pub(in crate::server) fn count(&mut self, labels: Labels<'_>, value: u64) -> Result {
        // The encoder fails for what an i64 does not hold, and then nothing would be shown at all.
        self.value(labels, &i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// A number with a fraction.
    pub(in crate::server) fn number(&mut self, labels: Labels<'_>, value: f64) -> Result {
        self.value(labels, &value)
    }

    fn value(&mut self, labels: Labels<'_>, value: &impl EncodeGaugeValue) -> Result {
        match labels {
            [] => self.0.encode_gauge(value),
            _ => self.0.encode_family(&labels)?.encode_gauge(value),
        }
    }

    /// A histogram, in seconds.
    pub(super) fn seconds(&mut self, labels: Labels<'_>, seen: &Snapshot) -> Result {
        let mut encoder = self.0.encode_family(&labels)?;
        encoder.encode_histogram::<NoLabelSet>(seen.sum, seen.count, &seen.buckets, None)
    }
}
