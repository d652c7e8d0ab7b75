//! Signing ahead: before each block, or all before the run.

use super::{
    super::{
        number::{count, float, whole},
        plan::{Plan, Presign, Schedule, Stop},
        progress::Phase,
        report::Ending,
        sizing::{self, Making},
        source::{self, Order},
    },
    Run,
    lane::part,
    subject::{Requests, Subject},
};
use crate::error::{Error, Result};
use std::time::{Duration, Instant};

/// Requests signed before the run, of all lanes: about 1.5 KiB each.
const MOST: u64 = 1_000_000;
/// So many are signed to see how fast that is, where the warm-up did not show it.
const TRIAL_PER_THREAD: usize = 16;

/// Checks that what should be signed before the run is a known number, and not too large.
pub(super) fn check(plan: &Plan, subjects: &[Subject]) -> Result<()> {
    let signing = count(subjects.iter().filter(|subject| matches!(subject.supply, Requests::Sign(_))).count());
    if plan.presign != Presign::All || signing == 0 {
        return Ok(());
    }
    let Some(requests) = plan.requests() else {
        let why = "in a closed loop nobody knows how many requests fit into a time";
        return Err(Error::invalid("presign", "all", why, "say how many with -n, or at which rate with -q"));
    };
    let all = total(plan, requests, subjects.len()).saturating_mul(signing);
    if all > MOST {
        let most = MOST / signing;
        let why = format!("at most {MOST} requests are kept ready, of all lanes together");
        let hint = format!("send fewer than {most} a lane, or sign them before each block (--presign block)");
        return Err(Error::invalid("number of requests", requests, why, hint));
    }
    Ok(())
}

/// Requests to sign for a lane that counts `requests` of them: connections discard their first of each block.
fn total(plan: &Plan, requests: u64, lanes: usize) -> u64 {
    let discarded = if lanes > 1 { sizing::most_blocks(requests).saturating_mul(count(plan.connections)) } else { 0 };
    requests.saturating_add(discarded)
}

impl Run<'_, '_> {
    /// Fills the stock of a lane up to `requests` fresh ones.
    pub(super) fn stock_up(&mut self, index: usize, requests: u64) -> Result<()> {
        let part = part(self.plan, &self.lanes);
        let over = self.over();
        let Some(lane) = self.lanes.get_mut(index) else { return Ok(()) };
        let (now, fresh) = (Instant::now(), self.plan.fresh());
        let before = lane.in_stock();
        lane.stock.retain(|chunk| chunk.is_fresh(now, fresh));
        let usable = lane.in_stock();
        lane.tally.expired += before - usable;
        let missing = requests.saturating_sub(usable);
        let Some(source) = lane.signer().cloned().filter(|_| missing > 0 && !over) else { return Ok(()) };
        self.display.show(Phase::Preparing { lane: &lane.name, requests: missing }, part);
        let (chunks, cost, dry) = source::prepare(Order {
            source: source.as_ref(),
            routes: &lane.routes,
            count: missing,
            chunk: sizing::chunk(requests, self.plan.connections),
            threads: self.plan.threads,
            interrupted: self.interrupted,
        })?;
        lane.stock.extend(chunks);
        lane.cost.add(cost);
        let empty = lane.stock.is_empty();
        self.note_interruption();
        if dry && empty {
            self.end(Ending::SourceDry);
        }
        Ok(())
    }

    /// Signs everything that the run will need, for the lanes that do that before it.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where the first requests would be too old when the last are sent.
    pub(super) fn sign_all(&mut self) -> Result<()> {
        let lanes: Vec<_> =
            (0..self.lanes.len()).filter(|i| self.lanes.get(*i).is_some_and(|l| l.making == Making::Before)).collect();
        let Some(requests) = self.plan.requests().filter(|_| !lanes.is_empty()) else { return Ok(()) };
        let wanted = total(self.plan, requests, self.lanes.len());
        for index in &lanes {
            if self.lanes.get(*index).is_some_and(|lane| lane.cost.rate().is_none()) {
                self.stock_up(*index, wanted.min(count(self.plan.threads.saturating_mul(TRIAL_PER_THREAD))))?;
            }
        }
        self.fits(requests, wanted)?;
        for index in lanes {
            self.stock_up(index, wanted)?;
            let fewer = self.lanes.get(index).is_some_and(|lane| lane.in_stock() < wanted.min(requests));
            if fewer {
                self.end(Ending::SourceDry);
            }
        }
        Ok(())
    }

    /// Whether signing and sending is over before the first request is too old.
    fn fits(&self, requests: u64, wanted: u64) -> Result<()> {
        let (mut signing, mut sending) = (0.0, 0.0);
        for lane in &self.lanes {
            if let Some(rate) = lane.cost.rate().filter(|_| lane.making == Making::Before) {
                signing += float(wanted) / rate;
            }
            let rate = self.plan.rate().or((lane.warm).then_some(lane.rate));
            sending += rate.map_or(0.0, |rate| float(requests) / rate);
        }
        let (needed, fresh) = (signing + sending, self.plan.fresh().as_secs_f64());
        if needed <= fresh {
            return Ok(());
        }
        let fit = whole(float(requests) * fresh / needed);
        let (what, value) = match (self.plan.stop, self.plan.schedule) {
            (Stop::Duration(time), Schedule::Open { .. }) => ("duration", format!("{time:?}")),
            _ => ("number of requests", requests.to_string()),
        };
        let why = format!(
            "signing all {wanted} requests takes about {signing:.1} s and sending them {sending:.1} s, but nothing is \
             sent that was signed more than {fresh:.0} s ago"
        );
        let fit = match self.plan.rate() {
            Some(rate) => format!("{fit} requests a lane fit ({:.1} s at this rate)", float(fit) / rate),
            None => format!("{fit} requests a lane fit"),
        };
        let hint = format!("{fit}: ask for no more, or sign before each block (--presign block)");
        Err(Error::invalid(what, value, why, hint))
    }

    /// So that requests are ready for a warm-up of a lane that signs ahead.
    pub(super) fn stock_for(&self, index: usize, time: Duration, most: u64) -> u64 {
        let Some(lane) = self.lanes.get(index) else { return 0 };
        let expected = whole(lane.rate * time.as_secs_f64()).saturating_add(count(self.plan.connections));
        expected.min(most)
    }
}
