//! Putting everything into the guest's memory.

use super::{Initrd, Kernel, KernelError, Places};
use crate::vmm::fdt::Machine;
use idreg_runtime::config::VcpuConfig;
use linux_loader::loader::pe::PE;
use linux_loader::loader::{KernelLoader, load_dtb};
use rustix::rand::{GetRandomFlags, getrandom};
use std::error::Error;
use std::io::{Cursor, Seek};
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

/// The bytes that the guest's random numbers start from, as many as the kernel takes of a device tree.
const SEED: usize = 64;

/// Where the first vCPU starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its PC.
    pub(crate) kernel: u64,
    /// Its X0: the device tree.
    pub(crate) fdt: u64,
}

impl Kernel {
    /// Loads everything for vCPUs of these affinities.
    pub(crate) fn load(
        &mut self,
        memory: &GuestMemoryMmap,
        ram: u64,
        mpidrs: &[u64],
        config: VcpuConfig,
    ) -> Result<Entry, KernelError> {
        let places = self.places(ram)?;
        let base = GuestAddress(places.kernel_base);
        let kernel = PE::load(memory, Some(base), &mut self.file, None)
            .map_err(|error| failed("the kernel", error))?;
        if let (Some(initrd), Some(place)) = (&mut self.initrd, &places.initrd) {
            initrd.load(memory, place.start)?;
        }
        self.load_device_tree(memory, &places, ram, mpidrs, config)?;
        Ok(Entry {
            kernel: kernel.kernel_load.0,
            fdt: places.fdt,
        })
    }

    fn load_device_tree(
        &self,
        memory: &GuestMemoryMmap,
        places: &Places,
        ram: u64,
        mpidrs: &[u64],
        config: VcpuConfig,
    ) -> Result<(), KernelError> {
        let mut seed = [0; SEED];
        // Linux gives that many bytes at once or none.
        getrandom(&mut seed, GetRandomFlags::empty())
            .map_err(|error| failed("random numbers", error))?;
        let machine = Machine {
            mpidrs,
            config,
            ram,
            command_line: &self.command_line,
            initrd: places.initrd.clone(),
            seed: &seed,
        };
        let tree = machine
            .device_tree()
            .map_err(|error| failed("the device tree", error))?;
        load_dtb(memory, GuestAddress(places.fdt), &mut Cursor::new(tree))
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
