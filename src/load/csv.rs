//! Intervals as a table for spreadsheets and scripts: RFC 4180, one row per lane and interval of about a second.

use super::{Piece, number::float};
use std::{
    borrow::Cow,
    io::{self, Write},
    time::Duration,
};

/// The columns. Times are seconds; what too few requests say nothing about is empty.
const HEADER: &str = "lane,start_s,measured_s,answered,failed,requests_per_s,p50_s,p90_s,p99_s,p99_9_s,max_s";

/// The percentiles among them.
const PERCENTILES: [f64; 4] = [50.0, 90.0, 99.0, 99.9];

/// Writes a row for each piece of a run, at once.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Whatever `out` fails with.
    pub fn new(mut out: W) -> io::Result<Self> {
        write!(out, "{HEADER}\r\n")?;
        out.flush()?;
        Ok(Self { out })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Whatever the writer fails with.
    pub fn write(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        let Piece { lane, start, length, tally } = piece;
        let (start, length) = (start.as_secs_f64(), length.as_secs_f64());
        let rate = if length > 0.0 { float(tally.answered()) / length } else { 0.0 };
        let (answered, failed) = (tally.answered(), tally.failed());
        write!(self.out, "{},{start:.3},{length:.6},{answered},{failed},{rate:.1}", quoted(lane))?;
        let latencies = &tally.latencies;
        for percent in PERCENTILES {
            self.time(latencies.supports(percent).then(|| latencies.percentile(percent)).flatten())?;
        }
        self.time(latencies.slowest())?;
        self.out.write_all(b"\r\n")?;
        self.out.flush()
    }

    fn time(&mut self, time: Option<Duration>) -> io::Result<()> {
        match time {
            Some(time) => write!(self.out, ",{}.{:09}", time.as_secs(), time.subsec_nanos()),
            None => self.out.write_all(b","),
        }
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// In quotes where the text would otherwise end early. A spreadsheet must not take a name for a formula either.
fn quoted(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@']);
    if formula || text.contains([',', '"', '\r', '\n', '\t']) {
        let apostrophe = if formula { "'" } else { "" };
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::statistics::Tally, *};

    #[test]
    fn a_row_has_the_columns_of_the_header() {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let mut tally = Tally::default();
        (0..1_000).for_each(|_| tally.latencies.record(Duration::from_millis(2)));
        tally.errors.insert("timeout", 3);
        let (start, length) = (Duration::from_millis(1_250), Duration::from_millis(500));
        writer.write(&Piece { lane: "cert", start, length, tally: &tally }).unwrap();
        let nothing = Tally::default();
        writer.write(&Piece { lane: "=a,\"b\"", start, length, tally: &nothing }).unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        let p = "0.002000000";
        assert_eq!(
            text,
            format!(
                "{HEADER}\r\ncert,1.250,0.500000,1000,3,2000.0,{p},{p},{p},,{p}\r\n\"'=a,\"\"b\"\"\",1.250,0.500000,0,0,0.0,,,,,\r\n"
            )
        );
        assert!(
            text.lines()
                .filter(|line| line.starts_with("cert") || line.starts_with("lane"))
                .all(|line| line.split(',').count() == 11)
        );
    }
}
