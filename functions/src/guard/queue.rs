//! What waits for a solver thread: by class, strictly; within a class fair by tenant; within a tenant by due time.
//!
//! Tenants take turns by **start-time fair queueing** (Goyal, Vin and Cheng 1996, doi:10.1145/248156.248171): what a tenant gets begins, on a
//! clock that counts granted solving time, where its last one ended, or now if that is past; the earliest goes first. So a tenant with
//! a thousand requests gets as much time as one with three, long solves count as much as many short ones, and one that comes
//! after a while goes before all that others have piled up.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::plans::record::Tenant;

/// The most that one entry counts for.
const COST: Duration = Duration::from_secs(10);

/// The queue, of classes `0..classes`; earlier ones go first.
#[derive(Debug)]
pub struct Queue<T> {
    classes: Vec<Class<T>>,
    entered: u64,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    class: usize,
    tenant: Tenant,
    due: Instant,
    number: u64,
}

#[derive(Debug)]
struct Class<T> {
    /// Tenants with entries.
    lanes: HashMap<Tenant, Lane<T>>,
    /// Where those begin again that have none, and had more than others lately.
    ends: HashMap<Tenant, Duration>,
    /// Where what was taken last began.
    now: Duration,
    waiting: usize,
}

#[derive(Debug)]
struct Lane<T> {
    entries: BTreeMap<(Instant, u64), (Duration, T)>,
    backlog: Duration,
    /// Where the next one begins.
    start: Duration,
    /// Number of the entry that opened the lane; of those that begin together, the earlier goes first.
    since: u64,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new(classes: usize) -> Self {
        let class = || Class { lanes: HashMap::new(), ends: HashMap::new(), now: Duration::ZERO, waiting: 0 };
        Self { classes: std::iter::repeat_with(class).take(classes).collect(), entered: 0 }
    }

    /// Enters something that is expected to take `cost`.
    pub fn push(&mut self, class: usize, tenant: &Tenant, due: Instant, cost: Duration, entry: T) -> Place {
        self.entered += 1;
        let place = Place { class, tenant: tenant.clone(), due, number: self.entered };
        let class = &mut self.classes[class];
        let cost = cost.min(COST);
        let start = class.start(tenant);
        let lane = class.lanes.entry(tenant.clone()).or_insert_with(|| {
            let (entries, backlog) = (BTreeMap::new(), Duration::ZERO);
            Lane { entries, backlog, start, since: place.number }
        });
        lane.backlog += cost;
        lane.entries.insert((due, place.number), (cost, entry));
        class.waiting += 1;
        place
    }

    /// Takes what goes first, of the classes up to `last`.
    pub fn pop(&mut self, last: usize) -> Option<T> {
        self.classes.iter_mut().take(last + 1).find_map(Class::pop)
    }

    /// Takes an entry back.
    pub fn remove(&mut self, place: &Place) -> Option<T> {
        let class = &mut self.classes[place.class];
        let lane = class.lanes.get_mut(&place.tenant)?;
        let (cost, entry) = lane.entries.remove(&(place.due, place.number))?;
        lane.backlog = lane.backlog.saturating_sub(cost);
        class.waiting -= 1;
        class.leave(&place.tenant);
        Some(entry)
    }

    /// Entries of a class that wait.
    pub fn waiting(&self, class: usize) -> usize {
        self.classes[class].waiting
    }

    /// Entries of a class and a tenant that wait.
    pub fn waiting_of(&self, class: usize, tenant: &Tenant) -> usize {
        self.classes[class].lanes.get(tenant).map_or(0, |lane| lane.entries.len())
    }

    /// Tenants of a class that wait.
    pub fn tenants(&self, class: usize) -> usize {
        self.classes[class].lanes.len()
    }

    /// Solving time that goes before an entry that is made now: of the classes before it all, of its own tenant all that is due earlier, of
    /// each other tenant what begins no later.
    pub fn ahead(&self, class: usize, tenant: &Tenant, due: Instant) -> Duration {
        let before = self.classes[..class].iter().flat_map(|class| class.lanes.values()).map(|lane| lane.backlog);
        let class = &self.classes[class];
        let earlier =
            |lane: &Lane<T>| lane.entries.range(..(due, u64::MAX)).map(|(_, (cost, _))| *cost).sum::<Duration>();
        let own = class.lanes.get(tenant).map_or(Duration::ZERO, earlier);
        let start = class.start(tenant) + own;
        let others = class.lanes.iter().filter(|(other, lane)| *other != tenant && lane.start <= start);
        let others = others.map(|(_, lane)| (start.saturating_sub(lane.start) + lane.next()).min(lane.backlog));
        before.chain(others).sum::<Duration>() + own
    }

    /// Takes everything.
    pub fn drain(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.pop(self.classes.len() - 1)).collect()
    }
}

impl<T> Class<T> {
    /// Where a tenant's next entry begins.
    fn start(&self, tenant: &Tenant) -> Duration {
        match self.lanes.get(tenant) {
            Some(lane) => lane.start,
            None => self.ends.get(tenant).map_or(self.now, |end| self.now.max(*end)),
        }
    }

    fn pop(&mut self) -> Option<T> {
        let (tenant, lane) = self.lanes.iter_mut().min_by_key(|(_, lane)| (lane.start, lane.since))?;
        let (cost, entry) = lane.entries.pop_first()?.1;
        let tenant = tenant.clone();
        lane.backlog = lane.backlog.saturating_sub(cost);
        self.now = lane.start;
        lane.start += cost;
        self.waiting -= 1;
        self.leave(&tenant);
        Some(entry)
    }

    /// Closes a lane that is empty.
    fn leave(&mut self, tenant: &Tenant) {
        if self.lanes.get(tenant).is_some_and(|lane| lane.entries.is_empty())
            && let Some((tenant, lane)) = self.lanes.remove_entry(tenant)
        {
            self.ends.insert(tenant, lane.start);
            let now = self.now;
            self.ends.retain(|_, end| *end > now);
        }
    }
}

impl<T> Lane<T> {
    /// What the next entry takes.
    fn next(&self) -> Duration {
        self.entries.first_key_value().map_or(Duration::ZERO, |(_, (cost, _))| *cost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn tenant(number: usize) -> Tenant {
        Tenant::new(&format!("t{number}"))
    }

    #[test]
    fn classes_are_strict_and_a_tenant_s_own_go_by_due_time() {
        let (mut queue, now) = (Queue::new(2), Instant::now());
        for (class, due, name) in [(1, 0, "bulk"), (0, 9, "late"), (0, 1, "soon")] {
            queue.push(class, &tenant(0), now + due * MS, MS, name);
        }
        assert_eq!(queue.ahead(0, &tenant(0), now + 5 * MS), MS);
        assert_eq!(queue.pop(0), Some("soon"));
        assert_eq!(queue.pop(1), Some("late"));
        assert_eq!(queue.pop(0), None, "not of that class");
        assert_eq!(queue.pop(1), Some("bulk"));
    }

    #[test]
    fn a_quiet_tenant_passes_a_noisy_one() {
        let (mut queue, now) = (Queue::new(1), Instant::now());
        for _ in 0..1000 {
            queue.push(0, &tenant(0), now, 1000 * MS, "noisy");
        }
        assert_eq!(queue.ahead(0, &tenant(1), now), 1000 * MS, "one of the other's goes first");
        queue.push(0, &tenant(1), now, 1000 * MS, "quiet");
        let order: Vec<_> = (0..4).map_while(|_| queue.pop(0)).collect();
        assert!(order.contains(&"quiet"), "{order:?}");
    }

    #[test]
    fn who_comes_after_a_while_goes_before_what_another_has_piled_up_but_not_again_and_again() {
        let (mut queue, now) = (Queue::new(1), Instant::now());
        for _ in 0..9 {
            queue.push(0, &tenant(0), now, 100 * MS, 0);
        }
        assert_eq!(queue.pop(0), Some(0));
        let mut order = Vec::new();
        for _ in 0..6 {
            // Two that have one request each at a time, and begin the next as soon as it is taken.
            for quiet in [1, 2] {
                if queue.waiting_of(0, &tenant(quiet)) == 0 {
                    queue.push(0, &tenant(quiet), now, 100 * MS, quiet);
                }
            }
            order.extend(queue.pop(0));
        }
        assert_eq!(order, [1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn what_is_taken_back_does_not_come() {
        let (mut queue, now) = (Queue::new(1), Instant::now());
        let place = queue.push(0, &tenant(0), now, MS, 1);
        queue.push(0, &tenant(0), now, MS, 2);
        assert_eq!((queue.remove(&place), queue.remove(&place)), (Some(1), None));
        assert_eq!((queue.waiting(0), queue.drain(), queue.tenants(0)), (1, vec![2], 0));
    }

    proptest! {
        /// While two tenants both wait, the solving time that each got differs by no more than the longest entry of each.
        #[test]
        fn time_is_shared_evenly_while_tenants_wait(
            costs in prop::collection::vec((0usize..3, 1u32..2000), 30..120),
        ) {
            let (mut queue, now) = (Queue::new(1), Instant::now());
            let mut left = [0usize; 3];
            for (who, cost) in &costs {
                left[*who] += 1;
                queue.push(0, &tenant(*who), now, *cost * MS, (*who, *cost * MS));
            }
            let mut got = [Duration::ZERO; 3];
            let mut count = 0;
            while let Some((who, cost)) = queue.pop(0) {
                count += 1;
                got[who] += cost;
                left[who] -= 1;
                if left.iter().all(|left| *left > 0) {
                    let (least, most) = (got.iter().min().copied(), got.iter().max().copied());
                    let spread = most.unwrap_or_default().saturating_sub(least.unwrap_or_default());
                    prop_assert!(spread <= 2 * 2000 * MS, "{got:?}");
                }
            }
            prop_assert_eq!(count, costs.len());
        }
    }
}
