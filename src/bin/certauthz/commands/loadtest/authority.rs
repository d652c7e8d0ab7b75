//! The authority of a rehearsal: a child process that can be taken away in several ways, and comes back at the same port.

use super::{process::Process, stand_in::StandIn};
use crate::cli::OutageKind;
use certauthz::{
    error::{Error, Result},
    load::rehearsal,
    store::Credentials,
};
use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};
use tokio::net::TcpSocket;

/// For each part of asking whether it is ready.
const PATIENCE: Duration = Duration::from_millis(200);
/// `HTTP/1.1 200`
const STATUS_LINE: usize = 12;

/// The authority's seat: whoever sits on it answers at the same address.
pub(super) struct Seat {
    address: SocketAddr,
    kind: OutageKind,
    token_lifetime: String,
    credentials: Credentials,
    /// Both are gone while it is merely absent.
    process: Option<Process>,
    stand_in: Option<StandIn>,
    _port: Option<TcpSocket>,
}

impl Seat {
    /// Starts the authority of `credentials` on a free port.
    pub(super) fn new(credentials: &Credentials, kind: OutageKind, token_lifetime: Duration) -> io::Result<Self> {
        let (port, address) = reserve()?;
        let mut seat = Self {
            address,
            kind,
            token_lifetime: format!("{}s", token_lifetime.as_secs()),
            credentials: credentials.clone(),
            process: None,
            stand_in: None,
            _port: port,
        };
        seat.start()?;
        Ok(seat)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn start(&mut self) -> io::Result<()> {
        let listen = self.address.to_string();
        // What happens to it is what this is about: its warnings are no news.
        let arguments = [
            "--quiet",
            "ca",
            "serve",
            "--name",
            "primary",
            "--listen",
            &listen,
            "--token-lifetime",
            &self.token_lifetime,
        ];
        let (process, _) = Process::start(&self.credentials, &arguments)?;
        self.process = Some(process);
        Ok(())
    }

    fn kill(&mut self) -> io::Result<()> {
        self.process.take().map_or(Ok(()), Process::kill)
    }

    fn leave(&mut self) -> io::Result<()> {
        match (self.kind, &mut self.process) {
            (OutageKind::Hang, Some(process)) => return process.pause(),
            (OutageKind::Hang, None) => {}
            (OutageKind::Kill, _) => self.kill()?,
            (OutageKind::Reset, _) => {
                self.kill()?;
                self.stand_in = Some(StandIn::resetting(self.address)?);
            }
            (OutageKind::Error500, _) => {
                self.kill()?;
                self.stand_in = Some(StandIn::failing(self.address)?);
            }
        }
        Ok(())
    }

    fn come_back(&mut self) -> io::Result<()> {
        match &mut self.process {
            Some(process) => process.resume(),
            None => {
                self.stand_in = None;
                self.start()
            }
        }
    }

    fn ready(&self) -> io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        let mut line = [0; STATUS_LINE];
        stream.read_exact(&mut line)?;
        Ok(&line == b"HTTP/1.1 200")
    }
}

impl rehearsal::Authority for Seat {
    fn take_away(&mut self) -> Result<()> {
        self.leave().map_err(|source| Error::System { action: "take the authority away", source })
    }

    fn bring_back(&mut self) -> Result<()> {
        self.come_back().map_err(|source| Error::System { action: "bring the authority back", source })
    }

    fn is_ready(&mut self) -> bool {
        // Whatever keeps it from answering: it is not ready.
        self.ready().unwrap_or(false)
    }
}

/// A free port that stays ours between two servers: while nobody listens there, the system could give it to any client,
/// one of our own even, which would then talk to itself. On Linux a socket that is bound, but does not listen, keeps it
/// and is in no listener's way.
fn reserve() -> io::Result<(Option<TcpSocket>, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let address = socket.local_addr()?;
    Ok((cfg!(target_os = "linux").then_some(socket), address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_reserved_port_refuses_clients_and_lets_servers_in_again_and_again() {
        let (_port, address) = reserve().unwrap();
        for _ in 0..3 {
            assert_eq!(TcpStream::connect(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            let listener = TcpListener::bind(address).unwrap();
            let client = TcpStream::connect(address).unwrap();
            let (server, _) = listener.accept().unwrap();
            // The server closes first, which leaves the port in TIME_WAIT.
            drop(server);
            drop(client);
        }
    }
}
