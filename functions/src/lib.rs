//! Portolan's HTTP API and command line, on one machine. The Lambda functions are in `functions/aws`, with adapters for what AWS
//! offers.
//!
//! Layer rule: `bin -> http -> plans -> ports <- adapters`. Nothing below `http` knows HTTP; nothing but
//! `adapters` knows where things are kept.

pub mod adapters;
pub mod capacity;
pub mod cli;
pub mod config;
pub mod guard;
pub mod http;
pub mod keys;
pub mod plans;
pub mod ports;
pub mod serve;
pub mod telemetry;
pub mod terminal;
