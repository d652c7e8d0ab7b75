//! Revoking certificates, and what follows from it.

use super::{Authority, RevocationTarget, Revoked, Unlocked, client_record};
use crate::{
    cert::{
        Lifetime, Serial, Subject,
        extension::{self, Oid},
        facts::Facts,
    },
    crl::issue::RevocationReason,
    error::{Error, Result},
    key::Signer as _,
    store::{ClientRecord, Kind, Name, Revocation, database::Writing, pem_file},
};
use jiff::Timestamp;

impl Authority {
    /// Revokes certificates and publishes a new list. With [`RevocationReason::KeyCompromise`] every other certificate of
    /// the same key is revoked too. The client keeps no scope that the newest certificate left for its key does not have.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown serial number or client, [`Error::NotAllowed`] for a certificate of another CA,
    /// this CA's own, or a client all of whose certificates have expired; else as [`Authority::publish_crl`]. Then
    /// nothing is revoked.
    pub fn revoke(
        &mut self,
        target: &RevocationTarget<'_>,
        reason: RevocationReason,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<Revoked> {
        let certificate = match target {
            RevocationTarget::Certificate(bytes) => Some(self.own_certificate(bytes)?),
            _ => None,
        };
        let ((revoked, already), crl) = self.publish(lifetime, now, |authority, writing| {
            let serials = match (target, &certificate) {
                (RevocationTarget::Client(name), _) => authority.serials_of(writing, name, now)?,
                (RevocationTarget::Serial(serial), _) => vec![serial.clone()],
                (RevocationTarget::Certificate(_), None) => Vec::new(),
                (RevocationTarget::Certificate(_), Some(facts)) => vec![authority.adopt(writing, facts, now)?],
            };
            let (mut revoked, mut already) = (Vec::new(), Vec::new());
            let revocation = Revocation { at: now, reason };
            for serial in serials {
                if authority.is_root() && serial == authority.facts.serial {
                    return Err(Error::not_allowed(
                        "serial number",
                        &serial,
                        "it is the CA's own, and a CA cannot revoke itself",
                        "remove the CA from whatever trusts it",
                    ));
                }
                // Whoever has a stolen key has all that was issued for it, and could renew any of that.
                let also = match reason {
                    RevocationReason::KeyCompromise => writing.of_the_same_key(&serial)?,
                    _ => Vec::new(),
                };
                match writing.revoke(&serial, revocation)? {
                    Some(true) => revoked.push(serial),
                    // Two of one key: it was the other's turn before.
                    Some(false) if revoked.contains(&serial) => {}
                    Some(false) => already.push(serial),
                    None => return Err(authority.unknown("certificate with serial number", &serial.to_string())),
                }
                for serial in also {
                    if writing.revoke(&serial, revocation)? == Some(true) {
                        revoked.push(serial);
                    }
                }
            }
            for serial in &revoked {
                writing.narrow_client_of(serial)?;
            }
            Ok((revoked, already))
        })?;
        Ok(Revoked { revoked, already, crl })
    }

    /// Reads a certificate that this CA has issued.
    fn own_certificate(&self, bytes: &[u8]) -> Result<Facts> {
        let certificate = pem_file::certificate_from_bytes(bytes)?;
        if certificate.names_as_issuer(&self.facts) && certificate.is_signed_by(self.key.public_key()) {
            return Ok(certificate);
        }
        Err(Error::not_allowed(
            "certificate",
            certificate.common_name.as_deref().unwrap_or_default(),
            format!("it was not issued by the CA {}", self.name),
            "name the CA that issued it with --ca",
        ))
    }
}

impl Unlocked<'_> {
    fn serials_of(&self, writing: &Writing<'_>, client: &Name, now: Timestamp) -> Result<Vec<Serial>> {
        if !writing.has_client(client)? {
            return Err(self.unknown("client", client));
        }
        let serials = writing.unexpired_of_client(client, now)?;
        if serials.is_empty() {
            return Err(Error::not_allowed("client", client, "all its certificates have expired", ""));
        }
        Ok(serials)
    }

    /// Takes a certificate with this CA's signature into the database if it is not there.
    fn adopt(&self, writing: &Writing<'_>, facts: &Facts, now: Timestamp) -> Result<Serial> {
        if !writing.has_certificate(&facts.serial)? {
            tracing::warn!(serial = %facts.serial, "the CA's database did not know this certificate: was it restored?");
            // The key may have signed what this program never would: such a name is not one to list it under.
            let usable = |name: &&str| Subject::new(name, None).is_ok();
            let name = facts.common_name.as_deref().filter(usable).unwrap_or("unknown");
            // Scopes that cannot be read are no reason to leave a certificate valid.
            let value = facts.extension(&Oid::default()).unwrap_or_default();
            let scopes = extension::decode(&value).unwrap_or_default();
            let kind = if facts.is_ca { Kind::Ca } else { Kind::Client };
            if kind == Kind::Client && !writing.has_client(name)? {
                let record = ClientRecord { name: name.to_owned(), ..client_record(self.name, facts, &scopes, now) };
                writing.upsert_client(&record)?;
            }
            writing.insert(facts, kind, name, &scopes, now)?;
        }
        Ok(facts.serial.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::KeyType,
        scope::Scopes,
        store::{CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, RenewOptions},
    };

    struct World {
        _directory: tempfile::TempDir,
        credentials: Credentials,
        authority: Authority,
        now: Timestamp,
    }

    fn name(name: &str) -> Name {
        Name::new(name).unwrap()
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let credentials = Credentials::new(directory.path());
            let now = Timestamp::now();
            let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(name("primary")) };
            let authority = credentials.create_ca(&options, now).unwrap();
            Self { _directory: directory, credentials, authority, now }
        }

        fn alice(&self) -> Serial {
            let options = ClientOptions {
                key: ClientKey::New(KeyType::Ed25519),
                common_name: Some("alice.example".into()),
                force: true,
                ..ClientOptions::new(name("alice"), name("primary"), Scopes::parse("bob.read bob.write").unwrap())
            };
            self.credentials.create_client(&options, self.now, |_, _| Ok(None)).unwrap().certificate.serial
        }

        fn renew(&self, scopes: &str) -> Result<Serial> {
            let scopes = Some(Scopes::parse(scopes).unwrap());
            let options = RenewOptions { scopes, ..RenewOptions::new(name("alice")) };
            Ok(self.credentials.renew_client(&options, self.now, |_, _| Ok(None))?.certificate.serial)
        }

        fn revoke(&mut self, serial: &Serial, reason: RevocationReason) -> Vec<Serial> {
            let target = RevocationTarget::Serial(serial.clone());
            self.authority.revoke(&target, reason, CRL_LIFETIME, self.now).unwrap().revoked
        }

        fn scopes(&self) -> String {
            self.authority.client(&name("alice")).unwrap().unwrap().scopes.to_string()
        }
    }

    #[test]
    fn a_compromised_key_loses_all_its_certificates_and_gets_none() {
        let mut world = World::new();
        let of_old_key = world.alice();
        let first = world.alice();
        let second = world.renew("bob.read").unwrap();
        let revoked = world.revoke(&first, RevocationReason::KeyCompromise);
        assert_eq!(revoked, [first.clone(), second]);
        assert!(world.authority.certificate_by_serial(&of_old_key).unwrap().unwrap().revocation.is_none());
        assert!(world.renew("bob.read").is_err());
        let facts = Facts::from_der(&world.authority.certificate_der(&first).unwrap().unwrap()).unwrap();
        let refused = world.authority.record(&facts, Kind::Client, &name("alice"), &Scopes::default(), world.now);
        assert!(refused.unwrap_err().to_string().contains("key was compromised"), "not even a request with that key");
        world.alice();
        world.renew("bob.read").unwrap();
    }

    #[test]
    fn a_key_that_was_revoked_for_less_can_be_compromised_later() {
        let mut world = World::new();
        let (first, second) = (world.alice(), world.renew("bob.read").unwrap());
        assert_eq!(world.revoke(&first, RevocationReason::Superseded), std::slice::from_ref(&first));
        assert_eq!(world.revoke(&first, RevocationReason::KeyCompromise), [second]);
    }

    #[test]
    fn a_scope_goes_with_the_certificate_that_granted_it() {
        let mut world = World::new();
        let first = world.alice();
        let second = world.renew("bob.read bob.admin").unwrap();
        world.revoke(&first, RevocationReason::Superseded);
        assert_eq!(world.scopes(), "bob.read bob.admin", "the newest one is still valid");
        let third = world.renew("bob.read").unwrap();
        world.revoke(&third, RevocationReason::default());
        assert_eq!(world.scopes(), "bob.read", "nothing is given back");
        world.revoke(&second, RevocationReason::default());
        assert_eq!(world.scopes(), "bob.read", "none is left to go by");
    }

    #[test]
    fn what_was_granted_by_mistake_is_gone_for_good() {
        let mut world = World::new();
        world.alice();
        let second = world.renew("bob.read bob.admin").unwrap();
        world.revoke(&second, RevocationReason::default());
        assert_eq!(world.scopes(), "bob.read");
    }
}
