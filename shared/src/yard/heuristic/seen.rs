//! States that were met, and after how many relocations.

/// Entries that are kept at most: 20 MB, which is moved in a few milliseconds. A full table is emptied, which costs repeated work only.
const MOST: usize = 1 << 20;

/// A hash table with open addressing over the hashes themselves: no random state, no keys to compare.
#[derive(Debug)]
pub(super) struct Seen {
    keys: Vec<u64>,
    costs: Vec<u16>,
    len: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { keys: vec![0; 1024], costs: vec![0; 1024], len: 0 }
    }

    /// Whether the state is new at this cost or below. Notes it.
    pub(super) fn improves(&mut self, hash: u64, cost: u16) -> bool {
        let key = hash.max(1);
        if 2 * self.len >= self.keys.len() {
            self.grow();
        }
        let slot = self.find(key);
        if self.keys[slot] == key {
            let better = cost < self.costs[slot];
            if better {
                self.costs[slot] = cost;
            }
            return better;
        }
        self.keys[slot] = key;
        self.costs[slot] = cost;
        self.len += 1;
        true
    }

    /// The slot of the key, or the free one where it belongs.
    fn find(&self, key: u64) -> usize {
        let mask = self.keys.len() - 1;
        let mut slot = key as usize & mask;
        while self.keys[slot] != 0 && self.keys[slot] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        if self.len >= MOST {
            self.keys.fill(0);
            self.len = 0;
            return;
        }
        let size = 2 * self.keys.len();
        let keys = std::mem::replace(&mut self.keys, vec![0; size]);
        let costs = std::mem::replace(&mut self.costs, vec![0; size]);
        for (key, cost) in keys.into_iter().zip(costs).filter(|&(key, _)| key != 0) {
            let slot = self.find(key);
            self.keys[slot] = key;
            self.costs[slot] = cost;
        }
    }
}
