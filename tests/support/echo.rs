//! A function that does nothing: what any function costs.

use lambda_http::{Body, Error, Request, Response, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(async |request: Request| {
        let body = request.into_body();
        Ok::<Response<Body>, Error>(Response::new(body))
    }))
    .await
}
