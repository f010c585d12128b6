//! What a process is told, read once and checked before anything starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::adapters::embedded::Bounds;
use crate::guard::quota::Quota;
use crate::keys::{KeyError, KeyRing};
use crate::plans::Settings;
use crate::telemetry::LogFormat;

/// How to serve the API on this machine.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Folder that keeps the plans; made where it is missing
    #[arg(long, value_name = "FOLDER", default_value = "data", conflicts_with = "ephemeral")]
    pub data: PathBuf,
    /// Keep plans in memory only
    #[arg(long)]
    pub ephemeral: bool,
    /// Address to listen on; anything but loopback needs --api-keys
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// File with the hashes of API keys, a tenant each (see `portolan key new`)
    #[arg(long, value_name = "FILE")]
    pub api_keys: Option<PathBuf>,
    /// Solver threads; one for each core where it is not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Requests a second that each tenant may send, with a second's worth at once; without it there is no limit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub requests_per_second: Option<u32>,
    /// Solves in any minute that each tenant may have begun; what is known already does not count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub solves_per_minute: Option<u32>,
    /// Days for which finished plans are kept
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub keep_days: u16,
    /// How log lines on standard error look
    #[arg(long, value_enum, default_value_t)]
    pub log_format: LogFormat,
}

/// A configuration that was checked.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where plans are kept; `None` for memory.
    pub data: Option<PathBuf>,
    /// How much is kept.
    pub bounds: Bounds,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who is admitted; `None` for the one local tenant.
    pub keys: Option<KeyRing>,
    /// Limits of solving.
    pub settings: Settings,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Others could reach it, and there are no keys.
    #[error(
        "{0} can be reached from other machines, so it needs API keys: make one with `portolan key new TENANT` and pass \
         --api-keys FILE, or listen on 127.0.0.1"
    )]
    OpenToAll(SocketAddr),
    /// The key file is not used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A variable of the environment is not understood.
    #[error("{name} is {value:?}; give {wanted}")]
    BadVariable {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        wanted: &'static str,
    },
}

impl ServeArgs {
    /// Checks the arguments.
    pub fn check(self) -> Result<ServeConfig, ConfigError> {
        let keys = self.api_keys.as_deref().map(KeyRing::read).transpose()?;
        if keys.is_none() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::OpenToAll(self.listen));
        }
        let mut settings =
            Settings { keep: Duration::from_hours(u64::from(self.keep_days) * 24), ..Settings::default() };
        if let Some(workers) = self.workers {
            settings.workers = usize::from(workers);
        }
        settings.quota =
            Quota { requests_per_second: self.requests_per_second, solves_per_minute: self.solves_per_minute };
        Ok(ServeConfig {
            data: (!self.ephemeral).then_some(self.data),
            bounds: Bounds::default(),
            listen: self.listen,
            keys,
            settings,
            log_format: self.log_format,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn check(line: &[&str]) -> Result<ServeConfig, ConfigError> {
        let line = std::iter::once(&"portolan").chain(line);
        Line::try_parse_from(line).expect("the line is well formed").serve.check()
    }

    #[test]
    fn without_keys_only_loopback_is_served() {
        let config = check(&[]).expect("the defaults are fine");
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.data.as_deref(), Some(Path::new("data")));
        assert!(check(&["--listen", "[::1]:0", "--ephemeral"]).is_ok_and(|config| config.data.is_none()));
        for address in ["0.0.0.0:8080", "[::]:80", "192.0.2.1:80"] {
            let error = check(&["--listen", address]).expect_err("others can reach it");
            assert!(error.to_string().contains("--api-keys FILE"), "{error}");
        }
    }
}
