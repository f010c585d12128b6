//! Tests of Portolan as a whole. One target, so that it links once.
#![allow(clippy::unwrap_used)] // in a test, a panic is the report

mod api;
mod aws;
mod contracts;
mod dependencies;
mod guard;
mod lambda;
mod lengths;
mod process;
mod terminal;
