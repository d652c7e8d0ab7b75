//! The credentials of all who take part, made once by the program itself.

use certauthz::{
    client::{OutgoingRequest, RequestSigner},
    key::LocalKey,
    store::{Credentials, Name},
};
use jiff::Timestamp;
use std::{
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};
use tempfile::TempDir;

/// The program under attack.
pub fn program() -> PathBuf {
    std::env::var_os("CERTAUTHZ_ATTACK_BIN").map_or_else(|| env!("CARGO_BIN_EXE_certauthz").into(), Into::into)
}

/// Whether everything runs at its full size.
pub fn is_full() -> bool {
    std::env::var("CERTAUTHZ_ATTACK").is_ok_and(|v| v == "full")
}

/// A size: the first by default, the second on demand.
pub fn size(usual: usize, full: usize) -> usize {
    if is_full() { full } else { usual }
}

pub fn run(path: &Path, arguments: &[&str]) {
    let output = Command::new(program()).arg("--path").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA `primary` with RSA-2048 like its clients: `carol` behaves well, `alice` had her certificate copied, `mallory` is a
/// client that turned bad.
pub struct World {
    dir: TempDir,
}

impl World {
    pub fn create() -> Self {
        let world = Self { dir: TempDir::new().unwrap() };
        run(world.path(), &["ca", "create", "--name", "primary"]);
        for (name, key) in [("carol", "rsa"), ("alice", "rsa"), ("mallory", "ed25519")] {
            let client = ["client", "create", "--name", name, "--ca", "primary", "--key-type", key];
            run(world.path(), &[&client[..], &["--scope", "bob.user.read"]].concat());
        }
        world
    }

    /// One that tests only read.
    pub fn shared() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::create)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn client(&self, name: &str) -> Client {
        let client = Credentials::new(self.path()).client(&Name::new(name).unwrap()).unwrap();
        let token = std::fs::read_to_string(&client.token_path).unwrap().trim().to_owned();
        let certificate = client.certificate.der.clone();
        Client { signer: RequestSigner::new(&certificate, &[], client.key.unwrap()).unwrap(), certificate, token }
    }
}

pub struct Client {
    signer: RequestSigner<LocalKey>,
    /// DER.
    pub certificate: Vec<u8>,
    token: String,
}

impl Client {
    /// A signed request as it goes over the wire.
    pub fn cert_request(&self, address: SocketAddr) -> Vec<u8> {
        let uri = format!("http://{address}/cert").parse().unwrap();
        let request = OutgoingRequest { method: &http::Method::GET, uri: &uri, body: b"" };
        let headers = self.signer.sign(&request, Duration::from_secs(60), Timestamp::now()).unwrap();
        let mut text = format!("GET /cert HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
        }
        (text + "\r\n").into_bytes()
    }

    pub fn token_request(&self, address: SocketAddr) -> Vec<u8> {
        format!("GET /token HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n", self.token).into_bytes()
    }
}
