//! Large lists, slow readers, many readers.

use crate::{
    peer::Peer,
    world::{MARGIN, World, primary, until},
};
use certauthz::{crl::issue::invented, server::Limits, store::CRL_LIFETIME};
use jiff::Timestamp;
use socket2::{Domain, Socket, Type};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A list that no socket's buffers hold.
fn long_list(world: &World) {
    let now = Timestamp::now();
    let mut ca = world.credentials.authority(&primary()).unwrap();
    ca.write_crl_with(invented(200_000, 7, now), &world.file("ca.crl"), CRL_LIFETIME, now).unwrap();
}

/// Asks for the list over a socket that holds little.
fn reader(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(MARGIN)).unwrap();
    stream.write_all(b"GET /crl HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}

fn metric(server: &crate::world::Running, series: &str) -> u64 {
    let text = String::from_utf8(server.get("/metrics").body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("{series}"));
    line.trim().parse().unwrap()
}

#[test]
fn slow_readers_get_everything_those_that_read_nothing_are_cut_off_and_nobody_costs_memory() {
    let second = Duration::from_secs(1);
    let limits = Limits { body_timeout: 2 * second, idle_timeout: second, header_timeout: second, ..Limits::default() };
    let world = World::new();
    long_list(&world);
    let server = world.serve_with(limits, |_| {});
    let wanted = server.get("/crl").body;
    assert!(wanted.len() > 6 << 20);
    let before = resident();
    let idle: Vec<TcpStream> = (0..100).map(|_| reader(server.address)).collect();
    let mut slow = reader(server.address);
    let start = Instant::now();
    let mut received = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    let mut most = 0;
    // Slower than any timeout for the whole, but never without progress for long.
    while received.len() < wanted.len() {
        let n = slow.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "cut off after {} bytes and {:?}", received.len(), start.elapsed());
        received.extend_from_slice(&chunk[..n]);
        if start.elapsed() < 3 * limits.body_timeout {
            thread::sleep(Duration::from_millis(50));
        }
        most = most.max(resident());
    }
    assert!(start.elapsed() > 2 * limits.body_timeout);
    assert!(received.ends_with(&wanted));
    // A copy for each would be 700 MB.
    assert!(most.saturating_sub(before) < 100 << 20, "{before} {most}");
    let timed_out = "certauthz_connections_timed_out_total{listener=\"public\",phase=\"answer\"}";
    until("they are kept for ever", || metric(&server, timed_out) == 100);
    drop(idle);
    // The one that had everything is idle, and ends as such.
    assert_eq!(slow.read(&mut chunk).unwrap(), 0);
}

#[test]
fn a_flood_of_the_list_starves_nobody() {
    let world = World::new();
    long_list(&world);
    let server = world.serve_with(Limits { max_connections: 300, ..Limits::default() }, |_| {});
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut held = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let mut peer = Peer::connect(server.address);
                    peer.send("GET /crl HTTP/1.1\r\nhost: x\r\n\r\n");
                    held.push(peer);
                    asked.fetch_add(1, Ordering::Relaxed);
                    if held.len() == 100 {
                        held.clear();
                    }
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
        let start = Instant::now();
        let (mut answered, mut tried) = (0, 0);
        while start.elapsed() < Duration::from_secs(4) {
            let began = Instant::now();
            let mut peer = Peer::connect(server.address);
            peer.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
            tried += 1;
            if peer.next_answer(true).is_some_and(|answer| answer.status == 200) {
                answered += 1;
                slowest = slowest.max(began.elapsed());
            }
            thread::sleep(Duration::from_millis(20));
        }
        // Before anything can fail: the others wait for it.
        stop.store(true, Ordering::Relaxed);
        assert!(tried > 10 && answered == tried, "{answered} of {tried}");
    });
    assert!(asked.into_inner() > 300);
    assert!(slowest < MARGIN / 2, "{slowest:?}");
}
