//! The text forms of the public benchmarks.
//!
//! | first line | then, a line a stack | whose |
//! |---|---|---|
//! | `S T N`: stacks, height limit, containers | `h p1 .. ph`, from the ground up; lower `p` leaves first | Caserta, Voß, Sniedovich 2012; Zhu et al. 2012 |
//! | `S N` | the same; the height limit stands in the file's name, `cpmp_S_T_…` | Bortfeldt, Forster 2012 (pre-marshalling) |
//! | `Tiers: T`, `Stacks: S`, `Containers: N` | `Stack 0: p1 .. ph`; lower `p` leaves first | Firmino, de Abreu Silva, Times 2019 |

use std::collections::BTreeMap;

use super::wire::{ContainerWire, Departure, StackWire, Task, Wire};
use crate::issue::Issue;
use crate::limits;

#[cfg(test)]
mod tests;

/// Reads the text, or says why not; `None` where it is of another form. `name` is the file's, where there is one.
pub fn read(text: &str, name: Option<&str>) -> Option<Result<Wire, Vec<Issue>>> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (&first, rest) = lines.split_first()?;
    if let Some(tiers) = first.strip_prefix("Tiers:") {
        return Some(labelled(tiers, rest).map_err(|issue| vec![issue]));
    }
    let head: Vec<usize> = first.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let (stacks, tiers, containers, task) = match head[..] {
        [stacks, tiers, containers] => (stacks, Some(tiers), containers, None),
        [stacks, containers] => (stacks, name.and_then(tiers_in_name), containers, Some(Task::Premarshal)),
        _ => return None,
    };
    // The berth form also begins with whole numbers; its lines do not say their own length.
    let says_its_length = |line: &&str| {
        let mut numbers = line.split_ascii_whitespace();
        numbers.next().and_then(|count| count.parse().ok()) == Some(numbers.count())
    };
    if head.len() == 2 && !rest.iter().take(stacks).all(says_its_length) {
        return None;
    }
    Some(numbered(rest, &Form { stacks, tiers, containers, task }).map_err(|issue| vec![issue]))
}

/// What the head of a file says.
struct Form {
    stacks: usize,
    tiers: Option<usize>,
    containers: usize,
    task: Option<Task>,
}

/// The `T` in `cpmp_S_T_N_…`.
fn tiers_in_name(name: &str) -> Option<usize> {
    name.strip_prefix("cpmp_")?.split('_').nth(1)?.parse().ok()
}

fn numbered(lines: &[&str], form: &Form) -> Result<Wire, Issue> {
    if lines.len() != form.stacks {
        let cause = format!("the first line says {} stacks, and {} lines follow", form.stacks, lines.len());
        return Err(broken("text_stacks", cause));
    }
    let stacks = lines.iter().enumerate().map(|(at, line)| {
        let numbers = numbers(line, at)?;
        let (&count, priorities) =
            numbers.split_first().ok_or_else(|| broken("text_too_short", format!("stack {} is empty", at + 1)))?;
        if count != priorities.len() as u64 {
            let cause = format!("stack {} says {count} containers and lists {}", at + 1, priorities.len());
            return Err(broken("text_stack_length", cause));
        }
        Ok(priorities.to_vec())
    });
    build(&stacks.collect::<Result<Vec<_>, _>>()?, form)
}

fn labelled(tiers: &str, lines: &[&str]) -> Result<Wire, Issue> {
    let value = |line: Option<&&str>, label: &str| {
        let number = line.and_then(|line| line.strip_prefix(label)).map(str::trim);
        number
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| broken("text_not_a_number", format!("{label} is not followed by a whole number")))
    };
    let tiers = tiers.trim().parse().map_err(|_| broken("text_not_a_number", "Tiers: is not followed by a number"))?;
    let stacks = value(lines.first(), "Stacks:")?;
    let containers = value(lines.get(1), "Containers:")?;
    let rows = &lines[2.min(lines.len())..];
    if rows.len() != stacks {
        return Err(broken("text_stacks", format!("Stacks: says {stacks}, and {} lines follow", rows.len())));
    }
    let read = rows.iter().enumerate().map(|(at, line)| {
        let label = format!("Stack {at}:");
        let priorities = line
            .strip_prefix(label.as_str())
            .ok_or_else(|| broken("text_stacks", format!("a line should begin with {label:?}")))?;
        numbers(priorities, at)
    });
    let form = Form { stacks, tiers: Some(tiers), containers, task: None };
    build(&read.collect::<Result<Vec<_>, _>>()?, &form)
}

fn numbers(line: &str, stack: usize) -> Result<Vec<u64>, Issue> {
    let parse = |token: &str| {
        token.parse().map_err(|_| {
            let shown: String = token.chars().take(20).collect();
            broken("text_not_a_number", format!("stack {} has {shown:?} where a number belongs", stack + 1))
        })
    };
    line.split_ascii_whitespace().map(parse).collect()
}

fn build(stacks: &[Vec<u64>], form: &Form) -> Result<Wire, Issue> {
    let count = stacks.iter().map(Vec::len).sum::<usize>();
    if count != form.containers {
        return Err(broken(
            "text_containers",
            format!("the head says {} containers, and there are {count}", form.containers),
        ));
    }
    if count > limits::MAX_CONTAINERS {
        let cause = format!("{count} containers; the limit is {}", limits::MAX_CONTAINERS);
        return Err(Issue::new(
            "too_many_containers",
            "",
            cause,
            "plan fewer stacks at once: bay by bay or block by block",
        ));
    }
    let mut turns: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut names: BTreeMap<u64, usize> = BTreeMap::new();
    let repeats = {
        let mut all: Vec<u64> = stacks.iter().flatten().copied().collect();
        all.sort_unstable();
        all.windows(2).any(|pair| pair[0] == pair[1])
    };
    let stacks = stacks.iter().enumerate().map(|(at, priorities)| {
        let containers = priorities.iter().map(|&priority| {
            let nth = names.entry(priority).or_default();
            *nth += 1;
            // Files with groups have several containers of one number.
            let id = if repeats { format!("{priority}.{nth}") } else { priority.to_string() };
            turns.entry(priority).or_default().push(id.clone());
            ContainerWire::new(id)
        });
        StackWire {
            id: format!("S{}", at + 1),
            max_tiers: form.tiers.map(|tiers| tiers.min(u32::MAX as usize) as u32),
            containers: containers.collect(),
            ..StackWire::default()
        }
    });
    let stacks = stacks.collect();
    let departures = turns.into_values().map(|containers| Departure { containers }).collect();
    Ok(Wire { task: form.task, stacks, departures, ..Wire::default() })
}

fn broken(code: &'static str, cause: impl Into<String>) -> Issue {
    Issue::new(
        code,
        "",
        cause,
        "the form is: stacks, height limit, containers; then a line a stack: count and priorities from the ground up",
    )
}
