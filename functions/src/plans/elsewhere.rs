//! What processes do for each other: an equal solve is waited for, a promised plan is left to another, an answer is made anew by one of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Plans;
use super::known::Known;
use super::record::Urgency;
use super::settings::Deferral;
use super::submit::{Ask, GRACE, Given, Mode, Rejected, Wanted};
use crate::ports::{Parts, Write};

/// Pauses between two looks for a plan that another process makes: they double.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_millis(500);
/// How long a solve keeps others from the same one after the last sign of life.
const LEASE: Duration = Duration::from_secs(1);
/// How long processes leave an answer alone, at least, that one of them has made anew.
const REFRESH: Duration = Duration::from_mins(1);

impl Plans {
    /// Has an answer improved in the background, where it is due and somebody does such things: once, whoever finds it due.
    pub(super) async fn refresh(self: &Arc<Self>, known: &Known, ask: Ask, wanted: &Wanted) {
        let chance = (f64::from(ask.id.number() as u32) + 1.0) / (f64::from(u32::MAX) + 1.0);
        let due = known.is_due(self.settings.fresh, self.stores.clock.now(), chance);
        if !due || self.settings.deferral == Deferral::Never || !known.claim_refresh() {
            return;
        }
        if let Some(flights) = &self.stores.flights {
            let (flight, lease) =
                (format!("{}/{}/refresh", ask.tenant, wanted.print), self.settings.fresh.max(REFRESH));
            if !flights.take_off(&flight, &self.holder, lease).await.unwrap_or_default() {
                return;
            }
        }
        let granted = Duration::from_millis(2 * known.head.granted_ms).min(self.settings.deferred_time);
        let wanted = Wanted { mode: Mode::Deferred, granted, ..wanted.clone() };
        let (plan, ask) = (known.head.id, Ask { urgency: Urgency::Bulk, ..ask });
        let begun = match self.settings.deferral {
            Deferral::Elsewhere => self.promise(ask, &wanted, Instant::now()).await.map(drop),
            _ => self.start(ask, &wanted).map(drop),
        };
        match begun {
            Ok(()) => tracing::debug!(%plan, "an answer is made anew"),
            Err(error) => tracing::debug!(%plan, %error, "an answer is not made anew"),
        }
    }

    /// Whether another process is at the same solve: then its answer, once it is there.
    pub(super) async fn elsewhere(&self, ask: &Ask, wanted: &Wanted) -> Option<Arc<Known>> {
        let flights = self.stores.flights.as_ref()?;
        let flight = &wanted.flight(&ask.tenant);
        // Whoever was first began no later than this, and lands before its lease ends, or is dead.
        let until = ask.arrived + wanted.granted + GRACE;
        let mut pause = FIRST_LOOK;
        loop {
            let turn = match flights.take_off(flight, &self.holder, LEASE).await {
                Ok(turn) => turn,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "equal requests elsewhere are not seen");
                    return None;
                }
            };
            // In this order: what landed before is in the store by now.
            if let Some(known) = self.known(&ask.tenant, wanted).await {
                if turn {
                    self.land(flight).await;
                }
                return Some(known);
            }
            if turn || Instant::now() + pause > until {
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    /// Follows a solve, and keeps other processes from an equal one meanwhile.
    pub(super) async fn fly(&self, flight: &str, solve: impl Future<Output = ()>) {
        let Some(flights) = &self.stores.flights else { return solve.await };
        let signs_of_life = async {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                if let Err(error) = flights.take_off(flight, &self.holder, LEASE).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "others may begin the same solve");
                }
            }
        };
        tokio::select! {
            () = solve => {}
            () = signs_of_life => {}
        }
        self.land(flight).await;
    }

    async fn land(&self, flight: &str) {
        if let Some(flights) = &self.stores.flights
            && let Err(error) = flights.land(flight, &self.holder).await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "a lease runs out by itself");
        }
    }

    /// Stores a plan for another process to make, and looks for it until the caller's patience ends.
    pub(super) async fn promise(&self, ask: Ask, wanted: &Wanted, deadline: Instant) -> Result<Given, Rejected> {
        let mut record = self.record(&ask, wanted);
        let (tenant, id) = (ask.tenant, ask.id);
        let write = Write {
            head: record.head.clone(),
            replaces: None,
            request: record.request.clone(),
            best: None,
            durable: true,
        };
        let stored = self.put(&tenant, write).await;
        stored.map_err(|error| Rejected::Store(Arc::new(error)))?;
        let mut pause = FIRST_LOOK;
        while Instant::now() + pause < deadline {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
            match self.stored(&tenant, id, Parts { request: false, best: true }).await {
                Ok(Some(found)) if found.head.state.status.is_final() => {
                    return Ok(Given::Answered { record: found, joined: false, stored: true });
                }
                Ok(Some(found)) => record = found,
                Ok(None) => break,
                // The promise stands.
                Err(error) => {
                    tracing::warn!(plan = %id, error = &error as &dyn std::error::Error, "no look at a promised plan");
                }
            }
        }
        Ok(Given::Promised { record, joined: false })
    }
}
