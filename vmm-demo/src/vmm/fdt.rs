//! The device tree, which describes the guest's machine to it.

use crate::vmm::layout;
use crate::vmm::layout::GICV2_CPUS;
use idreg_runtime::config::{Gic, VcpuConfig};
use std::ops::Range;
use vm_fdt::{Error, FdtWriter};

/// The description of a guest's machine for the device tree.
#[derive(Debug)]
pub struct MachineDescription<'a> {
    /// MPIDR_EL1 of each vCPU, by number.
    pub mpidrs: &'a [u64],
    /// The configuration of each vCPU, and the kind of GIC.
    pub config: VcpuConfig,
    /// The size of RAM in bytes.
    pub ram: u64,
    /// The kernel's command line.
    pub command_line: &'a str,
    /// The guest physical addresses of the initial RAM disk, or `None` without one.
    pub initrd: Option<Range<u64>>,
    /// The seed of the kernel's random numbers.
    pub seed: &'a [u8],
}

/// The affinity fields of MPIDR_EL1, which identify the nodes of CPUs
/// (Linux 7.2, `Documentation/devicetree/bindings/arm/cpus.yaml`).
const AFFINITY: u64 = 0xff_00ff_ffff;

// Phandles, by which nodes refer to each other.
const GIC: u32 = 1;
const CLOCK: u32 = 2;

// The first and third cell of an interrupt (`interrupt-controller/arm,gic-v3.yaml`).
const SPI: u32 = 0;
const PPI: u32 = 1;
const EDGE_RISING: u32 = 1;
const LEVEL_HIGH: u32 = 4;

/// The PPIs of the generic timer: secure, non-secure, virtual, hypervisor, and the virtual one of
/// EL2, which only guests with EL2 have (Arm Base System Architecture, DEN0094, 3.8.1;
/// `timer/arm,arch_timer.yaml`).
const TIMER_PPIS: [u32; 5] = [13, 14, 11, 10, 12];
/// The PPI of the PMU, as `idreg_runtime::kvm::init_pmu` sets it.
const PMU_PPI: u32 = 7;
/// The PPI of the GIC's maintenance interrupt, for a hypervisor in the guest; KVM's default
/// (Linux 7.2, `arch/arm64/kvm/vgic/vgic-init.c`).
const GIC_MAINTENANCE_PPI: u32 = 9;

/// The clock of the 16550, from which a driver computes divisors.
const CLOCK_HZ: u32 = 24_000_000;

impl MachineDescription<'_> {
    /// Returns the device tree blob: at most [`layout::FDT_SIZE`] bytes.
    ///
    /// # Errors
    ///
    /// The writer's error: a name or value that a device tree cannot contain.
    pub fn device_tree(&self) -> Result<Vec<u8>, Error> {
        let mut fdt = FdtWriter::new()?;
        let root = fdt.begin_node("")?;
        fdt.property_string("compatible", "linux,dummy-virt")?;
        fdt.property_string("model", "idreg,vmm-demo")?;
        fdt.property_u32("#address-cells", 2)?;
        fdt.property_u32("#size-cells", 2)?;
        fdt.property_u32("interrupt-parent", GIC)?;
        self.chosen(&mut fdt)?;
        self.memory(&mut fdt)?;
        self.cpus(&mut fdt)?;
        self.psci(&mut fdt)?;
        self.gic(&mut fdt)?;
        self.timer(&mut fdt)?;
        if self.config.pmu {
            self.pmu(&mut fdt)?;
        }
        clock(&mut fdt)?;
        serial(&mut fdt)?;
        fdt.end_node(root)?;
        fdt.finish()
    }

    fn chosen(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let node = fdt.begin_node("chosen")?;
        fdt.property_string("bootargs", self.command_line)?;
        fdt.property_string("stdout-path", &serial_path())?;
        fdt.property("rng-seed", self.seed)?;
        if let Some(initrd) = &self.initrd {
            fdt.property_u64("linux,initrd-start", initrd.start)?;
            fdt.property_u64("linux,initrd-end", initrd.end)?;
        }
        fdt.end_node(node)
    }

    fn memory(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let node = fdt.begin_node(&at("memory", layout::RAM_START))?;
        fdt.property_string("device_type", "memory")?;
        fdt.property_array_u64("reg", &[layout::RAM_START, self.ram])?;
        fdt.end_node(node)
    }

    fn cpus(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let node = fdt.begin_node("cpus")?;
        fdt.property_u32("#address-cells", 2)?;
        fdt.property_u32("#size-cells", 0)?;
        for mpidr in self.mpidrs {
            // Not the vCPU's number: KVM spreads numbers over the affinity fields.
            let affinity = mpidr & AFFINITY;
            let cpu = fdt.begin_node(&at("cpu", affinity))?;
            fdt.property_string("device_type", "cpu")?;
            fdt.property_string("compatible", "arm,armv8")?;
            fdt.property_string("enable-method", "psci")?;
            fdt.property_u64("reg", affinity)?;
            fdt.end_node(cpu)?;
        }
        fdt.end_node(node)
    }

    fn psci(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let node = fdt.begin_node("psci")?;
        let compatible = ["arm,psci-1.0", "arm,psci-0.2"].map(str::to_owned);
        fdt.property_string_list("compatible", compatible.into())?;
        // In a guest with EL2, HVC goes to the guest's own hypervisor.
        fdt.property_string("method", if self.config.el2 { "smc" } else { "hvc" })?;
        fdt.end_node(node)
    }

    fn gic(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let count = self.mpidrs.len() as u64;
        let (compatible, distributor_size, second_frame) = match self.config.gic {
            // The name of the oldest GICv2, which every driver knows
            // (`interrupt-controller/arm,gic.yaml`).
            Some(Gic::V2) => (
                "arm,cortex-a15-gic",
                layout::GICV2_DISTRIBUTOR_SIZE,
                [layout::GIC_CPU_INTERFACE, layout::GIC_CPU_INTERFACE_SIZE],
            ),
            Some(Gic::V3) | None => (
                "arm,gic-v3",
                layout::GIC_DISTRIBUTOR_SIZE,
                [
                    layout::gic_redistributors(count),
                    count * layout::GIC_REDISTRIBUTOR_SIZE,
                ],
            ),
        };
        let node = fdt.begin_node(&at("interrupt-controller", layout::GIC_DISTRIBUTOR))?;
        fdt.property_string("compatible", compatible)?;
        fdt.property_null("interrupt-controller")?;
        fdt.property_u32("#interrupt-cells", 3)?;
        fdt.property_phandle(GIC)?;
        let [start, size] = second_frame;
        fdt.property_array_u64(
            "reg",
            &[layout::GIC_DISTRIBUTOR, distributor_size, start, size],
        )?;
        if self.config.el2 {
            fdt.property_array_u32("interrupts", &self.ppi(GIC_MAINTENANCE_PPI))?;
        }
        fdt.end_node(node)
    }

    fn timer(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let count = if self.config.el2 { 5 } else { 4 };
        let ppis = TIMER_PPIS.into_iter().take(count);
        let interrupts: Vec<u32> = ppis.flat_map(|ppi| self.ppi(ppi)).collect();
        let node = fdt.begin_node("timer")?;
        fdt.property_string("compatible", "arm,armv8-timer")?;
        fdt.property_array_u32("interrupts", &interrupts)?;
        fdt.property_null("always-on")?;
        fdt.end_node(node)
    }

    fn pmu(&self, fdt: &mut FdtWriter) -> Result<(), Error> {
        let node = fdt.begin_node("pmu")?;
        fdt.property_string("compatible", "arm,armv8-pmuv3")?;
        fdt.property_array_u32("interrupts", &self.ppi(PMU_PPI))?;
        fdt.end_node(node)
    }

    /// The cells of a level-triggered PPI. A GICv2 has a mask of the CPUs that it goes to in bits
    /// 15:8 of the flags (`interrupt-controller/arm,gic.yaml`).
    fn ppi(&self, number: u32) -> [u32; 3] {
        let cpus = match self.config.gic {
            Some(Gic::V2) => (1 << self.mpidrs.len().min(GICV2_CPUS)) - 1,
            Some(Gic::V3) | None => 0,
        };
        [PPI, number, cpus << 8 | LEVEL_HIGH]
    }
}

fn clock(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node("clock")?;
    fdt.property_string("compatible", "fixed-clock")?;
    fdt.property_u32("#clock-cells", 0)?;
    fdt.property_u32("clock-frequency", CLOCK_HZ)?;
    fdt.property_phandle(CLOCK)?;
    fdt.end_node(node)
}

fn serial(fdt: &mut FdtWriter) -> Result<(), Error> {
    let node = fdt.begin_node(&at("serial", layout::SERIAL))?;
    fdt.property_string("compatible", "ns16550a")?;
    fdt.property_array_u64("reg", &[layout::SERIAL, layout::SERIAL_SIZE])?;
    fdt.property_u32("clocks", CLOCK)?;
    // The device pulses its line (an irqfd without resampling): its level has no meaning.
    fdt.property_array_u32("interrupts", &[SPI, layout::SERIAL_SPI, EDGE_RISING])?;
    fdt.end_node(node)
}

fn serial_path() -> String {
    format!("/{}", at("serial", layout::SERIAL))
}

/// The name of a node with an address.
fn at(name: &str, address: u64) -> String {
    format!("{name}@{address:x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtoolkit::fdt::Fdt;
    use dtoolkit::{Node, Property};

    fn tree(vcpus: u64, config: VcpuConfig) -> Vec<u8> {
        // KVM's numbers: 16 vCPUs in a cluster, and a bit that is always one.
        let mpidrs: Vec<u64> = (0..vcpus).map(|n| 1 << 31 | n >> 4 << 8 | n & 15).collect();
        let machine = MachineDescription {
            mpidrs: &mpidrs,
            config,
            ram: 5 << 30,
            command_line: "console=ttyS0",
            initrd: Some(0x8800_0000..0x8812_3456),
            seed: &[7; 32],
        };
        machine.device_tree().expect("a tree")
    }

    #[test]
    fn tree_reads_back() {
        let bytes = tree(18, VcpuConfig::default());
        let fdt = Fdt::new(&bytes).expect("a valid tree");
        let node = |path: &str| fdt.find_node(path).expect("the node");
        let value = |path: &str, name: &str| {
            let property = node(path).property(name).expect("the property");
            property.value().to_vec()
        };
        let cells = |values: &[u64]| {
            values
                .iter()
                .flat_map(|v| v.to_be_bytes())
                .collect::<Vec<_>>()
        };
        assert_eq!(value("/chosen", "bootargs"), b"console=ttyS0\0");
        assert_eq!(value("/chosen", "stdout-path"), b"/serial@40000000\0");
        assert_eq!(value("/chosen", "linux,initrd-end"), cells(&[0x8812_3456]));
        assert_eq!(
            value("/memory@80000000", "reg"),
            cells(&[0x8000_0000, 5 << 30])
        );
        assert_eq!(value("/cpus/cpu@101", "reg"), cells(&[0x101]));
        assert_eq!(node("/cpus").children().count(), 18);
        let gic = "/interrupt-controller@3fff0000";
        let expected = [
            0x3fff_0000,
            0x1_0000,
            0x3fff_0000 - 18 * 0x2_0000,
            18 * 0x2_0000,
        ];
        assert_eq!(value(gic, "reg"), cells(&expected));
        assert_eq!(value("/psci", "method"), b"hvc\0");
        assert!(fdt.find_node("/pmu").is_none());
    }

    #[test]
    fn options_show_in_the_tree() {
        let mut config = VcpuConfig::default();
        config.pmu = true;
        config.el2 = true;
        let plain = tree(1, VcpuConfig::default());
        let bytes = tree(1, config);
        let fdt = Fdt::new(&bytes).expect("a valid tree");
        assert!(fdt.find_node("/pmu").is_some());
        for (tree, timers) in [(&plain, 4), (&bytes, 5)] {
            let fdt = Fdt::new(tree).expect("a valid tree");
            let timer = fdt.find_node("/timer").expect("the node");
            let interrupts = timer.property("interrupts").expect("the property");
            assert_eq!(interrupts.value().len(), timers * 3 * size_of::<u32>());
        }
        let psci = fdt.find_node("/psci").expect("the node");
        assert_eq!(
            psci.property("method").expect("the property").value(),
            b"smc\0"
        );
    }

    #[test]
    fn gicv2_has_a_cpu_interface_and_masks_of_cpus() {
        let mut config = VcpuConfig::default();
        config.gic = Some(Gic::V2);
        config.pmu = true;
        let bytes = tree(4, config);
        let fdt = Fdt::new(&bytes).expect("a valid tree");
        let value = |path: &str, name: &str| {
            let node = fdt.find_node(path).expect("the node");
            node.property(name).expect("the property").value().to_vec()
        };
        let gic = "/interrupt-controller@3fff0000";
        assert_eq!(value(gic, "compatible"), b"arm,cortex-a15-gic\0");
        let frames: [u64; 4] = [0x3fff_0000, 0x1000, 0x3ffe_0000, 0x2000];
        assert_eq!(value(gic, "reg"), frames.map(u64::to_be_bytes).concat());
        let ppi = |number: u32| [1, number, 0xf04].map(u32::to_be_bytes).concat();
        assert_eq!(value("/pmu", "interrupts"), ppi(7));
        let timers = [13, 14, 11, 10].map(ppi).concat();
        assert_eq!(value("/timer", "interrupts"), timers);
    }

    #[test]
    fn largest_tree_fits_its_space() {
        assert!(tree(512, VcpuConfig::default()).len() as u64 <= layout::FDT_SIZE);
    }
}
