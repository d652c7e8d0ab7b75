//! Several processes issue and revoke at once, and some of them are killed: nothing is lost, nothing used twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use certauthz::{
    cert::Serial,
    crl::issue::RevocationReason,
    key::KeyType,
    scope::Scopes,
    store::{CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, Name, RevocationTarget},
};
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

/// What a worker process is to do: `root first count`.
const WORK: &str = "CERTAUTHZ_TEST_WORK";
/// Where to fill a file system.
const FILL: &str = "CERTAUTHZ_TEST_FILL";
/// What it says once it works.
const STARTED: &str = "worker started";

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

fn primary() -> Name {
    Name::new("primary").unwrap()
}

fn credentials(root: &Path) -> Credentials {
    let credentials = Credentials::new(root);
    credentials.create_ca(&CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(primary()) }, now()).unwrap();
    credentials
}

fn issue_and_revoke(credentials: &Credentials, client: &str) {
    let name = Name::new(client).unwrap();
    let options = ClientOptions {
        key: ClientKey::New(KeyType::EcP256),
        force: true,
        ..ClientOptions::new(name.clone(), primary(), Scopes::parse("a b").unwrap())
    };
    credentials.create_client(&options, now(), |_, _| Ok(Some("token".into()))).unwrap();
    let mut ca = credentials.authority(&primary()).unwrap();
    ca.revoke(&RevocationTarget::Client(&name), RevocationReason::KeyCompromise, CRL_LIFETIME, now()).unwrap();
}

/// The number and the serial numbers of the list that is out.
fn published(root: &Path) -> (u64, BTreeSet<Vec<u8>>) {
    let der = pem::parse(fs::read(root.join("primary/ca.crl")).unwrap()).unwrap().into_contents();
    let (_, crl) = CertificateRevocationList::from_der(&der).unwrap();
    let number = u64::try_from(crl.crl_number().unwrap()).unwrap();
    let bytes = |raw: &[u8]| raw.iter().copied().skip_while(|b| *b == 0).collect();
    (number, crl.iter_revoked_certificates().map(|r| bytes(r.raw_serial())).collect())
}

/// Runs this very test binary again, as a worker.
fn worker(root: &Path, first: usize, count: usize) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "works_if_it_is_told_to", "--nocapture"])
        .env(WORK, format!("{first} {count} {}", root.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

#[test]
fn works_if_it_is_told_to() {
    let Ok(work) = env::var(WORK) else { return };
    let mut words = work.splitn(3, ' ');
    let mut number = || words.next().unwrap().parse::<usize>().unwrap();
    let (first, count) = (number(), number());
    let credentials = Credentials::new(words.next().unwrap());
    // The first random number of a process may take longer than all the work.
    Serial::random().unwrap();
    println!("{STARTED}");
    (first..first + count).for_each(|i| issue_and_revoke(&credentials, &format!("client{i}")));
}

#[test]
fn four_processes_lose_nothing() {
    const EACH: usize = 50;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("credentials");
    let credentials = credentials(&root);
    let mut workers: Vec<_> = (0..4).map(|w| worker(&root, w * EACH, EACH)).collect();
    let mut numbers = vec![published(&root).0];
    while workers.iter_mut().any(|w| w.try_wait().unwrap().is_none()) {
        numbers.push(published(&root).0);
        thread::sleep(Duration::from_millis(1));
    }
    assert!(workers.iter_mut().all(|w| w.wait().unwrap().success()));
    assert!(numbers.is_sorted(), "a list was replaced by an older one: {numbers:?}");

    let ca = credentials.authority(&primary()).unwrap();
    let records = ca.certificates().unwrap();
    let revoked: BTreeSet<_> =
        records.iter().filter(|r| r.revocation.is_some()).map(|r| r.serial.as_bytes().to_vec()).collect();
    assert_eq!(records.len(), 1 + 4 * EACH);
    assert_eq!(revoked.len(), 4 * EACH, "every serial number is there once");
    let (number, listed) = published(&root);
    assert_eq!(listed, revoked);
    assert_eq!(number, u64::try_from(1 + 4 * EACH).unwrap(), "one number for each publication");
    assert_eq!(ca.crl_state().unwrap().number, number);
    assert_eq!(credentials.client_names().unwrap().len(), 4 * EACH);
}

#[test]
fn threads_lose_nothing_either() {
    const EACH: usize = 15;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("credentials");
    let credentials = &credentials(&root);
    thread::scope(|scope| {
        for t in 0..4 {
            scope.spawn(move || (0..EACH).for_each(|i| issue_and_revoke(credentials, &format!("client{t}-{i}"))));
        }
    });
    assert_eq!(published(&root).1.len(), 4 * EACH);
}

#[test]
fn a_limit_on_file_sizes_is_an_error_and_no_signal() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("credentials");
    let credentials = credentials(&root);
    issue_and_revoke(&credentials, "first");
    let before = published(&root);
    for blocks in [0, 1, 2, 8, 64, 500] {
        let limited = Command::new("sh")
            .args(["-c", "ulimit -f $1; exec \"$2\" --exact works_if_it_is_told_to", "sh"])
            .arg(blocks.to_string())
            .arg(env::current_exe().unwrap())
            .env(WORK, format!("{blocks} 1 {}", root.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&limited.stdout);
        assert!(limited.status.code().is_some(), "{blocks} blocks: killed ({})", limited.status);
        assert!(!limited.status.success() && said.contains("FileTooLarge"), "{blocks} blocks: {said}");
        assert_eq!(published(&root), before);
    }
    assert_eq!(credentials.client_names().unwrap().len(), 1);
    assert!(leftovers(&root).is_empty() && leftovers(&root.join("primary")).is_empty());
    issue_and_revoke(&credentials, "last");
}

/// Runs in a mount namespace of its own, where `root` is a small file system.
fn fill_the_disk(root: &Path) {
    let credentials = credentials(&root.join("credentials"));
    issue_and_revoke(&credentials, "first");
    let (client, primary) = (Name::new("alice").unwrap(), primary());
    let mut failures = BTreeSet::new();
    let ballast = root.join("ballast");
    // From no room at all to room for everything, page by page, for each of the commands.
    for room in (0..40).map(|pages| pages * 4096) {
        let full = fs::write(&ballast, vec![0; 1 << 20]).is_err();
        let len = fs::metadata(&ballast).unwrap().len();
        fs::File::options().write(true).open(&ballast).unwrap().set_len(len.saturating_sub(room)).unwrap();
        assert!(full, "the file system is too large for this test");
        let before = fs::read(root.join("credentials/primary/ca.crl")).unwrap();
        let options = ClientOptions {
            key: ClientKey::New(KeyType::EcP256),
            force: true,
            ..ClientOptions::new(client.clone(), primary.clone(), Scopes::parse("a b").unwrap())
        };
        let made = credentials.create_client(&options, now(), |_, _| Ok(Some("token".into())));
        let target = RevocationTarget::Client(&client);
        let revoked = credentials
            .authority(&primary)
            .and_then(|mut ca| ca.revoke(&target, RevocationReason::default(), CRL_LIFETIME, now()));
        for error in [made.as_ref().err(), revoked.as_ref().err()].into_iter().flatten() {
            failures.insert(format!("{error}: {:?}", error.hint()));
        }
        if revoked.is_err() {
            assert_eq!(fs::read(root.join("credentials/primary/ca.crl")).unwrap(), before);
        }
        fs::remove_file(&ballast).unwrap();
        let ca = credentials.authority(&primary).unwrap();
        let count = ca.certificates().unwrap().iter().filter(|r| r.revocation.is_some()).count();
        assert_eq!(published(&root.join("credentials")).1.len(), count, "{room} bytes of room");
        for name in credentials.client_names().unwrap() {
            credentials.client(&name).unwrap();
        }
    }
    assert!(failures.len() > 1, "{failures:?}");
    eprintln!("{failures:#?}");
    issue_and_revoke(&credentials, "last");
    assert!(leftovers(&root.join("credentials")).is_empty());
}

#[test]
fn fills_a_disk_if_it_is_told_to() {
    if let Ok(root) = env::var(FILL) {
        fill_the_disk(Path::new(&root));
    }
}

#[test]
fn a_full_disk_is_an_error_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=640k tmpfs \"$1\" || exit 77; exec \"$2\" --exact fills_a_disk_if_it_is_told_to --nocapture";
    let ran = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(env::current_exe().unwrap())
        .env(FILL, dir.path())
        .output();
    match ran {
        Ok(out) if out.status.success() => {}
        Ok(out) if out.status.code() == Some(101) => panic!("{}", String::from_utf8_lossy(&out.stderr)),
        other => eprintln!("skipped: no small file system can be mounted here ({other:?})"),
    }
}

fn leftovers(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|n| n.starts_with('.')).collect()
}

#[test]
fn a_killed_process_hinders_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("credentials");
    let credentials = credentials(&root);
    let mut highest = 0;
    for round in 0..100_u64 {
        let mut doomed = worker(&root, 0, 1000);
        let mut said = BufReader::new(doomed.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains(STARTED)));
        // Spread over what it does: keys, files, transactions, renames.
        thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        doomed.kill().unwrap();
        doomed.wait().unwrap();
        let (number, _) = published(&root);
        assert!(number >= highest, "round {round}: list {number} after list {highest}");
        highest = number;
        for name in credentials.client_names().unwrap() {
            let client = credentials.client(&name).unwrap();
            assert_eq!(credentials.ca_of(&client).unwrap(), primary());
            assert_eq!(credentials.read_token(&name).unwrap(), "token");
        }
    }
    issue_and_revoke(&credentials, "survivor");
    let ca = credentials.authority(&primary()).unwrap();
    let records = ca.certificates().unwrap();
    let serials: BTreeSet<_> = records.iter().map(|r| r.serial.clone()).collect();
    assert_eq!(serials.len(), records.len());
    for name in credentials.client_names().unwrap() {
        assert!(serials.contains(&credentials.client(&name).unwrap().certificate.serial), "{name} is not recorded");
    }
    let revoked = records.iter().filter(|r| r.revocation.is_some()).count();
    let (number, listed) = published(&root);
    assert_eq!(listed.len(), revoked);
    assert!(number > highest && records.len() > 20, "{number} lists, {} certificates", records.len());
    assert!(leftovers(&root).is_empty() && leftovers(&root.join("primary")).is_empty());
}
