//! Loads the boot files into the guest's memory.

use super::{Initrd, Kernel, KernelError, LoadAddresses};
use crate::vmm::fdt::MachineDescription;
use idreg_runtime::config::VcpuConfig;
use linux_loader::loader::pe::PE;
use linux_loader::loader::{KernelLoader, load_dtb};
use rustix::rand::{GetRandomFlags, getrandom};
use std::error::Error;
use std::io::{Cursor, Seek};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// The length in bytes of the guest's random seed: the maximum that the kernel reads from a device
/// tree.
const SEED: usize = 64;

/// The entry point of the first vCPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryPoint {
    /// The PC: the kernel's first instruction.
    pub(crate) kernel: u64,
    /// X0: the address of the device tree.
    pub(crate) fdt: u64,
}

impl Kernel {
    /// Loads the boot files and a device tree for vCPUs with these MPIDR_EL1 values.
    pub(crate) fn load(
        &mut self,
        memory: &GuestMemoryMmap,
        ram: u64,
        mpidrs: &[u64],
        config: VcpuConfig,
    ) -> Result<EntryPoint, KernelError> {
        let addresses = self.load_addresses(ram)?;
        let base = GuestAddress(addresses.kernel_base);
        let loaded = match &self.unpacked {
            Some(image) => PE::load(memory, Some(base), &mut Cursor::new(image), None),
            None => PE::load(memory, Some(base), &mut self.file, None),
        };
        let kernel = loaded.map_err(|error| failed("the kernel", error))?;
        if let (Some(initrd), Some(range)) = (&mut self.initrd, &addresses.initrd) {
            initrd.load(memory, range.start)?;
        }
        self.load_device_tree(memory, &addresses, ram, mpidrs, config)?;
        Ok(EntryPoint {
            kernel: kernel.kernel_load.0,
            fdt: addresses.fdt,
        })
    }

    fn load_device_tree(
        &self,
        memory: &GuestMemoryMmap,
        addresses: &LoadAddresses,
        ram: u64,
        mpidrs: &[u64],
        config: VcpuConfig,
    ) -> Result<(), KernelError> {
        let mut seed = [0; SEED];
        // Linux returns this number of bytes at once or an error.
        getrandom(&mut seed, GetRandomFlags::empty())
            .map_err(|error| failed("random numbers", error))?;
        let machine = MachineDescription {
            mpidrs,
            config,
            ram,
            command_line: &self.command_line,
            initrd: addresses.initrd.clone(),
            seed: &seed,
        };
        let tree = machine
            .device_tree()
            .map_err(|error| failed("the device tree", error))?;
        load_dtb(memory, GuestAddress(addresses.fdt), &mut Cursor::new(tree))
            .map_err(|error| failed("the device tree", error))
    }
}

impl Initrd {
    fn load(&mut self, memory: &GuestMemoryMmap, at: u64) -> Result<(), KernelError> {
        let failed_at = |error| failed("the initial RAM disk", error);
        self.file.rewind().map_err(failed_at)?;
        let length =
            usize::try_from(self.length).map_err(|error| failed("the initial RAM disk", error))?;
        memory
            .read_exact_volatile_from(GuestAddress(at), &mut self.file, length)
            .map_err(|error| failed("the initial RAM disk", error))
    }
}

fn failed(what: &'static str, source: impl Error + Send + Sync + 'static) -> KernelError {
    KernelError::Load {
        what,
        source: Box::new(source),
    }
}
