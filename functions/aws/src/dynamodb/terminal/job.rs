//! Changes that do not fit a transaction: a list of containers, a terminal that is removed with all its records.
//!
//! What such a change writes is worked out and put aside in the bucket first, as its **job**. One conditional write then names the job in
//! the head: from there on the change is decided, and nobody else changes the terminal. The job is carried out in transactions, each on
//! condition that the head still names it, and at last the head moves on. Should the process die on the way, whoever comes to the
//! terminal next carries it out: rows are written twice with the same content, or, once the head has moved on, not at all.
//!
//! Until then a reader of single records may see some of them before others. Snapshots and history wait, and show all or none.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use portolan_functions::plans::fingerprint::digest;
use portolan_functions::plans::record::PlanId;
use portolan_functions::ports::StoreError;
use portolan_functions::terminal::keys::Item as Kept;

use super::super::{failed, n, s, unreadable};
use super::change::{ACTIONS, BYTES, Cancelled, pause, untouched};
use super::rows::{Row, weight, whole};
use super::{Head, Place, Terminals, item_key};
use crate::bodies::{chain, compress, decompress, unavailable};

/// How long a job is left to the process that began it, and how often it is looked at meanwhile.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(200);

/// A job, as the head names it, with what the head will be after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) version: u64,
    pub(super) at_us: i64,
    pub(super) laid_out: u64,
}

impl Terminals {
    /// The head, when no large change is under way.
    pub(super) async fn settled(&self, place: Place<'_>) -> Result<Head, StoreError> {
        let mut looks = 0;
        let mut last = None;
        loop {
            let head = self.read_head(place).await?;
            let Some(job) = head.job.clone() else { return Ok(head) };
            // Another job than before has its own time.
            if last.as_ref() != Some(&job.id) {
                (looks, last) = (0, Some(job.id.clone()));
            }
            if LOOK * looks >= self.patience {
                tracing::warn!(tenant = %place.tenant, terminal = place.terminal, job = job.id, "a job is taken over");
                self.finish(place, &job, None).await?;
                continue;
            }
            looks += 1;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether the change was decided, and so was made.
    pub(super) async fn begin(
        &self,
        place: Place<'_>,
        before: &Head,
        after: &Head,
        rows: Vec<Row>,
    ) -> Result<bool, StoreError> {
        let id = PlanId::fresh().to_string();
        let Head { version, at_us, laid_out, .. } = *after;
        let job = Job { id, version, at_us, laid_out };
        let json = serde_json::to_vec(&rows).map_err(|source| unreadable("a job", source))?;
        let put = self.s3.put_object().bucket(&self.bucket).key(object(place, &job));
        put.body(ByteStream::from(compress(&json)?)).send().await.map_err(|error| unavailable(chain(&error)))?;
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(place.key(Kept::Head))))
            .update_expression("SET job = :job, job_version = :version, job_at_us = :at, job_laid_out = :laid_out")
            // A try whose answer was lost may have named it already.
            .condition_expression(format!("({}) OR job = :job", untouched(before)))
            .expression_attribute_values(":job", s(&job.id))
            .expression_attribute_values(":version", whole(version))
            .expression_attribute_values(":at", n(at_us))
            .expression_attribute_values(":laid_out", whole(laid_out));
        if before.version > 0 {
            update = update.expression_attribute_values(":before", whole(before.version));
        }
        if let Err(error) = update.send().await {
            if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
                self.drop_object(place, &job).await;
                return Ok(false);
            }
            return Err(failed(error));
        }
        self.finish(place, &job, Some(rows)).await?;
        Ok(true)
    }

    /// Carries a job out, from its beginning, and moves the head on.
    async fn finish(&self, place: Place<'_>, job: &Job, rows: Option<Vec<Row>>) -> Result<(), StoreError> {
        let rows = match rows {
            Some(rows) => rows,
            None => match self.read_object(place, job).await? {
                Some(rows) => rows,
                // Somebody else was done with it just now; or it is lost, and an alarm says so.
                None if self.read_head(place).await?.job.as_ref() == Some(job) => {
                    tracing::error!(alarm = true, tenant = %place.tenant, terminal = place.terminal, job = job.id, "a job is lost");
                    return Err(unavailable(format!("job {} is named and not there", job.id)));
                }
                None => return Ok(()),
            },
        };
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item_key(place.key(Kept::Head))))
            .condition_expression("job = :job")
            .expression_attribute_values(":job", s(&job.id))
            .build()
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let check = TransactWriteItem::builder().condition_check(check).build();
        let (mut some, mut bytes) = (Vec::new(), 0);
        for row in &rows {
            let actions = self.actions(place, row)?;
            let more: usize = actions.iter().map(weight).sum();
            if !some.is_empty() && (some.len() + actions.len() > ACTIONS || bytes + more > BYTES) {
                if !self.write_some(&check, std::mem::take(&mut some)).await? {
                    return Ok(());
                }
                bytes = 0;
            }
            some.extend(actions);
            bytes += more;
        }
        if !some.is_empty() && !self.write_some(&check, some).await? {
            return Ok(());
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(place.key(Kept::Head))))
            .update_expression(
                "SET version = :version, at_us = :at, laid_out = :laid_out REMOVE job, job_version, job_at_us, job_laid_out",
            )
            .condition_expression("job = :job")
            .expression_attribute_values(":job", s(&job.id))
            .expression_attribute_values(":version", whole(job.version))
            .expression_attribute_values(":at", n(job.at_us))
            .expression_attribute_values(":laid_out", whole(job.laid_out));
        match update.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                return Err(failed(error));
            }
            // Or somebody else has moved it on.
            _ => {}
        }
        self.drop_object(place, job).await;
        Ok(())
    }

    /// Writes some rows; `false` where the job is done with.
    async fn write_some(&self, check: &TransactWriteItem, some: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        let mut tries = 0;
        loop {
            let all = some.iter().cloned().chain([check.clone()]).collect();
            let Err(error) = self.client.transact_write_items().set_transact_items(Some(all)).send().await else {
                return Ok(true);
            };
            match Cancelled::of(&error) {
                Some(Cancelled::Condition) => return Ok(false),
                Some(Cancelled::Crowded) => {
                    tries += 1;
                    pause(tries).await?;
                }
                None => return Err(failed(error)),
            }
        }
    }

    async fn read_object(&self, place: Place<'_>, job: &Job) -> Result<Option<Vec<Row>>, StoreError> {
        let got = match self.s3.get_object().bucket(&self.bucket).key(object(place, job)).send().await {
            Ok(got) => got,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(unavailable(chain(&error))),
        };
        let whole = got.body.collect().await.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let json = decompress(&whole.into_bytes())?;
        serde_json::from_slice(&json).map(Some).map_err(|source| unreadable("a job", source))
    }

    /// Nobody needs it anymore. What is left over by chance is small, and does no harm.
    async fn drop_object(&self, place: Place<'_>, job: &Job) {
        let delete = self.s3.delete_object().bucket(&self.bucket).key(object(place, job));
        if let Err(error) = delete.send().await {
            tracing::warn!(
                job = job.id,
                error = &error as &dyn std::error::Error,
                "a job that is done stays in the bucket"
            );
        }
    }
}

fn object(place: Place<'_>, job: &Job) -> String {
    format!("jobs/{}/{}.zst", digest(&[place.tenant.name().as_bytes()]), job.id)
}
