//! Arguments of `bench`.

use super::KeyKind;
use crate::values;
use clap::{Args, ValueHint};
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
#[command(after_help = "\
Without --key new keys of all types are measured, in memory: no set-up is needed.
Times are medians; each is also given as a multiple of one bare signature verification by the same key.

Examples:
  certauthz bench
  certauthz bench --key-type rsa --seconds 10
  certauthz --format json bench --key credentials/alice/client.key > bench.json")]
pub(crate) struct BenchArgs {
    /// Measure this private key (PEM, PKCS#8; - for standard input); repeat for several
    #[arg(long = "key", value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["key_types", "key_sizes"])]
    pub(crate) keys: Vec<PathBuf>,
    /// Measure only new keys of this kind; repeat for several [default: all]
    #[arg(long = "key-type", value_name = "TYPE", value_enum)]
    pub(crate) key_types: Vec<KeyKind>,
    /// Measure only new keys of this size in bits; repeat for several [default: all]
    #[arg(long = "key-size", value_name = "BITS")]
    pub(crate) key_sizes: Vec<u16>,
    /// Time to spend on each key
    #[arg(long, value_name = "S", value_parser = values::seconds, default_value = "2")]
    pub(crate) seconds: Duration,
}
