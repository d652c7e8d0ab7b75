//! Many requests, from a few connections that wait for each answer.

use crate::{
    trial::{Deeds, Pace, Until},
    wire::Wire,
};
use std::{net::SocketAddr, thread};

/// Threads of the attacker: with more, the machine would be busy with it instead of with the server.
const THREADS: usize = 2;

pub struct Flood<'a> {
    pub address: SocketAddr,
    /// Requests that are under way at a time, each on its own connection.
    pub connections: usize,
    /// Requests a second; 0 for as many as are answered.
    pub rate: usize,
    /// Goes on until it has sent so many.
    pub least: usize,
    pub request: &'a (dyn Fn() -> Vec<u8> + Sync),
}

impl Flood<'_> {
    pub fn run(&self, until: &Until<'_>) -> Deeds {
        let mut deeds = Deeds::default();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| self.share(until))).collect();
            threads.into_iter().for_each(|t| deeds.add(t.join().unwrap()));
        });
        deeds
    }

    fn share(&self, until: &Until<'_>) -> Deeds {
        let mut deeds = Deeds::default();
        let mut wires: Vec<Option<Wire>> = (0..self.connections.div_ceil(THREADS)).map(|_| None).collect();
        let mut pace = (self.rate > 0).then(|| Pace::new(self.rate / THREADS));
        while !until.is_over() || deeds.attempts < (self.least / THREADS) as u64 {
            for wire in &mut wires {
                if let Some(pace) = &mut pace {
                    pace.wait();
                }
                deeds.attempts += 1;
                let sent = match wire.take() {
                    Some(wire) => Ok(wire),
                    None => Wire::connect(self.address),
                }
                .and_then(|mut wire| wire.send(&(self.request)()).map(|()| wire));
                match sent {
                    Ok(sent) => *wire = Some(sent),
                    Err(error) => deeds.note(error.kind().to_string()),
                }
            }
            for wire in &mut wires {
                match wire.as_mut().map(Wire::answer) {
                    None => {}
                    Some(Ok(answer)) => deeds.note(answer.name()),
                    Some(Err(error)) => {
                        deeds.note(error.kind().to_string());
                        *wire = None;
                    }
                }
            }
        }
        deeds
    }
}
