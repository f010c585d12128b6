//! Scans over all stacks, eight at a time: written so that the compiler uses vector instructions. They are most of the work.
//!
//! Slices have a multiple of [`LANES`] entries; what stands beyond the last stack never wins.

/// Stacks looked at at once.
pub(super) const LANES: usize = 8;

/// Space for this many stacks.
pub(super) fn padded(stacks: usize) -> usize {
    stacks.next_multiple_of(LANES)
}

/// The smallest value.
#[inline]
pub(super) fn smallest(values: &[u16]) -> u16 {
    let mut least = [u16::MAX; LANES];
    for chunk in values.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            least[lane] = least[lane].min(chunk[lane]);
        }
    }
    least.into_iter().fold(u16::MAX, u16::min)
}

/// The smallest `value - from`, modulo 2^16. At most `u16::MAX - from` where a value is no smaller than `from`.
#[inline]
pub(super) fn least_above(values: &[u16], from: u16) -> u16 {
    let mut least = [u16::MAX; LANES];
    for chunk in values.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            least[lane] = least[lane].min(chunk[lane].wrapping_sub(from));
        }
    }
    least.into_iter().fold(u16::MAX, u16::min)
}

/// The largest of the `tops` that are above their `firsts` and not above `most`; 0 where none is.
#[inline]
pub(super) fn latest_bad(tops: &[u16], firsts: &[u16], most: u16) -> u16 {
    let mut latest = [0; LANES];
    for (tops, firsts) in tops.as_chunks::<LANES>().0.iter().zip(firsts.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let fits = tops[lane] > firsts[lane] && tops[lane] <= most;
            latest[lane] = latest[lane].max(if fits { tops[lane] } else { 0 });
        }
    }
    latest.into_iter().fold(0, u16::max)
}

/// Where the value stands first.
#[inline]
pub(super) fn find(values: &[u16], value: u16) -> Option<usize> {
    for (at, chunk) in values.as_chunks::<LANES>().0.iter().enumerate() {
        let mut mask = 0_u8;
        for (lane, &one) in chunk.iter().enumerate() {
            mask |= u8::from(one == value) << lane;
        }
        if mask != 0 {
            return Some(at * LANES + mask.trailing_zeros() as usize);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_agree_with_plain_loops() {
        let mut rng = crate::rng::Rng::new(3);
        for _ in 0..500 {
            let len = padded(1 + rng.below(20));
            let mut draw = || (0..len).map(|_| [rng.below(12) as u16, u16::MAX][rng.below(2)]).collect::<Vec<u16>>();
            let (tops, firsts) = (draw(), draw());
            let from = 1 + rng.below(12) as u16;
            assert_eq!(smallest(&tops), *tops.iter().min().unwrap());
            let above = tops.iter().filter(|&&top| top >= from).min().map(|top| top - from);
            let found = least_above(&tops, from);
            assert_eq!(above, (found <= u16::MAX - from).then_some(found));
            let bad = tops.iter().zip(&firsts).filter(|&(top, first)| top > first && *top <= from);
            assert_eq!(latest_bad(&tops, &firsts, from), bad.map(|(top, _)| *top).max().unwrap_or(0));
            assert_eq!(find(&tops, from), tops.iter().position(|&top| top == from));
        }
    }
}
