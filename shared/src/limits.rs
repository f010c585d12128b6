//! Every cap in one place: what a request may hold and how far a number may go.
//!
//! The caps bound memory and keep sums far from overflow; a request above one of them is answered
//! with an issue that names it.

/// Bytes of one request document.
pub const MAX_DOCUMENT_BYTES: usize = 10 * 1024 * 1024;
/// Issues reported for one document; further ones are counted, not listed.
pub const MAX_ISSUES: usize = 100;
/// Characters of an identifier or a name.
pub const MAX_NAME_CHARS: usize = 128;
/// Seconds from the start of the horizon: five years.
pub const MAX_TIME_S: i64 = 5 * 366 * 86_400;
/// Metres of a length or a draft.
pub const MAX_METRES: f64 = 10_000.0;
/// A weight or a cost given by the caller.
pub const MAX_WEIGHT: i64 = 1_000_000;
/// Priority classes are numbered from zero to this.
pub const MAX_CLASS: u8 = 9;
/// An objective stays below this, so that sums and differences of objectives fit an `i64`.
pub const MAX_OBJECTIVE: i64 = 1 << 61;
/// An objective counted in cost steps stays below this: a float holds it exactly, with room for scaled duals.
pub const MAX_OBJECTIVE_STEPS: i64 = 1 << 50;

/// Vessel calls in one berth instance.
pub const MAX_CALLS: usize = 5_000;
/// Berths in one berth instance.
pub const MAX_BERTHS: usize = 200;
/// Calls times berths in one berth instance.
pub const MAX_PAIRS: usize = 200_000;
/// Windows (openings, closures, tides) of one berth.
pub const MAX_WINDOWS: usize = 2_000;

/// Stacks in one yard instance.
pub const MAX_STACKS: usize = 2_000;
/// Containers in one yard instance.
pub const MAX_CONTAINERS: usize = 10_000;
/// Entries of a table of stacking rules: kinds of containers times stacks, or kinds times kinds.
pub const MAX_RULE_CELLS: usize = 16_000_000;
/// Milliseconds of one elementary step of a crane: an hour.
pub const MAX_CRANE_MS: u32 = 3_600_000;

/// Nodes of one routing network.
pub const MAX_NODES: usize = 200_000;
/// Arcs of one routing network.
pub const MAX_ARCS: usize = 500_000;
/// Resources of one routing network.
pub const MAX_RESOURCES: usize = 100_000;
/// Resources that one arc may use.
pub const MAX_USES: usize = 64;
/// Lots in one routing instance.
pub const MAX_LOTS: usize = 200_000;
/// Containers of a lot, and units of a resource.
pub const MAX_QUANTITY: i64 = 1_000_000;
/// Ports of a timetable.
pub const MAX_PORTS: usize = 5_000;
/// Services and sailings of a timetable, each voyage counted.
pub const MAX_SAILINGS: usize = 50_000;
/// Calls of one sailing or rotation.
pub const MAX_SAILING_CALLS: usize = 200;
/// Transfers of a timetable.
pub const MAX_TRANSFERS: usize = 5_000;
/// Scenarios of a what-if question.
pub const MAX_SCENARIOS: usize = 200;
/// Changes of handling at one port, or of one scenario.
pub const MAX_CHANGES: usize = 2_000;
/// The shortest shift, and the shortest time between two voyages or departures: a quarter of an hour.
pub const MIN_PERIOD_S: i64 = 900;
/// A cost for each container, in hundredths: ten million.
pub const MAX_UNIT_COST: i64 = 1_000_000_000;

/// The longest a caller may ask a solve to take.
pub const MAX_TIME_LIMIT_MS: u64 = 15 * 60 * 1000;
/// The longest a request may wait for its answer.
pub const MAX_WAIT_S: u64 = 29;
/// Threads one solve may use.
pub const MAX_THREADS: usize = 64;
/// Ticks a caller may grant.
pub const MAX_WORK_LIMIT: u64 = 1 << 50;
