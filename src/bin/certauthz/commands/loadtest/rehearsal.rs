//! `loadtest --mode auto`: an outage of the authority, rehearsed in a world of its own.

use super::{
    WARM_UP,
    authority::Seat,
    file::Pending,
    options, output,
    process::interrupt_flag,
    progress,
    setting::start_server,
    sources::route,
    template::Template,
    world::{World, system},
};
use crate::{
    cli::{LoadtestArgs, RequestMode},
    commands::Context,
    output::{Failure, Outcome, Result},
};
use certauthz::{
    client::{self, BreakerState, Client, CredentialUsed, Event, OutgoingRequest, breaker::Policy},
    load::{
        Ending, Mode, Target,
        rehearsal::{self, Caller, Cast, Circuit, Journal, Outage, Plan, Ready, Setting},
    },
    store::{Credentials, Name},
};
use http::Uri;
use std::{error::Error, sync::atomic::Ordering, time::Duration};

/// Without an outage, as in `ca serve`.
const TOKEN_LIFETIME: Duration = Duration::from_secs(900);
const BUDGET: Duration = Duration::from_secs(2);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// What follows an outage where no duration was given.
const AFTER: Duration = Duration::from_secs(5);
const WITHOUT: Duration = Duration::from_secs(5);

pub(super) fn run(args: &LoadtestArgs, context: &Context) -> Result {
    let plan = plan(args)?;
    let file = args.results.files.output.as_deref().map(Pending::new).transpose()?;
    let interrupted = interrupt_flag().map_err(system("listen for signals"))?;
    let pace = Pace::of(args.rehearsal.outage);
    // The world last: its directory goes when nobody works in it any more.
    let world = World::make(args.subject.key.resolve()?, context.now)?;
    let mut authority = Seat::new(&world.credentials, args.rehearsal.outage_kind, pace.token_lifetime)
        .map_err(system("start `certauthz ca serve`"))?;
    let (crl, jwks) = (format!("{}/crl", authority.url()), format!("{}/jwks.json", authority.url()));
    // It will miss the authority, and need not say so every second.
    let sources = ["--quiet", "--crl", &crl, "--crl-interval", "1s", "--jwks", &jwks];
    let (_server, url) = start_server(&world.credentials, &sources)?;
    if interrupted.load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }
    let journal = Journal::new();
    let client = args.subject.clients.first().map_or_else(|| Name::new("alice"), |name| Ok(name.clone()))?;
    let callers =
        Callers { args, client, pace, credentials: &world.credentials, authority: authority.url(), url: &url };
    let auto = callers.caller(client::Mode::Auto, &journal)?;
    let certificates = callers.caller(client::Mode::Certificate, &Journal::new())?;
    let target = Target::resolve(&url.to_string())?;
    let cast = Cast {
        target: &target,
        auto: &auto,
        certificates: &certificates,
        authority: Some(&mut authority),
        journal: &journal,
    };
    let report = rehearsal::run(&plan, pace.setting(args), cast, progress(args, context), &interrupted)?;
    if report.ending == Ending::Interrupted && report.findings.all.requests == 0 {
        return Err(Failure::Interrupted);
    }
    let document = report.json();
    context.out.data(|| report.text(), &document)?;
    if let Some(file) = file {
        file.publish_with(&output::json(&document)?)?;
    }
    match (report.verdict().join("; "), report.ending) {
        (complaints, _) if !complaints.is_empty() => Err(Failure::Threshold { why: complaints }),
        (_, Ending::Completed) => Ok(Outcome::Done),
        _ => Err(Failure::Unfinished),
    }
}

/// What the options ask for.
fn plan(args: &LoadtestArgs) -> Result<Plan> {
    options::check_rehearsal(args)?;
    let duration =
        args.pace.duration.unwrap_or_else(|| args.rehearsal.outage.map_or(WITHOUT, |outage| outage.to() + AFTER));
    let mut plan = Plan::new(duration, args.rehearsal.outage);
    plan.connections = args.pace.connections.get();
    plan.timeout = args.pace.timeout;
    plan.warm_up = args.pace.warmup.unwrap_or(WARM_UP);
    if let Some(rate) = args.pace.rate {
        plan.rate = rate.whole().ok_or_else(|| Failure::Usage {
            why: format!("--mode auto sends a whole number of requests in a second, and -q says {rate}"),
            hint: "give -q a number without a fraction, from 1".to_owned(),
        })?;
    }
    // Before anything is made.
    plan.check()?;
    Ok(plan)
}

/// The times that decide how an outage is felt, in proportion to it: an outage that ends before the tokens do, before
/// anybody has lost patience, or that nobody would notice the end of, rehearses nothing.
#[derive(Clone, Copy)]
struct Pace {
    token_lifetime: Duration,
    /// The longest time that a call may wait for a credential.
    budget: Duration,
    probe_interval: Duration,
}

impl Pace {
    fn of(outage: Option<Outage>) -> Self {
        let Some(length) = outage.map(|outage| outage.length()) else {
            return Self { token_lifetime: TOKEN_LIFETIME, budget: BUDGET, probe_interval: PROBE_INTERVAL };
        };
        Self {
            // Tokens count in whole seconds, so one of a second could end at once.
            token_lifetime: Duration::from_secs((length / 5).as_secs().clamp(2, 60)),
            budget: (length / 5).clamp(Duration::from_millis(100), BUDGET),
            probe_interval: (length / 10).clamp(Duration::from_millis(100), PROBE_INTERVAL),
        }
    }

    /// The circuit breaker's numbers: its own, as far as they fit into the budget.
    fn policy(self) -> Policy {
        let usual = Policy::default();
        Policy {
            attempt: usual.attempt.min(self.budget / 2),
            backoff: usual.backoff.min(self.budget / 8),
            probe_interval: self.probe_interval,
            ..usual
        }
    }

    fn setting(self, args: &LoadtestArgs) -> Setting {
        let mut setting = Setting::default();
        setting.outage_kind = args.rehearsal.outage_kind.as_str();
        setting.token_lifetime = self.token_lifetime;
        setting.budget = self.budget;
        setting.probe_interval = (self.probe_interval * 3 / 4, self.probe_interval);
        setting
    }
}

/// What the callers have in common.
struct Callers<'a> {
    args: &'a LoadtestArgs,
    client: Name,
    pace: Pace,
    credentials: &'a Credentials,
    authority: String,
    url: &'a Uri,
}

impl Callers<'_> {
    fn caller(&self, mode: client::Mode, journal: &Journal) -> Result<Authorizing> {
        let signed = route(self.url, RequestMode::Cert, true)?;
        let journal = journal.clone();
        let client = Client::builder(self.credentials.client(&self.client)?, &self.authority)
            .mode(mode)
            .budget(self.pace.budget)
            .policy(self.pace.policy())
            // The example server has a route for each credential.
            .signed_uri(move |_| signed.clone())
            .on_event(move |event| {
                if let Event::Transition { to, .. } = event {
                    journal.note(circuit(*to));
                }
            })
            .build()?;
        let uri = route(self.url, RequestMode::Token, true)?;
        Ok(Authorizing { client, template: Template::new(&self.args.request)?, uri })
    }
}

fn circuit(state: BreakerState) -> Circuit {
    match state {
        BreakerState::Closed => Circuit::Closed,
        BreakerState::Open => Circuit::Open,
        BreakerState::HalfOpen => Circuit::HalfOpen,
    }
}

/// Requests that the library authorizes.
struct Authorizing {
    client: Client,
    template: Template,
    uri: Uri,
}

impl Caller for Authorizing {
    fn request(&self) -> std::result::Result<Ready, Box<dyn Error + Send + Sync>> {
        let Template { method, body, .. } = &self.template;
        let authorized = self.client.authorize(&OutgoingRequest { method, uri: &self.uri, body })?;
        let mode = match authorized.credential {
            CredentialUsed::Token => Mode::Token,
            CredentialUsed::Certificate => Mode::Cert,
        };
        let mut request = self.template.request(&authorized.uri);
        request.headers_mut().extend(authorized.headers);
        Ok(Ready { request, mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_outage() {
        let of = |from, to| {
            let outage = Outage::new(Duration::from_millis(from), Duration::from_millis(to)).unwrap();
            let pace = Pace::of(Some(outage));
            (pace.token_lifetime.as_secs(), pace.budget.as_millis(), pace.probe_interval.as_millis())
        };
        assert_eq!(of(5_000, 15_000), (2, 2_000, 1_000));
        assert_eq!(of(1_000, 3_000), (2, 400, 200));
        assert_eq!(of(1_000, 601_000), (60, 2_000, 5_000));
        assert_eq!(of(1, 2), (2, 100, 100));
    }
}
