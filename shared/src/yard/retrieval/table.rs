//! What was proven about bays that the search met before.
//!
//! A table of fixed places, four to a bucket; it grows fourfold while it fills, up to a limit. When a bucket is full the entry with the
//! least proven gives way, so that the answer never depends on what is kept: an entry lost is work done twice.

use super::bay::Key;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    high: u64,
    low: u32,
    /// Relocations that the bay needs at least. Zero where the place is free.
    needs: u32,
}

const WAYS: usize = 4;

/// Buckets at first: small bays are done before this is full.
const FIRST: usize = 1 << 10;

#[derive(Debug)]
pub(super) struct Table {
    buckets: Vec<[Entry; WAYS]>,
    filled: usize,
    most: usize,
}

impl Table {
    /// A table that takes no more than so many bytes (but four kilobytes at least).
    pub(super) fn new(bytes: usize) -> Self {
        let most = (bytes / size_of::<[Entry; WAYS]>()).max(FIRST);
        let most = 1 << most.ilog2();
        Self { buckets: vec![<[Entry; WAYS]>::default(); FIRST], filled: 0, most }
    }

    fn place(&self, low: u32) -> usize {
        low as usize & (self.buckets.len() - 1)
    }

    fn grow(&mut self) {
        let larger = vec![<[Entry; WAYS]>::default(); (self.buckets.len() * 4).min(self.most)];
        for bucket in std::mem::replace(&mut self.buckets, larger) {
            for entry in bucket.into_iter().filter(|entry| entry.needs > 0) {
                // A bucket of the larger table takes from one of the smaller alone: it always has a free place.
                let place = self.place(entry.low);
                if let Some(free) = self.buckets[place].iter_mut().find(|held| held.needs == 0) {
                    *free = entry;
                }
            }
        }
    }

    /// Relocations that the bay needs at least, as far as is known.
    pub(super) fn needs(&self, key: Key) -> u32 {
        let low = (key.low >> 32) as u32;
        let bucket = &self.buckets[self.place(low)];
        bucket.iter().find(|entry| entry.high == key.high && entry.low == low).map_or(0, |entry| entry.needs)
    }

    /// Notes that the bay needs so many relocations.
    pub(super) fn note(&mut self, key: Key, needs: u32) {
        if self.filled > self.buckets.len() * WAYS / 2 && self.buckets.len() < self.most {
            self.grow();
        }
        let entry = Entry { high: key.high, low: (key.low >> 32) as u32, needs };
        let place = self.place(entry.low);
        let bucket = &mut self.buckets[place];
        let mut worst = 0;
        for way in 0..WAYS {
            let held = bucket[way];
            if held.high == entry.high && held.low == entry.low {
                bucket[way].needs = held.needs.max(needs);
                return;
            }
            if held.needs < bucket[worst].needs {
                worst = way;
            }
        }
        self.filled += usize::from(bucket[worst].needs == 0);
        bucket[worst] = entry;
    }

    /// Takes back what was noted of a bay.
    pub(super) fn forget(&mut self, key: Key) {
        let low = (key.low >> 32) as u32;
        let place = self.place(low);
        if let Some(entry) = self.buckets[place].iter_mut().find(|entry| entry.high == key.high && entry.low == low) {
            // The place stays taken: one relocation is needed by every bay that is not empty.
            entry.needs = 1;
        }
    }
}
