//! What a load test measures: servers, started or given, and for each the lanes that are put beside one another.

use super::{
    process::Process,
    sources::{self, Bearers, Signing},
    template::Template,
    world::{Crowd, World, system},
};
use crate::{
    cli::{LoadMode, LoadtestArgs, RequestMode},
    commands::Context,
    output::{Failure, Result},
};
use certauthz::{
    key::KeyType,
    load::{Mode, Requests, ServerClock, Subject, Target, probe_metrics},
    store::{Credentials, Name},
};
use http::Uri;
use std::{
    collections::BTreeSet,
    io,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

const MATRIX: [KeyType; 3] = [KeyType::Rsa(2048), KeyType::EcP256, KeyType::Ed25519];
/// What `serve` remembers unless it is told otherwise, which is enough for signatures that live for a minute.
const NONCES_PER_MINUTE: u64 = 4_000_000;

/// The lanes, and what they need until the end.
pub(super) struct Setting {
    pub(super) subjects: Vec<Subject>,
    /// Which of them are compared.
    pub(super) compare: Vec<(usize, usize)>,
    // In this order: a server ends before its directory does.
    _servers: Vec<Process>,
    _worlds: Vec<World>,
}

impl Setting {
    /// Makes worlds and starts servers where none was given.
    pub(super) fn make(args: &LoadtestArgs, context: &Context, interrupted: &AtomicBool) -> Result<Self> {
        let token = args.subject.token.as_deref().map(sources::bearer_of_file).transpose()?;
        let maker = Maker { args, context, token, template: Arc::new(Template::new(&args.request)?) };
        let mut setting = Self { subjects: Vec::new(), compare: Vec::new(), _servers: Vec::new(), _worlds: Vec::new() };
        if args.subject.urls().next().is_some() {
            setting.subjects = maker.lanes(&maker.given()?, "")?;
        } else if args.subject.matrix {
            for key in MATRIX {
                setting.start(&maker, key, &format!("-{}", slug(key)), interrupted)?;
            }
        } else {
            setting.start(&maker, args.subject.key.resolve()?, "", interrupted)?;
        }
        setting.compare = pairs(setting.subjects.len(), maker.modes().len());
        Ok(setting)
    }

    /// Adds a world with a server, and its lanes.
    fn start(&mut self, maker: &Maker<'_>, key: KeyType, suffix: &str, interrupted: &AtomicBool) -> Result<()> {
        let world = World::make(key, maker.context.now)?;
        let clients = maker.clients(&world, interrupted)?;
        let age = format!("{}s", maker.args.pace.max_age.as_secs());
        let nonces = (NONCES_PER_MINUTE / 60 * maker.args.pace.max_age.as_secs()).max(NONCES_PER_MINUTE).to_string();
        let more = ["--max-age", &age, "--replay-capacity", &nonces];
        let (server, url) = start_server(&world.credentials, &more)?;
        if interrupted.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let place = Place {
            credentials: &world.credentials,
            clients,
            urls: vec![url],
            clock: Some(ServerClock::Process(server.id())),
            temporary: true,
        };
        self.subjects.extend(maker.lanes(&place, suffix)?);
        self._servers.push(server);
        self._worlds.push(world);
        Ok(())
    }
}

/// Starts a resource server on a free port.
pub(super) fn start_server(credentials: &Credentials, more: &[&str]) -> Result<(Process, Uri)> {
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
    let (server, url) = Process::start(credentials, &arguments).map_err(system("start `certauthz serve`"))?;
    let url = url.parse().map_err(|_| Failure::System {
        action: "start `certauthz serve`".into(),
        source: io::Error::other(format!("it says it listens on {url:?}")),
    })?;
    Ok((server, url))
}

/// Where requests go, and as whom.
struct Place<'a> {
    credentials: &'a Credentials,
    clients: Vec<Name>,
    urls: Vec<Uri>,
    clock: Option<ServerClock>,
    temporary: bool,
}

/// Makes lanes as the options say.
struct Maker<'a> {
    args: &'a LoadtestArgs,
    context: &'a Context,
    /// The one that was given.
    token: Option<Bearers>,
    template: Arc<Template>,
}

impl Maker<'_> {
    fn modes(&self) -> &'static [RequestMode] {
        match self.args.subject.mode {
            LoadMode::Token => &[RequestMode::Token],
            LoadMode::Cert => &[RequestMode::Cert],
            LoadMode::Both | LoadMode::Auto => &[RequestMode::Token, RequestMode::Cert],
        }
    }

    /// Somebody's servers.
    fn given(&self) -> Result<Place<'_>> {
        let subject = &self.args.subject;
        let urls: Vec<_> = subject.urls().map(|url| url.uri().clone()).collect();
        let servers: BTreeSet<_> = urls.iter().filter_map(|url| url.authority()).map(|a| a.as_str()).collect();
        let clock = match (&self.args.results.server_metrics, urls.first()) {
            (Some(page), _) => Some(ServerClock::metrics(page.uri().clone())?),
            // Of several servers, one's CPU time would be taken for that of all.
            (None, Some(url)) if servers.len() == 1 => probe_metrics(url),
            (None, _) => None,
        };
        let clients = if subject.clients.is_empty() { vec![Name::new("alice")?] } else { subject.clients.clone() };
        Ok(Place { credentials: &self.context.credentials, clients, urls, clock, temporary: false })
    }

    /// The clients of a temporary world.
    fn clients(&self, world: &World, interrupted: &AtomicBool) -> Result<Vec<Name>> {
        let subject = &self.args.subject;
        if !subject.clients.is_empty() {
            return Ok(subject.clients.clone());
        }
        let crowd = Crowd {
            count: subject.client_count.map_or(1, NonZeroUsize::get),
            shown: super::shows_progress(self.args, self.context),
            interrupted,
        };
        world.clients(&crowd, self.context.now)
    }

    /// A lane for each mode; two of the same with `--aa`.
    fn lanes(&self, place: &Place<'_>, suffix: &str) -> Result<Vec<Subject>> {
        let mut lanes = Vec::new();
        for mode in self.modes() {
            // The same ones for both of `--aa`: what a verification costs depends on the signature, by some percent.
            let bearers = match (mode, &self.token) {
                (RequestMode::Cert, _) => None,
                (RequestMode::Token, Some(token)) => Some(token.clone()),
                (RequestMode::Token, None) => {
                    Some(sources::bearers(place.credentials, &place.clients, place.temporary, self.context.now)?)
                }
            };
            lanes.push(self.lane(*mode, place, bearers.as_ref(), suffix)?);
            if self.args.subject.aa {
                lanes.push(self.lane(*mode, place, bearers.as_ref(), "-again")?);
            }
        }
        Ok(lanes)
    }

    fn lane(&self, mode: RequestMode, place: &Place<'_>, bearers: Option<&Bearers>, suffix: &str) -> Result<Subject> {
        let both = self.modes().len() > 1;
        let uris: Vec<_> = place.urls.iter().map(|url| sources::route(url, mode, both)).collect::<Result<_>>()?;
        let (mode, supply) = match bearers {
            Some(bearers) => (Mode::Token, sources::with_tokens(&self.template, &uris, bearers)),
            None => {
                let signing = Signing {
                    template: Arc::clone(&self.template),
                    uris,
                    signers: sources::signers(place.credentials, &place.clients)?,
                    life: self.args.pace.max_age,
                    made: AtomicUsize::new(0),
                };
                (Mode::Cert, Requests::Sign(Arc::new(signing)))
            }
        };
        let mut targets = Vec::new();
        let mut known = BTreeSet::new();
        for url in &place.urls {
            if known.insert(url.authority().map(|authority| authority.as_str())) {
                targets.push(Target::resolve(&url.to_string())?);
            }
        }
        Ok(Subject { name: format!("{mode}{suffix}"), mode, targets, supply, server: place.clock.clone() })
    }
}

/// Neighbours with one another (the modes of one server, or a mode and itself), and then the first server's with those of
/// the others.
fn pairs(count: usize, modes: usize) -> Vec<(usize, usize)> {
    if modes == 1 {
        return (1..count).map(|other| (0, other)).collect();
    }
    let within = (0..count / modes).map(|server| (server * modes, server * modes + 1));
    let across = (0..modes).flat_map(|mode| (1..count / modes).map(move |server| (mode, server * modes + mode)));
    within.chain(across).collect()
}

/// A type of key in the name of a lane: `rsa-2048`, `ec-256`, `ed25519`.
fn slug(key: KeyType) -> String {
    key.to_string().to_lowercase().replace(" p-", "-").replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys() {
        let all = [KeyType::Rsa(2048), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519];
        assert_eq!(all.map(slug), ["rsa-2048", "ec-256", "ec-384", "ed25519"]);
    }

    #[test]
    fn neighbours_are_compared_and_then_servers() {
        assert_eq!(pairs(1, 1), []);
        assert_eq!(pairs(2, 2), [(0, 1)]);
        assert_eq!(pairs(2, 1), [(0, 1)], "a mode and itself");
        assert_eq!(pairs(3, 1), [(0, 1), (0, 2)], "one mode with three types of keys");
        assert_eq!(pairs(6, 2), [(0, 1), (2, 3), (4, 5), (0, 2), (0, 4), (1, 3), (1, 5)]);
    }
}
