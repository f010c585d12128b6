//! Dense indices: one type a kind of thing, so that a call cannot be looked up among berths.

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub u32);

        impl $name {
            /// The index of the thing at `position`, counted from zero.
            pub fn new(position: usize) -> Self {
                Self(u32::try_from(position).expect("limits keep every count below 2^32"))
            }

            /// As a position in a slice.
            pub fn at(self) -> usize {
                self.0 as usize
            }

            /// Every index below `count`, in order.
            pub fn all(count: usize) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
                (0..count).map(Self::new)
            }
        }
    };
}

index! {
    /// A vessel call, in the order of the request.
    CallIdx
}
index! {
    /// A berth, in the order of the request.
    BerthIdx
}
