//! Stubs for other machines than arm64: no registers and no instructions.

pub(super) mod registers {
    use idreg_runtime::encoding::Encoding;
    use std::iter;

    pub(in super::super) fn read_all() -> impl Iterator<Item = (Encoding, u64)> {
        iter::empty()
    }
}

pub(super) mod instructions {
    pub(in super::super) const INSTRUCTIONS: [(&str, fn()); 0] = [];
}
