//! The text forms of the cargo-routing benchmarks that are derived from LINERLIB (Brouer, Alvarez, Plum, Pisinger, Sigurd 2014,
//! doi:10.1287/trsc.2013.0471): a record a line, its kind first.
//!
//! | weekly services | |
//! |---|---|
//! | `n N A K` | counts of nodes, arcs, lots |
//! | `v id kind port service call` | kind: O origin, D destination, H transshipment, C a vessel's call |
//! | `a tail head cost capacity hours` | capacity -1: unlimited |
//! | `k origin destination quantity revenue hours` | origin -1: the network does not serve it |
//!
//! | expanded in time | |
//! |---|---|
//! | `n N A K R P T` | counts of nodes, arcs, lots, resources, ports, days |
//! | `r capacity` | a resource |
//! | `p node ...` | a port: its node on each day |
//! | `a tail head cost resource ...` | |
//! | `k origin port release due quantity revenue fixed class` | any day node of the port from release to due will do |
//!
//! A container that is not carried costs its revenue and 1,000 more, and 20,000 more in class 1. That is one sum, so the lots of both
//! classes are of one priority class here. Costs become hundredths. The hours allowed of the weekly form are read and, as in
//! the published results, not enforced; drop `ignore_transit_limits` to enforce them.

use super::wire::{ArcWire, LotWire, NodeWire, ResourceWire, Wire};
use crate::issue::Issue;
use crate::limits;
use crate::time::Time;

#[cfg(test)]
mod tests;

const HOUR_S: f64 = 3_600.0;
pub(super) const DAY_S: i64 = 86_400;
/// What not carrying a container costs beyond its revenue, in hundredths.
const NOT_CARRIED: i64 = 100_000;
/// And beyond that in class 1.
const FIRST_CLASS: i64 = 2_000_000;

/// Reads the text, or says why not; `None` where it is of another form.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let counts: Option<Vec<usize>> =
        first.strip_prefix("n ")?.split_whitespace().map(|word| word.parse().ok()).collect();
    match counts?[..] {
        [nodes, arcs, lots] => Some(checked(text, nodes, arcs, lots, weekly)),
        [nodes, arcs, lots, _, _, _] => Some(checked(text, nodes, arcs, lots, timed)),
        _ => None,
    }
}

fn checked(
    text: &str,
    nodes: usize,
    arcs: usize,
    lots: usize,
    form: fn(&mut Lines<'_>, usize) -> Result<Wire, Issue>,
) -> Result<Wire, Vec<Issue>> {
    for (what, count, most) in
        [("nodes", nodes, limits::MAX_NODES), ("arcs", arcs, limits::MAX_ARCS), ("lots", lots, limits::MAX_LOTS)]
    {
        if count > most {
            let cause = format!("the first line says {count} {what}; the limit is {most}");
            return Err(vec![Issue::new("too_large", "", cause, "split the horizon or the network")]);
        }
    }
    let mut lines = Lines { rest: text.lines(), at: 0 };
    let wire = form(&mut lines, nodes).map_err(|issue| vec![issue])?;
    for (what, said, is) in [("arcs", arcs, wire.arcs.len()), ("lots", lots, wire.lots.len())] {
        if said != is {
            return Err(vec![broken("text_counts", format!("the first line says {said} {what}, and there are {is}"))]);
        }
    }
    Ok(wire)
}

/// The records of a file.
struct Lines<'a> {
    rest: std::str::Lines<'a>,
    /// Number of the line read last, from 1.
    at: usize,
}

/// One record.
struct Record<'a> {
    words: Vec<&'a str>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let line = self.rest.next()?;
            self.at += 1;
            let words: Vec<&str> = line.split_whitespace().collect();
            if !words.is_empty() {
                return Some(Record { words, line: self.at });
            }
        }
    }
}

impl Record<'_> {
    fn word(&self, at: usize) -> Result<&str, Issue> {
        let missing = || broken("text_too_short", format!("line {} has no field {at}", self.line));
        self.words.get(at).copied().ok_or_else(missing)
    }

    fn whole(&self, at: usize) -> Result<i64, Issue> {
        let word = self.word(at)?;
        word.parse().map_err(|_| self.no_number(word))
    }

    /// A sum of money in hundredths.
    fn cents(&self, at: usize) -> Result<i64, Issue> {
        let word = self.word(at)?;
        let value: f64 = word.parse().map_err(|_| self.no_number(word))?;
        let cents = (value * 100.0).round();
        if cents.abs() <= 1e12 { Ok(cents as i64) } else { Err(self.no_number(word)) }
    }

    /// A time given in hours.
    fn hours(&self, at: usize) -> Result<i64, Issue> {
        let word = self.word(at)?;
        let hours: f64 = word.parse().map_err(|_| self.no_number(word))?;
        let seconds = (hours * HOUR_S).round();
        if (0.0..1e12).contains(&seconds) { Ok(seconds as i64) } else { Err(self.no_number(word)) }
    }

    /// The index of a node.
    fn node(&self, at: usize, nodes: usize) -> Result<usize, Issue> {
        let node = self.whole(at)?;
        usize::try_from(node)
            .ok()
            .filter(|&node| node < nodes)
            .ok_or_else(|| broken("text_no_such_node", format!("line {} names node {node} of {nodes}", self.line)))
    }

    fn no_number(&self, word: &str) -> Issue {
        let shown: String = word.chars().take(20).collect();
        broken("text_not_a_number", format!("line {} has {shown:?} where a number belongs", self.line))
    }

    fn unknown(&self) -> Issue {
        let shown: String = self.words[0].chars().take(20).collect();
        broken("text_unknown_record", format!("line {} begins with {shown:?}", self.line))
    }
}

fn weekly(lines: &mut Lines<'_>, nodes: usize) -> Result<Wire, Issue> {
    let mut wire = Wire { ignore_transit_limits: true, ..Wire::default() };
    let id = |wire: &Wire, node: usize| {
        let known = wire.nodes.get(node).map(|node| node.id.clone());
        known.ok_or_else(|| broken("text_no_such_node", format!("node {node} is used before its line")))
    };
    lines.next();
    let mut unserved = false;
    while let Some(record) = lines.next() {
        match record.words[0] {
            "v" => {
                if record.node(1, nodes)? != wire.nodes.len() {
                    return Err(broken("text_node_order", format!("line {}: nodes are not in order", record.line)));
                }
                let (kind, port) = (record.word(2)?, record.word(3)?);
                let id = match kind {
                    "C" => format!("C:{port}:{}:{}", record.word(4)?, record.word(5)?),
                    _ => format!("{kind}:{port}"),
                };
                wire.nodes.push(NodeWire { id, ..NodeWire::default() });
            }
            "a" => {
                let (from, to) = (id(&wire, record.node(1, nodes)?)?, id(&wire, record.node(2, nodes)?)?);
                let capacity = record.whole(4)?;
                let mut uses = Vec::new();
                if capacity >= 0 {
                    let id = format!("slots {}: {from} > {to}", wire.resources.len());
                    uses.push(id.clone());
                    wire.resources.push(ResourceWire { id, capacity });
                }
                let transit_s = Some(record.hours(5)?);
                wire.arcs.push(ArcWire {
                    from,
                    to,
                    cost_cents: record.cents(3)?,
                    transit_s,
                    uses,
                    ..ArcWire::default()
                });
            }
            "k" => {
                // A lot without an origin, or without a destination, stands at a node of its own.
                let mut end = |at: usize, wire: &Wire| match record.whole(at)? {
                    -1 => {
                        unserved = true;
                        Ok(if at == 1 { UNSERVED[0].to_owned() } else { UNSERVED[1].to_owned() })
                    }
                    _ => id(wire, record.node(at, nodes)?),
                };
                let (origin, destination) = (end(1, &wire)?, end(2, &wire)?);
                wire.lots.push(LotWire {
                    id: format!("L{}", wire.lots.len() + 1),
                    origin,
                    destination,
                    quantity: record.whole(3)?,
                    rejection_cents: record.cents(4)? + NOT_CARRIED,
                    max_transit_s: Some(record.hours(5)?),
                    ..LotWire::default()
                });
            }
            _ => return Err(record.unknown()),
        }
    }
    if wire.nodes.len() != nodes {
        let cause = format!("the first line says {nodes} nodes, and there are {}", wire.nodes.len());
        return Err(broken("text_counts", cause));
    }
    if unserved {
        wire.nodes.extend(UNSERVED.map(|id| NodeWire { id: id.to_owned(), ..NodeWire::default() }));
    }
    Ok(wire)
}

/// Where lots stand whose end the network does not serve.
const UNSERVED: [&str; 2] = ["unserved origin", "unserved destination"];

fn timed(lines: &mut Lines<'_>, nodes: usize) -> Result<Wire, Issue> {
    let nodes_of = |at| NodeWire { id: format!("n{at}"), ..NodeWire::default() };
    let mut wire = Wire { nodes: (0..nodes).map(nodes_of).collect(), ..Wire::default() };
    let mut ports = 0;
    lines.next();
    while let Some(record) = lines.next() {
        match record.words[0] {
            "r" => {
                let id = format!("r{}", wire.resources.len());
                wire.resources.push(ResourceWire { id, capacity: record.whole(1)? });
            }
            "p" => {
                for day in 0..record.words.len() - 1 {
                    let node = &mut wire.nodes[record.node(day + 1, nodes)?];
                    node.port = Some(format!("P{ports}"));
                    node.time_s = Some(day as i64 * DAY_S);
                }
                ports += 1;
            }
            "a" => {
                let [from, to] = [record.node(1, nodes)?, record.node(2, nodes)?].map(|node| format!("n{node}"));
                let uses = record.words.iter().skip(4).map(|resource| format!("r{resource}")).collect();
                wire.arcs.push(ArcWire { from, to, cost_cents: record.cents(3)?, uses, ..ArcWire::default() });
            }
            "k" => {
                let extra = if record.whole(8)? == 1 { FIRST_CLASS } else { 0 };
                let day = |at| Ok::<_, Issue>(Some(Time::Offset(record.whole(at)?.saturating_mul(DAY_S))));
                wire.lots.push(LotWire {
                    id: format!("L{}", wire.lots.len() + 1),
                    origin: format!("n{}", record.node(1, nodes)?),
                    destination: format!("P{}", record.whole(2)?),
                    quantity: record.whole(5)?,
                    release: day(3)?,
                    due: day(4)?,
                    rejection_cents: record.cents(6)? + NOT_CARRIED + extra,
                    service_cents: record.cents(7)?,
                    ..LotWire::default()
                });
            }
            _ => return Err(record.unknown()),
        }
    }
    Ok(wire)
}

fn broken(code: &'static str, cause: impl Into<String>) -> Issue {
    Issue::new(code, "", cause, "the first line counts nodes, arcs and lots; then a record a line: v, r, p, a, k")
}
