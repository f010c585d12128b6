//! A bay while it is being sorted: what each relocation changes, kept up to date.

use crate::rng::Rng;
use crate::yard::layout::{Layout, Relocation};
use crate::yard::rules::Placement;

/// What no relocation changes.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) stacks: usize,
    /// Tiers of the highest stack.
    pub(super) tiers: usize,
    /// `[stack]`: containers it takes at most; what it holds at the start where that is more.
    pub(super) limits: Vec<u16>,
    /// `[kind]`: its group's place among the groups that occur; containers that stay have the highest.
    pub(super) rank: Vec<u16>,
    /// Number of ranks, at least one.
    pub(super) ranks: usize,
    /// `[tier * kinds + kind]`
    keys: Vec<u64>,
    /// `[stack]`: equal for stacks that may be swapped.
    class: Vec<u64>,
}

/// Work that the comparison of two stacks' rules may cost, in calls of [`Placement::allows`].
const CLASS_CALLS: usize = 1 << 20;

impl Site {
    pub(super) fn new<P: Placement>(layout: &Layout, placement: &P) -> Self {
        let stacks = layout.stacks.len();
        let limits: Vec<u16> =
            layout.stacks.iter().zip(&layout.heights).map(|(stack, &limit)| limit.max(stack.len() as u16)).collect();
        let tiers = limits.iter().copied().max().map_or(1, |most| usize::from(most).max(1));
        let groups = occurring(layout);
        let of_kind: Vec<u16> =
            layout.groups.iter().map(|group| groups.partition_point(|other| other < group) as u16).collect();
        let ranks = groups.len().max(1);
        // Without rules, containers of one group are interchangeable, whatever their kinds.
        let rank: Vec<u16> = if P::FREE { (0..ranks as u16).collect() } else { of_kind };
        let mut rng = Rng::new(1).fork("pre-marshalling states");
        let keys = (0..tiers * rank.len()).map(|_| rng.next_u64()).collect();
        let same = classes(layout, placement, &limits);
        let seeds: Vec<u64> = (0..stacks).map(|_| rng.next_u64()).collect();
        let class = same.into_iter().map(|first| seeds[first]).collect();
        Self { stacks, tiers, limits, rank, ranks, keys, class }
    }

    #[inline]
    fn key(&self, tier: usize, kind: u16) -> u64 {
        self.keys[tier * self.rank.len() + usize::from(kind)]
    }
}

/// The groups of the containers that are there, ascending.
fn occurring(layout: &Layout) -> Vec<u16> {
    let mut groups: Vec<u16> = layout.stacks.iter().flatten().map(|&kind| layout.groups[usize::from(kind)]).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// `[stack]`: the first stack that it may be swapped with.
fn classes<P: Placement>(layout: &Layout, placement: &P, limits: &[u16]) -> Vec<usize> {
    let stacks = limits.len();
    let kinds = layout.groups.len() as u16;
    let calls = usize::from(kinds) * (usize::from(kinds) + 1) * 2;
    let same = |one: usize, two: usize| {
        (0..kinds).all(|kind| {
            placement.allows(kind, one, None) == placement.allows(kind, two, None)
                && (0..kinds)
                    .all(|below| placement.allows(kind, one, Some(below)) == placement.allows(kind, two, Some(below)))
        })
    };
    let mut firsts: Vec<usize> = Vec::new();
    let mut spent = 0;
    (0..stacks)
        .map(|stack| {
            let found = firsts.iter().copied().find(|&first| {
                if limits[first] != limits[stack] {
                    return false;
                }
                if P::FREE {
                    return true;
                }
                spent += calls;
                spent <= CLASS_CALLS && same(first, stack)
            });
            found.unwrap_or_else(|| {
                firsts.push(stack);
                stack
            })
        })
        .collect()
}

/// Where the containers stand.
#[derive(Clone, Debug)]
pub(super) struct Bay {
    /// `[stack * tiers + tier]`: kind there.
    at: Vec<u16>,
    /// `[stack]`: containers in it.
    height: Vec<u16>,
    /// `[stack]`: containers from the ground up of which none stands above one of a lower rank.
    good: Vec<u16>,
    /// `[rank]`: badly placed containers of this rank or higher, less the places that could take them once all badly
    /// placed containers are away and no other has moved.
    pub(super) need: Vec<i32>,
    /// `[stack]`
    key: Vec<u64>,
    /// Equal for bays that differ in the order of like stacks only.
    pub(super) hash: u64,
    /// Badly placed containers.
    pub(super) bad: u32,
}

/// Finalizer of `SplitMix64`: what is summed over stacks must not cancel.
#[inline]
fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

impl Bay {
    pub(super) fn empty(site: &Site) -> Self {
        let mut bay = Self {
            at: vec![0; site.stacks * site.tiers],
            height: vec![0; site.stacks],
            good: vec![0; site.stacks],
            need: vec![0; site.ranks],
            key: site.class.clone(),
            hash: 0,
            bad: 0,
        };
        bay.clear(site);
        bay
    }

    pub(super) fn new<P: Placement>(site: &Site, layout: &Layout, _placement: &P) -> Self {
        let mut bay = Self::empty(site);
        let groups = occurring(layout);
        for (stack, kinds) in layout.stacks.iter().enumerate() {
            for &kind in kinds {
                let group = layout.groups[usize::from(kind)];
                let rank = groups.partition_point(|&other| other < group) as u16;
                bay.put(site, stack, if P::FREE { rank } else { kind });
            }
        }
        bay
    }

    fn clear(&mut self, site: &Site) {
        self.height.fill(0);
        self.good.fill(0);
        self.key.copy_from_slice(&site.class);
        self.hash = site.class.iter().fold(0, |sum: u64, &key| sum.wrapping_add(mix(key)));
        self.bad = 0;
        let supply: i32 = site.limits.iter().map(|&limit| i32::from(limit)).sum();
        self.need.fill(-supply);
    }

    /// Length of what [`Bay::save`] writes.
    pub(super) fn saved_len(site: &Site) -> usize {
        site.stacks * (site.tiers + 1)
    }

    /// Writes down where the containers stand.
    pub(super) fn save(&self, out: &mut [u16]) {
        let (at, height) = out.split_at_mut(self.at.len());
        at.copy_from_slice(&self.at);
        height.copy_from_slice(&self.height);
    }

    /// Back to what was written down.
    pub(super) fn restore(&mut self, site: &Site, saved: &[u16]) {
        self.clear(site);
        let (at, height) = saved.split_at(self.at.len());
        for stack in 0..site.stacks {
            let base = stack * site.tiers;
            for &kind in &at[base..base + usize::from(height[stack])] {
                self.put(site, stack, kind);
            }
        }
    }

    #[inline]
    pub(super) fn height(&self, stack: usize) -> usize {
        usize::from(self.height[stack])
    }

    /// Containers from the ground up that stand well.
    #[inline]
    pub(super) fn good(&self, stack: usize) -> usize {
        usize::from(self.good[stack])
    }

    #[inline]
    pub(super) fn is_clean(&self, stack: usize) -> bool {
        self.good[stack] == self.height[stack]
    }

    #[inline]
    pub(super) fn is_full(&self, site: &Site, stack: usize) -> bool {
        self.height[stack] >= site.limits[stack]
    }

    #[inline]
    pub(super) fn rank_at(&self, site: &Site, stack: usize, tier: usize) -> u16 {
        site.rank[usize::from(self.at[stack * site.tiers + tier])]
    }

    #[inline]
    pub(super) fn top(&self, site: &Site, stack: usize) -> Option<u16> {
        self.height(stack).checked_sub(1).map(|tier| self.at[stack * site.tiers + tier])
    }

    /// The highest rank that stands well on the lowest `kept` containers of a stack.
    #[inline]
    pub(super) fn accepts_on(&self, site: &Site, stack: usize, kept: usize) -> u16 {
        if kept == 0 { site.ranks as u16 - 1 } else { self.rank_at(site, stack, kept - 1) }
    }

    /// The highest rank that stands well on the well placed containers of a stack.
    #[inline]
    pub(super) fn accepts(&self, site: &Site, stack: usize) -> u16 {
        self.accepts_on(site, stack, self.good(stack))
    }

    #[inline]
    fn count(&mut self, up_to: u16, amount: i32) {
        for need in &mut self.need[..=usize::from(up_to)] {
            *need += amount;
        }
    }

    #[inline]
    fn rekey(&mut self, site: &Site, stack: usize, tier: usize, kind: u16) {
        let old = self.key[stack];
        let new = old ^ site.key(tier, kind);
        self.key[stack] = new;
        self.hash = self.hash.wrapping_sub(mix(old)).wrapping_add(mix(new));
    }

    #[inline]
    fn put(&mut self, site: &Site, stack: usize, kind: u16) {
        let tier = self.height(stack);
        let rank = site.rank[usize::from(kind)];
        let accepts = self.accepts(site, stack);
        if self.is_clean(stack) && rank <= accepts {
            let room = i32::from(site.limits[stack]) - tier as i32;
            self.count(accepts, room);
            self.count(rank, 1 - room);
            self.good[stack] += 1;
        } else {
            self.bad += 1;
            self.count(rank, 1);
        }
        self.at[stack * site.tiers + tier] = kind;
        self.height[stack] += 1;
        self.rekey(site, stack, tier, kind);
    }

    #[inline]
    fn take(&mut self, site: &Site, stack: usize) -> u16 {
        let tier = self.height(stack) - 1;
        let kind = self.at[stack * site.tiers + tier];
        let rank = site.rank[usize::from(kind)];
        if self.is_clean(stack) {
            self.good[stack] -= 1;
            let room = i32::from(site.limits[stack]) - tier as i32;
            let accepts = self.accepts(site, stack);
            self.count(rank, room - 1);
            self.count(accepts, -room);
        } else {
            self.bad -= 1;
            self.count(rank, -1);
        }
        self.height[stack] -= 1;
        self.rekey(site, stack, tier, kind);
        kind
    }

    /// Whether the top of one stack may go onto another, both within the bay.
    #[inline]
    pub(super) fn can<P: Placement>(&self, site: &Site, placement: &P, from: usize, to: usize) -> bool {
        if from == to || self.is_full(site, to) {
            return false;
        }
        let Some(kind) = self.top(site, from) else { return false };
        P::FREE || placement.allows(kind, to, self.top(site, to))
    }

    /// Whether the top of one stack stands well on another.
    #[inline]
    pub(super) fn is_good_on(&self, site: &Site, rank: u16, to: usize) -> bool {
        self.is_clean(to) && rank <= self.accepts(site, to)
    }

    /// Carries out a relocation that [`Bay::can`] be done. The opposite one takes it back.
    #[inline]
    pub(super) fn shift(&mut self, site: &Site, from: usize, to: usize) {
        let kind = self.take(site, from);
        self.put(site, to, kind);
    }
}

/// A relocation between two stacks.
#[inline]
pub(super) fn relocation(from: usize, to: usize) -> Relocation {
    Relocation { from: from as u16, to: to as u16 }
}
