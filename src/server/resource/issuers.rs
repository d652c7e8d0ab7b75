//! Names for the CAs whose revocation lists are watched.

use crate::{cert::facts::Facts, crl::IssuerId, key::sha256};

/// The CAs that were configured, each with the name that metrics show. Their number bounds that of the label's values.
#[derive(Debug, Clone, Default)]
pub(super) struct Issuers(Vec<(String, IssuerId)>);

impl Issuers {
    /// Of these DER certificates; what is none is left out, since no list can be its. A name is the common name; CAs that
    /// share one (or have none) are told apart by the start of their certificate's SHA-256.
    pub(super) fn new(certificates: &[Vec<u8>]) -> Self {
        let read =
            |der: &Vec<u8>| Facts::from_der(der).inspect_err(|e| tracing::warn!("a CA without metrics: {e}")).ok();
        let facts: Vec<Facts> = certificates.iter().filter_map(read).collect();
        let mut named: Vec<(String, IssuerId)> = Vec::new();
        for one in &facts {
            let id = IssuerId::new(&one.subject, &one.spki);
            if named.iter().any(|(_, known)| *known == id) {
                // The same key under the same name: a renewed certificate, and the same lists.
                continue;
            }
            let shared = facts
                .iter()
                .any(|other| other.common_name == one.common_name && IssuerId::new(&other.subject, &other.spki) != id);
            let name = match &one.common_name {
                Some(name) if !shared => name.clone(),
                name => format!("{} {}", name.as_deref().unwrap_or("CA"), fingerprint(&one.der)),
            };
            named.push((name, id));
        }
        Self(named)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, IssuerId)> {
        self.0.iter().map(|(name, id)| (name.as_str(), *id))
    }
}

fn fingerprint(der: &[u8]) -> String {
    sha256(der).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cert::{
            Subject,
            issuer::{Template, root},
        },
        key::{KeyType, LocalKey},
    };

    fn ca(name: &str) -> Vec<u8> {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let subject = Subject::new(name, None).unwrap();
        let template = Template { subject, serial: None, lifetime: None, crl_url: None };
        root(&template, &key, jiff::Timestamp::from_second(1_800_000_000).unwrap()).unwrap().der
    }

    #[test]
    fn names_are_unique() {
        let (alone, one, other) = (ca("alone"), ca("twin"), ca("twin"));
        let issuers = Issuers::new(&[alone.clone(), one.clone(), other.clone(), alone, b"no certificate".to_vec()]);
        let names: Vec<_> = issuers.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(
            names,
            ["alone".to_owned(), format!("twin {}", fingerprint(&one)), format!("twin {}", fingerprint(&other))]
        );
    }
}
