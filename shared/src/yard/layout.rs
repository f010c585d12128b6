//! What the searches see of a yard: kinds of containers in stacks, and nothing else.

/// Stacks of containers, reduced to what decides which moves are needed.
///
/// Containers of one **kind** are interchangeable. Kinds are numbered so that [`Layout::groups`] never decreases: without stack rules a
/// kind *is* a group, and comparing kinds compares groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `[stack][tier]`, from the ground up: the kind of the container there.
    pub stacks: Vec<Vec<u16>>,
    /// `[stack]`: containers that the stack takes at most. A stack that holds more already (it never does in a valid request) takes none.
    pub heights: Vec<u16>,
    /// `[kind]`: when it leaves; lower leaves first, equal in any order. [`STAYS`] never leaves.
    pub groups: Vec<u16>,
}

/// The group of containers that do not leave.
pub const STAYS: u16 = u16::MAX;

/// The top container of one stack goes onto another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relocation {
    /// Stack it is taken from.
    pub from: u16,
    /// Stack it is put on, another one.
    pub to: u16,
}

/// Which containers may be relocated while others leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardMoves))]
pub enum Moves {
    /// Any container on top of its stack.
    #[default]
    Unrestricted,
    /// Only those on top of a stack that holds a container whose turn it is.
    Restricted,
}

/// One step of a plan: the top container of a stack goes onto another, or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// Stack it is taken from.
    pub from: u16,
    /// Stack it is put on; `None` where it leaves.
    pub to: Option<u16>,
}

impl Layout {
    /// The relocations with the retrievals between them: each container leaves as soon as it is on top and its turn has come,
    /// lower stacks first.
    ///
    /// A relocation that cannot be done (from an empty stack) ends the list: a bug of the search, which the checker will name.
    pub fn with_retrievals(&self, relocations: &[Relocation]) -> Vec<Move> {
        let mut stacks = self.stacks.clone();
        let mut left = self.turns_left();
        let mut moves = Vec::with_capacity(relocations.len() + left.len());
        self.retrieve(&mut stacks, &mut left, &mut moves);
        for &Relocation { from, to } in relocations {
            let Some(kind) = stacks.get_mut(usize::from(from)).and_then(Vec::pop) else { break };
            stacks[usize::from(to)].push(kind);
            moves.push(Move { from, to: Some(to) });
            self.retrieve(&mut stacks, &mut left, &mut moves);
        }
        moves
    }

    /// Groups of the containers that leave, last first.
    fn turns_left(&self) -> Vec<u16> {
        let groups = self.stacks.iter().flatten().map(|&kind| self.groups[usize::from(kind)]);
        let mut groups: Vec<u16> = groups.filter(|&group| group != STAYS).collect();
        groups.sort_unstable_by(|a, b| b.cmp(a));
        groups
    }

    fn retrieve(&self, stacks: &mut [Vec<u16>], left: &mut Vec<u16>, moves: &mut Vec<Move>) {
        while let Some(&group) = left.last() {
            let is_on_top =
                |stack: &Vec<u16>| stack.last().is_some_and(|&kind| self.groups[usize::from(kind)] == group);
            let Some(from) = stacks.iter().position(is_on_top) else { return };
            stacks[from].pop();
            left.pop();
            moves.push(Move { from: from as u16, to: None });
        }
    }
}
