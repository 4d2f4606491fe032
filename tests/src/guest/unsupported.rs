//! A machine that is not arm64: there is nothing to read or to execute.

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
