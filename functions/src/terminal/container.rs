//! A container: its number (ISO 6346), size and type, weight, where it stands and where it goes.

use std::fmt;
use std::str::FromStr;

use portolan::Issue;
use portolan::issue::Issues;
use portolan::yard::wire::{ContainerWire, RulesWire};
use serde::{Deserialize, Serialize};

use super::layout::{Ground, Slot, as_text};
use super::{check_id, check_range, shortened};

/// What is known of a container besides its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContainerSpec)]
pub struct Details {
    /// Size and type code (ISO 6346), such as `22G1` or `45R1`.
    pub size_type: String,
    /// Gross weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_kg: Option<u32>,
    /// Whether it needs a plug.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reefer: bool,
    /// Hazard class (IMDG).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<String>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// Lower leaves first among those of one destination; 0 where it is not given.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
    /// It must not leave: customs, damage, a bill that is open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// A container as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ContainerInTerminal)]
pub struct Container {
    /// Number: owner, category, six digits, check digit.
    #[schema(example = "CSQU3054383")]
    pub number: String,
    /// Whether it is expected, here or gone.
    pub status: Status,
    /// Where it stands, while it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// The rest.
    #[serde(flatten)]
    pub details: Details,
}

/// Whether a container is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContainerStatus)]
pub enum Status {
    /// Not here yet.
    Announced,
    /// In a stack.
    Stored,
    /// Gone.
    Left,
}

impl Status {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Stored => "stored",
            Self::Left => "left",
        }
    }
}

/// Not a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a status is announced, stored or left")]
pub struct NoStatus;

impl FromStr for Status {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        [Self::Announced, Self::Stored, Self::Left].into_iter().find(|it| it.name() == text).ok_or(NoStatus)
    }
}

/// Where a container goes: `call:ID`, `gate:WINDOW` or `rail:ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// On board, at this call.
    Call(String),
    /// Out by truck, in this window.
    Gate(String),
    /// Out by this train.
    Rail(String),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(id) => write!(f, "call:{id}"),
            Self::Gate(id) => write!(f, "gate:{id}"),
            Self::Rail(id) => write!(f, "rail:{id}"),
        }
    }
}

/// Not a destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no destination; write call:ID, gate:WINDOW or rail:ID")]
pub struct NoDestination(String);

impl FromStr for Destination {
    type Err = NoDestination;

    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let wrong = || NoDestination(shortened(text));
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        let mut issues = Issues::new();
        check_id(&mut issues, "", id);
        if !issues.is_empty() {
            return Err(wrong());
        }
        match kind {
            "call" => Ok(Self::Call(id.to_owned())),
            "gate" => Ok(Self::Gate(id.to_owned())),
            "rail" => Ok(Self::Rail(id.to_owned())),
            _ => Err(wrong()),
        }
    }
}

as_text!(Destination, "call:MAERSK-7", "where a container goes: call:ID, gate:WINDOW or rail:ID");

/// Lengths of containers, as the first character of a size and type says them.
pub(super) const LENGTHS_FT: [u32; 8] = [10, 20, 30, 40, 45, 48, 49, 53];

/// Height and width in the second character of a size and type: ISO 6346:2022, annex D.
const HEIGHTS: &[u8] = b"0245689CDEFLMNP";

impl Details {
    /// Length in feet, by the first character of the size and type.
    pub fn length_ft(&self) -> Option<u32> {
        match self.size_type.as_bytes().first()? {
            b'1' => Some(10),
            b'2' => Some(20),
            b'3' => Some(30),
            b'4' => Some(40),
            b'L' => Some(45),
            b'M' => Some(48),
            b'N' => Some(49),
            b'P' => Some(53),
            _ => None,
        }
    }

    /// Everything wrong with it, at `path`.
    pub fn check(&self, issues: &mut Issues, path: &str) {
        let code = self.size_type.as_bytes();
        let has_form = code.len() == 4
            && self.length_ft().is_some()
            && HEIGHTS.contains(&code[1])
            && b"GVBSRHUPTAKN".contains(&code[2])
            && code[3].is_ascii_alphanumeric();
        if !has_form {
            let cause = format!("{:?} is no size and type", shortened(&self.size_type));
            let action = "give the four characters of ISO 6346, such as 22G1, 45G1 or 45R1";
            issues.push(Issue::new("bad_size_type", format!("{path}/size_type"), cause, action));
        } else if self.reefer && !b"RH".contains(&code[2]) {
            let cause = format!("a {} has no machinery that needs a plug", self.size_type);
            let action = "give the type of a reefer (R or H), or leave reefer out";
            issues.push(Issue::new("not_a_reefer", format!("{path}/reefer"), cause, action));
        }
        if let Some(weight) = self.weight_kg {
            check_range(issues, &format!("{path}/weight_kg"), f64::from(weight), 1.0, 60_000.0);
        }
        if let Some(hazard) = &self.hazard {
            check_id(issues, &format!("{path}/hazard"), hazard);
        }
    }

    /// As the yard problem takes it.
    pub fn wire(&self, number: &str) -> ContainerWire {
        let (weight_kg, length_ft) = (self.weight_kg, self.length_ft());
        ContainerWire { id: number.to_owned(), weight_kg, length_ft, reefer: self.reefer, hazard: self.hazard.clone() }
    }

    /// Why it may not stand on such a ground; `None` where it may.
    pub fn misfit(&self, ground: &Ground) -> Option<String> {
        let length = self.length_ft();
        if ground.length_ft.zip(length).is_some_and(|(takes, has)| takes != has) {
            return Some(format!("the stack takes {} ft only", ground.length_ft.unwrap_or_default()));
        }
        if self.reefer && !ground.plugs {
            return Some("the stack has no plug, and the container needs one".to_owned());
        }
        match &self.hazard {
            Some(hazard) if !ground.hazards.contains(hazard) => {
                Some(format!("hazard class {hazard} may not stand in this stack"))
            }
            _ => None,
        }
    }

    /// Why it may not stand on that one; `None` where it may.
    pub fn misfit_on(&self, below: &Self, rules: RulesWire) -> Option<String> {
        let over = |most: u32| self.weight_kg.zip(below.weight_kg).is_some_and(|(a, b)| a > b.saturating_add(most));
        if let Some(most) = rules.max_overweight_kg.filter(|most| over(*most)) {
            return Some(format!("it is more than {most} kg heavier than the container below"));
        }
        let shorter = self.length_ft().zip(below.length_ft()).is_some_and(|(a, b)| a < b);
        (shorter && !rules.short_on_long).then(|| "it is shorter than the container below".to_owned())
    }
}

/// Checks a number: its form and its check digit.
pub fn check_number(issues: &mut Issues, path: &str, number: &str) {
    let bytes = number.as_bytes();
    let has_form = bytes.len() == 11
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && matches!(bytes[3], b'U' | b'J' | b'Z')
        && bytes[4..].iter().all(u8::is_ascii_digit);
    if !has_form {
        let cause = format!("{:?} is no container number", shortened(number));
        let action = "give the eleven characters of ISO 6346: owner, U, J or Z, six digits, check digit";
        issues.push(Issue::new("bad_number", path, cause, action));
    } else if let Some(right) = check_digit(&number[..10]).filter(|right| *right != u32::from(bytes[10] - b'0')) {
        let cause = format!("the check digit of {number} should be {right}");
        issues.push(Issue::new("bad_check_digit", path, cause, "look the number up again; a digit may be wrong"));
    }
}

/// The check digit of the first ten characters (ISO 6346:2022, annex A).
pub fn check_digit(ten: &str) -> Option<u32> {
    let value = |character: u8| match character {
        b'0'..=b'9' => Some(u32::from(character - b'0')),
        // Letters count from 10 on, leaving out the multiples of 11.
        b'A'..=b'Z' => {
            let position = u32::from(character - b'A') + 10;
            Some(position + u32::from(position >= 11) + u32::from(position >= 21) + u32::from(position >= 31))
        }
        _ => None,
    };
    let values: Option<Vec<u32>> = ten.bytes().map(value).collect();
    Some(values?.iter().enumerate().map(|(at, value)| value << at).sum::<u32>() % 11 % 10)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(check: impl FnOnce(&mut Issues)) -> Vec<String> {
        let mut issues = Issues::new();
        check(&mut issues);
        issues.into_vec().into_iter().map(|issue| issue.code.into_owned()).collect()
    }

    #[test]
    fn numbers_are_checked() {
        for right in ["ZEPU0037255", "CSQU3054383"] {
            assert!(codes(|issues| check_number(issues, "", right)).is_empty(), "{right}");
        }
        assert_eq!(codes(|issues| check_number(issues, "", "CSQU3054384")), ["bad_check_digit"]);
        for wrong in ["", "c17", "CSQU305438", "CSQA3054384", "csqu3054383", "ÄÖÜU1234567"] {
            assert_eq!(codes(|issues| check_number(issues, "", wrong)), ["bad_number"], "{wrong}");
        }
    }

    #[test]
    fn details_are_checked() {
        let of = |size_type: &str| Details { size_type: size_type.to_owned(), ..Details::default() };
        let check = |details: Details| codes(|issues| details.check(issues, ""));
        // Types, and the groups they belong to.
        for right in ["22G1", "45R1", "L5G1", "22GP", "42UT", "25K8", "20TN"] {
            assert!(check(of(right)).is_empty(), "{right}");
        }
        assert!(check(Details { reefer: true, ..of("45R1") }).is_empty());
        for wrong in ["", "22", "92G1", "23G1", "22X1", "22G11"] {
            assert_eq!(check(of(wrong)), ["bad_size_type"], "{wrong}");
        }
        assert_eq!(
            check(Details { reefer: true, weight_kg: Some(0), ..of("22G1") }),
            ["not_a_reefer", "number_out_of_range"]
        );
    }

    #[test]
    fn destinations_read_back() {
        for text in ["call:A-7", "gate:2026-03-02T10", "rail:R1"] {
            assert_eq!(text.parse::<Destination>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
        assert!(["", "call:", "ship:A", "call:a b"].iter().all(|text| text.parse::<Destination>().is_err()));
    }
}
