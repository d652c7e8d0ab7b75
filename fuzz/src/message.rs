//! What an accepted request promises: that its signer saw exactly what is covered.

use super::reference;
use certauthz::authz::Message;
use sfv::{InnerList, ListEntry};

/// The parts of a request that its signature vouches for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The signature base as the reference computes it.
    base: String,
    /// Only where the digest is covered.
    body: Option<Vec<u8>>,
}

/// The one member of `Signature-Input` with our tag.
fn member(message: &Message) -> Option<InnerList> {
    let field = reference::joined(&message.parts(), "signature-input")?;
    let mut lists = reference::dictionary(&field)?.into_iter().filter_map(|(_, entry)| match entry {
        ListEntry::InnerList(list) => Some(list),
        ListEntry::Item(_) => None,
    });
    let ours = |list: &InnerList| {
        let tag = list.params.iter().find(|(key, _)| key.as_str() == "tag");
        tag.and_then(|(_, tag)| tag.as_string()).is_some_and(|tag| tag.as_str() == "certauthz")
    };
    lists.find(ours)
}

impl Covered {
    /// `None` where the reference finds no signature, or no value for what it covers.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let list = member(message)?;
        let covers = |name: &str| {
            list.items.iter().any(|item| {
                item.params.is_empty() && item.bare_item.as_string().is_some_and(|text| text.as_str() == name)
            })
        };
        for name in ["@method", "@authority", "@path", "@query", "x-client-cert"] {
            assert!(covers(name), "{name} is not covered");
        }
        let body = covers("content-digest");
        assert!(body || message.body.is_empty(), "a body that is not covered");
        assert!(!message.headers.contains_key("x-client-cert-chain") || covers("x-client-cert-chain"));
        Some(Self { base: reference::base(&message.parts(), &list)?, body: body.then(|| message.body.clone()) })
    }
}
