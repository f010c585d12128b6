//! Where things are kept and where the time comes from. Each adapter implements [`crate::ports`]; nothing above depends on
//! which one is in use.

pub mod cached;
pub mod embedded;
pub mod guarded;

use jiff::Timestamp;

use crate::ports::WallClock;

/// The clock of the machine, in whole milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
