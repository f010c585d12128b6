//! What was proven about bays that the search met before.
//!
//! A table of fixed places, four to a bucket; it grows fourfold while it fills, up to a limit. When a bucket is full the entry with the
//! least proven gives way, so that the answer never depends on what is kept: an entry lost is work done twice.
//!
//! The search must stop in time, so a larger table takes over a few buckets with each entry that comes, rather than all at once.

use super::bay::Key;

/// Entries of a bucket: a cache line.
const WAYS: usize = 4;
/// Words of an entry: half of the key; then the other half and, in the low bits, the relocations that the bay needs at least,
/// zero where the place is free.
const WORDS: usize = 2;

/// Of plain words, as a vector of these comes zeroed from the system, page by page when it is used.
type Bucket = [u64; WAYS * WORDS];

/// Buckets at first: small bays are done before this is full.
const FIRST: usize = 1 << 10;
/// Buckets that are taken over with each new entry.
const MOVED: usize = 4;
/// Bits of the relocations in an entry.
const NEEDS: u64 = u16::MAX as u64;

#[derive(Debug)]
pub(super) struct Table {
    buckets: Vec<Bucket>,
    filled: usize,
    most: usize,
    /// The smaller table before, of which this many buckets have been taken over.
    before: Vec<Bucket>,
    moved: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    high: u64,
    /// The key alone, then with what it needs.
    low: u64,
    held: u64,
}

impl Entry {
    fn new(key: Key, needs: u32) -> Self {
        let low = key.low & !NEEDS;
        Self { high: key.high, low, held: low | u64::from(needs).min(NEEDS) }
    }

    fn place(&self, buckets: usize) -> usize {
        (self.low >> 32) as usize & (buckets - 1)
    }

    fn find(&self, bucket: &Bucket) -> Option<usize> {
        (0..WAYS).find(|way| bucket[way * WORDS] == self.high && bucket[way * WORDS + 1] & !NEEDS == self.low)
    }
}

impl Table {
    /// A table that takes no more than so many bytes (but four kilobytes at least).
    pub(super) fn new(bytes: usize) -> Self {
        let most = (bytes / size_of::<Bucket>()).max(FIRST);
        let most = 1 << most.ilog2();
        Self { buckets: vec![[0; WAYS * WORDS]; FIRST], filled: 0, most, before: Vec::new(), moved: 0 }
    }

    fn grow(&mut self) {
        let larger = vec![[0; WAYS * WORDS]; (self.buckets.len() * 4).min(self.most)];
        self.before = std::mem::replace(&mut self.buckets, larger);
        self.moved = 0;
    }

    /// Takes over some buckets of the smaller table.
    fn take_over(&mut self) {
        let last = (self.moved + MOVED).min(self.before.len());
        for at in self.moved..last {
            let bucket = self.before[at];
            for pair in bucket.as_chunks::<WORDS>().0.iter().filter(|pair| pair[1] & NEEDS > 0) {
                let entry = Entry { high: pair[0], low: pair[1] & !NEEDS, held: pair[1] };
                self.put(entry);
            }
        }
        self.moved = last;
        if last == self.before.len() {
            self.before = Vec::new();
        }
    }

    /// Relocations that the bay needs at least, as far as is known.
    pub(super) fn needs(&self, key: Key) -> u32 {
        let entry = Entry::new(key, 0);
        let known = |buckets: &[Bucket]| {
            let bucket = &buckets[entry.place(buckets.len())];
            entry.find(bucket).map_or(0, |way| (bucket[way * WORDS + 1] & NEEDS) as u32)
        };
        match known(&self.buckets) {
            0 if !self.before.is_empty() => known(&self.before),
            needs => needs,
        }
    }

    /// Notes that the bay needs so many relocations.
    pub(super) fn note(&mut self, key: Key, needs: u32) {
        if !self.before.is_empty() {
            self.take_over();
        } else if self.filled > self.buckets.len() * WAYS / 2 && self.buckets.len() < self.most {
            self.grow();
        }
        self.filled += usize::from(self.put(Entry::new(key, needs)));
    }

    /// Returns whether it took a free place.
    fn put(&mut self, entry: Entry) -> bool {
        let place = entry.place(self.buckets.len());
        let bucket = &mut self.buckets[place];
        if let Some(way) = entry.find(bucket) {
            let held = &mut bucket[way * WORDS + 1];
            *held = entry.held.max(*held);
            return false;
        }
        let worst = (0..WAYS).min_by_key(|way| bucket[way * WORDS + 1] & NEEDS).unwrap_or(0);
        let was_free = bucket[worst * WORDS + 1] & NEEDS == 0;
        bucket[worst * WORDS] = entry.high;
        bucket[worst * WORDS + 1] = entry.held;
        was_free
    }

    /// Takes back what was noted of a bay.
    pub(super) fn forget(&mut self, key: Key) {
        // The place stays taken: one relocation is needed by every bay that is not empty.
        let entry = Entry::new(key, 1);
        for buckets in [&mut self.buckets, &mut self.before].into_iter().filter(|buckets| !buckets.is_empty()) {
            let place = entry.place(buckets.len());
            let bucket = &mut buckets[place];
            if let Some(way) = entry.find(bucket) {
                bucket[way * WORDS + 1] = entry.held;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_noted_is_known_while_the_table_grows_and_nothing_else_is() {
        let mut rng = Rng::new(5);
        let mut table = Table::new(1 << 22);
        let mut noted: BTreeMap<usize, u32> = BTreeMap::new();
        let keys: Vec<Key> = (0..40_000).map(|_| Key { low: rng.next_u64(), high: rng.next_u64() }).collect();
        for round in 0..80_000 {
            let at = rng.below(keys.len());
            if round % 7 == 0 {
                table.forget(keys[at]);
                if let Some(needs) = noted.get_mut(&at) {
                    *needs = 1;
                }
            } else {
                let needs = 1 + rng.below(90) as u32;
                table.note(keys[at], needs);
                let held = noted.entry(at).or_default();
                *held = needs.max(*held);
            }
            let at = rng.below(keys.len());
            assert!(table.needs(keys[at]) <= noted.get(&at).copied().unwrap_or(0));
        }
        let lost = noted.iter().filter(|&(&at, &needs)| table.needs(keys[at]) != needs).count();
        assert!(lost < noted.len() / 8, "{lost} of {}", noted.len());
    }
}
