//! New certificates for clients that a CA knows: those that its owner renews, and those that ask for it over HTTP.

use super::{Authority, Kind, Name, database::Writing, pem_file};
use crate::{
    cert::{Lifetime, Serial, Subject, extension::Oid, facts::Facts, issuer::Template},
    error::{Error, Rejection, Result},
    key::PublicKey,
    scope::Scopes,
};
use jiff::Timestamp;

/// A certificate that was issued to a client, and is on record.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// The certificate.
    pub certificate: Facts,
    /// The scopes in it.
    pub scopes: Scopes,
}

/// What a client's new certificate is to say.
pub(super) struct ClientCertificate<'a> {
    pub(super) subject: Subject,
    pub(super) serial: Option<Serial>,
    pub(super) lifetime: Option<Lifetime>,
    pub(super) key: &'a PublicKey,
    pub(super) scopes: &'a Scopes,
}

impl Authority {
    /// Signs a client's certificate, which is on record by [`Authority::record`] before it leaves.
    pub(super) fn sign_client(&self, wanted: ClientCertificate<'_>, oid: &Oid, now: Timestamp) -> Result<Facts> {
        let ClientCertificate { subject, serial, lifetime, key, scopes } = wanted;
        let template = Template { subject, serial, lifetime, crl_url: self.crl_url()? };
        self.issuer()?.client(&template, key, scopes, oid, now)
    }

    /// Issues a new certificate to the client that has the one with this serial number: for the same key and subject,
    /// with what the client may do today, for the default time. It is on record when this returns; the old one stays
    /// valid.
    ///
    /// # Errors
    /// [`Error::Rejected`] with [`Rejection::CertificateUntrusted`] for a serial number that is no client's, or where the
    /// client has another key than `spki` by now; [`Rejection::CertificateRevoked`], [`Rejection::CertificateExpired`];
    /// else as [`super::Credentials::renew_client`].
    pub fn renew(&mut self, serial: &Serial, spki: &[u8], oid: &Oid, now: Timestamp) -> Result<IssuedCertificate> {
        let untrusted = |why: &'static str| Error::Rejected(Rejection::CertificateUntrusted(why.into()));
        let record = self.certificate_by_serial(serial)?.filter(|record| record.kind == Kind::Client);
        let record = record.ok_or_else(|| untrusted("this CA did not issue it to a client"))?;
        if record.revocation.is_some() {
            return Err(Rejection::CertificateRevoked { serial: serial.to_hex() }.into());
        }
        if now > record.not_after {
            return Err(Rejection::CertificateExpired { at: now, not_after: record.not_after }.into());
        }
        let name = Name::new(&record.name)?;
        let client = self.client(&name)?.ok_or_else(|| untrusted("this CA does not know the client any more"))?;
        if client.spki != spki {
            return Err(untrusted("the client has another key by now"));
        }
        let key = PublicKey::from_spki_der(&client.spki)?;
        let wanted = ClientCertificate {
            subject: record.subject,
            serial: None,
            lifetime: None,
            key: &key,
            scopes: &client.scopes,
        };
        // Signed before the database is locked: a key elsewhere may take its time.
        let certificate = self.sign_client(wanted, oid, now)?;
        let unchanged = |writing: &Writing<'_>| {
            if writing.is_revoked(serial)? {
                return Err(Rejection::CertificateRevoked { serial: serial.to_hex() }.into());
            }
            // Somebody gave the client other scopes or another key meanwhile: this certificate must not undo that.
            match writing.client(&name)? {
                Some(now) if now.spki == client.spki && now.scopes == client.scopes => Ok(()),
                _ => Err(untrusted("the client was changed at this moment")),
            }
        };
        self.record_if(unchanged, &certificate, Kind::Client, &name, &client.scopes, now)?;
        Ok(IssuedCertificate { certificate, scopes: client.scopes })
    }
}

/// A certificate as a PEM block, lines of 64 characters, ending in a newline.
pub fn certificate_pem(der: &[u8]) -> String {
    pem_file::encode("CERTIFICATE", der.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cert::extension::{self, SCOPES_OID},
        error::Reason,
        key::KeyType,
        store::{CRL_LIFETIME, CaOptions, ClientKey, ClientOptions, Credentials, RenewOptions, RevocationTarget},
    };
    use jiff::SignedDuration;

    struct World {
        _directory: tempfile::TempDir,
        credentials: Credentials,
        authority: Authority,
        now: Timestamp,
    }

    impl World {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let credentials = Credentials::new(directory.path());
            let now = Timestamp::now();
            let ca = Name::new("primary").unwrap();
            let options = CaOptions { key_type: KeyType::EcP256, ..CaOptions::new(ca) };
            let authority = credentials.create_ca(&options, now).unwrap();
            Self { _directory: directory, credentials, authority, now }
        }

        fn alice(&self) -> Facts {
            let options = ClientOptions {
                key: ClientKey::New(KeyType::Ed25519),
                common_name: Some("alice.example".into()),
                organization: Some("Example".into()),
                force: true,
                ..ClientOptions::new(name(), Name::new("primary").unwrap(), Scopes::parse("bob.read").unwrap())
            };
            self.credentials.create_client(&options, self.now, |_, _| Ok(None)).unwrap().certificate
        }

        fn renew(&mut self, certificate: &Facts, now: Timestamp) -> Result<IssuedCertificate, Reason> {
            let renewed = self.authority.renew(&certificate.serial, &certificate.spki, &SCOPES_OID, now);
            renewed.map_err(|error| match error {
                Error::Rejected(rejection) => rejection.reason(),
                other => panic!("{other}"),
            })
        }
    }

    fn name() -> Name {
        Name::new("alice").unwrap()
    }

    #[test]
    fn the_same_client_with_the_scopes_of_today() {
        let mut world = World::new();
        let first = world.alice();
        let scopes = Some(Scopes::parse("bob.write").unwrap());
        let changed = RenewOptions { scopes: scopes.clone(), ..RenewOptions::new(name()) };
        world.credentials.renew_client(&changed, world.now, |_, _| Ok(None)).unwrap();
        let now = world.now + SignedDuration::from_hours(24);
        let renewed = world.renew(&first, now).unwrap();
        let facts = &renewed.certificate;
        assert_eq!(Some(renewed.scopes.clone()), scopes);
        assert_eq!(extension::decode(&facts.extension(&SCOPES_OID).unwrap()).unwrap(), renewed.scopes);
        assert_eq!((&facts.subject, &facts.spki), (&first.subject, &first.spki));
        assert!(facts.serial != first.serial && facts.not_after > first.not_after);
        assert_eq!(world.authority.certificate_der(&facts.serial).unwrap(), Some(facts.der.clone()));
        assert_eq!(world.authority.certificates().unwrap().len(), 4);
        // And once more with the new one.
        world.renew(&renewed.certificate, now).unwrap();
    }

    #[test]
    fn revoked_expired_unknown_and_replaced_ones_are_refused_and_leave_nothing() {
        let mut world = World::new();
        let first = world.alice();
        let expired = first.not_after + SignedDuration::from_secs(1);
        assert_eq!(world.renew(&first, expired).unwrap_err(), Reason::CertificateExpired);
        let unknown = Facts { serial: Serial::parse("77").unwrap(), ..first.clone() };
        assert_eq!(world.renew(&unknown, world.now).unwrap_err(), Reason::CertificateUntrusted);
        let ca = world.authority.certificate().clone();
        assert_eq!(world.renew(&ca, world.now).unwrap_err(), Reason::CertificateUntrusted);

        let second = world.alice();
        assert_eq!(world.renew(&first, world.now).unwrap_err(), Reason::CertificateUntrusted);
        world.renew(&second, world.now).unwrap();
        let target = RevocationTarget::Client(&name());
        world.authority.revoke(&target, Default::default(), CRL_LIFETIME, world.now).unwrap();
        assert_eq!(world.renew(&second, world.now).unwrap_err(), Reason::CertificateRevoked);
        assert_eq!(world.authority.certificates().unwrap().len(), 4);
    }
}
