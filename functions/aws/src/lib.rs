//! Portolan on AWS: Lambda functions behind API Gateway, with plans and terminals in DynamoDB, plans remembered in ElastiCache for Valkey, and
//! solved later by way of SQS.
//!
//! ```text
//!   API Gateway ──> optimize, plans ──> DynamoDB ──stream──> relay ──> SQS (urgent, standard, bulk) ──> solve
//!                      │    │  └──────> Valkey (finished plans)                                          │
//!                      │    └─────────> S3 (what is too large)                  DynamoDB <───────────────┘
//!                      └ solves what is answered on the line
//!   API Gateway ──> terminal ──> DynamoDB (terminals)
//! ```
//!
//! The life of a plan is the one in [`portolan_functions::plans`]; here are the adapters of its ports, and the five
//! functions: [`api`] (`optimize`, `plans` and `terminal`), [`relay`] and [`solve`]. A deferred plan is written once, as queued; the table's stream
//! is the outbox that makes the message of it, so that no crash can leave a plan without its message.

pub mod api;
pub mod bodies;
pub mod clients;
pub mod config;
pub mod dynamodb;
pub mod queue;
pub mod relay;
pub mod solve;
pub mod uploads;
pub mod valkey;
