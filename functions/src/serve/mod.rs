//! Portolan as a server on one machine.

mod connections;

use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::adapters::SystemClock;
use crate::adapters::embedded::{Embedded, OpenError};
use crate::config::ServeConfig;
use crate::http::{Api, Front};
use crate::plans::{Plans, Problems};
use crate::ports::StoreError;
use crate::telemetry;
use crate::terminal::Terminals;
use connections::{Connections, Heard, Peer};

/// Connections at the same time, where the system lets a process have as many files.
pub const CONNECTIONS: usize = 4096;
/// How long the head of a request may take.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long solves and connections get to end in an orderly way.
const GOODBYE: Duration = Duration::from_secs(10);
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
    telemetry::start(config.log_format, true);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(config, problems));
    // A solver that does not listen must not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    telemetry::flush();
    result
}

async fn serve(config: ServeConfig, problems: Problems) -> Result<(), ServeError> {
    let clock = Arc::new(SystemClock);
    let store = match &config.data {
        Some(folder) => Embedded::open(folder, clock, config.bounds)?,
        None => Embedded::in_memory(clock, config.bounds)?,
    };
    let terminals = Arc::new(Terminals::new(store.terminals()?, Arc::new(SystemClock)));
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    let plans = Plans::new(problems, store.stores(), config.settings)?;
    let recovered = plans.recover().await?;
    if recovered != crate::plans::Recovered::default() {
        tracing::info!(%recovered, "took up what an earlier process left");
    }
    let housekeeping = tokio::spawn(Arc::clone(&plans).keep_house(HOUSEKEEPING));
    greet(listener.local_addr()?, config.data.as_deref())?;
    let own_names_only = config.keys.is_none();
    let api = Api::new(Arc::clone(&plans), config.keys).own_names_only(own_names_only).terminals(terminals);
    accept(listener, api.front(), CONNECTIONS, asked_to_end(), || plans.close(GOODBYE)).await;
    housekeeping.abort();
    Ok(())
}

/// Accepts connections, so many at the same time, until `end`; then runs `close` while open requests are answered.
pub async fn accept<F: Future<Output = ()>>(
    listener: TcpListener,
    front: Front,
    most: usize,
    end: impl Future<Output = ()>,
    close: impl FnOnce() -> F,
) {
    let connections = Connections::new(connections::allowed(most));
    let closing = watch::Sender::new(false);
    let mut end = std::pin::pin!(end);
    loop {
        let accepted = async {
            let stream = listener.accept().await;
            (stream, connections.enter().await)
        };
        let (accepted, peer) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut end => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No more files, or a client that went away at once.
                tracing::warn!(%error, "a connection was not accepted");
                connections.make_room();
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(peer) = peer else { break };
        // Small answers leave at once.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve_connection(stream, front.clone(), peer, closing.subscribe()));
    }
    drop(listener);
    closing.send_replace(true);
    // Each connection holds a receiver to its end.
    let connections = tokio::time::timeout(GOODBYE, closing.closed());
    let ((), connections) = tokio::join!(close(), connections);
    if connections.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// Serves a connection until its peer ends it, it has to make room, or the server closes: then what was asked is still answered.
async fn serve_connection(stream: TcpStream, front: Front, peer: Arc<Peer>, mut closing: watch::Receiver<bool>) {
    let heard = Heard { inside: front, peer: Arc::clone(&peer) };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(heard));
    let mut connection = std::pin::pin!(connection);
    let told = async {
        tokio::select! {
            () = peer.pushed_out() => tracing::debug!("a connection on which nothing happened makes room"),
            _ = closing.wait_for(|closing| *closing) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told => {
            if !peer.has_spoken() && !*closing.borrow() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
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
