//! Taking an address.

use crate::error::{Error, Result};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// How much of an answer the system holds for a connection, in bytes (Linux allows for twice that). Left to itself it takes
/// up to 4 MiB for each peer that reads slowly, and asks for more only once a third of them has left: a peer that takes
/// 40 KB a second would seem to take nothing for half a minute.
const SEND_BUFFER: u32 = 256 << 10;

/// A listener that does not accept yet.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Bound {
    /// Takes the address that `option` gave.
    pub(super) fn new(address: SocketAddr, option: &str) -> Result<Self> {
        let bind = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Without it a restart has to wait for the old connections' TIME_WAIT.
            socket.set_reuseaddr(true)?;
            // Connections have it from the listener.
            socket.set_send_buffer_size(SEND_BUFFER)?;
            socket.bind(address)?;
            let listener = socket.listen(4096)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bind().map_err(|error: std::io::Error| Error::Network {
            url: address.to_string(),
            why: format!("cannot listen: {error}"),
            hint: format!("choose another {option} address; port 0 picks a free port").into(),
        })
    }
}
