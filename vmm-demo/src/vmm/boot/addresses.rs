//! The addresses at which the boot files are loaded.

use super::error::KernelError;
use super::image::Image;
use crate::vmm::layout;
use std::ops::Range;

/// Guest physical addresses of the boot files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadAddresses {
    /// The kernel's base, on a 2 MiB boundary.
    pub kernel_base: u64,
    /// The address of the device tree.
    pub fdt: u64,
    /// The addresses of the initial RAM disk, or `None` without one.
    pub initrd: Option<Range<u64>>,
}

/// Assigns addresses in this order: kernel, device tree, initial RAM disk.
pub(super) fn assign_addresses(
    image: Image,
    initrd: Option<u64>,
    ram: u64,
) -> Result<LoadAddresses, KernelError> {
    let kernel_base = layout::RAM_START;
    // No overflow: the sizes of the file and in its header are checked.
    let kernel_end = kernel_base + image.text_offset + image.size;
    let fdt = kernel_end.next_multiple_of(layout::FDT_SIZE);
    let start = fdt + layout::FDT_SIZE;
    let end = start.saturating_add(initrd.unwrap_or(0));
    let needed = end - layout::RAM_START;
    if needed > ram {
        return Err(KernelError::TooLittleMemory { ram, needed });
    }
    Ok(LoadAddresses {
        kernel_base,
        fdt,
        initrd: initrd.map(|_| start..end),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const IMAGE: Image = Image {
        text_offset: 0,
        size: 33 * MIB + 5,
        page_size: None,
    };

    #[test]
    fn boot_files_do_not_overlap() {
        let addresses = assign_addresses(IMAGE, Some(1000), 64 * MIB).unwrap();
        let expected = LoadAddresses {
            kernel_base: layout::RAM_START,
            fdt: layout::RAM_START + 34 * MIB,
            initrd: Some(layout::RAM_START + 36 * MIB..layout::RAM_START + 36 * MIB + 1000),
        };
        assert_eq!(addresses, expected);
        assert_eq!(
            assign_addresses(IMAGE, None, 36 * MIB).unwrap().initrd,
            None
        );
    }

    #[test]
    fn too_little_memory_names_a_sufficient_size() {
        let error = assign_addresses(IMAGE, Some(64 * MIB), 64 * MIB)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("64M of memory are too little"), "{error}");
        assert!(error.ends_with("use --mem 128M or more"), "{error}");
        assign_addresses(IMAGE, Some(64 * MIB), 128 * MIB).unwrap();
    }
}
