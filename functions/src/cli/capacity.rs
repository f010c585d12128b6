//! `portolan capacity`

use clap::Args;
use serde::Serialize;

use super::args::{duration, share};
use super::exit::Failure;
use super::output;
use crate::capacity::prices::Prices;
use crate::capacity::{Load, Machine, Need, machine, need};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Requests a second, at their highest.
    #[arg(long, value_name = "N", value_parser = rate)]
    rps: f64,
    /// Share of them that a content delivery network answers: reads of finished plans by their id, where it is told to keep them
    /// whatever their Cache-Control says (private, no-cache: a plan is one tenant's)
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = proper_share)]
    edge_hit_rate: f64,
    /// Share of the others whose answer is known
    #[arg(long, value_name = "SHARE", default_value = "0.9", value_parser = proper_share)]
    hit_rate: f64,
    /// Time to give out a known answer, in milliseconds
    #[arg(long, value_name = "MS", default_value = "10", value_parser = rate)]
    hit_ms: f64,
    /// Mean time of a solve, in milliseconds
    #[arg(long, value_name = "MS", default_value = "500", value_parser = rate)]
    solve_ms: f64,
    /// Share of solves that are deferred
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = proper_share)]
    deferred: f64,
    /// Size of a plan with its request, in kilobytes
    #[arg(long, value_name = "KB", default_value = "10", value_parser = rate)]
    plan_kb: f64,
    /// How long a deferred solve may wait for a worker, on average: 500ms, 2s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    wait: std::time::Duration,
    /// Says also what one machine with so many cores can do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    cores: Option<u64>,
    /// Time of a core that a known answer takes on that machine, in microseconds
    #[arg(long, value_name = "US", default_value = "50", value_parser = rate)]
    hit_core_us: f64,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    load: Load,
    need: Need,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<Machine>,
    prices: &'a Prices,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let load = Load {
        rps: arguments.rps,
        edge_hit_rate: arguments.edge_hit_rate,
        hit_rate: arguments.hit_rate,
        hit_ms: arguments.hit_ms,
        solve_ms: arguments.solve_ms,
        deferred: arguments.deferred,
        plan_kb: arguments.plan_kb,
        wait_ms: arguments.wait.as_secs_f64() * 1000.0,
        ..Load::default()
    };
    let prices = Prices::committed();
    let need = need(&load, &prices);
    let machine = arguments.cores.map(|cores| machine(&load, cores, arguments.hit_core_us));
    if arguments.json {
        return output::print(&format!("{}\n", output::json(&Said { load, need, machine, prices: &prices })?));
    }
    output::print(&text(&load, &need, machine.as_ref(), &prices))
}

fn text(load: &Load, need: &Need, machine: Option<&Machine>, prices: &Prices) -> String {
    let bill = &need.monthly;
    let rows = [
        ("requests that reach the functions", format!("{} /s", number(need.origin_rps))),
        ("solves", format!("{} /s", number(need.solves_per_s))),
        ("functions that answer (OptimizeConcurrency)", number(need.optimize as f64)),
        ("functions that work on deferred solves (SolveConcurrency)", number(need.solve as f64)),
        ("deferred solves that wait", format!("{}, for {} ms", number(need.queue_depth), number(need.queue_wait_ms))),
        (
            "table",
            format!(
                "{} write units, {} read units /s, {} GB",
                number(need.write_units_per_s),
                number(need.read_units_per_s),
                number(need.stored_gb)
            ),
        ),
        ("cache", format!("{} processing units /s, {} GB", number(need.cache_units_per_s), number(need.cache_gb))),
    ];
    let costs = [
        ("edge", bill.edge),
        ("gateway", bill.gateway),
        ("functions that answer", bill.optimize),
        ("functions that work", bill.solve),
        ("tables", bill.tables),
        ("cache", bill.cache),
        ("queues", bill.queues),
        ("logs", bill.logs),
        ("sum", bill.sum),
    ];
    let mut text =
        format!("{} requests a second, {} % of them known\n\n", number(load.rps), number(load.hit_rate * 100.0));
    for (name, value) in rows {
        text.push_str(&format!("{name:58} {value}\n"));
    }
    text.push_str(&format!("\na month in {}, list prices of {}\n", prices.region, prices.date));
    for (name, cost) in costs {
        text.push_str(&format!("{name:24} {:>14} $\n", number(cost.round())));
    }
    if let Some(Machine { cores, most_rps, refused }) = machine {
        text.push_str(&format!(
            "\none machine of {cores} cores: busy at {} requests a second; at this rate it refuses {} % of the new ones\n",
            number(*most_rps),
            number(refused * 100.0)
        ));
    }
    text
}

/// Three digits that count, thousands set apart.
fn number(value: f64) -> String {
    let decimals = if value == 0.0 || value >= 100.0 { 0 } else { (2 - value.log10().floor() as i32).clamp(0, 4) };
    let text = format!("{value:.*}", decimals as usize);
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1e8);
    number.ok_or_else(|| "give a number above 0, up to 100 million".to_owned())
}

fn proper_share(text: &str) -> Result<f64, String> {
    share(text).and_then(|share| {
        if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("give a share from 0 to 1".to_owned()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let all = [0.0, 0.012, 1.5, 99.96, 1234.0, 5_000_000.0].map(number);
        assert_eq!(all, ["0", "0.012", "1.5", "100", "1,234", "5,000,000"]);
    }
}
