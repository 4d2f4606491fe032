//! QEMU: the options `-cpu` and `-machine` of a guest.
//!
//! QEMU up to 11.1 has properties for the options of the vCPU only. A series that is not merged,
//! "customizable aarch64 KVM host model", adds `SYSREG_<REGISTER>_<FIELD>`: versions 1 to 3, and
//! forks made of them, in the kernel's spelling, later versions in that of the architecture.

#[cfg(feature = "serde")]
mod expansion;
mod read;

#[cfg(feature = "serde")]
pub use self::expansion::Expansion;
pub use self::read::{InvalidOptions, QemuGuest, read};

use super::{Exported, ExportedGuest, Unsaid, arm_names};
use crate::config::Gic;
use crate::config::capabilities::Capabilities;
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::{PROPERTY_PREFIX, RegisterField};
use crate::host::Implementation;
use crate::model::property::PMU_COUNTERS;
use crate::plan::Change;
use crate::regs::{AidrEl1, MidrEl1, MpidrEl1, RevidrEl1};
use core::fmt::Write as _;

/// A variant of QEMU, by the properties that its CPU `host` has for fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// QEMU as released, up to 11.1 at least: no properties for fields.
    #[default]
    Stock,
    /// The series in versions 1 to 3: fields in the kernel's spelling.
    Kernel,
    /// The fork for Kunpeng (openEuler's QEMU 8.2): the kernel's spelling, and target CPUs as
    /// `x-target-impl-cpus` of the machine.
    Kunpeng,
    /// The series since version 4: fields in the architecture's spelling.
    Arm,
}

/// The maximum number of target CPUs of the Kunpeng fork (`MAX_TARGET_IMPL_CPUS`).
const MOST_TARGET_CPUS: usize = 4;

const STOCK: &str = "QEMU as released has no properties for fields; a dialect of the SYSREG series \
                     has";
const NO_REGISTER: &str = "the series takes its fields from the kernel's description, which does \
                           not have the register";
const NO_COUNTERS: &str = "QEMU has no property for the number of event counters";
const NO_NAME: &str = "Arm's specification has no name for the bits, so the series has no property";

/// The values of the options that make a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The options of the CPU `host`.
    pub options: Vec<OptionSetting>,
    /// The properties of its fields, with their values.
    pub fields: Vec<(String, u64)>,
    /// The version of the machine's GIC, or `None` if the plan has none.
    pub gic_version: Option<u8>,
    /// The properties of `-machine` beside its type and its GIC, as `NAME=VALUE`.
    pub machine: Vec<String>,
    /// The parts of the guest that the options do not express.
    pub unsaid: Vec<Unsaid>,
}

/// Writes the options of a guest: a line with `-cpu`, and one with `-machine` if it needs that.
/// The machine has the plan's GIC: without a version QEMU takes a GICv2 for up to 8 vCPUs where it
/// can, and the fields of the GIC differ then (`hw/arm/virt.c`, `finalize_gic_version_do`).
///
/// Values are relative to the host's: on a host with other values the same line makes another
/// guest.
#[must_use]
pub fn command_line(guest: ExportedGuest<'_>, dialect: Dialect) -> Exported {
    let line = CommandLine::new(guest, dialect);
    let mut text = format!("-cpu {}\n", line.cpu());
    let gic = line
        .gic_version
        .map(|version| format!("gic-version={version}"));
    let machine: Vec<String> = gic.into_iter().chain(line.machine).collect();
    if !machine.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "-machine virt,{}", machine.join(","));
    }
    let unsaid = line.unsaid;
    Exported { text, unsaid }
}

impl CommandLine {
    /// The options of a guest.
    #[must_use]
    pub fn new(guest: ExportedGuest<'_>, dialect: Dialect) -> Self {
        let mut line = Self {
            gic_version: guest.plan.config().gic.map(|gic| match gic {
                Gic::V2 => 2,
                Gic::V3 => 3,
            }),
            ..Self::default()
        };
        line.add_options(guest);
        for change in guest.plan.changes() {
            line.field(*change, dialect);
        }
        if dialect == Dialect::Kunpeng {
            line.target_cpus(&guest.host.info().implementations);
        }
        line
    }

    /// The value of `-cpu`.
    #[must_use]
    pub fn cpu(&self) -> String {
        let mut cpu = "host".to_owned();
        // Writing to a String cannot fail.
        for option in &self.options {
            let _ = write!(cpu, ",{option}");
        }
        for (property, value) in &self.fields {
            let _ = write!(cpu, ",{property}={value:#x}");
        }
        cpu
    }

    /// The options that the host's KVM has; QEMU refuses `on` for others, and they are off.
    fn add_options(&mut self, guest: ExportedGuest<'_>) {
        let (config, capabilities) = (guest.plan.config(), guest.host.info().capabilities);
        for option in CpuOption::SWITCHES {
            let setting = OptionSetting::of(option, config);
            match option {
                CpuOption::Mte if setting.on => self.machine.push("mte=on".to_owned()),
                CpuOption::El2 if setting.on => self.machine.push("virtualization=on".to_owned()),
                CpuOption::Mte | CpuOption::El2 => {}
                CpuOption::Aarch64 if setting.on => {}
                CpuOption::Sve | CpuOption::Pauth | CpuOption::Pmu
                    if !has(option, capabilities) => {}
                _ => self.options.push(setting),
            }
            if option == CpuOption::Sve
                && let Some(bits) = config.sve_limit.filter(|_| config.sve)
            {
                let option = CpuOption::SveLength(bits);
                self.options.push(OptionSetting { option, on: true });
            }
        }
        if let Some(counters) = config.pmu_counters.filter(|_| config.pmu) {
            let part = format!("{PMU_COUNTERS}={counters}");
            self.unsaid.push(Unsaid::new(part, NO_COUNTERS));
        }
    }

    fn field(&mut self, change: Change, dialect: Dialect) {
        let Change { field, new, .. } = change;
        match dialect {
            Dialect::Stock => self.unsaid.push(Unsaid::field(field, new, STOCK)),
            Dialect::Kernel | Dialect::Kunpeng if is_in_kernels_file(field) => {
                self.fields.push((field.to_string(), new));
            }
            Dialect::Kernel | Dialect::Kunpeng => {
                self.unsaid.push(Unsaid::field(field, new, NO_REGISTER));
            }
            Dialect::Arm => self.arm_field(field, new),
        }
    }

    fn arm_field(&mut self, field: RegisterField, value: u64) {
        for bits in arm_names::of(field) {
            let part = bits.extract(field.field.insert(0, value));
            match bits.name {
                Some(name) => {
                    let register = field.register.name;
                    let property = format!("{PROPERTY_PREFIX}{register}_{name}");
                    self.fields.push((property, part));
                }
                None => self.unsaid.push(Unsaid::field(field, value, NO_NAME)),
            }
        }
    }

    /// The host's kinds of CPUs, which a guest there may run on.
    fn target_cpus(&mut self, implementations: &[Implementation]) {
        let mut cpus: Vec<String> = Vec::new();
        for Implementation {
            midr, revidr, aidr, ..
        } in implementations
        {
            let (Some(midr), Some(revidr)) = (midr, revidr) else {
                continue;
            };
            let cpu = format!("{midr:#x}:{revidr:#x}");
            if cpus.contains(&cpu) {
                continue;
            }
            if let Some(aidr) = aidr.filter(|aidr| *aidr != 0) {
                let part = format!("AIDR_EL1 {aidr:#x} of the CPU {cpu}");
                let reason = "a target CPU of the fork has no AIDR_EL1";
                self.unsaid.push(Unsaid::new(part, reason));
            }
            cpus.push(cpu);
        }
        let more = cpus.split_off(cpus.len().min(MOST_TARGET_CPUS));
        for cpu in more {
            let reason = "the fork takes four target CPUs at most";
            self.unsaid
                .push(Unsaid::new(format!("target CPU {cpu}"), reason));
        }
        if !cpus.is_empty() {
            self.machine
                .push(format!("x-target-impl-cpus={}", cpus.join("-")));
        }
    }
}

fn has(option: CpuOption, capabilities: Capabilities) -> bool {
    option
        .capability(true, &capabilities)
        .is_none_or(|(_, has)| has)
}

/// True if the kernel's description has the register; `sysreg import` keeps these beside it.
fn is_in_kernels_file(field: RegisterField) -> bool {
    let others = [
        MidrEl1::ENCODING,
        MpidrEl1::ENCODING,
        RevidrEl1::ENCODING,
        AidrEl1::ENCODING,
    ];
    !others.contains(&field.register.encoding)
}
