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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// Only tops of stacks that hold a container of the group whose turn it is.
    Restricted,
    /// Any top.
    Unrestricted,
}
