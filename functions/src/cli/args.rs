//! Arguments that several commands share: limits of a solve, durations, shares.

use std::time::Duration;

use clap::Args;
use portolan::{Options, issue::Issues};

use super::exit::Failure;

/// A solve that nobody limits stops after this time.
const DEFAULT_TIME_LIMIT_MS: u64 = 10_000;

/// What a solve may use.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Limits {
    /// Stop after about this time with the best plan so far: 500ms, 2s, 1.5s, 3m [default: the file's, or 10s].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time_limit: Option<Duration>,
    /// Stop after this many ticks: the same plan, byte for byte, on every machine. Sets aside the file's time limit.
    #[arg(long, value_name = "TICKS")]
    work_limit: Option<u64>,
    /// Stop as soon as this gap is proven: 0.1% or 0.001 [default: the file's, or 0].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    gap: Option<f64>,
    /// Seed of every random choice [default: the file's, or 1].
    #[arg(long)]
    seed: Option<u64>,
    /// Threads to solve with; with one, a run that its work limit stops gives the same bytes everywhere [default:
    /// the file's, or 1].
    #[arg(long)]
    threads: Option<usize>,
}

impl Limits {
    /// The file's options with these in their place.
    pub(super) fn over(&self, file: &Options) -> Result<Options, Failure> {
        let given_ms = self.time_limit.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        let work_limit = self.work_limit.or(file.work_limit);
        let file_ms = file.time_limit_ms.filter(|_| self.work_limit.is_none());
        let default_ms = work_limit.is_none().then_some(DEFAULT_TIME_LIMIT_MS);
        let options = Options {
            time_limit_ms: given_ms.or(file_ms).or(default_ms),
            work_limit,
            gap: self.gap.or(file.gap),
            seed: self.seed.or(file.seed),
            threads: self.threads.or(file.threads),
            improve: false,
        };
        let mut issues = Issues::new();
        options.check(&mut issues);
        match issues.into_vec().first() {
            None => Ok(options),
            Some(issue) => {
                let name = issue.path.trim_start_matches("/options/").trim_end_matches("_ms").replace('_', "-");
                Err(Failure::Usage(format!("--{name}: {}; {}", issue.cause, issue.action)))
            }
        }
    }
}

/// `500ms`, `2s`, `3m`, or a plain number of seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        _ => return Err(format!("{unit:?} is no unit of time; write 500ms, 2s or 3m")),
    };
    let number: f64 = number.trim().parse().map_err(|_| "write 500ms, 2s or 3m".to_owned())?;
    let seconds = number * seconds;
    // A year is longer than any limit; the check of the options says which limit there is.
    if !(0.0..=3.2e7).contains(&seconds) {
        return Err("the time must be between 1ms and 15m".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// `0.1%` or `0.001`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let wrong = || "write a share such as 0.1% or 0.001".to_owned();
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(wrong);
    match text.trim().strip_suffix('%') {
        Some(percent) => Ok(number(percent)? / 100.0),
        None => number(text),
    }
}

/// A problem's name, checked against the list.
pub(super) fn problem(name: &str) -> Result<String, String> {
    let names: Vec<&str> = portolan::problem::registry().iter().map(|problem| problem.name()).collect();
    if names.contains(&name) { Ok(name.to_owned()) } else { Err(format!("the problems are: {}", names.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_shares_read_as_people_write_them() {
        let ms = |text: &str| duration(text).map(|time| time.as_millis());
        assert_eq!([ms("500ms"), ms("2s"), ms("1.5"), ms("3m")], [Ok(500), Ok(2000), Ok(1500), Ok(180_000)]);
        for wrong in ["", "s", "2h", "-1s", "NaN", "inf", "1e99", "2 s x", "é"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!([share("0.1%"), share("0.001"), share(" 5 %")], [Ok(0.001), Ok(0.001), Ok(0.05)]);
        for wrong in ["", "%", "NaN", "inf%", "a"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_come_before_the_file_and_a_work_limit_sets_the_clock_aside() {
        let file = Options { time_limit_ms: Some(2000), seed: Some(3), ..Options::default() };
        let plain = Limits::default().over(&file).expect("nothing is wrong");
        assert_eq!((plain.time_limit_ms, plain.seed), (Some(2000), Some(3)));
        let by_work = Limits { work_limit: Some(9), seed: Some(4), ..Limits::default() };
        let by_work = by_work.over(&file).expect("nothing is wrong");
        assert_eq!((by_work.time_limit_ms, by_work.work_limit, by_work.seed), (None, Some(9), Some(4)));
        assert_eq!(Limits::default().over(&Options::default()).expect("fine").time_limit_ms, Some(10_000));
        let wrong = Limits { threads: Some(0), ..Limits::default() }.over(&file).expect_err("no threads");
        assert!(wrong.to_string().starts_with("--threads: "), "{wrong}");
    }
}
