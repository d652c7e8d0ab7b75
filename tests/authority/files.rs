//! The documents as files, behind a server that knows nothing.

use crate::world::{World, ask, until};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, thread};

/// Serves a directory as it is, with no types and no dates.
fn serve(directory: &Path) -> std::net::SocketAddr {
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let address = server.server_addr().to_ip().unwrap();
    let directory = directory.to_owned();
    thread::spawn(move || {
        for request in server.incoming_requests() {
            let answered = match fs::read(directory.join(request.url().trim_start_matches('/'))) {
                Ok(bytes) => request.respond(tiny_http::Response::from_data(bytes)),
                Err(_) => request.respond(tiny_http::Response::empty(404)),
            };
            answered.unwrap();
        }
    });
    address
}

const FILES: [&str; 5] = ["ca.crt", "jwks.json", ".well-known/oauth-authorization-server", "crl.pem", "crl"];

#[test]
fn a_static_server_has_the_same_documents() {
    let world = World::new();
    let out = world.dir.path().join("deep/public");
    let publish = || {
        let out = out.to_str().unwrap();
        let done = world.run(&["--format", "json", "ca", "publish", "--name", "primary", "--out", out]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    };
    let said = publish();
    assert_eq!(said["crl"]["number"], 1, "the list at hand is good");
    let (server, dumb) = (world.serve(), serve(&out));
    for (place, file) in FILES.iter().enumerate() {
        let (own, foreign) = (server.get(&format!("/{file}")), ask(dumb, "GET", &format!("/{file}"), &[]));
        assert_eq!((foreign.status, &foreign.body), (200, &own.body), "{file}");
        assert_eq!(said["files"][place]["content_type"].as_str(), own.header("content-type"));
        assert_eq!(said["files"][place]["bytes"], own.body.len());
        assert_eq!(fs::metadata(out.join(file)).unwrap().permissions().mode() & 0o777, 0o644);
    }
    world.revoke("alice");
    assert_eq!(publish()["crl"]["number"], 2);
    assert_eq!(world.list(&ask(dumb, "GET", "/crl", &[]).body).len(), 1);
    until("the server has another list", || server.get("/crl").body == fs::read(out.join("crl")).unwrap());
    // Nothing is left over.
    assert_eq!(fs::read_dir(&out).unwrap().count(), 5);
    assert_eq!(fs::read_dir(out.join(".well-known")).unwrap().count(), 1);
}

#[test]
fn a_list_past_two_thirds_of_its_life_is_replaced_first() {
    let world = World::new();
    world.publish(jiff::SignedDuration::from_secs(3));
    thread::sleep(std::time::Duration::from_millis(2100));
    let out = world.dir.path().join("public");
    let done = world.run(&["ca", "publish", "--name", "primary", "--out", out.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("number 3"), "{done:?}");
    assert_eq!(world.list(&fs::read(out.join("crl")).unwrap()).number().to_u128(), Some(3));
}

#[test]
fn errors_name_the_next_step() {
    let world = World::new();
    for (arguments, code, words) in [
        (&["ca", "publish", "--name", "nobody", "--out", "x"][..], 3, "ca list"),
        (&["ca", "publish", "--name", "alice", "--out", "x"], 3, "alice is a client"),
        (&["ca", "publish", "--name", "primary", "--issuer", "as.example", "--out", "x"], 2, "issuer"),
        (&["ca", "serve", "--name", "alice", "--listen", "127.0.0.1:0"], 3, "alice is a client"),
        (&["ca", "serve", "--name", "primary", "--listen", "0.0.0.0:0"], 2, "--authority"),
        (&["ca", "serve", "--name", "primary", "--issuer", "ftp://x", "--listen", "127.0.0.1:0"], 2, "issuer"),
        (&["ca", "serve", "--name", "primary", "--token-lifetime", "0s"], 2, "longer than zero"),
    ] {
        let done = world.run(arguments);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    fs::remove_file(world.file("ca.key")).unwrap();
    let done = world.run(&["ca", "serve", "--name", "primary", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(3) && said.contains("ca.key"), "{said}");
}
