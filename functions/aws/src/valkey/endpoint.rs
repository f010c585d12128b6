//! Where the cache is: as configured, or as ElastiCache says for its name. What was found is kept for the life of the process.

use aws_config::SdkConfig;
use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::operation::describe_serverless_caches::DescribeServerlessCachesError;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsCertificates};
use tokio::sync::OnceCell;

use super::token;
use crate::bodies::chain;
use crate::config::{Cache, Place};

pub(super) struct Endpoint {
    cache: Cache,
    shared: SdkConfig,
    found: OnceCell<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    host: String,
    port: u16,
    /// A serverless cache always is one.
    cluster: bool,
    tls: bool,
}

impl Endpoint {
    pub(super) fn new(cache: Cache, shared: SdkConfig) -> Self {
        Self { cache, shared, found: OnceCell::new() }
    }

    /// Who must have signed the cache's certificate.
    pub(super) fn certificates(&self) -> Option<TlsCertificates> {
        let authority = self.cache.authority.clone()?;
        Some(TlsCertificates { client_tls: None, root_cert: Some(authority) })
    }

    /// Where the cache is, without what logs in to it; `None` where it has not been found yet.
    pub(super) fn place(&self) -> Option<String> {
        let Found { host, port, cluster, tls } = match &self.cache.place {
            Place::Named(_) => self.found.get().cloned()?,
            Place::At(url, cluster) => match url.as_str().into_connection_info().ok()?.addr() {
                ConnectionAddr::Tcp(host, port) => {
                    Found { host: host.clone(), port: *port, cluster: *cluster, tls: false }
                }
                ConnectionAddr::TcpTls { host, port, .. } => {
                    Found { host: host.clone(), port: *port, cluster: *cluster, tls: true }
                }
                _ => return None,
            },
        };
        let kind = if cluster { "cluster" } else { "single node" };
        let tls = if tls { "TLS" } else { "no TLS" };
        Some(format!("{host}:{port}, {kind}, {tls}"))
    }

    /// How to connect, and whether it is a cluster. A token to log in with is minted anew each time, because it is valid for
    /// minutes and a function may be frozen for longer.
    pub(super) async fn find(&self) -> Result<(ConnectionInfo, bool), String> {
        let (info, cluster) = match &self.cache.place {
            Place::At(url, cluster) => (url.as_str().into_connection_info(), *cluster),
            Place::Named(name) => {
                let found = self.found.get_or_try_init(|| discover(&self.shared, name)).await?;
                let (host, port) = (found.host.clone(), found.port);
                let address = if found.tls {
                    ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
                } else {
                    ConnectionAddr::Tcp(host, port)
                };
                (address.into_connection_info(), found.cluster)
            }
        };
        let info = info.map_err(|error| error.to_string())?;
        let Some((name, user)) = &self.cache.login else { return Ok((info, cluster)) };
        let token = token::mint(&self.shared, name, user, std::time::SystemTime::now()).await?;
        let login = RedisConnectionInfo::default().set_username(user).set_password(token);
        Ok((info.set_redis_settings(login), cluster))
    }
}

async fn discover(shared: &SdkConfig, name: &str) -> Result<Found, String> {
    let client = Client::new(shared);
    let serverless = client.describe_serverless_caches().serverless_cache_name(name).send().await;
    match serverless {
        Ok(answer) => {
            let endpoint = answer.serverless_caches().first().and_then(|cache| cache.endpoint());
            if let Some((host, port)) = endpoint.and_then(|it| Some((it.address()?, it.port()?))) {
                return found(host, port, true, true);
            }
        }
        Err(error) => {
            let missing = error
                .as_service_error()
                .is_some_and(DescribeServerlessCachesError::is_serverless_cache_not_found_fault);
            tracing::debug!(name, missing, "no serverless cache of this name: {}", chain(&error));
        }
    }
    let groups = client.describe_replication_groups().replication_group_id(name).send().await;
    let groups = groups.map_err(|error| format!("{name:?}: {}", chain(&error)))?;
    let group = groups.replication_groups().first().ok_or_else(|| format!("ElastiCache has no {name:?}"))?;
    let tls = group.transit_encryption_enabled().unwrap_or(false);
    let single = || group.node_groups().first().and_then(|node| node.primary_endpoint());
    let (endpoint, cluster) = match group.configuration_endpoint() {
        Some(endpoint) => (Some(endpoint), true),
        None => (single(), false),
    };
    let place = endpoint.and_then(|it| Some((it.address()?, it.port()?)));
    let (host, port) = place.ok_or_else(|| format!("{name:?} has no endpoint yet"))?;
    found(host, port, cluster, tls)
}

fn found(host: &str, port: i32, cluster: bool, tls: bool) -> Result<Found, String> {
    let port = u16::try_from(port).map_err(|_| format!("{port} is no port"))?;
    Ok(Found { host: host.to_owned(), port, cluster, tls })
}
