//! `ca serve` as a process: its line, its signals, its sudden death.

use crate::{
    peer::Answer,
    world::{PROGRAM, World, ask},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

struct Served {
    child: Child,
    line: String,
    address: SocketAddr,
}

impl Served {
    fn start(world: &World, listen: &str, more: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("--path")
            .arg(world.dir.path())
            .args(["ca", "serve", "--name", "primary", "--listen", listen])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap_or_else(|| panic!("{line:?}"));
        let address = address.trim_end_matches(['"', '}', '\n']).parse().unwrap();
        Self { child, line, address }
    }

    fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, &[])
    }

    fn end(&mut self, signal: Signal) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_it_listens_and_ends_when_told() {
    let world = World::new();
    let mut served = Served::start(&world, "127.0.0.1:0", &[]);
    assert_eq!(served.line, format!("listening on http://{}\n", served.address));
    assert_eq!(served.get("/readyz").status, 200);
    assert_eq!(served.end(Signal::TERM), (Some(0), String::new()));
    let mut served = Served::start(&world, "127.0.0.1:0", &["--format", "json"]);
    assert_eq!(served.line, format!("{{\"listening\":\"http://{}\"}}\n", served.address));
    let taken = world.run(&["ca", "serve", "--name", "primary", "--listen", &served.address.to_string()]);
    let said = String::from_utf8_lossy(&taken.stderr);
    assert!(taken.status.code() == Some(3) && said.contains("choose another --listen"), "{said}");
    assert_eq!(served.end(Signal::INT).0, Some(0));
    let mut served = Served::start(&world, "127.0.0.1:0", &["--stop-with-stdin"]);
    drop(served.child.stdin.take());
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn after_a_sudden_death_it_goes_on_at_the_same_place() {
    let world = World::new();
    let mut served = Served::start(&world, "127.0.0.1:0", &[]);
    let address = served.address.to_string();
    for entries in [0, 1] {
        let before = served.get("/crl");
        assert_eq!(world.list(&before.body).len(), entries);
        served.end(Signal::KILL);
        if entries == 0 {
            world.revoke("alice");
        }
        served = Served::start(&world, &address, &[]);
        assert_eq!(served.get("/crl").header("etag") == before.header("etag"), entries == 1);
        assert_eq!(served.get("/readyz").status, 200);
    }
}

#[test]
fn its_metrics_can_have_a_place_of_their_own() {
    let world = World::new();
    let mut served =
        Served::start(&world, "127.0.0.1:0", &["--metrics-listen", "127.0.0.1:0", "--issuer", "http://as.example"]);
    assert_eq!(served.get("/metrics").status, 404);
    assert_eq!(served.get("/.well-known/oauth-authorization-server").json()["issuer"], "http://as.example");
    let (code, said) = served.end(Signal::TERM);
    assert!(code == Some(0) && said.contains("metrics on http://127.0.0.1:"), "{said}");
}
