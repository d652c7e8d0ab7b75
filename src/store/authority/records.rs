//! What the database has on record of clients and certificates.

use super::{Authority, client_record};
use crate::{
    cert::{Serial, facts::Facts},
    error::{Error, Result},
    scope::Scopes,
    store::{ClientRecord, Kind, Name, database::Writing},
};
use jiff::Timestamp;

impl Authority {
    /// The client of this name.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`].
    pub fn client(&self, name: &Name) -> Result<Option<ClientRecord>> {
        self.database.client(name)
    }

    /// The certificate with this serial number itself, in DER.
    ///
    /// # Errors
    /// [`crate::error::Error::Database`].
    pub fn certificate_der(&self, serial: &Serial) -> Result<Option<Vec<u8>>> {
        self.database.der(serial)
    }

    /// Records a certificate that is about to leave. Its serial number is taken from here on.
    pub(in crate::store) fn record(
        &mut self,
        facts: &Facts,
        kind: Kind,
        name: &Name,
        scopes: &Scopes,
        now: Timestamp,
    ) -> Result<()> {
        self.record_if(|_| Ok(()), facts, kind, name, scopes, now)
    }

    /// The same if `condition` holds in that very transaction.
    pub(in crate::store) fn record_if(
        &mut self,
        condition: impl FnOnce(&Writing<'_>) -> Result<()>,
        facts: &Facts,
        kind: Kind,
        name: &Name,
        scopes: &Scopes,
        now: Timestamp,
    ) -> Result<()> {
        let writing = self.database.write()?;
        condition(&writing)?;
        if kind == Kind::Client {
            writing.check_common_name(name, facts.common_name.as_deref().unwrap_or(name))?;
            if writing.is_compromised(name, &facts.spki)? {
                let why = "a certificate of this key was revoked because the key was compromised";
                return Err(Error::not_allowed("client", name, why, "give it a new key with `client create --force`"));
            }
            writing.upsert_client(&client_record(name, facts, scopes, now))?;
        }
        writing.insert(facts, kind, name, scopes, now)?;
        writing.commit()
    }
}
