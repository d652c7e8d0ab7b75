//! Who the client is: its certificate, with what follows from it, ready to sign.

use super::signer::RequestSigner;
use crate::{
    cert::{
        extension::{self, Oid},
        facts::Facts,
    },
    error::Result,
    key::Signer,
    scope::Scopes,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// A certificate in use.
pub(super) struct Identity {
    pub(super) facts: Facts,
    /// The CAs above it that are shown with it, its issuer first.
    pub(super) chain: Vec<Facts>,
    pub(super) scopes: Scopes,
    pub(super) signer: RequestSigner<Arc<dyn Signer>>,
}

impl Identity {
    /// # Errors
    /// [`crate::error::Error::Rejected`] where its scopes are missing or malformed; as [`RequestSigner::new`].
    pub(super) fn new(facts: Facts, chain: Vec<Facts>, key: &Arc<dyn Signer>, oid: &Oid) -> Result<Self> {
        let value = facts.extension(oid).ok_or(crate::error::Rejection::ScopesMissing)?;
        let scopes = extension::decode(&value)?;
        let shown: Vec<_> = chain.iter().map(|facts| facts.der.clone()).collect();
        let signer = RequestSigner::new(&facts.der, &shown, Arc::clone(key))?;
        Ok(Self { facts, chain, scopes, signer })
    }

    /// Two thirds of its life: the time to renew it.
    pub(super) fn aging_at(&self) -> Timestamp {
        let life = self.facts.not_after.duration_since(self.facts.not_before);
        let young = SignedDuration::from_secs(life.as_secs() / 3 * 2);
        self.facts.not_before.checked_add(young).unwrap_or(self.facts.not_after)
    }

    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        now > self.facts.not_after
    }

    /// As [`Identity::beyond`], for each of the sets that there are.
    pub(super) fn beyond_any<'a>(&self, allowed: impl IntoIterator<Item = Option<&'a Scopes>>) -> Option<Scopes> {
        allowed.into_iter().flatten().find_map(|allowed| self.beyond(allowed))
    }

    /// The scopes that it carries beyond `granted`; `None` where there are none.
    pub(super) fn beyond(&self, granted: &Scopes) -> Option<Scopes> {
        beyond(&self.scopes, granted)
    }
}

/// The scopes of `carried` that are not in `granted`; `None` where there are none.
pub(super) fn beyond(carried: &Scopes, granted: &Scopes) -> Option<Scopes> {
    let beyond = Scopes::new(carried.iter().filter(|scope| !granted.contains(scope)).cloned());
    // They are unique and few enough, being a part of a set: the failure is none.
    beyond.ok().filter(|beyond| !beyond.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn beyond_is_the_difference(
            carried in proptest::collection::btree_set("[a-e]", 0..5),
            granted in proptest::collection::btree_set("[a-e]", 0..5),
        ) {
            let parse = |set: &std::collections::BTreeSet<String>| {
                Scopes::parse(&set.iter().cloned().collect::<Vec<_>>().join(" ")).unwrap()
            };
            let difference: Vec<_> = carried.difference(&granted).cloned().collect();
            let beyond = beyond(&parse(&carried), &parse(&granted));
            prop_assert_eq!(beyond.is_none(), difference.is_empty());
            prop_assert_eq!(beyond.map_or(String::new(), |b| b.to_string()), difference.join(" "));
        }
    }
}
