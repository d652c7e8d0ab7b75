//! Many connections, held by one thread.

use crate::trial::{Deeds, Pace, Until};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    thread::sleep,
    time::Duration,
};

/// What each connection of a crowd does.
pub struct Crowd<'a> {
    pub address: SocketAddr,
    pub size: usize,
    /// New connections a second, those that replace lost ones included.
    pub rate: usize,
    /// What is sent at first.
    pub greeting: &'a (dyn Fn(usize) -> Vec<u8> + Sync),
    /// What is sent now and then.
    pub trickle: &'a [u8],
    /// Whether the side that sends is closed after the greeting.
    pub half_close: bool,
    /// Whether lost connections are made again.
    pub comes_back: bool,
}

impl Crowd<'_> {
    /// Holds the connections until it is over, and says how many were held, were lost, or could not be made.
    pub fn hold(&self, until: &Until<'_>) -> Deeds {
        let mut deeds = Deeds::default();
        let mut pace = Pace::new(self.rate);
        let mut members: Vec<Option<TcpStream>> = (0..self.size).map(|_| None).collect();
        let mut first = true;
        // The first round is complete, however long it takes.
        while first || !until.is_over() {
            for (i, member) in members.iter_mut().enumerate() {
                if !first && until.is_over() {
                    break;
                }
                match member {
                    Some(stream) if self.goes_on(stream) => {}
                    Some(_) => {
                        *member = None;
                        deeds.note("closed by the server");
                    }
                    None if first || self.comes_back => {
                        pace.wait();
                        deeds.attempts += 1;
                        *member = self.join(i);
                        if member.is_none() {
                            deeds.note("not connected");
                        }
                    }
                    None => {}
                }
            }
            first = false;
            // A byte now and then is what a slow peer sends; more would keep the processors busy with the attacker.
            for _ in 0..5 {
                if !until.is_over() {
                    sleep(Duration::from_millis(50));
                }
            }
        }
        let held = members.iter().flatten().filter(|stream| self.goes_on(stream)).count();
        deeds.answers.insert("held at the end".to_owned(), held as u64);
        deeds
    }

    fn join(&self, i: usize) -> Option<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(2)).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_write_timeout(Some(Duration::from_secs(1))).ok()?;
        stream.write_all(&(self.greeting)(i)).ok()?;
        if self.half_close {
            stream.shutdown(Shutdown::Write).ok()?;
        }
        stream.set_nonblocking(true).ok()?;
        Some(stream)
    }

    /// Sends a little, and looks whether the connection is still there.
    fn goes_on(&self, mut stream: &TcpStream) -> bool {
        if !self.trickle.is_empty() && stream.write(self.trickle).is_err_and(|e| e.kind() != ErrorKind::WouldBlock) {
            return false;
        }
        // An answer may lie before the end.
        loop {
            match stream.read(&mut [0; 1024]) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}
