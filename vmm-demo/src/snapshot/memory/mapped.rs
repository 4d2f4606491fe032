//! The RAM of VMs.

use super::{GuestRam, OutsideRam};
use crate::vmm::ram_range::RamRange;
use vm_memory::{
    Address as _, Bytes as _, GuestAddress, GuestMemoryBackend as _, GuestMemoryMmap,
    GuestMemoryRegion as _,
};

impl GuestRam for GuestMemoryMmap {
    fn ranges(&self) -> Vec<RamRange> {
        let ranges = self.iter().map(|region| RamRange {
            start: region.start_addr().raw_value(),
            size: region.len(),
        });
        ranges.collect()
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), OutsideRam> {
        let length = bytes.len();
        self.read_slice(bytes, GuestAddress(address))
            .map_err(|_| OutsideRam { address, length })
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutsideRam> {
        let length = bytes.len();
        self.write_slice(bytes, GuestAddress(address))
            .map_err(|_| OutsideRam { address, length })
    }
}
