//! The credentials directory and what happens in it: CAs and clients are made, certificates issued, renewed and revoked,
//! revocation lists published.
//!
//! ```text
//! credentials/
//!   primary/  ca.key  ca.pub  ca.crt  ca.crl  ca.db
//!   alice/    client.key  client.pub  client.crt  token.jwt
//! ```
//! Below an intermediate CA there is also `chain.crt`. Whatever is written appears whole or not at all, and several
//! processes may work at once. A process that is killed leaves nothing that hinders the next one.

mod authority;
mod client;
mod credentials;
mod database;
mod directory;
pub(crate) mod file;
mod name;
mod open;
mod pem_file;
mod record;
mod registry;
mod renewal;
mod rows;
mod token;

pub(crate) use authority::FileVersion;
pub use authority::{Authority, CRL_LIFETIME, DEFAULT_ISSUER_URL, RevocationTarget, Revoked};
pub use client::{ClientCredentials, ClientKey, ClientOptions, IssuedClient, RenewOptions};
pub use credentials::{CaFacts, CaOptions, Credentials};
pub(crate) use file::replace_public;
pub use file::{MAX_CRL_LEN, MAX_FILE_LEN, read};
pub use name::Name;
pub(crate) use pem_file::{encode as encode_pem, encode_certificates};
pub use record::{CertificateRecord, ClientRecord, CrlState, Kind, Revocation, Status};
pub use registry::{RegisteredCertificate, RegisteredClient, Registry, RegistryReader, Standing};
pub use renewal::{IssuedCertificate, certificate_pem};
pub use token::{IssuedToken, TOKEN_LIFETIME, TokenOptions, default_audience};
