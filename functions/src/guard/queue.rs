//! What waits for a solver thread: by class, strictly; within a class fair by tenant; within a tenant by due time.
//!
//! Tenants take turns by **deficit round robin** (Shreedhar and Varghese 1995, doi:10.1145/217391.217453): each turn adds a quantum of
//! expected solving time to what a tenant may use, and what a turn leaves over is kept for the next. So a tenant with a thousand
//! requests gets as much time as one with three, and long solves count as much as many short ones.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::plans::record::Tenant;

/// Solving time that a turn adds.
const QUANTUM: Duration = Duration::from_millis(250);
/// The most that one entry counts for: keeps the number of turns to the next entry small.
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
    lanes: HashMap<Tenant, Lane<T>>,
    /// Tenants with entries, the one whose turn it is first.
    turns: VecDeque<Tenant>,
    waiting: usize,
}

#[derive(Debug)]
struct Lane<T> {
    entries: BTreeMap<(Instant, u64), (Duration, T)>,
    backlog: Duration,
    deficit: Duration,
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new(classes: usize) -> Self {
        let class = || Class { lanes: HashMap::new(), turns: VecDeque::new(), waiting: 0 };
        Self { classes: std::iter::repeat_with(class).take(classes).collect(), entered: 0 }
    }

    /// Enters something that is expected to take `cost`.
    pub fn push(&mut self, class: usize, tenant: &Tenant, due: Instant, cost: Duration, entry: T) -> Place {
        self.entered += 1;
        let place = Place { class, tenant: tenant.clone(), due, number: self.entered };
        let class = &mut self.classes[class];
        let cost = cost.min(COST);
        let turns = &mut class.turns;
        let lane = class.lanes.entry(tenant.clone()).or_insert_with(|| {
            turns.push_back(tenant.clone());
            Lane { entries: BTreeMap::new(), backlog: Duration::ZERO, deficit: Duration::ZERO }
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
        if lane.entries.is_empty() {
            class.lanes.remove(&place.tenant);
            class.turns.retain(|tenant| *tenant != place.tenant);
        }
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
    /// each other tenant no more than this one will have used by then.
    pub fn ahead(&self, class: usize, tenant: &Tenant, due: Instant, cost: Duration) -> Duration {
        let before = self.classes[..class].iter().flat_map(|class| class.lanes.values()).map(|lane| lane.backlog).sum();
        let class = &self.classes[class];
        let earlier =
            |lane: &Lane<T>| lane.entries.range(..(due, u64::MAX)).map(|(_, (cost, _))| *cost).sum::<Duration>();
        let own = class.lanes.get(tenant).map_or(Duration::ZERO, earlier);
        let share = own + cost.min(COST);
        let others = class.lanes.iter().filter(|(other, _)| *other != tenant).map(|(_, lane)| lane.backlog.min(share));
        others.fold(before, |sum: Duration, part| sum + part) + own
    }

    /// Takes everything.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all = Vec::new();
        while let Some(entry) = self.pop(self.classes.len() - 1) {
            all.push(entry);
        }
        all
    }
}

impl<T> Class<T> {
    fn pop(&mut self) -> Option<T> {
        loop {
            let tenant = self.turns.front()?.clone();
            let lane = self.lanes.get_mut(&tenant)?;
            let first = lane.entries.first_entry()?;
            let cost = first.get().0;
            if lane.deficit < cost && self.turns.len() > 1 {
                lane.deficit += QUANTUM;
                self.turns.rotate_left(1);
                continue;
            }
            let (cost, entry) = first.remove();
            lane.deficit = lane.deficit.saturating_sub(cost);
            lane.backlog = lane.backlog.saturating_sub(cost);
            self.waiting -= 1;
            if lane.entries.is_empty() {
                // An empty lane keeps nothing: saving up is not for those who do not wait.
                self.lanes.remove(&tenant);
                self.turns.pop_front();
            }
            return Some(entry);
        }
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
        assert_eq!(queue.ahead(0, &tenant(0), now + 5 * MS, MS), MS);
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
        assert_eq!(queue.ahead(0, &tenant(1), now, 1000 * MS), 1000 * MS, "one of the other's goes first");
        queue.push(0, &tenant(1), now, 1000 * MS, "quiet");
        let order: Vec<_> = (0..4).map_while(|_| queue.pop(0)).collect();
        assert!(order.contains(&"quiet"), "{order:?}");
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
        /// While two tenants both wait, the solving time that each got differs by no more than a quantum and the longest entry.
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
                    prop_assert!(spread <= 2 * (QUANTUM + 2000 * MS), "{got:?}");
                }
            }
            prop_assert_eq!(count, costs.len());
        }
    }
}
