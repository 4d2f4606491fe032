//! The guest's physical address space, in this order: GIC, devices, RAM.

/// The number of interrupts of the GIC: 16 SGIs, 16 PPIs and the SPIs
/// (`KVM_DEV_ARM_VGIC_GRP_NR_IRQS` takes multiples of 32).
pub const GIC_INTERRUPTS: u32 = 128;

/// The address of the GIC's distributor: 64 KiB in GICv3, 4 KiB in GICv2.
pub const GIC_DISTRIBUTOR: u64 = 0x3fff_0000;

/// The size of GICv3's distributor (Arm IHI 0069, 12.8).
pub const GIC_DISTRIBUTOR_SIZE: u64 = 0x1_0000;

/// The size of GICv2's distributor (Arm IHI 0048, 4.1.2).
pub const GICV2_DISTRIBUTOR_SIZE: u64 = 0x1000;

/// The maximum number of CPUs of a GICv2 (Arm IHI 0048, 1.1).
pub const GICV2_CPUS: usize = 8;

/// The address of GICv2's CPU interface, in 64 KiB of its own for hosts with pages of that size.
pub const GIC_CPU_INTERFACE: u64 = GIC_DISTRIBUTOR - 0x1_0000;

/// The size of GICv2's CPU interface (Arm IHI 0048, 4.1.3).
pub const GIC_CPU_INTERFACE_SIZE: u64 = 0x2000;

/// The size of one GICv3 redistributor: two frames of 64 KiB (Arm IHI 0069, 12.10).
pub const GIC_REDISTRIBUTOR_SIZE: u64 = 0x2_0000;

/// The address of the GICv3 redistributors of this number of vCPUs; they end at the distributor.
#[must_use]
pub const fn gic_redistributors(vcpus: u64) -> u64 {
    GIC_DISTRIBUTOR - vcpus * GIC_REDISTRIBUTOR_SIZE
}

/// The first address of the emulated devices; accesses from here to [`RAM_START`] exit to the VMM.
pub const MMIO_START: u64 = 0x4000_0000;

/// The address of the console: the eight registers of a 16550, in a page of its own.
pub const SERIAL: u64 = MMIO_START;

/// The console's size in the device tree.
pub const SERIAL_SIZE: u64 = 0x1000;

/// The console's interrupt, as the number of an SPI.
pub const SERIAL_SPI: u32 = 0;

/// The number of registers that the probe guest can report: that of A64 system register encodings.
pub const PROBE_SLOTS: u64 = 1 << 16;

/// The address of register values that the probe guest stores, 8 bytes each.
pub const PROBE_VALUES: u64 = MMIO_START + 0x1000_0000;

/// The address of the syndromes (ESR_EL1) that it stores for reads that trapped, 8 bytes each.
pub const PROBE_SYNDROMES: u64 = PROBE_VALUES + 8 * PROBE_SLOTS;

/// The address of the page by which it reports its end; `probe/report.rs` numbers its words.
pub const PROBE_CONTROL: u64 = PROBE_SYNDROMES + 8 * PROBE_SLOTS;

/// The first address of RAM.
pub const RAM_START: u64 = 0x8000_0000;

/// The maximum size of the device tree, and its alignment, since the kernel maps it by blocks of
/// this size (`booting.rst`, 2).
pub const FDT_SIZE: u64 = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_do_not_overlap() {
        let page = 0x1000;
        let regions = [
            (gic_redistributors(512), GIC_DISTRIBUTOR),
            (GIC_DISTRIBUTOR, GIC_DISTRIBUTOR + GIC_DISTRIBUTOR_SIZE),
            (SERIAL, SERIAL + SERIAL_SIZE),
            (PROBE_VALUES, PROBE_SYNDROMES),
            (PROBE_SYNDROMES, PROBE_CONTROL),
            (PROBE_CONTROL, PROBE_CONTROL + page),
            (RAM_START, u64::MAX),
        ];
        for (start, end) in regions {
            assert!(start < end, "{start:#x} {end:#x}");
        }
        for pair in regions.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{pair:x?}");
        }
        assert!(GIC_CPU_INTERFACE < GIC_DISTRIBUTOR && GIC_INTERRUPTS.is_multiple_of(32));
    }
}
