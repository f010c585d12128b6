//! The laws that every problem keeps, on random small instances and against brute force.

mod berth;
mod brute;
mod contract;
mod quay;
mod readers;
mod routing;
mod tiny;
mod yard;
