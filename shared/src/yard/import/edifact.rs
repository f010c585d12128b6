//! One UN/EDIFACT message, whole: from its UNH to a UNT that counts its segments.

use edifact_rs::Segment;

use crate::issue::Issue;

/// The segments of the first message of this type; `None` where the text is no EDIFACT or holds no such message.
pub(super) fn message<'a>(text: &'a str, kind: &str) -> Option<Result<Vec<Segment<'a>>, Vec<Issue>>> {
    let start = text.trim_start();
    if !["UNA", "UNB", "UNH"].iter().any(|tag| start.starts_with(tag)) {
        return None;
    }
    let mut message = Vec::new();
    for segment in edifact_rs::from_bytes(start.as_bytes()) {
        match segment {
            Ok(segment) if segment.tag == "UNH" && message.is_empty() => {
                if segment.component_str(1, 0) == Some(kind) {
                    message.push(segment);
                }
            }
            Ok(segment) if message.is_empty() => drop(segment),
            Ok(segment) if segment.tag == "UNT" => {
                message.push(segment);
                return Some(whole(message));
            }
            Ok(segment) => message.push(segment),
            // Broken before the message that is looked for began: perhaps it would not have come.
            Err(_) if message.is_empty() && !text.contains(kind) => return None,
            Err(error) => {
                let cause = format!("after segment {}: {error}", message.len());
                return Some(Err(vec![Issue::new(
                    "edifact_broken",
                    "",
                    cause,
                    "send the message whole and unchanged",
                )]));
            }
        }
    }
    if message.is_empty() {
        return None;
    }
    let cause = format!("the {kind} message ends after {} segments without its UNT", message.len());
    Some(Err(vec![Issue::new("edifact_truncated", "", cause, "send the message whole")]))
}

fn whole(message: Vec<Segment<'_>>) -> Result<Vec<Segment<'_>>, Vec<Issue>> {
    let said = message.last().and_then(|last| last.element_str(0)).and_then(|count| count.parse::<usize>().ok());
    if said == Some(message.len()) {
        return Ok(message);
    }
    let said = said.map_or_else(|| "no number".to_owned(), |count| count.to_string());
    let cause = format!("the message has {} segments; its UNT says {said}", message.len());
    Err(vec![Issue::new("edifact_truncated", "", cause, "send the message whole and unchanged")])
}
