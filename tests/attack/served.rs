//! The child process, and what the system says about it.

use crate::{
    wire::Wire,
    world::{Client, program},
};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

pub struct Served {
    child: Child,
    pub address: SocketAddr,
}

impl Served {
    pub fn start(path: &Path, arguments: &[&str]) -> Self {
        Self::start_after("", path, arguments)
    }

    /// `serve`, started by a shell after `before`.
    pub fn start_after(before: &str, path: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
            .arg(program())
            .arg("--path")
            .arg(path)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).parse();
        Self { child, address: address.unwrap() }
    }

    fn status(&self, field: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Resident bytes.
    pub fn resident(&self) -> u64 {
        self.status("VmRSS")
    }

    /// Most resident bytes since [`Served::forget_peak`].
    pub fn peak(&self) -> u64 {
        self.status("VmHWM")
    }

    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Processor time so far, user and system.
    pub fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields = text.rsplit_once(')').unwrap().1.split_ascii_whitespace().skip(11).take(2);
        let ticks: u64 = fields.map(|f| f.parse::<u64>().unwrap()).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Waits until a new connection's signed request is accepted.
    pub fn recovers(&self, client: &Client) {
        let start = Instant::now();
        loop {
            let answer = Wire::connect(self.address).and_then(|mut wire| wire.ask(&client.cert_request(self.address)));
            if answer.as_ref().is_ok_and(|a| a.status == 200) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(15), "it does not recover: {answer:?}");
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
