//! What stands between callers and the machine, so that more requests than it can serve cost the surplus and nothing else.
//!
//! ```text
//!  a request ──> quota (429) ──> known already? ──> forecast ──> queue ──> solver threads
//!                 a tenant's      answers at once    can it be     by class, then
//!                 share                              in time?      fair by tenant
//!                                                    (503, or an older answer)
//! ```
//!
//! Reading order: [`quota`] limits what a tenant may ask; [`forecast`] says how long a solve is likely to take; [`queue`] orders
//! what waits for a thread and says how long it will wait; [`breaker`] leaves alone what does not answer, and
//! [`backoff`] spreads tries. All of it is pure: the time comes as
//! an argument, nothing here waits or does I/O.

pub mod backoff;
pub mod breaker;
pub mod forecast;
pub mod queue;
pub mod quota;
