//! Portolan as a server on one machine.

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::adapters::SystemClock;
use crate::adapters::cached::Cached;
use crate::adapters::embedded::{Embedded, OpenError};
use crate::adapters::memory::Memory;
use crate::config::ServeConfig;
use crate::http::Api;
use crate::plans::{Plans, Problems};
use crate::ports::{PlanCache, StoreError, Stores};
use crate::telemetry;

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 1024;
/// How long the head of a request may take.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long solves and connections get to end in an orderly way.
const GOODBYE: Duration = Duration::from_secs(10);
/// Bytes of finished plans that are remembered in memory, and for how long: the store may forget a plan by its own bounds.
const REMEMBERED: u64 = 128 << 20;
const REMEMBERED_FOR: Duration = Duration::from_mins(5);
/// How often the store is kept to its bounds.
const HOUSEKEEPING: Duration = Duration::from_mins(5);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder is not usable.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// What the store holds is not usable.
    #[error("the plans in the data folder cannot be read")]
    Recovery(#[from] StoreError),
    /// The address is not free, or not ours.
    #[error("cannot listen on {address}: {source}; another address: --listen 127.0.0.1:0")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no threads, or no output.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// Serves until the process is asked to end (SIGTERM, ctrl-c), then ends in an orderly way.
pub fn run(config: ServeConfig) -> Result<(), ServeError> {
    run_problems(config, portolan::problem::registry())
}

/// The same for other problems.
pub fn run_problems(config: ServeConfig, problems: Problems) -> Result<(), ServeError> {
    telemetry::start(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(config, problems));
    // A solver that does not listen must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn serve(config: ServeConfig, problems: Problems) -> Result<(), ServeError> {
    let clock = Arc::new(SystemClock);
    let store = match &config.data {
        Some(folder) => Embedded::open(folder, clock, config.bounds)?,
        None => Embedded::in_memory(clock, config.bounds)?,
    };
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    let plans = Plans::new(problems, remembering(store.stores()), config.settings)?;
    let recovered = plans.recover().await?;
    if recovered != crate::plans::Recovered::default() {
        tracing::info!(%recovered, "took up what an earlier process left");
    }
    let housekeeping = tokio::spawn(Arc::clone(&plans).keep_house(HOUSEKEEPING));
    greet(listener.local_addr()?, config.data.as_deref())?;
    let own_names_only = config.keys.is_none();
    let router = Api::new(Arc::clone(&plans), config.keys).own_names_only(own_names_only).router();
    accept(listener, router, asked_to_end(), || plans.close(GOODBYE)).await;
    housekeeping.abort();
    Ok(())
}

/// Finished plans are remembered in memory: asking again does not read the file.
fn remembering(stores: Stores) -> Stores {
    let memory: Arc<dyn PlanCache> = Arc::new(Memory::new(REMEMBERED, REMEMBERED_FOR));
    let caches = vec![("memory", memory)];
    let plans = Arc::new(Cached::new(stores.plans, stores.upkeep, caches, Arc::clone(&stores.clock)));
    Stores { plans: plans.clone(), upkeep: plans, ..stores }
}

/// Accepts connections until `end`; then runs `close` while open requests are answered.
pub async fn accept<F: Future<Output = ()>>(
    listener: TcpListener,
    router: Router,
    end: impl Future<Output = ()>,
    close: impl FnOnce() -> F,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut end = std::pin::pin!(end);
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (listener.accept().await, slot)
        };
        let (accepted, slot) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut end => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No more files, or a client that went away at once.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small answers leave at once.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            let _slot = slot;
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    let connections = tokio::time::timeout(GOODBYE, graceful.shutdown());
    let ((), connections) = tokio::join!(close(), connections);
    if connections.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Three lines that say what to try.
fn greet(address: SocketAddr, data: Option<&Path>) -> std::io::Result<()> {
    let kept = match data {
        Some(folder) => {
            let shown = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            format!("Plans are kept in {} and survive a restart; Ctrl-C ends it.", shown.display())
        }
        None => "Plans are kept in memory and are gone at the end; Ctrl-C ends it.".to_owned(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "Portolan listens on http://{address} (the API: http://{address}/openapi.json)")?;
    writeln!(out, "Try: curl -s --json @shared/samples/berth-week.json http://{address}/v1/berth/plans")?;
    writeln!(out, "{kept}")?;
    out.flush()
}

async fn asked_to_end() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
    tracing::info!("asked to end");
}
