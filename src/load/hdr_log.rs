//! The interval log of HdrHistogram: what its `HistogramLogProcessor` and the plotters made for it open.
//!
//! Values are nanoseconds; the column `Interval_Max` is in milliseconds, which is what those tools expect beside values in
//! nanoseconds. Each lane has its name as tag.

use super::{
    Piece,
    codec::encode,
    number::{float, nanos},
    statistics::empty_histogram,
};
use jiff::Timestamp;
use std::io::{self, Write};

/// Writes a line for each piece of a run, at once: the file of a run that was cut off is complete up to then.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Writes the head of the log of a run that began at `started`.
    ///
    /// # Errors
    /// Whatever `out` fails with.
    pub fn new(mut out: W, started: Timestamp) -> io::Result<Self> {
        let millis = started.as_millisecond();
        let (seconds, millis) = (millis.div_euclid(1_000), millis.rem_euclid(1_000));
        writeln!(out, "#[Logged by certauthz {}; values in nanoseconds]", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "#[Histogram log format version 1.3]")?;
        writeln!(out, "#[StartTime: {seconds}.{millis:03} (seconds since epoch), {started:.3}]")?;
        writeln!(out, "#[BaseTime: {seconds}.{millis:03} (seconds since epoch)]")?;
        writeln!(out, r#""StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram""#)?;
        out.flush()?;
        Ok(Self { out })
    }

    /// Writes the latencies of a piece: with a rate these are response times, from when requests were due.
    ///
    /// # Errors
    /// Whatever the writer fails with.
    pub fn write(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        let latencies = &piece.tally.latencies;
        let empty;
        let histogram = match latencies.histogram() {
            Some(histogram) => histogram,
            None => {
                empty = empty_histogram();
                &empty
            }
        };
        let text = encode(histogram).map_err(io::Error::other)?;
        writeln!(
            self.out,
            "Tag={},{:.3},{:.3},{:.3},{text}",
            tag(piece.lane),
            piece.start.as_secs_f64(),
            piece.length.as_secs_f64(),
            float(latencies.slowest().map_or(0, nanos)) / 1e6,
        )?;
        self.out.flush()
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// A tag must not hold what ends it.
fn tag(lane: &str) -> String {
    lane.chars().map(|c| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::statistics::Tally, *};
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use hdrhistogram::serialization::{
        Deserializer,
        interval_log::{IntervalLogIterator, LogEntry},
    };
    use std::time::Duration;

    #[test]
    fn it_is_read_back_by_the_library_that_others_use() {
        let started = Timestamp::new(1_700_000_000, 250_000_000).unwrap();
        let mut writer = Writer::new(Vec::new(), started).unwrap();
        let mut tally = Tally::default();
        (1..=100).for_each(|i| tally.latencies.record(Duration::from_micros(i * 100)));
        let (start, length) = (Duration::from_millis(1_500), Duration::from_secs(1));
        writer.write(&Piece { lane: "cert", start, length, tally: &tally }).unwrap();
        let nothing = Tally::default();
        writer.write(&Piece { lane: "a, b", start, length, tally: &nothing }).unwrap();
        let log = writer.into_inner();
        assert!(
            String::from_utf8_lossy(&log)
                .contains("#[StartTime: 1700000000.250 (seconds since epoch), 2023-11-14T22:13:20.250Z]\n")
        );
        let entries: Vec<_> = IntervalLogIterator::new(&log).map(Result::unwrap).collect();
        let [
            LogEntry::StartTime(begin),
            LogEntry::BaseTime(base),
            LogEntry::Interval(first),
            LogEntry::Interval(second),
        ] = entries.as_slice()
        else {
            panic!("{entries:?}")
        };
        assert_eq!(
            (*begin, *base),
            (Duration::from_millis(1_700_000_000_250), Duration::from_millis(1_700_000_000_250))
        );
        assert_eq!(first.tag().unwrap().as_str(), "cert");
        assert_eq!((first.start_timestamp(), first.duration()), (start, length));
        assert!((first.max() - 10.0).abs() < 1e-9);
        let bytes = STANDARD.decode(first.encoded_histogram()).unwrap();
        let read: hdrhistogram::Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!(Some(&read), tally.latencies.histogram());
        assert_eq!(second.tag().unwrap().as_str(), "a__b");
    }
}
