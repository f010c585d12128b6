//! What stands in for AWS on this machine: an emulator that `tests/run` starts, and says where in `PORTOLAN_TEST_AWS`. Without it,
//! these tests say loudly that they are skipped.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use portolan_aws::config::Tables;
use portolan_aws::{bodies, clients, dynamodb};
use portolan_functions::ports::WallClock;

/// The emulator, or a loud word.
pub async fn emulator() -> Option<SdkConfig> {
    let Ok(endpoint) = std::env::var("PORTOLAN_TEST_AWS") else {
        eprintln!("SKIPPED: there is no AWS emulator; `tests/run` installs and starts one");
        return None;
    };
    Some(at(&endpoint).await)
}

/// A configuration for an endpoint: quick to give up, with credentials of no worth.
pub async fn at(endpoint: &str) -> SdkConfig {
    let shared = clients::shared().await;
    let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "tests");
    shared
        .into_builder()
        .endpoint_url(endpoint)
        .region(aws_config::Region::new("eu-central-1"))
        .credentials_provider(aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials))
        .build()
}

/// New tables and a new bucket, of the shape that the template gives them.
pub async fn tables(shared: &SdkConfig) -> Tables {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = |what: &str| format!("test-{what}-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let tables = Tables {
        plans: name("plans"),
        terminals: name("terminals"),
        ephemeral: name("ephemeral"),
        bucket: name("bucket"),
    };
    let client = aws_sdk_dynamodb::Client::new(shared);
    let text = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().unwrap()
    };
    let key =
        |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .non_key_attributes("head")
        .non_key_attributes("version")
        .build();
    let listed = GlobalSecondaryIndex::builder()
        .index_name("listed")
        .key_schema(key("listed", KeyType::Hash))
        .key_schema(key("key", KeyType::Range))
        .projection(projection)
        .build()
        .unwrap();
    let plans = client
        .create_table()
        .table_name(&tables.plans)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["tenant", "key", "listed"].map(text).to_vec()))
        .key_schema(key("tenant", KeyType::Hash))
        .key_schema(key("key", KeyType::Range))
        .global_secondary_indexes(listed);
    plans.send().await.unwrap();
    let terminals = client
        .create_table()
        .table_name(&tables.terminals)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["partition", "sort"].map(text).to_vec()))
        .key_schema(key("partition", KeyType::Hash))
        .key_schema(key("sort", KeyType::Range));
    terminals.send().await.unwrap();
    let ephemeral = client
        .create_table()
        .table_name(&tables.ephemeral)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(text("key"))
        .key_schema(key("key", KeyType::Hash));
    ephemeral.send().await.unwrap();
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuCentral1)
        .build();
    let bucket = clients::s3(shared).create_bucket().bucket(&tables.bucket).create_bucket_configuration(place);
    bucket.send().await.unwrap();
    tables
}

/// The store on such tables.
pub fn store(shared: &SdkConfig, tables: &Tables, clock: std::sync::Arc<dyn WallClock>) -> dynamodb::DynamoDb {
    let bodies = bodies::Bodies::new(clients::s3(shared), tables.bucket.clone());
    dynamodb::DynamoDb::new(aws_sdk_dynamodb::Client::new(shared), tables, bodies, clock)
}

/// The store of terminals on such tables.
pub fn terminals(shared: &SdkConfig, tables: &Tables, clock: std::sync::Arc<dyn WallClock>) -> dynamodb::Terminals {
    dynamodb::Terminals::new(aws_sdk_dynamodb::Client::new(shared), clients::s3(shared), tables, clock)
}

/// Asks again until there is an answer, for at most a minute.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asked = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.unwrap_or_else(|_| panic!("never: {what}"))
}
