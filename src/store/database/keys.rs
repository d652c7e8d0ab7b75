//! What follows from a revocation for the key and the scopes of the client.

use super::{Writing, at, client};
use crate::{
    cert::Serial,
    crl::issue::RevocationReason,
    error::Result,
    scope::Scopes,
    store::rows::{scopes, serial, spki},
};
use rusqlite::{OptionalExtension as _, params};

impl Writing<'_> {
    /// The certificates that are not revoked and have the key of this one: of the client that has it, and of any other
    /// that has this key today.
    pub(crate) fn of_the_same_key(&self, of: &Serial) -> Result<Vec<Serial>> {
        let run = || {
            let query = "SELECT der FROM certificates WHERE serial = ?1";
            let der: Option<Vec<u8>> =
                self.transaction.query_row(query, [of.as_bytes()], |row| row.get(0)).optional()?;
            let Some(der) = der else { return Ok(Vec::new()) };
            let key = spki(&der, 0)?;
            let query = "SELECT serial, der FROM certificates WHERE revoked_at IS NULL AND client IN \
                (SELECT client FROM certificates WHERE serial = ?1 UNION SELECT name FROM clients WHERE spki = ?2)";
            let mut statement = self.transaction.prepare(query)?;
            let mut rows = statement.query(params![of.as_bytes(), key])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                if spki(row.get_ref(1)?.as_blob()?, 1)? == key {
                    found.push(serial(row, 0)?);
                }
            }
            Ok(found)
        };
        run().map_err(at(&self.path))
    }

    /// Whether a certificate with this key was revoked because the key is in the wrong hands: one of this client's.
    pub(crate) fn is_compromised(&self, client: &str, key: &[u8]) -> Result<bool> {
        let run = || {
            let query = "SELECT der FROM certificates WHERE client = ?1 AND reason = ?2";
            let mut statement = self.transaction.prepare_cached(query)?;
            let mut rows = statement.query(params![client, RevocationReason::KeyCompromise.code()])?;
            while let Some(row) = rows.next()? {
                if spki(row.get_ref(0)?.as_blob()?, 0)? == key {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        run().map_err(at(&self.path))
    }

    /// Takes from the client that had this certificate, which was just revoked, the scopes that the newest one which it
    /// has left for its key does not have: what was granted by mistake is not to come back. A client with no such
    /// certificate can get nothing, and keeps what its owner may renew it with.
    pub(crate) fn narrow_client_of(&self, revoked: &Serial) -> Result<()> {
        let run = || {
            let query = "SELECT name, spki, scopes, updated_at FROM clients \
                WHERE name = (SELECT client FROM certificates WHERE serial = ?1)";
            let holder = self.transaction.query_row(query, [revoked.as_bytes()], client).optional()?;
            let Some(holder) = holder else { return Ok(None) };
            let query = "SELECT scopes, der FROM certificates \
                WHERE client = ?1 AND revoked_at IS NULL ORDER BY rowid DESC";
            let mut statement = self.transaction.prepare_cached(query)?;
            let mut rows = statement.query([&holder.name])?;
            while let Some(row) = rows.next()? {
                if spki(row.get_ref(1)?.as_blob()?, 1)? == holder.spki {
                    return Ok(Some((holder, scopes(row, 0)?)));
                }
            }
            Ok(None)
        };
        let Some((holder, left)) = run().map_err(at(&self.path))? else { return Ok(()) };
        let kept = Scopes::new(holder.scopes.iter().filter(|scope| left.contains(scope)).cloned())?;
        if kept == holder.scopes {
            return Ok(());
        }
        tracing::info!("the client {} may ask for {kept:?} from now on", holder.name);
        let query = "UPDATE clients SET scopes = ?2 WHERE name = ?1";
        let updated = self.transaction.execute(query, params![holder.name, kept.to_string()]);
        updated.map(drop).map_err(at(&self.path))
    }
}
