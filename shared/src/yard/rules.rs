//! Where a container may stand, beyond the height of the stack.

/// Decides about one container on one place. Searches are compiled once for [`Anywhere`] and once for [`Rules`].
pub trait Placement: Clone {
    /// Whether every place is allowed: bounds and dominance rules that need it ask here.
    const FREE: bool;
    /// Whether a container of this kind may stand in this stack on one of the kind `below`, or on the ground.
    fn allows(&self, kind: u16, stack: usize, below: Option<u16>) -> bool;
}

/// No rules.
#[derive(Clone, Copy, Debug)]
pub struct Anywhere;

impl Placement for Anywhere {
    const FREE: bool = true;

    fn allows(&self, _kind: u16, _stack: usize, _below: Option<u16>) -> bool {
        true
    }
}

/// The rules of a yard (lengths, weights, plugs, dangerous goods, closures), as two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    kinds: usize,
    stacks: usize,
    /// `[kind * stacks + stack]`
    fits: Vec<bool>,
    /// `[kind * kinds + kind below]`
    bears: Vec<bool>,
}

impl Rules {
    /// Rules over this many kinds and stacks, from what `fits` says of a kind in a stack and `bears` of a kind on another.
    pub fn new(
        kinds: usize,
        stacks: usize,
        fits: impl Fn(usize, usize) -> bool,
        bears: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let fits = (0..kinds * stacks).map(|cell| fits(cell / stacks, cell % stacks)).collect();
        let bears = (0..kinds * kinds).map(|cell| bears(cell / kinds, cell % kinds)).collect();
        Self { kinds, stacks, fits, bears }
    }

    /// Whether they forbid nothing.
    pub fn is_trivial(&self) -> bool {
        self.fits.iter().chain(&self.bears).all(|&allowed| allowed)
    }
}

impl Placement for Rules {
    const FREE: bool = false;

    fn allows(&self, kind: u16, stack: usize, below: Option<u16>) -> bool {
        let kind = usize::from(kind);
        self.fits[kind * self.stacks + stack]
            && below.is_none_or(|below| self.bears[kind * self.kinds + usize::from(below)])
    }
}
