//! The HTTP API over a real connection.

mod plans;
