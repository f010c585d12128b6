//! Numbers about a process, in the text form of Prometheus. No label names a tenant: whoever reads them learns how much there is to
//! do, not for whom.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::guard::breaker::State;
use crate::plans::Plans;
use crate::plans::pool::Class;

/// Seconds that a request may take, as upper ends of a histogram's buckets.
const SECONDS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// All numbers. One for a process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    answers: IntCounterVec,
    waiting: IntGaugeVec,
    busy: IntGauge,
    breakers: IntGaugeVec,
    cached: Cached,
}

/// What is counted for every answer that is known: looked up once.
struct Cached {
    requests: IntCounter,
    seconds: Histogram,
    answers: IntCounter,
}

/// The route that known answers are counted under.
const PLANS: &str = "/v1/{problem}/plans";

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    ///
    /// # Panics
    /// Never: names are constants, and a test makes one.
    pub fn new() -> Self {
        Self::registered().expect("names are well formed, and each is used once")
    }

    fn registered() -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new("portolan_requests_total", "Requests, by route and HTTP status."),
            &["route", "status"],
        )?;
        let buckets = SECONDS.to_vec();
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "portolan_request_seconds",
                "Time from a request's head to its answer, by route and HTTP status.",
            )
            .buckets(buckets),
            &["route", "status"],
        )?;
        let answers =
            IntCounterVec::new(Opts::new("portolan_answers_total", "Plans that were given out, by tier."), &["tier"])?;
        let waiting = IntGaugeVec::new(
            Opts::new("portolan_solves_waiting", "Solves that wait for a thread, by class."),
            &["class"],
        )?;
        let busy = IntGauge::new("portolan_solver_threads_busy", "Solver threads that are at work.")?;
        let breakers = IntGaugeVec::new(
            Opts::new(
                "portolan_breaker_open",
                "Whether what has this name is left alone after failures: 1, and 0 where it is not.",
            ),
            &["name"],
        )?;
        let registry = Registry::new();
        registry.register(Box::new(breakers.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(answers.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(busy.clone()))?;
        let cached = Cached {
            requests: requests.with_label_values(&[PLANS, "200"]),
            seconds: seconds.with_label_values(&[PLANS, "200"]),
            answers: answers.with_label_values(&["cached"]),
        };
        Ok(Self { registry, requests, seconds, answers, waiting, busy, breakers, cached })
    }

    /// A request was answered. `tier` is that of the plan it was answered with.
    pub fn answered(&self, route: Option<&str>, status: u16, tier: Option<&str>, latency: Duration) {
        let seconds = latency.as_secs_f64();
        let is_plans = route.is_some_and(|route| route.ends_with("/plans") && route != "/v1/plans");
        if status == 200 && tier == Some("cached") && is_plans {
            self.cached.requests.inc();
            self.cached.seconds.observe(seconds);
            self.cached.answers.inc();
            return;
        }
        let route = if is_plans { PLANS } else { route.unwrap_or("none") };
        let status = status.to_string();
        self.requests.with_label_values(&[route, &status]).inc();
        self.seconds.with_label_values(&[route, &status]).observe(seconds);
        if let Some(tier) = tier {
            self.answers.with_label_values(&[tier]).inc();
        }
    }

    /// All of them, as they are now.
    pub fn text(&self, plans: &Plans) -> Vec<u8> {
        let (waiting, busy) = plans.load();
        for (class, count) in Class::ALL.into_iter().zip(waiting) {
            self.waiting.with_label_values(&[class.name()]).set(count as i64);
        }
        self.busy.set(busy as i64);
        for (name, state) in plans.stores().upkeep.breakers() {
            self.breakers.with_label_values(&[name]).set(i64::from(!matches!(state, State::Closed(_))));
        }
        let mut text = Vec::new();
        // Writing to memory cannot fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_registered_once() {
        let metrics = Metrics::new();
        metrics.answered(Some("/v1/berth/plans"), 200, Some("cached"), Duration::from_micros(90));
        metrics.answered(Some("/v1/berth/plans"), 503, None, Duration::from_millis(3));
        assert_eq!(metrics.requests.with_label_values(&[PLANS, "200"]).get(), 1);
        assert_eq!(metrics.requests.with_label_values(&[PLANS, "503"]).get(), 1);
        assert_eq!(metrics.answers.with_label_values(&["cached"]).get(), 1);
    }
}
