//! The least that a server of cached plans could be: axum, a SHA-256 of the body, a map in memory. No validation, no tenants, no limits,
//! no log. What `tests/load` measures Portolan against: `cargo run --release -p portolan-functions --example bare -- 127.0.0.1:9000 FILE`,
//! where FILE holds the answer that is kept for every body.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sha2::{Digest, Sha256};

struct Kept {
    answer: Bytes,
    by_digest: RwLock<HashMap<[u8; 32], Bytes>>,
}

async fn plan(State(kept): State<Arc<Kept>>, body: Bytes) -> Response {
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let known = kept.by_digest.read().expect("no panic holds it").get(&digest).cloned();
    let answer = known.unwrap_or_else(|| {
        let mut map = kept.by_digest.write().expect("no panic holds it");
        map.entry(digest).or_insert_with(|| kept.answer.clone()).clone()
    });
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let answer = arguments.next().map(std::fs::read).transpose()?.unwrap_or_else(|| b"{}".to_vec());
    let kept = Arc::new(Kept { answer: answer.into(), by_digest: RwLock::default() });
    let router = Router::new().route("/v1/berth/plans", post(plan)).with_state(kept);
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), router).await
}
