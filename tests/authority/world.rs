//! A CA in a directory, and an authorization server of the library on a thread of its own.

use crate::peer::{Answer, Peer};
use certauthz::{
    authz::Authorities,
    cert::Lifetime,
    crl::{RevocationList, RevocationReason},
    key::KeyType,
    scope::Scopes,
    server::{AuthorizationOptions, AuthorizationServer, Limits, Server},
    store::{CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, Name, RevocationTarget},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::sync::oneshot;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_certauthz");
/// Far more than anything here takes, since a busy machine makes everything late.
pub const MARGIN: Duration = Duration::from_secs(15);

pub fn primary() -> Name {
    Name::new("primary").unwrap()
}

pub struct World {
    pub dir: TempDir,
    pub credentials: Credentials,
}

impl World {
    /// The CA `primary` and its clients `alice` and `bob`.
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let credentials = Credentials::new(dir.path());
        let now = Timestamp::now();
        let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(primary()) };
        credentials.create_ca(&options, now).unwrap();
        for (name, scopes) in [("alice", "bob.user.read"), ("bob", "alice.user.read")] {
            let options = ClientOptions {
                key: ClientKey::New(KeyType::EcP256),
                ..ClientOptions::new(Name::new(name).unwrap(), primary(), Scopes::parse(scopes).unwrap())
            };
            credentials.create_client(&options, now, |_, _| Ok(None)).unwrap();
        }
        Self { dir, credentials }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("primary").join(name)
    }

    /// Publishes a list, as another process would.
    pub fn publish(&self, lifetime: SignedDuration) {
        let mut ca = self.credentials.authority(&primary()).unwrap();
        ca.publish_crl(Lifetime::For(lifetime), Timestamp::now()).unwrap();
    }

    /// Revokes a client, as another process would.
    pub fn revoke(&self, client: &str) {
        let mut ca = self.credentials.authority(&primary()).unwrap();
        let name = Name::new(client).unwrap();
        let target = RevocationTarget::Client(&name);
        ca.revoke(&target, RevocationReason::KeyCompromise, CRL_LIFETIME, Timestamp::now()).unwrap();
    }

    pub fn serial(&self, client: &str) -> Vec<u8> {
        let client = self.credentials.client(&Name::new(client).unwrap()).unwrap();
        client.certificate.serial.as_bytes().to_vec()
    }

    /// The list in these bytes, if the CA has signed it.
    pub fn list(&self, der: &[u8]) -> RevocationList {
        let ca = self.credentials.ca_facts(&primary()).unwrap();
        RevocationList::verify(der, &ca.certificate.der).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(PROGRAM).arg("--path").arg(self.dir.path()).args(arguments).output().unwrap()
    }

    pub fn serve(&self) -> Running {
        self.serve_with(Limits::default(), |_| {})
    }

    pub fn serve_with(&self, limits: Limits, change: impl FnOnce(&mut AuthorizationOptions)) -> Running {
        let mut options = AuthorizationOptions::new(Authorities::new(["as.example"]).unwrap());
        change(&mut options);
        Running::start(self.credentials.clone(), options, limits)
    }
}

pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Running {
    fn start(credentials: Credentials, options: AuthorizationOptions, limits: Limits) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let _entered = runtime.enter();
            let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let authority = AuthorizationServer::open(&credentials, &primary(), options, Timestamp::now()).unwrap();
            tell.send(server.address()).unwrap();
            runtime.block_on(server.run_authorization(authority, limits, async {
                let _ = stopped.await;
            }));
        });
        Self { address: told.recv().unwrap(), stop: Some(stop) }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, method, path, headers)
    }

    /// The list that is served at present.
    pub fn list(&self, world: &World) -> RevocationList {
        world.list(&self.get("/crl").body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut peer = Peer::connect(address);
    peer.send(text + "\r\n");
    let has_body = method != "HEAD";
    peer.next_answer(has_body).unwrap()
}

/// Waits until it holds; returns how long that took.
pub fn until(what: &str, holds: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < MARGIN, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}
