//! A whole signed request, as `verify request` reads it.

use super::{
    fixtures::{now, verifier},
    message::Covered,
};
use certauthz::{
    authz::{CertificateVerifier, Message, Principal},
    error::{Reason, Rejection},
    scope::Scopes,
};
use std::sync::LazyLock;

static VALID: [&[u8]; 8] = [
    include_bytes!("../seeds/request/valid-rsa"),
    include_bytes!("../seeds/request/valid-p256"),
    include_bytes!("../seeds/request/valid-p384"),
    include_bytes!("../seeds/request/valid-ed25519"),
    include_bytes!("../seeds/request/valid-pss"),
    include_bytes!("../seeds/request/valid-body"),
    include_bytes!("../seeds/request/valid-chain"),
    include_bytes!("../seeds/request/valid-rich"),
];

struct World {
    /// What the fixtures' signatures cover.
    signed: Vec<Covered>,
    forgetful: CertificateVerifier,
    remembering: CertificateVerifier,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (forgetful, remembering) = (verifier(0), verifier(64));
    let signed = VALID.iter().map(|bytes| {
        let message = Message::parse(bytes).expect("a fixture");
        for verifier in [&forgetful, &remembering] {
            let principal = verify(verifier, &message).expect("a fixture");
            assert_eq!(principal.scopes.to_string(), "bob.user.read bob.user.write");
        }
        Covered::of(&message).expect("a fixture")
    });
    World { signed: signed.collect(), forgetful, remembering }
});

fn verify(verifier: &CertificateVerifier, message: &Message) -> Result<Principal, Rejection> {
    verifier.verify(&message.parts(), &message.body, &Scopes::default(), now())
}

/// Whatever is accepted covers what a fixture's signature covers, and a remembered certificate changes no answer.
pub fn request(data: &[u8]) {
    let World { signed, forgetful, remembering } = &*WORLD;
    let Ok(message) = Message::parse(data) else { return };
    assert!(message.body.len() <= data.len());
    let verdict = verify(forgetful, &message);
    assert_eq!(verdict, verify(remembering, &message), "cache");
    let reason = verdict.as_ref().err().map(Rejection::reason);
    // The fixtures' nonces are used up, so this is what became of a signature that holds.
    if matches!(reason, None | Some(Reason::NonceReused | Reason::ReplayMemoryFull)) {
        let covered = Covered::of(&message).expect("accepted, although the reference finds nothing signed");
        assert!(signed.contains(&covered), "accepted, although nobody signed it: {covered:?}");
        assert_eq!(reason, Some(Reason::NonceReused));
    }
    if let Err(rejection) = verdict {
        assert!(rejection.to_string().len() <= 2 * data.len() + 1024);
    }
}
