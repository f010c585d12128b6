//! What is given out where a solve cannot be had in time: an older answer to the same problem.
//!
//! First the same request's own answer, even where it was granted less time than this request would be (it stays `cached`). Then the
//! answer of a kin: the same instance with other options, by another version of the solver, or drawn from an earlier state of its
//! terminal (what has changed since is then nothing that the problem is about). A kin's answer is checked against the request by the
//! independent checker before it leaves, and labelled `stale`. Once is enough: all kins have the same instance, and where many ask while there is
//! no time to solve, there is none to check the same thing again and again.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use portolan::{AnyProblem, Options, Request};
use serde_json::Value;

use super::known::Known;
use super::record::Tenant;
use super::submit::{Ask, Given, Wanted};
use super::{Plans, fingerprint};

/// Kins that are remembered, and for how long.
const KINS: u64 = 20_000;
const KIN_AGE: Duration = Duration::from_hours(1);

/// The fingerprint under which an instance was answered last, whatever the options.
pub(super) struct Kins(Cache<(Tenant, String), String>);

impl Default for Kins {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(KINS).time_to_live(KIN_AGE).build())
    }
}

impl Kins {
    /// Notes an answer.
    pub(super) fn note(&self, tenant: &Tenant, kin: &str, print: &str) {
        let key = (tenant.clone(), kin.to_owned());
        if self.0.get(&key).is_none_or(|known| known != print) {
            self.0.insert(key, print.to_owned());
        }
    }
}

/// The same for all requests with the same instance.
pub(super) fn kin(problem: &dyn AnyProblem, canonical: &[u8]) -> String {
    fingerprint::of(problem.name(), 0, canonical, &Options::default())
}

impl Plans {
    /// An older answer to the same problem.
    pub(super) async fn older(&self, ask: &Ask, wanted: &Wanted, canonical: &[u8]) -> Option<Given> {
        let Ask { tenant, problem, request, .. } = ask;
        let (problem, print) = (*problem, &wanted.print);
        if let Ok(Some(known)) = self.finished(tenant, print).await {
            return Some(Given::Known(known));
        }
        let key = (tenant.clone(), wanted.kin.clone());
        let mut prints: Vec<String> = self.kins.0.get(&key).into_iter().collect();
        if let Some(earlier) = problem.version().checked_sub(1) {
            prints.push(fingerprint::of(problem.name(), earlier, canonical, request.options()));
        }
        for other in prints.iter().filter(|other| *other != print) {
            let Ok(Some(known)) = self.finished(tenant, other).await else { continue };
            if known.is_checked() {
                return Some(Given::Stale(known));
            }
            let document = document(&known, request.as_ref())?;
            let checked = tokio::task::spawn_blocking(move || problem.verify(&document));
            match checked.await {
                Ok(Ok(_)) => {
                    known.confirm();
                    return Some(Given::Stale(known));
                }
                Ok(Err(refuted)) => {
                    tracing::info!(plan = %known.head.id, ?refuted, "an older answer does not hold anymore");
                }
                Err(error) => tracing::error!(alarm = true, %error, "checking an older answer panicked"),
            }
        }
        None
    }
}

/// What the checker takes: the request and the older answer.
fn document(known: &Arc<Known>, request: &dyn Request) -> Option<Vec<u8>> {
    let record = known.record().ok()?;
    let mut document = serde_json::to_value(record.answer()?).ok()?;
    match &mut document {
        Value::Object(members) => members.insert("instance".to_owned(), request.to_json()),
        _ => None,
    };
    serde_json::to_vec(&document).ok()
}
