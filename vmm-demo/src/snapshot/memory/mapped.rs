//! The RAM of VMs.

use super::{GuestRam, OutsideRam};
use crate::vmm::memory::copies;
use crate::vmm::ram_range::RamRange;
use vm_memory::{Address as _, GuestMemoryBackend as _, GuestMemoryMmap, GuestMemoryRegion as _};

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
        copies::read(self, address, bytes).map_err(|_| OutsideRam { address, length })
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutsideRam> {
        let length = bytes.len();
        copies::write(self, address, bytes).map_err(|_| OutsideRam { address, length })
    }
}
