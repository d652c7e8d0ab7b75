use super::*;
use proptest::prelude::*;

const TICK: Duration = Duration::from_millis(5);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What the authorization server does with an attempt.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    Answer(u64),
    Fail(u64),
    FailWithRetryAfter(u64, u64),
    Refuse(u64),
    /// The attempt ends only so long after its limit.
    Stuck(u64),
}

fn behaviours() -> impl Strategy<Value = Vec<Behaviour>> {
    let one = prop_oneof![
        2 => (0u64..1_500).prop_map(Behaviour::Answer),
        6 => (0u64..1_500).prop_map(Behaviour::Fail),
        1 => (0u64..300, 0u64..200_000).prop_map(|(takes, after)| Behaviour::FailWithRetryAfter(takes, after)),
        1 => (0u64..300).prop_map(Behaviour::Refuse),
        1 => (0u64..4_000).prop_map(Behaviour::Stuck),
    ];
    proptest::collection::vec(one, 1..30)
}

/// Drives a breaker as the background worker does, in steps of [`TICK`].
struct World {
    breaker: Breaker,
    policy: Policy,
    now: Instant,
    behaviours: Vec<Behaviour>,
    healthy: bool,
    random: crate::measure::random::Random,
    /// When the running attempt ends, and how.
    running: Option<(Instant, Behaviour)>,
    attempts: Vec<(Instant, BreakerState)>,
    has_token: bool,
}

impl World {
    fn new(policy: Policy, behaviours: Vec<Behaviour>, seed: u64) -> Self {
        Self {
            breaker: Breaker::new(policy),
            policy,
            now: Instant::now(),
            behaviours,
            healthy: false,
            random: crate::measure::random::Random(seed),
            running: None,
            attempts: Vec::new(),
            has_token: false,
        }
    }

    fn step(&mut self) {
        self.now += TICK;
        if let Some((end, behaviour)) = self.running
            && self.now >= end
        {
            self.running = None;
            let random = self.random.bits();
            match behaviour {
                Behaviour::Answer(_) => {
                    self.breaker.succeeded();
                    self.has_token = true;
                }
                Behaviour::Fail(_) | Behaviour::Stuck(_) => self.breaker.failed(None, self.now, random),
                Behaviour::FailWithRetryAfter(_, after) => self.breaker.failed(Some(ms(after)), self.now, random),
                Behaviour::Refuse(_) => drop(self.breaker.refused(self.now, random)),
            }
            assert!(!self.breaker.is_attempting());
        }
        let before = self.breaker.state();
        match self.breaker.next(self.now) {
            Command::Wait(until) => assert!(until.is_none_or(|until| until > self.now), "busy waiting"),
            Command::Attempt { limit } => {
                assert!(self.running.is_none(), "two attempts at once");
                assert!(self.breaker.is_attempting() && limit <= self.policy.attempt && limit > Duration::ZERO);
                let behaviour = match (self.healthy, self.behaviours.pop()) {
                    (true, _) => Behaviour::Answer(10),
                    (false, Some(behaviour)) => behaviour,
                    (false, None) => Behaviour::Fail(0),
                };
                let (takes, behaviour) = match behaviour {
                    Behaviour::Stuck(beyond) => (limit + ms(beyond), behaviour),
                    Behaviour::Answer(takes)
                    | Behaviour::Fail(takes)
                    | Behaviour::FailWithRetryAfter(takes, _)
                    | Behaviour::Refuse(takes)
                        if ms(takes) < limit =>
                    {
                        (ms(takes), behaviour)
                    }
                    _ => (limit, Behaviour::Fail(0)),
                };
                self.running = Some((self.now + takes, behaviour));
                self.attempts.push((self.now, before));
            }
        }
    }

    /// A call at this moment.
    fn decide(&mut self) -> Decision {
        let running = self.running.is_some();
        let decision = self.breaker.decide(self.has_token, self.now);
        assert_eq!(self.breaker.is_attempting(), running, "the call path began an attempt");
        if self.breaker.state() != BreakerState::Closed {
            assert!(matches!(decision, Decision::FallBack | Decision::UseToken), "{decision:?} while not closed");
        }
        decision
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Calls come at random times and lose their tokens at random times, with any authorization server.
    #[test]
    fn nobody_waits_beyond_the_budget(
        behaviours in behaviours(),
        calls in proptest::collection::btree_set(0usize..6_000, 0..40),
        losses in proptest::collection::btree_set(0usize..6_000, 0..10),
        seed in any::<u64>(),
    ) {
        let policy = Policy::default();
        let mut world = World::new(policy, behaviours, seed);
        let mut waiting: Option<Instant> = None;
        for step in 0..6_000 {
            world.step();
            // Who waits takes a token that comes, even one that is lost right then.
            waiting = waiting.filter(|_| !world.has_token);
            world.has_token &= !losses.contains(&step);
            if calls.contains(&step) || waiting.is_some() {
                match world.decide() {
                    Decision::Wait => {
                        let since = *waiting.get_or_insert(world.now);
                        // An attempt that is stuck is given up a little later; the call has its own clock for that.
                        let longest = policy.budget + OVERDUE + TICK * 2;
                        prop_assert!(world.now - since <= longest, "waits for {:?}", world.now - since);
                    }
                    _ => waiting = None,
                }
            }
        }
    }

    /// Once the authorization server answers, the breaker closes within one interval and the time of an answer.
    #[test]
    fn it_closes_when_the_server_is_back(behaviours in behaviours(), seed in any::<u64>(), away in 1u64..3_000) {
        let without_retry_after = behaviours.into_iter().map(|behaviour| match behaviour {
            Behaviour::FailWithRetryAfter(takes, _) => Behaviour::Fail(takes),
            Behaviour::Stuck(_) => Behaviour::Stuck(100),
            other => other,
        });
        let mut world = World::new(Policy::default(), without_retry_after.collect(), seed);
        world.breaker.want();
        for _ in 0..away {
            world.step();
        }
        world.healthy = true;
        world.breaker.want();
        let back = world.now;
        // An attempt that began before it was back may still take its whole time.
        let latest = back + world.policy.probe_interval.max(world.policy.attempt + ms(100)) + ms(10) + TICK * 3;
        while world.breaker.state() != BreakerState::Closed || world.running.is_some() {
            world.step();
            prop_assert!(world.now <= latest, "still {:?} after {:?}", world.breaker, world.now - back);
        }
    }

    /// While it is open, trials keep their distance, and none is later than the interval (or `Retry-After`) says.
    #[test]
    fn trials_keep_their_distance(seed in any::<u64>(), takes in 0u64..1_200) {
        let mut world = World::new(Policy::default(), vec![Behaviour::Fail(takes); 1_000], seed);
        world.breaker.want();
        for _ in 0..12_000 {
            world.step();
        }
        let trials: Vec<_> =
            world.attempts.iter().filter(|(_, state)| *state == BreakerState::Open).map(|(at, _)| *at).collect();
        prop_assert!(trials.len() >= 10, "{}", trials.len());
        for pair in trials.windows(2) {
            let distance = pair[1] - pair[0];
            let interval = world.policy.probe_interval;
            prop_assert!(distance >= interval * 3 / 4 && distance <= interval + TICK, "{distance:?}");
        }
        prop_assert!(world.attempts.len() - trials.len() <= 3);
    }

    #[test]
    fn random_times_are_within_their_bounds(random in any::<u64>(), millis in 0u64..10_000, failures in any::<u32>()) {
        let breaker = Breaker::new(Policy::default());
        let backoff = breaker.backoff(failures, random);
        prop_assert!(backoff <= breaker.policy.longest_backoff);
        prop_assert!(failures > 1 || backoff <= breaker.policy.backoff);
        let jittered = jittered(ms(millis), random);
        prop_assert!(jittered <= ms(millis) && jittered >= ms(millis) * 3 / 4);
    }
}

fn attempt(breaker: &mut Breaker, now: Instant) -> Duration {
    match breaker.next(now) {
        Command::Attempt { limit } => limit,
        other @ Command::Wait(_) => panic!("{other:?} in {breaker:?}"),
    }
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(Policy { attempts: 1, ..Policy::default() });
    breaker.want();
    attempt(&mut breaker, now);
    breaker.failed(None, now, 0);
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker
}

#[test]
fn it_opens_after_three_failures_and_closes_with_one_token() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    assert_eq!(breaker.next(start), Command::Wait(None));
    assert_eq!(breaker.decide(false, start), Decision::Wait);
    let mut now = start;
    for failure in 1..=3u32 {
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert_eq!(attempt(&mut breaker, now), ms(1_000));
        assert!(matches!(breaker.next(now), Command::Wait(Some(_))));
        breaker.failed(None, now, u64::MAX);
        if failure < 3 {
            // Full jitter at its most: 100 ms, then 200 ms.
            let Command::Wait(Some(until)) = breaker.next(now) else { panic!("{breaker:?}") };
            assert_eq!((until - now).as_millis(), u128::from(99 + 100 * (failure - 1)));
            now = until;
        }
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    assert_eq!(breaker.decide(false, now), Decision::FallBack);
    assert_eq!(breaker.decide(true, now), Decision::UseToken);
    let Command::Wait(Some(probe)) = breaker.next(now) else { panic!("{breaker:?}") };
    assert!(probe - now <= ms(5_000));
    attempt(&mut breaker, probe);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    breaker.succeeded();
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.next(probe), Command::Wait(None));
}

#[test]
fn the_budget_ends_the_attempts_before_their_number_does() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    breaker.want();
    assert_eq!(attempt(&mut breaker, start), ms(1_000));
    breaker.failed(None, start + ms(1_000), 0);
    // What remains of 1.8 s.
    assert_eq!(attempt(&mut breaker, start + ms(1_000)), ms(800));
    breaker.failed(None, start + ms(1_800), 0);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn an_attempt_that_never_ends_opens_and_is_not_followed_by_another() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    assert_eq!(breaker.decide(false, start), Decision::Wait);
    attempt(&mut breaker, start);
    let late = start + ms(1_300);
    assert_eq!(breaker.decide(false, late), Decision::FallBack);
    for hour in 0..5 {
        assert_eq!(breaker.next(late + Duration::from_secs(3_600 * hour)), Command::Wait(None));
    }
    breaker.failed(None, late + Duration::from_secs(3_600 * 5), 0);
    attempt(&mut breaker, late + Duration::from_secs(3_600 * 6));
}

#[test]
fn it_opens_when_nobody_makes_the_attempt() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    assert_eq!(breaker.decide(false, start), Decision::Wait);
    assert_eq!(breaker.decide(false, start + ms(1_799)), Decision::Wait);
    assert_eq!(breaker.decide(false, start + ms(1_800)), Decision::FallBack);
    assert_eq!(breaker.state(), BreakerState::Open);
    attempt(&mut breaker, start + ms(9_000));
    breaker.succeeded();
    // A token was there in between: the time counts anew.
    assert_eq!(breaker.decide(false, start + ms(90_000)), Decision::Wait);
    // Backing off is not being neglected.
    attempt(&mut breaker, start + ms(90_000));
    breaker.failed(Some(ms(1_700)), start + ms(90_000), 0);
    assert_eq!(breaker.decide(false, start + ms(91_699)), Decision::Wait);
}

#[test]
fn the_first_trial_is_within_an_interval_of_the_last_attempt() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy { attempts: 1, ..Policy::default() });
    breaker.want();
    attempt(&mut breaker, start);
    // The server was back just after it began.
    breaker.failed(None, start + ms(1_000), 0);
    assert_eq!(breaker.next(start + ms(1_000)), Command::Wait(Some(start + ms(5_000))));
}

#[test]
fn a_refusal_opens_nothing_and_is_repeated_for_a_while() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    breaker.want();
    attempt(&mut breaker, start);
    assert_eq!(breaker.refused(start, 0), Verdict::Believed);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.decide(false, start + ms(4_999)), Decision::Refused);
    assert_eq!(breaker.next(start + ms(4_999)), Command::Wait(None));
    assert_eq!(breaker.decide(false, start + ms(5_000)), Decision::Wait);
    attempt(&mut breaker, start + ms(5_000));
}

#[test]
fn a_refusal_right_after_an_outage_is_asked_for_again() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let mut now = start + ms(5_000);
    attempt(&mut breaker, now);
    assert_eq!(breaker.refused(now, 0), Verdict::Doubted);
    assert_eq!(breaker.decide(false, now), Decision::FallBack);
    now += DOUBT;
    attempt(&mut breaker, now);
    let repeated = breaker.clone();
    breaker.succeeded();
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker = repeated;
    assert_eq!(breaker.refused(now, 0), Verdict::Believed);
    assert_eq!((breaker.state(), breaker.decide(false, now)), (BreakerState::Closed, Decision::Refused));

    let mut breaker = Breaker::new(Policy::default());
    breaker.want();
    attempt(&mut breaker, start);
    breaker.failed(None, start, 0);
    attempt(&mut breaker, start);
    assert_eq!(breaker.refused(start, 0), Verdict::Doubted);
    assert_eq!((breaker.state(), breaker.decide(false, start)), (BreakerState::Closed, Decision::Wait));
    attempt(&mut breaker, start + DOUBT);
    assert_eq!(breaker.refused(start + DOUBT, 0), Verdict::Believed);
}

#[test]
fn retry_after_is_respected_within_bounds() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Policy::default());
    breaker.want();
    attempt(&mut breaker, start);
    breaker.failed(Some(ms(1_000)), start, 0);
    assert_eq!(breaker.next(start), Command::Wait(Some(start + ms(1_000))), "within the budget");
    attempt(&mut breaker, start + ms(1_000));
    breaker.failed(Some(ms(20_000)), start + ms(1_000), 0);
    assert_eq!(breaker.state(), BreakerState::Open);
    assert_eq!(breaker.next(start + ms(1_000)), Command::Wait(Some(start + ms(21_000))));
    attempt(&mut breaker, start + ms(21_000));
    breaker.failed(Some(Duration::MAX), start + ms(21_000), 0);
    assert_eq!(breaker.next(start + ms(21_000)), Command::Wait(Some(start + ms(81_000))));
}

#[test]
fn no_policy_is_beyond_the_clock() {
    let day = Duration::from_secs(86_400);
    let policy = Policy {
        attempts: 0,
        budget: Duration::MAX,
        attempt: Duration::MAX,
        backoff: Duration::MAX,
        longest_backoff: Duration::MAX,
        probe_interval: Duration::MAX,
        longest_retry_after: Duration::MAX,
        refusal: Duration::MAX,
    };
    let mut breaker = Breaker::new(policy);
    let now = Instant::now();
    breaker.want();
    assert_eq!(attempt(&mut breaker, now), day);
    breaker.failed(Some(Duration::MAX), now, u64::MAX);
    assert!(matches!(breaker.next(now), Command::Wait(Some(_))));
}
