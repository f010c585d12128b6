//! What a function is told, read once from its environment and checked before anything starts.

use std::path::Path;
use std::time::Duration;

use portolan_functions::config::ConfigError;
use portolan_functions::guard::quota::Quota;
use portolan_functions::keys::KeyRing;
use portolan_functions::plans::known::Memory;
use portolan_functions::plans::record::Urgency;
use portolan_functions::plans::{Deferral, Settings};

/// How a function is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who is admitted; `None` where the gateway decides that.
    pub keys: Option<KeyRing>,
    /// The claim of the caller's token that names the tenant; `None` where there is one tenant alone.
    pub tenant_claim: Option<String>,
    /// Limits of solving.
    pub settings: Settings,
    /// What is kept free at the end of an invocation, to write the answer.
    pub margin: Duration,
    /// Where plans are kept; `None` for the memory of the process.
    pub tables: Option<Tables>,
    /// Where finished plans are remembered.
    pub cache: Option<Cache>,
    /// URLs of the queues, by urgency.
    pub queues: [Option<String>; 3],
    /// URL of the queue that is told of ended plans.
    pub ended: Option<String>,
}

/// Names of tables and of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Plans.
    pub plans: String,
    /// Terminals.
    pub terminals: String,
    /// Idempotency records, signs of life.
    pub ephemeral: String,
    /// The bucket for what is too large.
    pub bucket: String,
}

/// A cache that takes longer is slower than what it stands in front of.
const CACHE_TIMEOUT: Duration = Duration::from_millis(50);

/// How the cache is found, and who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Where it is.
    pub place: Place,
    /// The cache's name and the user that logs in with a token of the function's role; `None` where nobody has to, or the URL has a
    /// password.
    pub login: Option<(String, String)>,
    /// The authority that its certificate is from, in PEM, where browsers do not know it.
    pub authority: Option<Vec<u8>>,
    /// What one command may take; a new connection ten times as long.
    pub timeout: Duration,
}

/// Where the cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this URL, `redis://` or, with TLS, `rediss://`; a cluster or not.
    At(String, bool),
    /// By its name in ElastiCache: a serverless cache, or else a replication group.
    Named(String),
}

impl Cache {
    /// At a URL, without a log-in.
    pub fn at(url: &str, cluster: bool) -> Self {
        Self { place: Place::At(url.to_owned(), cluster), login: None, authority: None, timeout: CACHE_TIMEOUT }
    }
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads the variables that `lookup` knows.
    ///
    /// | variable | what |
    /// |---|---|
    /// | `PORTOLAN_PLANS_TABLE`, `PORTOLAN_TERMINALS_TABLE`, `PORTOLAN_EPHEMERAL_TABLE`, `PORTOLAN_BUCKET` | where things are kept; without the first, in memory |
    /// | `PORTOLAN_CACHE_URL`, `PORTOLAN_CACHE_CLUSTER` | the cache's address; `true` where it is a cluster |
    /// | `PORTOLAN_CACHE_NAME`, `PORTOLAN_CACHE_USER` | or its name in ElastiCache; who logs in |
    /// | `PORTOLAN_CACHE_AUTHORITY` | a PEM file: who signed the cache's certificate, where no public authority did |
    /// | `PORTOLAN_CACHE_TIMEOUT_MS` | what one command of the cache may take |
    /// | `PORTOLAN_QUEUE_URGENT`, `_STANDARD`, `_BULK`, `_ENDED` | URLs of the queues; the last is told of ended plans |
    /// | `PORTOLAN_API_KEYS_FILE`, `PORTOLAN_TENANT_CLAIM` | who is admitted |
    /// | `PORTOLAN_REQUESTS_PER_SECOND`, `PORTOLAN_SOLVES_PER_MINUTE` | what each tenant may ask for |
    /// | `PORTOLAN_WORKERS`, `PORTOLAN_MARGIN_MS`, `PORTOLAN_LEASE_MS` | limits |
    /// | `AWS_LAMBDA_MAX_CONCURRENCY` | said by the platform: invocations that a process has at a time |
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let number = |name: &'static str, wanted: &'static str, range: std::ops::RangeInclusive<u64>| {
            let Some(value) = lookup(name) else { return Ok(None) };
            match value.parse().ok().filter(|number| range.contains(number)) {
                Some(number) => Ok(Some(number)),
                None => Err(ConfigError::BadVariable { name, value, wanted }),
            }
        };
        let needed = |name: &'static str, wanted: &'static str| {
            lookup(name).ok_or(ConfigError::BadVariable { name, value: String::new(), wanted })
        };
        let keys = lookup("PORTOLAN_API_KEYS_FILE").map(|path| KeyRing::read(Path::new(&path))).transpose()?;
        let workers = number("PORTOLAN_WORKERS", "a number from 1 to 256", 1..=256)?;
        let concurrency = number("AWS_LAMBDA_MAX_CONCURRENCY", "a number from 1 to 10000", 1..=10_000)?;
        let margin = number("PORTOLAN_MARGIN_MS", "milliseconds from 100 to 60000", 100..=60_000)?;
        let lease = number("PORTOLAN_LEASE_MS", "milliseconds from 1000 to 600000", 1_000..=600_000)?;
        let requests = number("PORTOLAN_REQUESTS_PER_SECOND", "a number from 1 to 1000000", 1..=1_000_000)?;
        let solves = number("PORTOLAN_SOLVES_PER_MINUTE", "a number from 1 to 100000", 1..=100_000)?;
        let tables = match lookup("PORTOLAN_PLANS_TABLE") {
            None => None,
            Some(plans) => Some(Tables {
                plans,
                terminals: needed("PORTOLAN_TERMINALS_TABLE", "the name of a table, as PORTOLAN_PLANS_TABLE does")?,
                ephemeral: needed("PORTOLAN_EPHEMERAL_TABLE", "the name of a table, as PORTOLAN_PLANS_TABLE does")?,
                bucket: needed("PORTOLAN_BUCKET", "the name of a bucket, because PORTOLAN_PLANS_TABLE names a table")?,
            }),
        };
        let cluster = match lookup("PORTOLAN_CACHE_CLUSTER").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let value = other.to_owned();
                return Err(ConfigError::BadVariable {
                    name: "PORTOLAN_CACHE_CLUSTER",
                    value,
                    wanted: "true or false",
                });
            }
        };
        let (url, name, user) =
            (lookup("PORTOLAN_CACHE_URL"), lookup("PORTOLAN_CACHE_NAME"), lookup("PORTOLAN_CACHE_USER"));
        if user.is_some() && name.is_none() {
            needed("PORTOLAN_CACHE_NAME", "the name of the cache, because PORTOLAN_CACHE_USER logs in to it")?;
        }
        let place = match (url, &name) {
            (Some(url), _) => Some(Place::At(url, cluster)),
            (None, Some(name)) => Some(Place::Named(name.clone())),
            (None, None) => None,
        };
        let authority = lookup("PORTOLAN_CACHE_AUTHORITY").map(certificates).transpose()?;
        let timeout = number("PORTOLAN_CACHE_TIMEOUT_MS", "milliseconds from 5 to 5000", 5..=5_000)?;
        let timeout = timeout.map_or(CACHE_TIMEOUT, Duration::from_millis);
        let cache = place.map(|place| Cache { place, login: name.zip(user), authority, timeout });
        // A function is frozen once it has answered: what outlives its request is done by another function.
        let deferral = if tables.is_some() { Deferral::Elsewhere } else { Deferral::Never };
        // Another function may change what this one remembers: it finds out by age.
        let memory = Memory { bytes: 64 << 20, age: Duration::from_secs(30) };
        let quota = Quota {
            requests_per_second: requests.map(|number| number as u32),
            solves_per_minute: solves.map(|number| number as u32),
        };
        let checkpoint_every = Duration::from_secs(2);
        let mut settings = Settings { deferral, checkpoint_every, memory, quota, ..Settings::default() };
        if let Some(workers) = workers {
            settings.workers = workers as usize;
        }
        // What a process has at a time shares its cores; one deferred plan by itself gets all of them.
        settings.threads_a_plan = (settings.workers / concurrency.unwrap_or(1) as usize).max(1);
        if let Some(lease) = lease {
            settings.lease = Duration::from_millis(lease);
            settings.checkpoint_every = settings.checkpoint_every.min(settings.lease / 4);
        }
        Ok(Self {
            keys,
            tenant_claim: lookup("PORTOLAN_TENANT_CLAIM"),
            settings,
            margin: Duration::from_millis(margin.unwrap_or(1000)),
            tables,
            cache,
            queues: Urgency::ALL.map(|urgency| lookup(&format!("PORTOLAN_QUEUE_{}", urgency.name().to_uppercase()))),
            ended: lookup("PORTOLAN_QUEUE_ENDED"),
        })
    }
}

/// Reads a PEM file.
fn certificates(path: String) -> Result<Vec<u8>, ConfigError> {
    let wanted = "a PEM file that can be read";
    std::fs::read(&path).map_err(|_| ConfigError::BadVariable { name: "PORTOLAN_CACHE_AUTHORITY", value: path, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn refusal(variables: &[(&str, &str)]) -> String {
        read(variables).expect_err("that is no configuration").to_string()
    }

    #[test]
    fn without_tables_plans_are_kept_in_memory_and_nothing_is_deferred() {
        let config = read(&[]).expect("the defaults are fine");
        assert!(config.tables.is_none() && config.cache.is_none());
        assert_eq!(config.settings.deferral, Deferral::Never);
    }

    #[test]
    fn tables_are_named_together() {
        let all = [
            ("PORTOLAN_PLANS_TABLE", "p"),
            ("PORTOLAN_TERMINALS_TABLE", "t"),
            ("PORTOLAN_EPHEMERAL_TABLE", "e"),
            ("PORTOLAN_BUCKET", "b"),
        ];
        assert_eq!(read(&all).expect("all are named").settings.deferral, Deferral::Elsewhere);
        let said = refusal(&all[..3]);
        assert_eq!(
            said,
            "PORTOLAN_BUCKET is \"\"; give the name of a bucket, because PORTOLAN_PLANS_TABLE names a table"
        );
    }

    #[test]
    fn variables_are_checked() {
        assert_eq!(read(&[("PORTOLAN_WORKERS", "3")]).expect("a number").settings.workers, 3);
        assert_eq!(
            refusal(&[("PORTOLAN_WORKERS", "many")]),
            "PORTOLAN_WORKERS is \"many\"; give a number from 1 to 256"
        );
        assert!(refusal(&[("PORTOLAN_CACHE_CLUSTER", "yes")]).contains("true or false"));
    }

    #[test]
    fn a_deferred_plan_has_the_cores_that_no_other_invocation_may_want() {
        let threads = |concurrency| {
            let variables = [("PORTOLAN_WORKERS", "4"), ("AWS_LAMBDA_MAX_CONCURRENCY", concurrency)];
            read(&variables).expect("fine").settings.threads_a_plan
        };
        assert_eq!(["1", "2", "10"].map(threads), [4, 2, 1]);
    }

    #[test]
    fn an_address_goes_before_a_name() {
        let all = [("PORTOLAN_CACHE_URL", "redis://c"), ("PORTOLAN_CACHE_NAME", "n"), ("PORTOLAN_CACHE_USER", "u")];
        let cache = |variables| read(variables).expect("fine").cache;
        assert_eq!(cache(&all[..2]), Some(Cache::at("redis://c", false)));
        let login = Some(("n".to_owned(), "u".to_owned()));
        assert_eq!(cache(&all), Some(Cache { login: login.clone(), ..Cache::at("redis://c", false) }));
        let named = Cache { place: Place::Named("n".to_owned()), login, ..Cache::at("", false) };
        assert_eq!(cache(&all[1..]), Some(named));
        let slow = [all[0], ("PORTOLAN_CACHE_TIMEOUT_MS", "200")];
        assert_eq!(cache(&slow).map(|cache| cache.timeout), Some(Duration::from_millis(200)));
        assert!(refusal(&all[2..]).starts_with("PORTOLAN_CACHE_NAME is \"\""));
    }
}
