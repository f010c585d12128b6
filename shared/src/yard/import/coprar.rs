//! COPRAR, the loading or discharging order of SMDG (UN/EDIFACT): which containers leave.

use super::super::wire::Departure;
use super::edifact;
use crate::issue::Issue;

/// The containers of the order (`EQD+CN`), which leave in any order; `None` where the text is no COPRAR message.
pub fn read(text: &str) -> Option<Result<Vec<Departure>, Vec<Issue>>> {
    let message = match edifact::message(text, "COPRAR")? {
        Ok(message) => message,
        Err(issues) => return Some(Err(issues)),
    };
    let is_container =
        |segment: &&edifact_rs::Segment<'_>| segment.tag() == "EQD" && segment.component_str(0, 0) == Some("CN");
    let containers: Vec<String> = message
        .iter()
        .filter(is_container)
        .filter_map(|segment| segment.component_str(1, 0))
        .map(str::to_owned)
        .collect();
    if containers.is_empty() {
        let cause = "the order names no container (EQD+CN)";
        let issue = Issue::new("nothing_leaves", "", cause, "send an order with the containers' numbers");
        return Some(Err(vec![issue]));
    }
    Some(Ok(vec![Departure { containers }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_what_leaves() {
        let text =
            "UNH+1+COPRAR:D:00B:UN:SMDG20'BGM+45+1+9'EQD+CN+CSQU3054383+4510'LOC+11+NLRTM'EQD+CN+X1+2210'UNT+6+1'";
        let departures = read(text).expect("an order").expect("nothing is wrong with it");
        assert_eq!(departures[0].containers, ["CSQU3054383", "X1"]);
        let code = |text: &str| read(text).expect("an order").expect_err("wrong")[0].code.to_string();
        assert_eq!(code("UNH+1+COPRAR:D:00B:UN'UNT+2+1'"), "nothing_leaves");
        assert_eq!(code(&text.replace("UNT+6+1'", "")), "edifact_truncated");
        assert_eq!(super::super::departures("b\n\n a \n").expect("names").len(), 2);
    }
}
