//! BAPLIE, the bay plan of SMDG (UN/EDIFACT): which container stands in which slot.
//!
//! Read are, of each slot (`LOC+147`, ISO 9711 `BBBRRTT`: bay, row, tier), the container (`EQD+CN`, with its ISO 6346 size and type), its gross weight (`MEA+WT`
//! or `VGM`), its temperature (`TMP`: it needs a plug) and its hazard class (`DGS+IMD`). A stack is a row of a bay, on deck (tiers from 80) or below; tiers
//! become 1, 2, 3 from the lowest one in use. The message does not say what leaves: [`super::departures`] does.

use super::super::wire::{ContainerWire, Wire};
use super::{Gathered, edifact};
use crate::issue::{Issue, Issues};

/// Reads the plan, or says why not; `None` where the text is no BAPLIE message.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    Some(edifact::message(text, "BAPLIE")?.and_then(|message| plan(&message)))
}

/// The slot that the segments speak of.
struct Slot {
    bay: u32,
    row: u32,
    tier: u32,
    /// Which segment named it, counted from 1.
    segment: usize,
    container: Option<ContainerWire>,
    weight_kg: Option<u32>,
    is_reefer: bool,
    hazard: Option<String>,
}

fn plan(message: &[edifact_rs::Segment<'_>]) -> Result<Wire, Vec<Issue>> {
    let mut issues = Issues::new();
    let mut slots: Vec<Slot> = Vec::new();
    for (at, segment) in message.iter().enumerate() {
        let part = |element, component| segment.component_str(element, component).unwrap_or_default();
        match (segment.tag(), part(0, 0)) {
            ("LOC", "147") => {
                if let Some((bay, row, tier)) = position(part(1, 0)) {
                    slots.push(Slot {
                        bay,
                        row,
                        tier,
                        segment: at + 1,
                        container: None,
                        weight_kg: None,
                        is_reefer: false,
                        hazard: None,
                    });
                } else {
                    let cause = format!("segment {}: {:?} is no position BBBRRTT of ISO 9711", at + 1, part(1, 0));
                    issues.note("position", "", cause, "give bay, row and tier as seven digits");
                }
            }
            ("EQD", "CN") => {
                if let Some(slot) = slots.last_mut() {
                    let length_ft = length(part(2, 0));
                    slot.container = Some(ContainerWire { length_ft, ..ContainerWire::new(part(1, 0)) });
                }
            }
            ("MEA", "WT" | "VGM" | "AAE") => {
                if let Some(slot) = slots.last_mut() {
                    slot.weight_kg = weight(segment).or(slot.weight_kg);
                }
            }
            ("TMP", _) => {
                if let Some(slot) = slots.last_mut() {
                    slot.is_reefer = true;
                }
            }
            ("DGS", "IMD") => {
                if let Some(slot) = slots.last_mut() {
                    slot.hazard = Some(part(1, 0).to_owned());
                }
            }
            _ => {}
        }
    }
    gather(slots, issues)
}

fn gather(mut slots: Vec<Slot>, mut issues: Issues) -> Result<Wire, Vec<Issue>> {
    slots.sort_by_key(|slot| (slot.bay, slot.row, slot.tier));
    let mut gathered = Gathered::default();
    let mut next = Vec::new();
    let mut last = None;
    for slot in slots {
        // A slot without a container is one that is free.
        let Some(container) = slot.container else { continue };
        let place = if slot.tier >= 80 { "" } else { "-hold" };
        let stack = gathered.stack(&format!("{:03}-{:02}{place}", slot.bay, slot.row));
        gathered.stacks[stack].bay = Some(slot.bay);
        next.resize(gathered.stacks.len(), 1);
        let container =
            ContainerWire { weight_kg: slot.weight_kg, reefer: slot.is_reefer, hazard: slot.hazard, ..container };
        let own = (slot.bay, slot.row, slot.tier);
        if last == Some(own) {
            next[stack] -= 1;
        }
        last = Some(own);
        gathered.put(stack, next[stack], container, format!("segment {}", slot.segment), &mut issues);
        next[stack] += 1;
    }
    issues.into_result(Wire { stacks: with_rows(gathered), ..Wire::default() })
}

/// Numbers the stacks of a bay from the truck lane, in their order: rows of ISO 9711 count from the middle, both ways.
fn with_rows(gathered: Gathered) -> Vec<super::super::wire::StackWire> {
    let mut stacks = gathered.into_stacks();
    let mut row = 0;
    let mut bay = None;
    for stack in &mut stacks {
        row = if stack.bay == bay { row + 1 } else { 1 };
        bay = stack.bay;
        stack.row = Some(row);
        stack.plugs = stack.containers.iter().any(|container| container.reefer);
        stack.hazards = stack.containers.iter().filter_map(|container| container.hazard.clone()).collect();
        stack.hazards.sort();
        stack.hazards.dedup();
    }
    stacks
}

/// Bay, row and tier of `BBBRRTT`; a leading zero of the bay may be missing.
fn position(text: &str) -> Option<(u32, u32, u32)> {
    if !matches!(text.len(), 6 | 7) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (bay, rest) = text.split_at(text.len() - 4);
    let (row, tier) = rest.split_at(2);
    Some((bay.parse().ok()?, row.parse().ok()?, tier.parse().ok()?))
}

/// The length in feet of an ISO 6346 size and type code.
fn length(code: &str) -> Option<u32> {
    match code.chars().next()? {
        '2' => Some(20),
        '4' => Some(40),
        'L' | '9' => Some(45),
        _ => None,
    }
}

/// `MEA+WT++KGM:20500`; tonnes become kilograms.
fn weight(segment: &edifact_rs::Segment<'_>) -> Option<u32> {
    let element = (1..4).find(|&at| matches!(segment.component_str(at, 0), Some("KGM" | "TNE")))?;
    let value: f64 = segment.component_str(element, 1)?.parse().ok()?;
    let kg = if segment.component_str(element, 0) == Some("TNE") { value * 1_000.0 } else { value };
    (0.0..1e9).contains(&kg).then_some(kg as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "UNB+UNOA:2+A+B+261123:0900+1'UNH+1+BAPLIE:D:95B:UN:SMDG22'BGM++1+9'\
        LOC+147+0070182::5'MEA+WT++KGM:20500'EQD+CN+CSQU3054383+4510+++5'\
        LOC+147+0070184::5'MEA+WT++TNE:9'TMP+2+-18.0:CEL'EQD+CN+ZEPU0037255+45R1+++5'\
        LOC+147+0070302::5'DGS+IMD+3+1203'EQD+CN+X1+2210+++5'\
        UNT+13+1'UNZ+1+1'";

    #[test]
    fn a_plan_becomes_stacks() {
        let wire = read(PLAN).expect("a plan").expect("nothing is wrong with it");
        let ids: Vec<&str> = wire.stacks.iter().map(|stack| stack.id.as_str()).collect();
        assert_eq!(ids, ["007-01", "007-03-hold"]);
        let containers = &wire.stacks[0].containers;
        assert_eq!((containers[0].weight_kg, containers[0].length_ft), (Some(20_500), Some(40)));
        assert_eq!((containers[1].weight_kg, containers[1].reefer), (Some(9_000), true));
        assert_eq!(wire.stacks[1].containers[0].hazard.as_deref(), Some("3"));
    }

    #[test]
    fn a_message_cut_short_anywhere_is_refused_whole() {
        let end = PLAN.find("UNZ").expect("an end");
        for cut in 60..end - 1 {
            let read = read(&PLAN[..cut]);
            assert!(read.is_none_or(|read| read.is_err()), "{}", &PLAN[..cut]);
        }
        let code = |text: &str| read(text).expect("a plan").expect_err("wrong")[0].code.to_string();
        assert_eq!(code(&PLAN[..PLAN.find("UNT").expect("an end")]), "edifact_truncated");
        assert_eq!(code(&PLAN.replace("UNT+13", "UNT+14")), "edifact_truncated");
        assert_eq!(code(&PLAN.replace("0070302", "00703")), "position");
        assert_eq!(code(&PLAN.replace("0070184", "0070182")), "slot_taken");
    }

    #[test]
    fn other_texts_are_no_plans() {
        for other in ["", "{}", "3 4 5\n", "UNH+1+COPRAR:D:00B:UN'UNT+2+1'"] {
            assert!(read(other).is_none(), "{other:?}");
        }
    }
}
