//! Stubs for other machines than arm64: a counter of nanoseconds, and no registers.

pub(super) mod counter {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    pub(in super::super) fn read() -> u64 {
        u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(in super::super) const fn frequency() -> u64 {
        1_000_000_000
    }
}

pub(super) mod vector_registers {
    use super::super::vector_values::Registers;
    use rustix::io::Errno;

    #[expect(clippy::unnecessary_wraps, reason = "arm64 needs the result")]
    pub(in super::super) const fn longest_sve_bytes() -> Result<Option<u64>, Errno> {
        Ok(None)
    }

    pub(in super::super) fn hold(
        loaded: &Registers,
        found: &mut Registers,
        _until: u64,
        _has_sve: bool,
    ) {
        found.clone_from(loaded);
    }
}
