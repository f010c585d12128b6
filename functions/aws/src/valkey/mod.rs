//! What processes share in ElastiCache for Valkey: finished plans, compressed; and, in `shared`, counts of what tenants ask for and leases of
//! solves that are under way.
//!
//! A cache that is slow is worse than none: every call has some tens of milliseconds. A connection that broke, as it does while a
//! function is frozen, is made anew; a read is tried once more on the new one, a write is not, because it can be left out. After
//! a few failures in a row the cache is left alone for a while, so that a request does not wait for what is away.

mod endpoint;
mod shared;
mod token;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use portolan_functions::guard::breaker::{Breaker, Policy, State};
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Later, PlanCache, StoreError};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, RedisError};
use tokio::sync::Mutex;

use crate::bodies::{compress, decompress};
use crate::config::Cache;
use endpoint::Endpoint;

/// The largest value that is kept; larger plans are read from the store.
const LARGEST: usize = 4 << 20;
/// Keys begin with this, so that a cache can be shared.
const PREFIX: &str = "portolan:plan:2";
/// What a request waits for ElastiCache to say where the cache is. The question itself goes on: who asks later has its answer.
const FINDING: Duration = Duration::from_millis(500);

/// The cache.
pub struct Valkey {
    endpoint: Arc<Endpoint>,
    /// What one command may take.
    response: Duration,
    /// What a new connection may take, TLS and log-in included.
    connect: Duration,
    connection: Mutex<Option<Connection>>,
    breaker: Breaker,
}

/// To a single node, or to a cluster. Cheap to clone.
#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the cache cannot be found: {0}")]
    NotFound(String),
    #[error("the cache does not answer in time")]
    Late,
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        Self::Unavailable(Box::new(broken))
    }
}

impl Valkey {
    /// The cache that is configured. Nothing is connected before the first command.
    pub fn new(cache: &Cache, shared: &SdkConfig) -> Self {
        // The TLS library wants its provider chosen once for the process. Where it is chosen already, that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = Arc::new(Endpoint::new(cache.clone(), shared.clone()));
        let (response, connect) = (cache.timeout, 10 * cache.timeout);
        Self {
            endpoint,
            response,
            connect,
            connection: Mutex::new(None),
            breaker: Breaker::new("cache", Policy::default()),
        }
    }

    async fn find(&self) -> Result<(ConnectionInfo, bool), Broken> {
        let endpoint = Arc::clone(&self.endpoint);
        let found = tokio::spawn(async move { endpoint.find().await });
        match tokio::time::timeout(FINDING, found).await {
            Ok(Ok(found)) => found.map_err(Broken::NotFound),
            Ok(Err(_)) | Err(_) => Err(Broken::NotFound("nobody says in time where it is".to_owned())),
        }
    }

    async fn connect(&self) -> Result<Connection, Broken> {
        if let Some(connection) = self.connection.lock().await.as_ref() {
            return Ok(connection.clone());
        }
        // Nobody else waits meanwhile for more than one's own question.
        let (info, cluster) = self.find().await?;
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref() {
            return Ok(connection.clone());
        }
        let made = async {
            Ok::<_, Broken>(if cluster {
                // One, which is what a redirection to another node counts as.
                let client = ClusterClient::builder([info]).retries(1);
                let mut client = client.connection_timeout(self.connect).response_timeout(self.response);
                if let Some(certificates) = self.endpoint.certificates() {
                    client = client.certs(certificates);
                }
                Connection::Cluster(client.build()?.get_async_connection().await?)
            } else {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(self.connect))
                    .set_response_timeout(Some(self.response));
                let client = match self.endpoint.certificates() {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                };
                Connection::Single(client.get_multiplexed_async_connection_with_config(&config).await?)
            })
        };
        let made = tokio::time::timeout(2 * self.connect, made).await.map_err(|_| Broken::Late)??;
        *slot = Some(made.clone());
        Ok(made)
    }

    async fn once<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Broken> {
        let mut connection = self.connect().await?;
        let answer = match &mut connection {
            Connection::Single(connection) => query(command, connection, 2 * self.response).await,
            Connection::Cluster(connection) => query(command, connection, 2 * self.response).await,
        };
        if answer.is_err() {
            // It may be half dead: the next command makes another.
            *self.connection.lock().await = None;
        }
        answer
    }

    /// Carries a command out, at most `tries` times.
    async fn run<T: FromRedisValue>(&self, command: &Cmd, tries: usize) -> Result<T, StoreError> {
        let call = async {
            for _ in 1..tries {
                if let Ok(value) = self.once(command).await {
                    return Ok(value);
                }
            }
            Ok(self.once(command).await?)
        };
        self.breaker.around(call).await
    }
}

async fn query<T: FromRedisValue>(
    command: &Cmd,
    connection: &mut impl ConnectionLike,
    patience: Duration,
) -> Result<T, Broken> {
    match tokio::time::timeout(patience, command.query_async(connection)).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Broken::Late),
    }
}

impl PlanCache for Valkey {
    fn get<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<Option<Arc<[u8]>>, StoreError>> {
        Box::pin(async move {
            let found: Option<Vec<u8>> = self.run(redis::cmd("GET").arg(key(tenant, fingerprint)), 2).await?;
            found.map(|bytes| decompress(&bytes)).transpose()
        })
    }

    fn set<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
        value: Arc<[u8]>,
        keep: Duration,
    ) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let packed = compress(&value)?;
            if packed.len() > LARGEST {
                return Ok(());
            }
            let seconds = keep.as_secs().max(1);
            self.run(redis::cmd("SET").arg(key(tenant, fingerprint)).arg(packed).arg("EX").arg(seconds), 1).await
        })
    }

    fn forget<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            // Forgetting twice is as good as once.
            let _: u64 = self.run(redis::cmd("DEL").arg(key(tenant, fingerprint)), 2).await?;
            Ok(())
        })
    }

    fn check(&self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let _: String = self.run(&redis::cmd("PING"), 2).await?;
            Ok(())
        })
    }

    fn place(&self) -> Option<String> {
        self.endpoint.place()
    }

    fn breaker(&self) -> Option<State> {
        Some(self.breaker.state())
    }
}

fn key(tenant: &Tenant, fingerprint: &str) -> String {
    format!("{PREFIX}:{tenant}:{fingerprint}")
}
