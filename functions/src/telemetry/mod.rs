//! Logs. One line for each request, written by the HTTP edge; errors once, where they are handled. No secrets: neither keys
//! nor documents are logged.

mod lines;
pub mod metrics;

use std::io::IsTerminal;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use tracing_subscriber::EnvFilter;

use lines::Lines;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Starts logging to standard error. `PORTOLAN_LOG` filters, as in `warn,portolan_functions=debug`. Does nothing where
/// something else in the process logs already.
///
/// Lines of a server are `gathered` and written some milliseconds later, many at a time; from warnings on at once. A
/// function, which is frozen once it has answered, writes each at once.
pub fn start(format: LogFormat, gathered: bool) {
    let filter = EnvFilter::try_from_env("PORTOLAN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let lines = Lines::start(gathered);
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    // The only error is that there is a logger already.
    let started = if json {
        logs.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        logs.compact().with_target(false).try_init()
    };
    if started.is_ok() {
        let _ = LOG.set(Log { lines, json });
    }
    log_panics();
}

/// The log of this process, where it was started here.
static LOG: OnceLock<Log> = OnceLock::new();

struct Log {
    lines: &'static Lines,
    json: bool,
}

/// Writes out what was gathered.
pub fn flush() {
    if let Some(log) = LOG.get() {
        log.lines.flush();
    }
}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Names the request.
    pub request_id: &'a str,
    /// Its trace, as the caller named it.
    pub traceparent: Option<&'a str>,
    /// GET, POST, ...
    pub method: &'a str,
    /// The route it took.
    pub route: Option<&'a str>,
    /// HTTP status.
    pub status: u16,
    /// How long it took.
    pub latency: Duration,
    /// Whose request it was.
    pub tenant: Option<&'a str>,
    /// Which plan it was about.
    pub plan: Option<&'a str>,
    /// The tier of the answer.
    pub tier: Option<&'a str>,
}

/// Logs an answered request. There are many of these, so that they are written without detours; what is written looks as if
/// `tracing` had done it.
pub fn answered(line: &Answered<'_>) {
    if !tracing::enabled!(target: "portolan_functions::http::edge", tracing::Level::INFO) {
        return;
    }
    let latency_ms = line.latency.as_micros() as f64 / 1000.0;
    match LOG.get() {
        Some(log) if log.json => log.lines.append(|text| json_line(text, line, latency_ms)),
        _ => {
            let Answered { request_id, traceparent, method, route, status, tenant, plan, tier, .. } = *line;
            let _span = tracing::info_span!("request", request_id, traceparent).entered();
            tracing::info!(
                target: "portolan_functions::http::edge",
                method, route, status, latency_ms, tenant, plan, tier, "answered"
            );
        }
    }
}

/// Writing to memory cannot fail.
fn json_line(text: &mut Vec<u8>, line: &Answered<'_>, latency_ms: f64) {
    let _ = write!(text, "{{\"timestamp\":\"{:.6}\",\"level\":\"INFO\",\"message\":\"answered\"", Timestamp::now());
    let mut member = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b"\":");
            quoted(text, value);
        }
    };
    member("method", Some(line.method));
    member("route", line.route);
    member("tenant", line.tenant);
    member("plan", line.plan);
    member("tier", line.tier);
    let _ = write!(text, ",\"status\":{},\"latency_ms\":{latency_ms}", line.status);
    text.extend_from_slice(
        b",\"target\":\"portolan_functions::http::edge\",\"span\":{\"name\":\"request\",\"request_id\":",
    );
    quoted(text, line.request_id);
    if let Some(trace) = line.traceparent {
        text.extend_from_slice(b",\"traceparent\":");
        quoted(text, trace);
    }
    text.extend_from_slice(b"}}\n");
}

/// A JSON string. Nearly all of them are written as they are.
fn quoted(text: &mut Vec<u8>, value: &str) {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if value.bytes().fold(true, |all, byte| all & plain(byte)) {
        text.push(b'"');
        text.extend_from_slice(value.as_bytes());
        text.push(b'"');
    } else {
        let _ = serde_json::to_writer(&mut *text, value);
    }
}

/// Sends panics to the log, so that each is one line that alarms can see.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        tracing::error!(alarm = true, place, message, thread = std::thread::current().name(), "panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_request_is_one_json_object_whatever_is_in_it() {
        let line = Answered {
            request_id: "a\"b\\c",
            traceparent: Some("00-1-2-3"),
            method: "POST",
            route: Some("/v1/berth/plans"),
            status: 200,
            latency: Duration::from_micros(1234),
            tenant: Some("acme"),
            plan: None,
            tier: Some("cached"),
        };
        let mut text = Vec::new();
        json_line(&mut text, &line, 1.234);
        let read: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(text.split(|byte| *byte == b'\n').count(), 2, "one line");
        assert_eq!(read["span"]["request_id"], "a\"b\\c");
        assert_eq!((&read["latency_ms"], &read["status"]), (&serde_json::json!(1.234), &serde_json::json!(200)));
        assert!(read.get("plan").is_none() && read["tier"] == "cached");
        read["timestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok()).expect("a time");
    }
}
