//! A set of stays that are still open.

/// One bit a stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    words: Vec<u64>,
}

impl Open {
    /// All of `len` stays.
    pub(crate) fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let (Some(last), 1..) = (words.last_mut(), len % 64) {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words }
    }

    /// Whether a stay is open.
    #[inline]
    pub(crate) fn has(&self, stay: usize) -> bool {
        self.words[stay / 64] >> (stay % 64) & 1 == 1
    }

    /// Closes a stay.
    #[inline]
    pub(crate) fn close(&mut self, stay: usize) {
        self.words[stay / 64] &= !(1 << (stay % 64));
    }

    /// How many are open.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}
