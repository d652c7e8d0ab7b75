//! Whether a certificate can follow the client's present one. The client has no root of trust for that but its present
//! certificate: whoever made its signature may give it another. An impostor of the authorization server cannot.

use crate::{cert::facts::Facts, key::PublicKey};
use jiff::{SignedDuration, Timestamp};

/// By how much the authorization server's clock may be ahead.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// The certificate and those above it, in DER: in base64 they still fit into what servers take for headers.
const MAX_DER: usize = 16 * 1024;

/// `chain` are the CAs above `new`, its issuer first; `issuer` is the certificate of its issuer, from wherever.
///
/// # Errors
/// What is wrong with `new`, for people.
pub(super) fn check(
    new: &Facts,
    chain: &[Facts],
    issuer: &Facts,
    present: &Facts,
    now: Timestamp,
) -> Result<(), String> {
    let wrong = if new.spki != present.spki {
        "is for another key"
    } else if new.common_name != present.common_name {
        "has another name"
    } else if new.issuer != present.issuer {
        "has another issuer"
    } else if !new.is_for_a_client() {
        "is none for a client (clientAuth, digitalSignature, no CA)"
    } else if new.not_before.duration_since(now) > SKEW {
        "is not valid yet"
    } else if new.not_after <= now {
        "has ended already"
    } else if new.not_after < present.not_after && now <= present.not_after {
        "ends before the present one"
    } else if chain.iter().chain([new]).map(|facts| facts.der.len()).sum::<usize>() > MAX_DER {
        "is too large, with those above it"
    } else if !is_by(present, issuer) {
        "comes with another CA's certificate than the present one's issuer's"
    } else if !is_by(new, issuer) || !chain.windows(2).all(|pair| matches!(pair, [below, above] if is_by(below, above)))
    {
        "is not signed by its issuer"
    } else {
        return Ok(());
    };
    Err(format!("the certificate in the answer {wrong}"))
}

fn is_by(facts: &Facts, issuer: &Facts) -> bool {
    issuer.is_ca
        && facts.names_as_issuer(issuer)
        && PublicKey::from_spki_der(&issuer.spki).is_ok_and(|key| facts.is_signed_by(&key))
}

/// The CAs to show with `new`: the present ones as long as they last. They lead to what services trust, and nothing says that
/// of the `answered` ones.
pub(super) fn chain(new: &Facts, answered: Vec<Facts>, present: &[Facts]) -> Vec<Facts> {
    let lasts = !present.is_empty() && present.iter().all(|ca| ca.not_after >= new.not_after);
    if lasts || answered.is_empty() { present.to_vec() } else { answered }
}
