//! What a guest is given beyond what this machine has: KVM allows it, and it may end badly.

use crate::size::MemorySize;
use rustix::system::sysinfo;
use thiserror::Error;

/// More memory than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{asked} of memory are more than this machine has, {has} with its swap: the kernel ends this program if the guest \
     uses as much"
)]
pub(super) struct Overcommitted {
    asked: MemorySize,
    has: MemorySize,
}

impl Overcommitted {
    /// What is too much about a guest with so much memory.
    pub(super) fn by(asked: MemorySize) -> Option<Self> {
        const MIB: u64 = 1 << 20;
        let info = sysinfo();
        // C's unsigned longs, which have 64 bits on arm64.
        let bytes = (info.totalram + info.totalswap).saturating_mul(info.mem_unit.into());
        let has = MemorySize(bytes / MIB * MIB);
        (asked.0 > bytes).then_some(Self { asked, has })
    }
}
