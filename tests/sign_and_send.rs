//! `sign-request`, `verify request`, `client request` and `serve` with one another, as a user would combine them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![cfg(unix)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

fn certauthz(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command.current_dir(directory).env_remove("CERTAUTHZ_PATH").args(arguments);
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    certauthz(directory, arguments).output().unwrap()
}

/// Runs with `input` on standard input.
fn pipe(directory: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = certauthz(directory, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn succeeded(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn world() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let make = |arguments: &[&str]| succeeded(run(directory.path(), arguments));
    make(&["ca", "create", "--name", "primary", "--key-type", "ec"]);
    make(&["ca", "create", "--name", "sub", "--parent", "primary", "--key-type", "ec"]);
    for (name, ca, scope) in [
        ("alice", "primary", "bob.user.read"),
        ("bob", "primary", "alice.user.read"),
        ("carol", "sub", "bob.user.read"),
    ] {
        make(&["client", "create", "--name", name, "--ca", ca, "--scope", scope, "--key-type", "ed25519"]);
    }
    directory
}

/// The answer of `verify --format json`, and whether the exit code agrees with it.
fn reason(output: &Output) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(if document["valid"] == true { 0 } else { 1 }), "{document}");
    document["reason"].as_str().map(str::to_owned)
}

#[test]
fn what_is_signed_verifies_and_what_is_changed_does_not() {
    let world = world();
    let sign = |client: &str| {
        let arguments =
            ["sign-request", "--client", client, "-d", "{\"a\":1}", "--output", "http", "http://bob.example/x?b=2"];
        succeeded(run(world.path(), &arguments))
    };
    let verify = ["--format", "json", "verify", "request", "--ca", "primary", "--require-scope", "bob.user.read", "-"];
    let check = |message: &[u8]| reason(&pipe(world.path(), &verify, message));
    let message = sign("alice");
    assert_eq!(check(&message), None);
    assert_eq!(check(&sign("carol")), None, "below an intermediate CA");
    assert_eq!(check(&sign("bob")).as_deref(), Some("insufficient_scope"));
    let text = String::from_utf8(message).unwrap();
    for (from, to, wanted) in [
        ("{\"a\":1}", "{\"a\":2}", "digest_mismatch"),
        ("b=2", "b=3", "signature_invalid"),
        ("POST", "PUT", "signature_invalid"),
        ("/x?", "/y?", "signature_invalid"),
        ("bob.example", "eve.example", "signature_invalid"),
        ("X-Client-Cert", "X-Other", "credential_missing"),
        ("Signature-Input", "X-Other", "signature_missing"),
        ("HTTP/1.1", "HTTP/9.1", "credential_malformed"),
    ] {
        assert_eq!(check(text.replacen(from, to, 1).as_bytes()).as_deref(), Some(wanted), "{from} to {to}");
    }
    let other = [&verify[..verify.len() - 1], &["--authority", "eve.example", "-"]].concat();
    assert_eq!(reason(&pipe(world.path(), &other, text.as_bytes())).as_deref(), Some("authority_mismatch"));
    let explain = ["verify", "request", "--ca", "primary", "--explain", "-"];
    let explained = pipe(world.path(), &explain, text.replacen("POST", "PUT", 1).as_bytes());
    assert!(String::from_utf8(explained.stdout).unwrap().contains("\n\"@method\": PUT\n"));
}

#[test]
fn every_form_of_output_has_its_count() {
    let world = world();
    let sign = |arguments: &[&str]| {
        let start = ["sign-request", "--client", "alice", "-H", "X-A: 1", "-H", "X-A: 2", "--count", "150"];
        String::from_utf8(succeeded(run(world.path(), &[&start, arguments, &["http://bob.example/"]].concat())))
            .unwrap()
    };
    let nonces = |text: &str| {
        let found: std::collections::HashSet<_> =
            text.split("nonce=").skip(1).map(|rest| rest[..26].to_owned()).collect();
        found.len()
    };
    for form in ["headers", "curl", "http", "json", "jsonl", "vegeta", "k6"] {
        assert_eq!(nonces(&sign(&["--output", form])), 150, "{form}");
    }
    let all: serde_json::Value = serde_json::from_str(&sign(&["--output", "json"])).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 150);
    assert_eq!(all[149]["headers"]["X-A"], "1, 2");
    for line in sign(&["--output", "jsonl"]).lines() {
        let one: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((one["method"].as_str(), one["body"].is_null()), (Some("GET"), true));
        assert_eq!(one["headers"]["Host"], "bob.example");
    }
}

/// What other load generators would send, as an HTTP/1.1 message.
fn message(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let path = url.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    text.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    [text.as_bytes(), body].concat()
}

fn decoded(base64: &serde_json::Value) -> Vec<u8> {
    base64.as_str().map(|text| STANDARD.decode(text).unwrap()).unwrap_or_default()
}

const BINARY: [u8; 5] = [0, 159, 146, 150, b'\n'];
const REPLAYED: [&str; 12] = [
    "sign-request",
    "--client",
    "carol",
    "-H",
    "X-A: 1",
    "-H",
    "X-A: \"2\"",
    "-d",
    "@body",
    "--count",
    "3",
    "http://Bob.example:80/x?b=2",
];
const VERIFY: [&str; 9] =
    ["--format", "json", "verify", "request", "--ca", "primary", "--authority", "bob.example", "-"];

#[test]
fn vegeta_s_targets_are_signed_requests() {
    let world = world();
    std::fs::write(world.path().join("body"), BINARY).unwrap();
    let targets = succeeded(run(world.path(), &[&REPLAYED[..], &["--output", "vegeta"]].concat()));
    assert!(targets.ends_with(b"}\n"), "vegeta drops a line without an end");
    for line in String::from_utf8(targets).unwrap().lines() {
        // The members that vegeta's schema has, and no other.
        let target: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert_eq!(target.keys().collect::<Vec<_>>(), ["method", "url", "header", "body"]);
        assert_eq!(target["header"]["X-A"], serde_json::json!(["1", "\"2\""]));
        let headers: Vec<_> = target["header"].as_object().unwrap().iter().collect();
        let lines = headers.iter().flat_map(|(name, values)| {
            values.as_array().unwrap().iter().map(|value| ((*name).clone(), value.as_str().unwrap().to_owned()))
        });
        let (method, url) = (target["method"].as_str().unwrap(), target["url"].as_str().unwrap());
        let message = message(method, url, &lines.collect::<Vec<_>>(), &decoded(&target["body"]));
        assert_eq!(reason(&pipe(world.path(), &VERIFY, &message)), None, "{line}");
    }
    let get = ["sign-request", "--client", "alice", "--output", "vegeta", "http://bob.example/"];
    let get: serde_json::Value = serde_json::from_slice(&succeeded(run(world.path(), &get))).unwrap();
    assert_eq!((get.get("body"), &get["header"]["Host"][0]), (None, &"bob.example".into()));
}

/// Stands in for k6: its modules, and the part of it that runs iterations.
const K6: &str = "
import { writeFileSync, mkdirSync } from 'node:fs';
mkdirSync('node_modules/k6', { recursive: true });
const modules = {
  http: 'export default { request(method, url, body, params) { globalThis.sent(method, url, body, params); } }',
  execution: 'export default { get scenario() { return { iterationInTest: globalThis.iteration }; } }',
  encoding: `export default { b64decode(text) { const b = Buffer.from(text, 'base64');
    return b.buffer.slice(b.byteOffset, b.byteOffset + b.length); } }`,
  data: 'export class SharedArray { constructor(name, make) { return make(); } }',
};
const exports = {};
for (const [name, text] of Object.entries(modules)) {
  writeFileSync(`node_modules/k6/${name}.mjs`, text);
  exports[`./${name}`] = `./${name}.mjs`;
}
writeFileSync('node_modules/k6/package.json', JSON.stringify({ name: 'k6', exports }));
globalThis.__ENV = { VUS: '2' };
globalThis.sent = (method, url, body, params) => console.log(JSON.stringify(
  { method, url, body: body && Buffer.from(body).toString('base64'), headers: params.headers, redirects: params.redirects }));
const script = await import(process.cwd() + '/signed.mjs');
const scenario = script.options.scenarios.signed;
if (scenario.executor !== 'shared-iterations' || scenario.vus !== 2 || scenario.maxDuration !== '60s') throw scenario;
for (globalThis.iteration = 0; globalThis.iteration < scenario.iterations; globalThis.iteration++) script.default();
";

#[test]
fn k6_s_script_sends_each_signed_request_once() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("no node here: not checked");
        return;
    }
    let world = world();
    std::fs::write(world.path().join("body"), BINARY).unwrap();
    let script = succeeded(run(world.path(), &[&REPLAYED[..], &["--output", "k6"]].concat()));
    std::fs::write(world.path().join("signed.mjs"), script).unwrap();
    std::fs::write(world.path().join("k6.mjs"), K6).unwrap();
    let sent = succeeded(Command::new("node").current_dir(world.path()).arg("k6.mjs").output().unwrap());
    let mut signatures = std::collections::HashSet::new();
    for line in String::from_utf8(sent).unwrap().lines() {
        let request: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((request["redirects"].as_u64(), decoded(&request["body"])), (Some(0), BINARY.to_vec()));
        let headers = request["headers"].as_object().unwrap().iter();
        let headers: Vec<_> = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let (method, url) = (request["method"].as_str().unwrap(), request["url"].as_str().unwrap());
        let message = message(method, url, &headers, &BINARY);
        assert_eq!(reason(&pipe(world.path(), &VERIFY, &message)), None, "{line}");
        signatures.insert(request["headers"]["Signature"].to_string());
    }
    assert_eq!(signatures.len(), 3);
}

/// A resource server of the world, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(directory: &Path) -> Self {
        let mut process =
            certauthz(directory, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { process, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_example_client_and_the_server() {
    let world = world();
    let server = Server::start(world.path());
    let request = |client: &str, arguments: &[&str], path: &str| {
        let url = format!("{}{path}", server.url);
        run(world.path(), &[&["--format", "json", "client", "request", "--name", client], arguments, &[&url]].concat())
    };
    let answer = |output: &Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
    for arguments in [
        &["--mode", "cert"][..],
        &["--mode", "cert", "-d", "hello"],
        &["--mode", "cert", "-X", "PUT"],
        &["--mode", "cert", "-X", "DELETE", "-d", "x"],
        &["--mode", "cert", "-X", "GET", "-d", "x"],
    ] {
        let output = request("alice", arguments, "/cert");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert_eq!(answer(&output)["body"]["client"], "alice");
    }
    assert_eq!(request("alice", &[], "/token").status.code(), Some(0));
    assert_eq!(request("carol", &["--mode", "cert"], "/cert?q=%20").status.code(), Some(0));
    for (client, mode, path, code, status) in
        [("bob", "cert", "/cert", 1, 403), ("bob", "token", "/token", 1, 401), ("alice", "token", "/nowhere", 3, 404)]
    {
        let output = request(client, &["--mode", mode], path);
        assert_eq!(output.status.code(), Some(code), "{client} {mode}: {output:?}");
        assert_eq!(answer(&output)["status"], status);
    }
}

#[test]
fn the_curl_command_runs_as_it_is() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("no curl here: not checked");
        return;
    }
    let world = world();
    let server = Server::start(world.path());
    std::fs::write(world.path().join("it's a body"), [0, 159, 146, 150, b'\n']).unwrap();
    for (arguments, path) in [
        (&[][..], "/cert"),
        (&["-d", "it's $HOME `id` \"x\"\n"], "/cert?a[]={x,y}"),
        (&["-d", "@it's a body", "-H", "X-Empty:"], "/cert?"),
        (&["-X", "PATCH"], "/cert?'"),
    ] {
        let url = format!("{}{path}", server.url);
        let sign = [&["sign-request", "--client", "alice", "--output", "curl"], arguments, &[&url]].concat();
        let command = String::from_utf8(succeeded(run(world.path(), &sign))).unwrap();
        let output = Command::new("sh").current_dir(world.path()).args(["-c", &command]).output().unwrap();
        let body = String::from_utf8_lossy(&output.stdout);
        assert!(body.contains("\"alice\""), "{command}\n{body}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn https_wants_a_certificate_that_the_platform_trusts() {
    let world = world();
    let openssl = |arguments: &str| {
        let arguments = arguments.split(' ');
        Command::new("openssl").current_dir(world.path()).args(arguments).stderr(Stdio::null()).status()
    };
    let new_key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    let ca = openssl(&format!("{new_key} -keyout root.key -out root.pem -subj /CN=root"));
    let server = openssl(&format!(
        "{new_key} -keyout tls.key -out tls.pem -subj /CN=tls -CA root.pem -CAkey root.key \
         -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1"
    ));
    if !(ca.is_ok_and(|ca| ca.success()) && server.is_ok_and(|server| server.success())) {
        eprintln!("no openssl here (3 or newer): not checked");
        return;
    }
    // Free a moment ago; s_server cannot pick one by itself and say so in all its versions.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut process = Command::new("openssl")
        .current_dir(world.path())
        .args(["s_server", "-quiet", "-www", "-key", "tls.key", "-cert", "tls.pem", "-accept", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(process.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let url = format!("https://127.0.0.1:{port}/");
    let ask = |roots: Option<&str>| {
        let mut command = certauthz(world.path(), &["client", "request", "--name", "alice", &url]);
        if let Some(roots) = roots {
            command.env("SSL_CERT_FILE", roots);
        }
        command.output().unwrap()
    };
    let (stranger, trusted) = (ask(None), ask(Some("root.pem")));
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(stranger.status.code(), Some(3), "{stranger:?}");
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("certificate"), "{stranger:?}");
    assert_eq!(trusted.status.code(), Some(0), "{trusted:?}");
}
