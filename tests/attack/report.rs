//! The figures of one attack, as a line.

use serde_json::{Value, json};
use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, time::Duration};

const HEADER: &str = "\
| attack | attempts | answers | well-behaved before | during | p50 before | during | p99 before | during \
| server CPU | CPU/attempt | RSS before | peak | after |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

pub struct Row {
    pub attack: String,
    pub attempts: u64,
    /// What the attacker got, and how often.
    pub answers: BTreeMap<String, u64>,
    /// Successful and due requests.
    pub before: (u64, u64),
    pub during: (u64, u64),
    pub p50: (Duration, Duration),
    pub p99: (Duration, Duration),
    /// Of the server while it was attacked, in cores.
    pub cores: f64,
    /// Of the server, less what the well-behaved client alone costs.
    pub cpu_per_attempt: Duration,
    /// Bytes before, at most, and after.
    pub resident: (u64, u64, u64),
}

impl Row {
    fn markdown(&self) -> String {
        let answers: Vec<_> = self.answers.iter().map(|(what, count)| format!("{what} × {count}")).collect();
        let ms = |d: Duration| format!("{:.1} ms", d.as_secs_f64() * 1e3);
        let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
        format!(
            "| {} | {} | {} | {}/{} | {}/{} | {} | {} | {} | {} | {:.2} | {:.0} µs | {} | {} | {} |\n",
            self.attack,
            self.attempts,
            answers.join(", "),
            self.before.0,
            self.before.1,
            self.during.0,
            self.during.1,
            ms(self.p50.0),
            ms(self.p50.1),
            ms(self.p99.0),
            ms(self.p99.1),
            self.cores,
            self.cpu_per_attempt.as_secs_f64() * 1e6,
            mib(self.resident.0),
            mib(self.resident.1),
            mib(self.resident.2),
        )
    }

    fn json(&self) -> Value {
        let s = |d: Duration| d.as_secs_f64();
        json!({
            "attack": self.attack, "attempts": self.attempts, "answers": self.answers,
            "before": {"succeeded": self.before.0, "due": self.before.1, "p50_s": s(self.p50.0), "p99_s": s(self.p99.0)},
            "during": {"succeeded": self.during.0, "due": self.during.1, "p50_s": s(self.p50.1), "p99_s": s(self.p99.1)},
            "server_cores": self.cores, "cpu_per_attempt_s": s(self.cpu_per_attempt),
            "resident_bytes": {"before": self.resident.0, "peak": self.resident.1, "after": self.resident.2},
        })
    }

    /// Prints it and, where asked for, appends it to a file.
    pub fn publish(&self) {
        println!("{HEADER}{}", self.markdown());
        let Some(path) = std::env::var_os("CERTAUTHZ_ATTACK_REPORT") else { return };
        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let is_new = file.metadata().unwrap().len() == 0;
        let text = if path.to_string_lossy().ends_with(".jsonl") {
            format!("{}\n", self.json())
        } else {
            format!("{}{}", if is_new { HEADER } else { "" }, self.markdown())
        };
        file.write_all(text.as_bytes()).unwrap();
    }
}
