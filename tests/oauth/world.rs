//! `ca serve`, the real program, and clients that sign by themselves.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certauthz::{
    client::{OutgoingRequest, RequestSigner},
    key::{LocalKey, Signer as _},
    store::{Credentials, Name},
};
use http::{Method, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_certauthz");

pub struct World {
    pub directory: TempDir,
    child: Child,
    pub address: SocketAddr,
}

/// An answer, byte for byte but its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status, and the OAuth error or the reason.
    pub fn verdict(&self) -> (u16, String) {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let word = json["error"].as_str().or(json["reason"].as_str()).unwrap_or_default();
        (self.status, word.to_owned())
    }
}

/// Runs the program on these credentials, as another process.
pub fn run(path: &Path, arguments: &[&str]) {
    let output = Command::new(PROGRAM).arg("--path").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl World {
    /// A CA with this kind of key, with alice, who calls bob, and bob.
    pub fn new(key: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        run(directory.path(), &[&["ca", "create", "--name", "primary"], key].concat());
        for (client, scopes) in [("alice", &["bob.read", "bob.write"][..]), ("bob", &["alice.read"])] {
            let mut arguments = vec!["client", "create", "--ca", "primary", "--key-type", "ed25519", "--name", client];
            arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
            run(directory.path(), &arguments);
        }
        let mut child = Command::new(PROGRAM)
            .arg("--path")
            .arg(directory.path())
            .args(["ca", "serve", "--name", "primary", "--listen", "127.0.0.1:0", "--stop-with-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}")).parse();
        Self { directory, child, address: address.unwrap() }
    }

    pub fn run(&self, arguments: &[&str]) {
        run(self.directory.path(), arguments);
    }

    pub fn key(&self, client: &str) -> LocalKey {
        self.credentials().client(&Name::new(client).unwrap()).unwrap().key.unwrap()
    }

    pub fn credentials(&self) -> Credentials {
        Credentials::new(self.directory.path())
    }

    /// A request on a connection of its own.
    pub fn begin(&self, line: &str, headers: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!("{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", self.address);
        // A server that refuses a body may close before it is there.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        stream
    }

    pub fn ask(&self, line: &str, headers: &str, body: &[u8]) -> Answer {
        read(self.begin(line, headers, body))
    }

    pub fn begin_form(&self, path: &str, form: &str) -> TcpStream {
        let length = form.len();
        let headers = format!("content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n");
        self.begin(&format!("POST {path}"), &headers, form.as_bytes())
    }

    pub fn form(&self, path: &str, form: &str) -> Answer {
        read(self.begin_form(path, form))
    }

    /// What a client sends to authenticate, with a change to its claims.
    pub fn authentication(&self, client: &str, change: impl FnOnce(&mut Value)) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = Timestamp::now().as_second();
        let audience = format!("http://{}/oauth/token", self.address);
        let id = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let mut claims = json!({"iss": client, "sub": client, "aud": audience, "exp": now + 60, "iat": now, "jti": id});
        change(&mut claims);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({"alg": "EdDSA"})), part(&claims));
        let key = self.key(client);
        let signature = key.sign(key.public_key().key_type().algorithm(), signed.as_bytes()).unwrap();
        let assertion = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        format!("client_assertion_type={kind}&client_assertion={assertion}")
    }

    pub fn token_form(&self, client: &str) -> String {
        format!("grant_type=client_credentials&{}", self.authentication(client, |_| {}))
    }

    pub fn token(&self, client: &str) -> Answer {
        self.form("/oauth/token", &self.token_form(client))
    }

    /// The headers of a signed request for a new certificate.
    pub fn renewal(&self, client: &str) -> String {
        let uri: Uri = format!("http://{}/certificates/renew", self.address).parse().unwrap();
        let certificate = self.credentials().client(&Name::new(client).unwrap()).unwrap().certificate;
        let signer = RequestSigner::new(&certificate.der, &[], self.key(client)).unwrap();
        let request = OutgoingRequest { method: &Method::POST, uri: &uri, body: b"" };
        let headers = signer.sign(&request, Duration::from_secs(60), Timestamp::now()).unwrap();
        let lines = headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
        lines.collect::<String>() + "content-length: 0\r\n"
    }

    pub fn renew(&self, client: &str) -> Answer {
        self.ask("POST /certificates/renew", &self.renewal(client), b"")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn read(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A reset after the answer is the server's right.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n");
    Answer { status, head, body: body.to_owned() }
}
