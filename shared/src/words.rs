//! How numbers, names and claims are said to people; every table and picture says them alike.
//!
//! Names come from callers, so everything that reaches a terminal or a document goes through [`clean`] first.

use unicode_width::UnicodeWidthStr;

use crate::answer::Answer;
use crate::outcome::{Proof, Stop};

/// A name without characters that would steer a terminal, break an XML document or reverse the text around them.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{FFFD}' }).collect()
}

fn is_harmless(c: char) -> bool {
    let turns_the_text = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{061C}');
    !c.is_control() && !turns_the_text && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `columns`, with an ellipsis where something is missing.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept) + 1 > columns {
            kept.pop();
            break;
        }
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Thousands set apart: `1,234,567`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A change of the objective, with its sign.
pub(crate) fn signed(number: i64) -> String {
    if number > 0 { format!("+{}", grouped(number)) } else { grouped(number) }
}

/// A share as a percentage: never `0.00 %` for a gap that stands.
pub(crate) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.000_05 { "<0.01 %".to_owned() } else { format!("{:.2} %", share * 100.0) }
}

/// What the answer claims, in the words of its JSON.
pub(crate) fn claim<P, C>(answer: &Answer<P, C>) -> [(&'static str, String); 6] {
    let proof = match answer.proof {
        Proof::Optimal => "optimal",
        Proof::Bound => "bound",
    };
    let stop = match answer.stop {
        Stop::Proven => "proven",
        Stop::TargetGap => "target_gap",
        Stop::Exhausted => "exhausted",
        Stop::WorkLimit => "work_limit",
        Stop::Deadline => "deadline",
        Stop::Cancelled => "cancelled",
    };
    [
        ("objective", grouped(answer.objective)),
        ("lower bound", grouped(answer.lower_bound)),
        ("gap", percent(answer.gap)),
        ("proof", proof.to_owned()),
        ("stop", stop.to_owned()),
        ("tier", answer.tier.name().to_owned()),
    ]
}

/// `1 call`, `2 calls`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(count as i64)) }
}

/// The first two lines of every table: what is claimed, and what it cost to find out.
pub(crate) fn heading<P, C>(answer: &Answer<P, C>) -> String {
    let claim = claim(answer).map(|(name, value)| format!("{name} {value}"));
    let again = if answer.reproducible { "same bytes again" } else { "not reproducible" };
    let effort = format!("seed {} · ticks {} · {again}", answer.seed, grouped(answer.ticks as i64));
    format!("{}\n{} · {effort}\n", claim[..3].join(" · "), claim[3..].join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        assert_eq!(fit("Aurora", 6), "Aurora");
        assert_eq!(fit("Aurora Meridian", 7), "Aurora…");
        assert_eq!(fit("東京丸東京丸", 7), "東京丸…");
        assert_eq!(fit("東京丸", 5), "東京…");
        assert_eq!(fit("東京丸", 0), "");
        assert!((0..20).all(|columns| width(&fit("e\u{301}東🚢é Aurora", columns)) <= columns));
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\n\u{202E}c\u{85}"), "a\u{FFFD}[31mb\u{FFFD}\u{FFFD}c\u{FFFD}");
        assert_eq!(clean("Ría de Arosa 東京丸 🚢"), "Ría de Arosa 東京丸 🚢");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, -1_234_567].map(grouped), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!([0.0, 0.000_01, 0.001_234].map(percent), ["0.00 %", "<0.01 %", "0.12 %"]);
    }
}
