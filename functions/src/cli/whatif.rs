//! `portolan what-if`

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use portolan::routing::whatif::Reply;
use portolan::{AnyAnswer, Document};
use serde_json::{Value, json};

use super::exit::Failure;
use super::{input, output, question};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A routing answer as `solve --format json` prints it, or `GET /v1/plans/{id}?include=instance`; - reads standard input.
    file: PathBuf,
    /// A change, each a scenario of its own: capacity:RESOURCE=N, slots:SAILING=TEU, delay:SAILING=SECONDS, cancel:SAILING, close-arc:ARC,
    /// close-port:PORT=FROM/TO, remove-lot:LOT; or JSON as the API takes it.
    #[arg(long, value_name = "CHANGE", value_parser = change)]
    change: Vec<Value>,
    /// Make all changes in one scenario.
    #[arg(long)]
    together: bool,
    /// A whole question as JSON, as the API takes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["change", "together"])]
    question: Option<PathBuf>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let document = input::read(&arguments.file)?;
    let invalid = |issues| Failure::Invalid { name: input::name(&arguments.file), issues };
    let read: Document<Value, Value, Value> = serde_json::from_slice(&document).map_err(|error| {
        let cause = error.to_string();
        invalid(vec![portolan::Issue::new("no_answer", "", cause, "give what `solve --format json` prints")])
    })?;
    let problem = question::find(&read.answer.problem)?;
    let asked = match &arguments.question {
        Some(path) => input::read(path)?,
        None if arguments.change.is_empty() => {
            return Err(Failure::Usage("give --change or --question".to_owned()));
        }
        None if arguments.together => json!({"scenarios": [{"changes": arguments.change}]}).to_string().into_bytes(),
        None => {
            let scenarios: Vec<Value> = arguments.change.iter().map(|change| json!({"changes": [change]})).collect();
            json!({ "scenarios": scenarios }).to_string().into_bytes()
        }
    };
    let answer: &AnyAnswer = &read.answer;
    let started = Instant::now();
    let clock = || started.elapsed();
    let request = read.instance.to_string().into_bytes();
    let reply = problem.what_if(&request, answer, &asked, &clock);
    let reply = reply.ok_or_else(|| Failure::Usage(format!("a {} plan takes no what-if questions", problem.name())))?;
    let reply = reply.map_err(invalid)?;
    if arguments.format == Format::Json {
        return output::print(&output::json(&reply)?);
    }
    let reply: Reply = serde_json::from_value(reply).map_err(|error| Failure::Bug(error.to_string()))?;
    output::print(&portolan::routing::whatif::table(&reply))
}

/// A change in short, or as JSON.
fn change(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let wrong =
        || format!("{text:?} is no change; write such as capacity:RESOURCE=90, delay:SAILING=86400 or cancel:SAILING");
    let (what, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (name, value) = rest.rsplit_once('=').unwrap_or((rest, ""));
    let number = || value.parse::<i64>().map_err(|_| wrong());
    let time = |text: &str| text.parse::<i64>().map_or_else(|_| json!(text), |seconds| json!(seconds));
    match what {
        "capacity" => Ok(json!({"change": "capacity", "resource": name, "capacity": number()?})),
        "slots" => Ok(json!({"change": "slots", "sailing": name, "slots_teu": number()?})),
        "delay" => Ok(json!({"change": "delay", "sailing": name, "delay_s": number()?})),
        "cancel" => Ok(json!({"change": "cancel", "sailing": rest})),
        "close-arc" => Ok(json!({"change": "close_arc", "arc": rest})),
        "close-port" => {
            let (from, to) = value.split_once('/').ok_or_else(wrong)?;
            Ok(json!({"change": "close_port", "port": name, "from": time(from), "to": time(to)}))
        }
        "remove-lot" => Ok(json!({"change": "remove_lot", "lot": rest})),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_as_people_write_them() {
        assert_eq!(
            change("capacity:S0 leg 0=90").unwrap(),
            json!({"change": "capacity", "resource": "S0 leg 0", "capacity": 90})
        );
        assert_eq!(change("cancel:A=B").unwrap(), json!({"change": "cancel", "sailing": "A=B"}));
        let closed = json!({"change": "close_port", "port": "NLRTM/A", "from": 0, "to": "2026-03-03T00:00:00Z"});
        assert_eq!(change("close-port:NLRTM/A=0/2026-03-03T00:00:00Z").unwrap(), closed);
        for wrong in ["", "capacity", "capacity:x", "sink:x=3", "{"] {
            assert!(change(wrong).is_err(), "{wrong}");
        }
    }
}
