//! Histograms as text: HdrHistogram's V2 encoding, compressed and in base64, as its tools in other languages write and read
//! it.

use super::{
    number::count,
    statistics::{CEILING_NANOS, DIGITS, Exact, FLOOR_NANOS, Latencies, empty_histogram},
    varint,
};
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer as _, V2DeflateSerializeError, V2DeflateSerializer},
};
use std::io::Read as _;

/// Marks what is compressed.
const COMPRESSED: u32 = 0x1c84_9314;
/// Marks what is inside.
const PLAIN: u32 = 0x1c84_9313;
/// Bytes before the counts: marker, length, offset, digits, bounds, ratio.
const HEADER: usize = 40;
/// More samples than this were never recorded: a million a second for 285 years. Sums of any number of files stay far below
/// what the encoding can hold.
pub(super) const MOST_SAMPLES: u64 = 1 << 53;

impl Latencies {
    /// The histogram in HdrHistogram's V2 encoding with compression, in base64: values are nanoseconds. Empty without
    /// samples. What the buckets do not keep is [`exact`](Self::exact).
    pub fn to_base64(&self) -> String {
        // Writing to memory does not fail, and only counts above 2^63 have no encoding.
        self.histogram().and_then(|histogram| encode(histogram).ok()).unwrap_or_default()
    }

    /// What [`to_base64`](Self::to_base64) and [`exact`](Self::exact) gave. The text may come from anywhere: what it takes
    /// is bounded by the histogram's own size, and sums that the buckets contradict are refused.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] that says what does not fit.
    pub fn from_base64(text: &str, exact: Exact) -> Result<Self> {
        let error =
            |why: &'static str| Error::invalid("histogram", text, why, "use a report that loadtest -o has written");
        let histogram = decode(text).map_err(error)?;
        check(&histogram, exact).map_err(error)?;
        Ok(Self::from_parts(histogram, exact))
    }
}

/// A histogram as text.
pub(super) fn encode(histogram: &Histogram<u64>) -> Result<String, V2DeflateSerializeError> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes)?;
    Ok(STANDARD.encode(bytes))
}

/// The library's own reader believes the lengths that it reads, so all of them are checked before it begins.
fn decode(text: &str) -> Result<Histogram<u64>, &'static str> {
    let buckets = empty_histogram().distinct_values();
    // No count takes more than nine bytes. Compression adds little to what it cannot compress, base64 a third.
    let most = HEADER + 9 * buckets;
    if text.len() > most * 2 {
        return Err("it is longer than any histogram of ours");
    }
    let bytes = STANDARD.decode(text).map_err(|_| "it is not base64")?;
    let (marker, rest) = bytes.split_first_chunk().ok_or("it is too short")?;
    let (size, compressed) = rest.split_first_chunk().ok_or("it is too short")?;
    if u32::from_be_bytes(*marker) != COMPRESSED {
        return Err("it is not in HdrHistogram's compressed V2 encoding");
    }
    if u64::from(u32::from_be_bytes(*size)) != count(compressed.len()) {
        return Err("its length is not the one that it says");
    }
    let mut plain = Vec::new();
    let limit = count(most) + 1;
    ZlibDecoder::new(compressed).take(limit).read_to_end(&mut plain).map_err(|_| "it cannot be decompressed")?;
    if plain.len() > most {
        return Err("it is larger than any histogram of ours");
    }
    check_plain(&plain, count(buckets))?;
    Deserializer::new().deserialize(&mut plain.as_slice()).map_err(|_| "it is not in HdrHistogram's V2 encoding")
}

fn check_plain(plain: &[u8], buckets: u64) -> Result<(), &'static str> {
    let (header, mut counts) = plain.split_at_checked(HEADER).ok_or("it is too short")?;
    let size = u32::try_from(counts.len()).map_err(|_| "it is too long")?;
    let mut wanted = Vec::with_capacity(HEADER);
    wanted.extend(PLAIN.to_be_bytes());
    wanted.extend(size.to_be_bytes());
    wanted.extend(0u32.to_be_bytes());
    wanted.extend(u32::from(DIGITS).to_be_bytes());
    wanted.extend(FLOOR_NANOS.to_be_bytes());
    wanted.extend(CEILING_NANOS.to_be_bytes());
    wanted.extend(1.0f64.to_be_bytes());
    if header != wanted {
        return Err("it is no histogram of nanoseconds from 1 µs to 1 h with 3 digits");
    }
    let (mut index, mut samples) = (0u64, 0u64);
    while !counts.is_empty() {
        let coded = varint::read(&mut counts).ok_or("it is cut off")?;
        // Zigzag: odd numbers are negative, and stand for so many empty buckets.
        let (n, skipped) = if coded & 1 == 0 { (coded >> 1, 1) } else { (0, (coded >> 1).saturating_add(1)) };
        if n > 0 && index >= buckets {
            return Err("it has more buckets than it may");
        }
        index = index.saturating_add(skipped);
        samples = samples.saturating_add(n);
        if index > buckets || samples > MOST_SAMPLES {
            return Err("it has more buckets or samples than it may");
        }
    }
    if samples == 0 { Err("it holds no samples") } else { Ok(()) }
}

/// Whether the sums can belong to the buckets.
fn check(histogram: &Histogram<u64>, exact: Exact) -> Result<(), &'static str> {
    let Exact { sum_nanos, fastest_nanos: fastest, slowest_nanos: slowest, clamped } = exact;
    let ends = FLOOR_NANOS <= fastest && fastest <= slowest && slowest <= CEILING_NANOS;
    if !ends || !histogram.equivalent(fastest, histogram.min()) || !histogram.equivalent(slowest, histogram.max()) {
        return Err("the smallest and largest value are not those of the buckets");
    }
    let (mut low, mut high) = (0u128, 0u128);
    for step in histogram.iter_recorded() {
        let (value, n) = (step.value_iterated_to(), u128::from(step.count_at_value()));
        low += n * u128::from(histogram.lowest_equivalent(value).max(fastest));
        high += n * u128::from(histogram.highest_equivalent(value).min(slowest));
    }
    if !(low <= sum_nanos && sum_nanos <= high) {
        return Err("the sum is not that of the buckets");
    }
    if clamped > histogram.count_at(CEILING_NANOS) {
        return Err("more values were clamped than are at the largest possible");
    }
    Ok(())
}

/// How many buckets a histogram has.
#[cfg(test)]
fn buckets() -> u64 {
    count(empty_histogram().distinct_values())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn sample() -> Latencies {
        let mut latencies = Latencies::default();
        (0..5_000u64).for_each(|i| latencies.record_nanos(1_000 + i * i * 7));
        latencies.record_nanos(u64::MAX);
        latencies
    }

    fn packed(plain: &[u8]) -> String {
        let mut squeezed = ZlibEncoder::new(Vec::new(), Compression::best());
        squeezed.write_all(plain).unwrap();
        let squeezed = squeezed.finish().unwrap();
        let mut bytes = COMPRESSED.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(squeezed.len()).unwrap().to_be_bytes());
        bytes.extend(squeezed);
        STANDARD.encode(bytes)
    }

    fn plain(digits: u32, low: u64, high: u64, counts: &[u8]) -> Vec<u8> {
        let mut plain = PLAIN.to_be_bytes().to_vec();
        plain.extend(u32::try_from(counts.len()).unwrap().to_be_bytes());
        plain.extend([0; 4]);
        plain.extend(digits.to_be_bytes());
        plain.extend(low.to_be_bytes());
        plain.extend(high.to_be_bytes());
        plain.extend(1.0f64.to_be_bytes());
        plain.extend(counts);
        plain
    }

    fn refusal(text: &str) -> &'static str {
        decode(text).unwrap_err()
    }

    #[test]
    fn hostile_histograms_are_refused_without_effort() {
        let ours = |counts: &[u8]| packed(&plain(3, FLOOR_NANOS, CEILING_NANOS, counts));
        assert!(decode(&ours(&[1, 2])).is_ok());
        assert_eq!(refusal(""), "it is too short");
        assert_eq!(refusal("HISTFAAAA"), "it is not base64");
        assert_eq!(refusal(&ours(&[])), "it holds no samples");
        // Skips of 2^63 buckets, a count of 2^62, a number that is cut off.
        assert!(refusal(&ours(&[0xff; 9])).contains("more buckets"));
        assert!(
            refusal(&ours(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])).contains("more buckets or samples")
        );
        assert_eq!(refusal(&ours(&[0x82])), "it is cut off");
        let mut skip = Vec::new();
        varint::write(buckets() * 2 - 1, &mut skip);
        skip.push(2);
        assert_eq!(refusal(&ours(&skip)), "it has more buckets than it may");
        // What hdrhistogram alone would take 50 MB for, or 4 GiB.
        assert!(refusal(&packed(&plain(5, 1, u64::MAX, &[2]))).contains("no histogram of nanoseconds"));
        let mut long = plain(3, FLOOR_NANOS, CEILING_NANOS, &[2]);
        long[4..8].fill(0xff);
        assert!(refusal(&packed(&long)).contains("no histogram of nanoseconds"));
        // A bomb: 64 MiB of zeros in 64 KiB.
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 100_000);
        assert_eq!(refusal(&bomb), "it is larger than any histogram of ours");
        assert!(refusal(&"A".repeat(1 << 20)).contains("longer than any"));
    }

    #[test]
    fn sums_that_the_buckets_contradict_are_refused() {
        let (text, exact) = (sample().to_base64(), sample().exact().unwrap());
        assert!(Latencies::from_base64(&text, exact).is_ok());
        for bad in [
            Exact { sum_nanos: exact.sum_nanos * 2, ..exact },
            Exact { sum_nanos: 0, ..exact },
            Exact { fastest_nanos: 0, ..exact },
            Exact { fastest_nanos: exact.slowest_nanos, ..exact },
            Exact { slowest_nanos: u64::MAX, ..exact },
            Exact { clamped: 2, ..exact },
        ] {
            let error = Latencies::from_base64(&text, bad).unwrap_err();
            assert!(error.is_usage() && error.to_string().len() < 400, "{bad:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(samples in prop::collection::vec(0u64..8_000_000_000_000, 1..300)) {
            let mut latencies = Latencies::default();
            samples.iter().for_each(|nanos| latencies.record_nanos(*nanos));
            let read = Latencies::from_base64(&latencies.to_base64(), latencies.exact().unwrap()).unwrap();
            prop_assert_eq!(read.histogram(), latencies.histogram());
            prop_assert_eq!(read.exact(), latencies.exact());
        }

        #[test]
        fn damage_is_no_trouble(position in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            let mut bytes = STANDARD.decode(sample().to_base64()).unwrap();
            let position = position % bytes.len();
            bytes[position] ^= byte;
            let _result = decode(&STANDARD.encode(&bytes));
            let _cut_off = decode(&STANDARD.encode(&bytes[..cut.min(bytes.len())]));
        }

        #[test]
        fn any_counts_are_no_trouble(counts in prop::collection::vec(any::<u8>(), 0..200)) {
            let _result = decode(&packed(&plain(3, FLOOR_NANOS, CEILING_NANOS, &counts)));
        }
    }

    #[test]
    fn nothing_is_an_empty_text() {
        assert_eq!(Latencies::default().to_base64(), "");
        assert!(buckets() * 9 < 300_000);
    }
}
