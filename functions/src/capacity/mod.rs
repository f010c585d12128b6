//! How much of everything a load needs: a model of the deployment, from arrivals to the monthly bill. Pure arithmetic.
//!
//! A function serves one request at a time, and a request that finds none free is throttled: that is a loss system, whose share of
//! throttled requests depends on the mean service time alone (Erlang B, insensitive to the distribution; Sevastyanov 1957). Deferred
//! solves wait in a queue for one of a bounded number of workers: an M/M/c queue (Erlang C), which is on the safe side of solves whose
//! times differ less than exponentially. Arrivals are taken to be Poisson; whoever has bursts enters their height as the rate.
//! A discrete-event simulation in the tests agrees with both formulas.

pub mod prices;
#[cfg(test)]
mod simulation;

use prices::Prices;
use serde::Serialize;

/// What is asked of the service.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Load {
    /// Requests a second, all of them.
    pub rps: f64,
    /// Share that a content delivery network answers: reads of finished plans by id. A POST is never cached there.
    pub edge_hit_rate: f64,
    /// Share of the others whose answer is known.
    pub hit_rate: f64,
    /// Time to give out a known answer, in milliseconds.
    pub hit_ms: f64,
    /// Mean time of a solve, in milliseconds.
    pub solve_ms: f64,
    /// Share of solves that are deferred to workers.
    pub deferred: f64,
    /// Size of a plan with its request, in kilobytes.
    pub plan_kb: f64,
    /// Share of requests that may be throttled.
    pub throttled: f64,
    /// Mean time that a deferred solve may wait for a worker, in milliseconds.
    pub wait_ms: f64,
    /// Days for which finished plans are kept.
    pub keep_days: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            rps: 100.0,
            edge_hit_rate: 0.0,
            hit_rate: 0.9,
            hit_ms: 10.0,
            solve_ms: 500.0,
            deferred: 0.1,
            plan_kb: 10.0,
            throttled: 0.001,
            wait_ms: 1000.0,
            keep_days: 30.0,
        }
    }
}

/// What it takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Need {
    /// Requests a second that reach the functions.
    pub origin_rps: f64,
    /// Solves a second.
    pub solves_per_s: f64,
    /// Functions that answer requests, at the same time: reserved concurrency.
    pub optimize: u64,
    /// Functions that work on deferred solves: the queues' maximum concurrency.
    pub solve: u64,
    /// Deferred solves that wait, on average.
    pub queue_depth: f64,
    /// How long one waits, on average, in milliseconds.
    pub queue_wait_ms: f64,
    /// Table writes a second, in write units.
    pub write_units_per_s: f64,
    /// Table reads a second, in read units.
    pub read_units_per_s: f64,
    /// Gigabytes of plans that are kept.
    pub stored_gb: f64,
    /// Cache processing units a second.
    pub cache_units_per_s: f64,
    /// Gigabytes in the cache: a day of plans.
    pub cache_gb: f64,
    /// What a month costs.
    pub monthly: Bill,
}

/// A month's cost by part, in dollars.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bill {
    /// The content delivery network.
    pub edge: f64,
    /// The gateway.
    pub gateway: f64,
    /// Functions that answer requests.
    pub optimize: f64,
    /// Functions that work on deferred solves.
    pub solve: f64,
    /// Tables: requests and storage.
    pub tables: f64,
    /// The cache.
    pub cache: f64,
    /// Queues.
    pub queues: f64,
    /// Log lines.
    pub logs: f64,
    /// All of it.
    pub sum: f64,
}

const SECONDS_A_MONTH: f64 = 730.0 * 3600.0;
/// Memory of the functions, in gigabytes, as the template has it.
const OPTIMIZE_GB: f64 = 3538.0 / 1024.0;
const SOLVE_GB: f64 = 7076.0 / 1024.0;
/// Bytes of a request's log line, with what the platform adds.
const LOG_KB: f64 = 0.6;

/// What a load takes.
pub fn need(load: &Load, prices: &Prices) -> Need {
    let origin = load.rps * (1.0 - load.edge_hit_rate);
    let solves = origin * (1.0 - load.hit_rate);
    let (inline, deferred) = (solves * (1.0 - load.deferred), solves * load.deferred);
    let (hit_s, each_s) = (load.hit_ms / 1000.0, load.solve_ms / 1000.0);

    // A request that solves or defers has been looked up before.
    let busy = origin * hit_s + inline * each_s;
    let optimize = loss_servers(busy, load.throttled);
    let working = deferred * each_s;
    let solve = queue_servers(working, deferred, load.wait_ms / 1000.0);
    let wait_s = erlang_c(solve, working) * if deferred > 0.0 { each_s / (solve as f64 - working) } else { 0.0 };

    // A plan on the line is written once; a deferred one as queued, as taken, while it is worked on every two seconds, and at its end.
    let whole = load.plan_kb.ceil();
    let kept = whole + 1.0; // with its line in the index
    let deferred_writes = 2.0 * kept + 1.0 + (each_s / 2.0).floor() * whole;
    let writes = inline * kept + deferred * deferred_writes;
    // A lookup that the cache does not answer, and the worker's look at what it is to do.
    let reads = solves * 0.5 + deferred * (whole / 4.0).ceil();
    let a_day_gb = solves * 86_400.0 * load.plan_kb / 1e6;
    // A unit for each kilobyte: plans that are read, plans that are kept, and a small command for each count and lease.
    let cache_units = origin * load.hit_rate * load.plan_kb.max(1.0) + solves * (load.plan_kb.max(1.0) + 2.0) + origin;

    let month = SECONDS_A_MONTH;
    let stored_gb = a_day_gb * load.keep_days;
    let edge = if load.edge_hit_rate > 0.0 {
        let out_gb = load.rps * month * load.plan_kb / 1e6;
        load.rps * month / 1e6 * prices.edge_per_million + out_gb * prices.edge_per_gb
    } else {
        0.0
    };
    let gateway = origin * month / 1e6 * prices.gateway_per_million;
    let optimize_cost =
        origin * month / 1e6 * prices.lambda_per_million + busy * month * OPTIMIZE_GB * prices.lambda_per_gb_second;
    let solve_cost =
        deferred * month / 1e6 * prices.lambda_per_million + working * month * SOLVE_GB * prices.lambda_per_gb_second;
    let tables = writes * month / 1e6 * prices.write_units_per_million
        + reads * month / 1e6 * prices.read_units_per_million
        + stored_gb * prices.table_per_gb_month;
    let cache_gb = a_day_gb.max(prices.cache_least_gb);
    let cache =
        cache_gb * 730.0 * prices.cache_per_gb_hour + cache_units * month / 1e6 * prices.cache_units_per_million;
    // A message is sent, received, hidden again each fifteen seconds, and deleted.
    let queues = deferred * (3.0 + each_s / 15.0) * month / 1e6 * prices.queue_per_million;
    let logs = origin * month * LOG_KB / 1e6 * prices.logs_per_gb;
    let sum = edge + gateway + optimize_cost + solve_cost + tables + cache + queues + logs;
    Need {
        origin_rps: origin,
        solves_per_s: solves,
        optimize,
        solve,
        queue_depth: deferred * wait_s,
        queue_wait_ms: wait_s * 1000.0,
        write_units_per_s: writes,
        read_units_per_s: reads,
        stored_gb,
        cache_units_per_s: cache_units,
        cache_gb,
        monthly: Bill { edge, gateway, optimize: optimize_cost, solve: solve_cost, tables, cache, queues, logs, sum },
    }
}

/// The share of arrivals that find all of `servers` busy and are lost, where `offered` would be busy if there were no end of them.
pub fn erlang_b(servers: u64, offered: f64) -> f64 {
    // The recursion over the number of servers; each step is a share between 0 and 1, so that nothing overflows.
    (1..=servers).fold(1.0, |blocked, n| offered * blocked / (n as f64 + offered * blocked))
}

/// The share of arrivals that have to wait for one of `servers`.
pub fn erlang_c(servers: u64, offered: f64) -> f64 {
    if offered <= 0.0 {
        return 0.0;
    }
    let (blocked, busy) = (erlang_b(servers, offered), offered / servers as f64);
    if busy >= 1.0 { 1.0 } else { blocked / (1.0 - busy * (1.0 - blocked)) }
}

/// The fewest servers that lose at most this share.
fn loss_servers(offered: f64, share: f64) -> u64 {
    let mut servers = 1;
    let mut blocked = offered / (1.0 + offered);
    while blocked > share {
        servers += 1;
        blocked = offered * blocked / (servers as f64 + offered * blocked);
    }
    servers
}

/// The fewest servers with which the mean wait is at most this long.
fn queue_servers(offered: f64, rate: f64, wait_s: f64) -> u64 {
    if rate <= 0.0 {
        return 0;
    }
    let service_s = offered / rate;
    let mut servers = offered.floor() as u64 + 1;
    while erlang_c(servers, offered) * service_s / (servers as f64 - offered) > wait_s {
        servers += 1;
    }
    servers
}

/// What one machine can do with the load, without any of the above.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Machine {
    /// Its cores.
    pub cores: u64,
    /// Requests a second at which they are busy all the time.
    pub most_rps: f64,
    /// Share of the new requests that it refuses at the load's rate, because no core is free for them in time.
    pub refused: f64,
}

/// What a machine does on which a known answer takes so many microseconds of a core, and a solve its mean time. A refusal comes where nothing
/// may wait: with the patience of a solve's own time, somewhat fewer are refused.
pub fn machine(load: &Load, cores: u64, hit_core_us: f64) -> Machine {
    let (hit_s, solve_s) = (hit_core_us / 1e6, load.solve_ms / 1e3);
    let each_s = load.hit_rate * hit_s + (1.0 - load.hit_rate) * solve_s;
    let solving = load.rps * (1.0 - load.hit_rate) * solve_s;
    Machine { cores, most_rps: cores as f64 / each_s, refused: erlang_b(cores, solving) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prices() -> Prices {
        Prices::committed()
    }

    #[test]
    fn the_formulas_give_what_the_tables_say() {
        // Erlang's own tables: ten servers at five erlangs lose 1.84 %; of arrivals at a queue, 3.61 % wait.
        assert!((erlang_b(10, 5.0) - 0.018_385).abs() < 1e-6);
        assert!((erlang_c(10, 5.0) - 0.036_105).abs() < 1e-6);
        assert!((erlang_b(1, 1.0) - 0.5).abs() < 1e-12);
        assert_eq!((erlang_c(3, 4.0), erlang_c(3, 0.0)), (1.0, 0.0));
    }

    #[test]
    fn millions_of_requests_a_second_are_no_trouble_to_the_model() {
        let load = Load { rps: 5e6, edge_hit_rate: 0.99, hit_rate: 0.999, ..Load::default() };
        let need = need(&load, &prices());
        assert!((need.origin_rps - 50_000.0).abs() < 1e-6 && (need.solves_per_s - 50.0).abs() < 1e-6);
        // 500 busy with known answers and 22.5 with solves, and some to spare.
        assert!((523..=700).contains(&need.optimize), "{}", need.optimize);
        assert!(need.monthly.sum.is_finite() && need.monthly.edge > need.monthly.gateway);
    }

    #[test]
    fn one_machine_is_the_sum_of_its_parts() {
        let load = |rps, hit_rate| Load { rps, hit_rate, solve_ms: 1000.0, ..Load::default() };
        assert!((machine(&load(1.0, 1.0), 2, 20.0).most_rps - 100_000.0).abs() < 1e-6);
        let new = machine(&load(4.0, 0.0), 2, 20.0);
        assert!((new.most_rps - 2.0).abs() < 1e-9);
        // Erlang's table: two servers at four erlangs.
        assert!((new.refused - 8.0 / 13.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn more_load_never_costs_less(
            rps in 0.1f64..10_000.0, hit_rate in 0.0f64..1.0, solve_ms in 1.0f64..20_000.0, deferred in 0.0f64..1.0,
        ) {
            let less = Load { rps, hit_rate, solve_ms, deferred, ..Load::default() };
            let more = Load { rps: rps * 1.5, ..less };
            let (less, more) = (need(&less, &prices()), need(&more, &prices()));
            prop_assert!(less.monthly.sum <= more.monthly.sum);
            prop_assert!(less.optimize <= more.optimize && less.solve <= more.solve);
            prop_assert!(less.queue_wait_ms <= 1000.0);
        }
    }
}
