//! Blocks against a small server that misbehaves on order.

use super::{
    super::{
        connection::Connection,
        pacer::{ClosedLoop, ConstantRate, Pacer},
        stock::{Chunk, Outgoing, Stock, Supply},
        tests::server::{Answer, Server},
    },
    *,
};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

const MS: fn(u64) -> Duration = Duration::from_millis;
const ALWAYS: Duration = Duration::from_secs(3_600);

fn outgoing(nonce: u64) -> Outgoing {
    let request = Request::get("/x").header("host", "h").header("nonce", nonce).body(Full::new(Bytes::new()));
    Outgoing { request: request.unwrap(), target: 0 }
}

fn repeat() -> Supply {
    Supply::Repeat([outgoing(0)].into())
}

fn stock(requests: u64, chunk: u64) -> Supply {
    let chunks = (0..requests).step_by(chunk as usize).map(|first| Chunk {
        requests: (first..requests.min(first + chunk)).map(outgoing).collect(),
        prepared: Instant::now(),
    });
    Supply::Stock(Stock::new(chunks))
}

fn block(supply: Supply, pacer: impl Pacer + 'static) -> Block {
    Block::new(supply, Box::new(pacer), Limits::new(Duration::from_secs(20)))
}

/// Everything that was counted.
fn run(server: &Server, connections: usize, block: Block) -> (Tally, BlockEnd, Vec<Share>) {
    let crew = Crew::start(&[server.target()], connections, 2, &Arc::default()).unwrap();
    let (mut tally, mut shares) = (Tally::default(), Vec::new());
    let each = |event| {
        if let Event::Share(share) = event {
            tally.merge(&share.tally);
            shares.push(share);
        }
    };
    let end = crew.run(&Arc::new(block), each).unwrap();
    (tally, end, shares)
}

#[test]
fn an_open_loop_sends_what_is_due_when_it_is_due() {
    let server = Server::start(|_| Answer::Status(200));
    let (tally, end, _) = run(&server, 16, block(repeat(), ConstantRate::new(500.0, MS(400))));
    assert_eq!((tally.answered(), tally.unsent, end), (200, 0, BlockEnd { next: 200, sent: 200, dry: false }));
    assert_eq!((tally.service.count(), tally.lateness.count()), (200, 200));
    // Some 60 µs on an idle machine; this is not one.
    assert!(tally.lateness.percentile(50.0).unwrap() < MS(20), "{:?}", tally.lateness.percentile(50.0));
    assert!(tally.latencies.mean() >= tally.service.mean());
}

#[test]
fn a_slow_rate_is_right_too() {
    let server = Server::start(|_| Answer::Status(200));
    let start = Instant::now();
    let (tally, ..) = run(&server, 3, block(repeat(), ConstantRate::new(5.0, MS(500))));
    // At 0, 200 and 400 ms.
    assert_eq!(tally.answered(), 3);
    assert!(start.elapsed() >= MS(400));
}

#[test]
fn a_pause_of_the_server_is_in_the_response_time_of_all_that_it_held_up() {
    let server = Server::start(|i| if i == 10 { Answer::Late(MS(300)) } else { Answer::Status(200) });
    let (tally, ..) = run(&server, 1, block(repeat(), ConstantRate::new(200.0, MS(500))));
    assert_eq!(tally.answered(), 100);
    // 60 of 100 requests became due meanwhile; a single one was under way.
    assert!(tally.latencies.percentile(75.0).unwrap() > MS(100));
    assert!(tally.service.percentile(90.0).unwrap() < MS(100));
    assert!(tally.service.slowest().unwrap() >= MS(300));
    // The generator had no part in it.
    assert!(tally.lateness.percentile(90.0).unwrap() < MS(100));
}

#[test]
fn exactly_the_wanted_number_is_counted_and_first_requests_are_not() {
    for n in [1, 2, 997] {
        let server = Server::start(|i| if i % 7 == 3 { Answer::Close } else { Answer::Status(200) });
        let closed = ClosedLoop { stop_after: ALWAYS };
        let first = Block { count: Some(n), discard_first: true, ..block(repeat(), closed) };
        let (tally, end, _) = run(&server, 4, first);
        assert_eq!((tally.done(), tally.discarded, end.sent), (n, 4, n + 4));
        let second = Block { count: Some(n), ..block(stock(n + 10, 3), ConstantRate::new(5_000.0, ALWAYS)) };
        let (tally, end, _) = run(&server, 4, second);
        assert_eq!((tally.done(), tally.unsent, end.sent, end.next), (n, 0, n, n));
    }
}

#[test]
fn ramp_and_warm_up_are_sent_and_not_counted() {
    let server = Server::start(|_| Answer::Status(200));
    let pacer = ConstantRate { ramp: MS(100), ..ConstantRate::new(1_000.0, MS(300)) };
    let open = Block { count_from: MS(150), ..block(repeat(), pacer) };
    let (tally, end, _) = run(&server, 8, open);
    assert_eq!((tally.done(), tally.discarded, end.sent), (150, 0, 250));

    let pacer = ClosedLoop { stop_after: MS(300) };
    let server = Server::start(|_| Answer::Late(MS(10)));
    let closed = Block { ramp: MS(200), count_from: MS(200), ..block(repeat(), pacer) };
    let (tally, end, _) = run(&server, 4, closed);
    // 4 connections for 100 ms; before, on average half of them for 200 ms.
    assert!(tally.done() <= 44 && end.sent <= 100 && end.sent > tally.done(), "{} {end:?}", tally.done());
}

#[test]
fn what_is_overdue_or_under_way_after_the_drain_is_counted() {
    let server = Server::start(|i| if i < 5 { Answer::Status(200) } else { Answer::Hang });
    let mut block = block(repeat(), ConstantRate::new(100.0, MS(200)));
    block.limits.drain = MS(150);
    let start = Instant::now();
    let (tally, end, _) = run(&server, 2, block);
    assert!((MS(350)..Duration::from_secs(10)).contains(&start.elapsed()));
    assert_eq!((tally.answered(), tally.unfinished, tally.unsent), (5, 2, 13));
    assert_eq!(end, BlockEnd { next: 20, sent: 7, dry: false });

    // In a closed loop nothing becomes overdue.
    let mut block = Block::new(repeat(), Box::new(ClosedLoop { stop_after: MS(50) }), Limits::new(ALWAYS));
    block.limits.drain = MS(100);
    let (tally, ..) = run(&server, 3, block);
    assert_eq!((tally.unfinished, tally.unsent), (3, 0));
}

#[test]
fn an_interruption_counts_what_was_due_until_then() {
    let server = Server::start(|i| if i < 5 { Answer::Status(200) } else { Answer::Hang });
    let interrupted = Arc::new(AtomicBool::new(false));
    let crew = Crew::start(&[server.target()], 2, 2, &interrupted).unwrap();
    let begin = Instant::now();
    let mut tally = Tally::default();
    let open = Arc::new(Block { count_from: MS(20), ..block(repeat(), ConstantRate::new(100.0, ALWAYS)) });
    let end = crew.run(&open, |event| match event {
        Event::Tick if begin.elapsed() > MS(300) => interrupted.store(true, Ordering::Relaxed),
        Event::Tick => {}
        Event::Share(share) => tally.merge(&share.tally),
    });
    assert!(begin.elapsed() < Duration::from_secs(10));
    let end = end.unwrap();
    // Those at 0 and 10 ms are warm-up.
    assert_eq!((tally.answered(), tally.unfinished, end.sent), (3, 2, 7));
    assert!(end.next > 25 && tally.unsent == end.next - 7, "{end:?} {}", tally.unsent);
}

#[test]
fn a_stock_is_sent_once_and_what_is_left_is_given_back() {
    let server = Server::start(|_| Answer::Status(200));
    let (tally, end, _) = run(&server, 5, block(stock(103, 10), ClosedLoop { stop_after: ALWAYS }));
    assert_eq!((tally.done(), server.seen_once(), end.dry), (103, 103, true));

    // The schedule goes on where the stock ended.
    let server = Server::start(|_| Answer::Status(200));
    let open = Block {
        first: 1_000,
        ..block(stock(20, 3), ConstantRate { offset: Duration::from_secs(1), ..ConstantRate::new(1_000.0, ALWAYS) })
    };
    let (tally, end, _) = run(&server, 5, open);
    assert_eq!((tally.done(), tally.unsent, end), (20, 0, BlockEnd { next: 1_020, sent: 20, dry: true }));

    let crew = Crew::start(&[server.target()], 5, 2, &Arc::default()).unwrap();
    let part = Arc::new(Block { count: Some(33), ..block(stock(100, 7), ClosedLoop { stop_after: ALWAYS }) });
    let end = crew.run(&part, |_| {}).unwrap();
    let Supply::Stock(left) = &part.supply else { unreachable!() };
    assert_eq!((end.sent, left.drain().iter().map(|chunk| chunk.requests.len()).sum::<usize>()), (33, 67));
}

#[test]
fn what_is_too_old_is_not_sent() {
    let server = Server::start(|_| Answer::Status(200));
    let old = Block { fresh: Duration::ZERO, ..block(stock(50, 7), ClosedLoop { stop_after: ALWAYS }) };
    let (tally, end, _) = run(&server, 3, old);
    assert_eq!((tally.expired, tally.done(), server.seen_once(), end.dry), (50, 0, 0, true));
}

#[test]
fn requests_can_be_made_while_others_are_on_their_way() {
    let server = Server::start(|_| Answer::Status(200));
    let next = AtomicU64::new(0);
    let sign = move || {
        thread::sleep(MS(2));
        let nonce = next.fetch_add(1, Ordering::Relaxed);
        Ok((nonce < 60).then(|| outgoing(nonce)))
    };
    let (tally, end, shares) =
        run(&server, 6, block(Supply::Inline(Arc::new(sign)), ConstantRate::new(100.0, Duration::from_secs(10))));
    assert_eq!((tally.done(), server.seen_once(), end.dry), (60, 60, true));
    let mut cost = Cost::default();
    shares.iter().for_each(|share| cost.add(share.signing));
    assert_eq!(cost.requests, 60);
    assert!(cost.time >= MS(120) && cost.header_bytes > 60 * 30, "{cost:?}");
    // It is over before they are due.
    assert!(tally.lateness.percentile(50.0).unwrap() < MS(20));
}

#[test]
fn making_a_request_may_fail() {
    let server = Server::start(|_| Answer::Status(200));
    let crew = Crew::start(&[server.target()], 4, 2, &Arc::default()).unwrap();
    let gone = || Err(Error::invalid("key", "k", "the signer is gone", ""));
    let failing = Arc::new(block(Supply::Inline(Arc::new(gone)), ClosedLoop { stop_after: ALWAYS }));
    assert!(crew.run(&failing, |_| {}).unwrap_err().to_string().contains("the signer is gone"));
    // The crew is still there.
    let good = Arc::new(Block { count: Some(9), ..block(repeat(), ClosedLoop { stop_after: ALWAYS }) });
    assert_eq!(crew.run(&good, |_| {}).unwrap().sent, 9);
}

#[test]
fn shares_come_again_and_again_and_add_up() {
    let server = Server::start(|_| Answer::Status(200));
    let often = Block { report_every: Some(MS(100)), ..block(repeat(), ConstantRate::new(200.0, MS(600))) };
    let (tally, end, shares) = run(&server, 4, often);
    assert_eq!((tally.answered(), end.sent), (120, 120));
    assert!(shares.len() > 4, "{}", shares.len());
    assert!(shares.iter().all(|share| share.begin <= share.ended));
}

#[test]
fn without_keep_alive_each_request_has_a_connection_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server { address: listener.local_addr().unwrap(), nonces: Arc::default() };
    let asked = thread::spawn(move || {
        let mut asked = 0;
        for stream in listener.incoming().take(20) {
            let stream = stream.unwrap();
            let head: Vec<_> =
                BufReader::new(&stream).lines().map_while(|l| l.ok().filter(|l| !l.is_empty())).collect();
            asked += usize::from(head.iter().any(|line| line == "connection: close"));
            // It would go on: that this is the last request is the client's decision.
            (&stream).write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        }
        asked
    });
    let mut single = Block { count: Some(20), ..block(repeat(), ClosedLoop { stop_after: ALWAYS }) };
    single.limits.keep_alive = false;
    let (tally, ..) = run(&server, 4, single);
    assert_eq!((tally.statuses.get(&204), asked.join().unwrap()), (Some(&20), 20), "{:?}", tally.errors);
}

#[test]
fn several_targets_each_get_their_requests() {
    let servers = [200, 201, 202].map(|status| Server::start(move |_| Answer::Status(status)));
    let targets: Vec<_> = servers.iter().map(Server::target).collect();
    let crew = Crew::start(&targets, 3, 2, &Arc::default()).unwrap();
    assert_eq!(crew.open(Limits::new(Duration::from_secs(9))).unwrap().done(), 0);
    let supply = Supply::Repeat((0..3).map(|target| Outgoing { target, ..outgoing(0) }).collect());
    let all = Arc::new(Block { count: Some(300), ..block(supply, ClosedLoop { stop_after: ALWAYS }) });
    let mut tally = Tally::default();
    let each = |event| {
        if let Event::Share(share) = event {
            tally.merge(&share.tally)
        }
    };
    crew.run(&all, each).unwrap();
    assert_eq!(tally.successes(), 300);
    // Each worker goes round by itself.
    assert!(
        tally.statuses.len() == 3 && tally.statuses.values().all(|n| (98..=102).contains(n)),
        "{:?}",
        tally.statuses
    );
}

#[test]
#[cfg(target_os = "linux")]
fn connecting_has_a_time_limit_of_its_own() {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap();
    // The queue has room for one that nobody accepts; the next one's first packet is dropped.
    let _fill: Vec<_> = (0..2)
        .map(|_| {
            let one = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            one.set_nonblocking(true).unwrap();
            let _in_progress = one.connect(&address).is_err();
            one
        })
        .collect();
    thread::sleep(MS(50));
    let server = Server { address: address.as_socket().unwrap(), nonces: Arc::default() };
    let limits = Limits { connect_timeout: MS(100), ..Limits::new(Duration::from_secs(20)) };
    let failure = runtime().unwrap().block_on(async {
        let mut connection = Connection::new([server.target()].into());
        connection.exchange(outgoing(0), Instant::now(), &limits).await.unwrap_err()
    });
    assert_eq!((failure.word, failure.unreachable), ("connect: timeout", true));
}
