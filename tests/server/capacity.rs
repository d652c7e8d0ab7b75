//! A full server sheds and recovers; a stopping one finishes what it has begun.

use crate::{
    peer::Peer,
    world::{SHORT, World, accepted, limits},
};
use certauthz::server::Limits;
use std::{
    net::TcpStream,
    thread::sleep,
    time::{Duration, Instant},
};

/// A connection whose request is under way: its body is not complete.
fn begun(world: &World) -> Peer {
    let mut peer = world.server.connect();
    peer.send(world.signed("POST", "/cert", b"").header("transfer-encoding", "chunked").head());
    assert!(peer.silent_for(Duration::from_millis(100)));
    peer
}

/// So many connections that are served, once the server has noticed the end of earlier ones.
fn fill(world: &World, count: usize) -> Vec<Peer> {
    let start = Instant::now();
    let mut peers = Vec::new();
    while peers.len() < count {
        let mut peer = world.server.connect();
        if peer.ask(world.with_token().bytes()).status == 200 {
            peers.push(peer);
        }
        assert!(start.elapsed() < Duration::from_secs(10), "no room");
    }
    peers
}

#[test]
fn past_the_cap_connections_are_told_so_until_there_is_room() {
    let five = Limits { max_connections: 5, idle_timeout: Duration::from_secs(60), ..limits() };
    let world = World::with(five, |_| {});
    for _ in 0..3 {
        let mut idle = fill(&world, 5);
        for _ in 0..50 {
            let mut shed = world.server.connect();
            shed.send(world.cert().bytes());
            let answer = shed.answer();
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
            assert_eq!(answer.header("connection"), Some("close"));
            shed.closed();
        }
        // Who is in is served.
        assert_eq!(idle[0].ask(world.cert().bytes()).verdict(), accepted());
        drop(idle);
        let start = Instant::now();
        while world.ask(world.cert().bytes()).status != 200 {
            assert!(start.elapsed() < Duration::from_secs(5), "it does not recover");
            sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_newcomer_takes_the_place_of_who_keeps_it_waiting() {
    let long = Duration::from_secs(60);
    let four = Limits { max_connections: 4, header_timeout: long, body_timeout: long, idle_timeout: long, ..limits() };
    let world = World::with(four, |_| {});
    let mut known = fill(&world, 1).remove(0);
    let mut silent = world.server.connect();
    let mut asked = world.server.connect();
    assert_eq!(asked.ask("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").status, 200);
    let mut slow = begun(&world);
    // The oldest first; a request that has begun has a second.
    let mut first = fill(&world, 1).remove(0);
    assert!(silent.closed() < SHORT);
    let mut second = fill(&world, 1).remove(0);
    assert!(asked.closed() < SHORT);
    let mut shed = world.server.connect();
    assert_eq!(shed.ask(world.cert().bytes()).status, 503);
    assert!(slow.silent_for(Duration::from_secs(1)));
    let mut third = fill(&world, 1).remove(0);
    assert!(slow.closed() < SHORT);
    // All are known now, and keep their places as long as they use them.
    for _ in 0..2 {
        sleep(Duration::from_secs(3));
        for peer in [&mut known, &mut second, &mut third] {
            assert_eq!(peer.ask(world.cert().bytes()).verdict(), accepted());
        }
    }
    let _fourth = fill(&world, 1);
    assert!(first.closed() < SHORT);
}

#[test]
fn stopping_closes_idle_connections_at_once_and_finishes_requests() {
    // A number of connections that no semaphore can count does not matter.
    let many = Limits { max_connections: usize::MAX, header_timeout: Duration::from_secs(60), ..limits() };
    let mut world = World::with(Limits { body_timeout: Duration::from_secs(60), ..many }, |_| {});
    let mut fresh = world.server.connect();
    let mut used = world.server.connect();
    assert_eq!(used.ask(world.cert().bytes()).verdict(), accepted());
    let mut half_closed = world.server.connect();
    assert_eq!(half_closed.ask(world.cert().bytes()).verdict(), accepted());
    half_closed.end_of_requests();
    let mut slow = begun(&world);
    let mut head = world.server.connect();
    let message = world.cert().bytes();
    head.send(&message[..100]);
    assert!(head.silent_for(Duration::from_millis(100)));

    world.server.begin_stop();
    assert!(fresh.closed() < SHORT);
    assert!(used.closed() < SHORT);
    assert!(half_closed.closed() < SHORT);
    assert!(TcpStream::connect(world.server.address).is_err());
    assert!(slow.silent_for(SHORT), "it is not over");
    let answer = slow.ask("0\r\n\r\n");
    assert_eq!(answer.verdict(), accepted());
    slow.closed();
    assert_eq!(head.ask(&message[100..]).verdict(), accepted());
    head.closed();
    let start = Instant::now();
    world.server.stop();
    assert!(start.elapsed() < SHORT);
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let long = Duration::from_secs(60);
    let mut world = World::with(Limits { drain: SHORT, header_timeout: long, body_timeout: long, ..limits() }, |_| {});
    let mut slow = begun(&world);
    let start = Instant::now();
    world.server.stop();
    assert!((SHORT..10 * SHORT).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(slow.closed() < SHORT);
}

#[test]
fn a_flood_of_short_connections_leaves_nothing_behind() {
    let world = World::with(Limits { max_connections: 20, ..limits() }, |_| {});
    for round in 0..300 {
        let mut peer = world.server.connect();
        match round % 3 {
            0 => drop(peer.send("GET /he")),
            1 => drop(peer.send(world.with_token().bytes())),
            _ => {}
        }
    }
    sleep(SHORT);
    world.check_alive();
}
