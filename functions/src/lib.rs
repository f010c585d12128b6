//! Portolan's HTTP API, command line and Lambda functions.
//!
//! Layer rule: `bin -> http -> plans -> ports <- adapters`. Nothing below `http` knows HTTP; nothing but
//! `adapters` knows where things are kept.

pub mod cli;
