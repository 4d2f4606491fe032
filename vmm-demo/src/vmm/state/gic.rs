//! The state of a GICv3 without an ITS, as KVM's device shows it.
//!
//! GICD_CTLR is written first, then the registers in the order of the tables in `gic_register`:
//! groups and enable bits, then the configuration, which decides how the line levels act, then the
//! pending and active bits, then priorities and routes (Linux 7.2,
//! `Documentation/virt/kvm/devices/arm-vgic-v3.rst`, and `arch/arm64/kvm/vgic/vgic.c`,
//! `vgic_queue_irq_unlock`). Redistributors come before the distributor, CPU interfaces last.

use super::access::GicAccess;
use super::error::StateError;
use super::gic_register::{
    Access, Block, DISTRIBUTOR, GICD_CTLR, GicRegister, REDISTRIBUTOR, active_priorities,
    interface_registers,
};
use super::hexadecimal::{DoubleWord, Word};
use serde::{Deserialize, Serialize};

/// The private interrupts of each CPU: 16 SGIs and 16 PPIs, the first interrupts of the GIC.
const PRIVATE: u32 = 32;

/// Registers of 32 bits: offsets and values.
type Registers = [(Word, Word)];

/// The registers of a GIC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GicState {
    /// The number of interrupts, private ones included.
    interrupts: u32,
    /// The registers of the distributor: offset and value.
    distributor: Vec<(Word, Word)>,
    /// The levels of the lines of the SPIs, 32 to a number.
    levels: Vec<Word>,
    /// The CPUs, in the order of the vCPUs' numbers.
    cpus: Vec<GicCpuState>,
}

/// The registers of a redistributor and of the CPU interface at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GicCpuState {
    /// The affinity: Aff3 in the highest byte, Aff0 in the lowest.
    affinity: Word,
    /// The registers of the redistributor: offset and value.
    redistributor: Vec<(Word, Word)>,
    /// The levels of the lines of the private interrupts.
    levels: Word,
    /// The registers of the CPU interface: encoding and value.
    interface: Vec<(Word, DoubleWord)>,
}

impl GicState {
    /// Reads the state of a GIC while no vCPU runs. `affinities` are those of the vCPUs, by number;
    /// `interrupts` is the number that the GIC was created with.
    ///
    /// # Errors
    ///
    /// [`StateError::GicRead`].
    pub fn read(
        gic: &impl GicAccess,
        affinities: &[u32],
        interrupts: u32,
    ) -> Result<Self, StateError> {
        let distributor = words(gic, &DISTRIBUTOR, interrupts, |offset| {
            GicRegister::Distributor { offset }
        })?;
        let first = affinities.first().copied().unwrap_or_default();
        let levels = (PRIVATE..interrupts).step_by(32);
        let levels = levels.map(|interrupt| read_levels(gic, first, interrupt));
        let levels = levels.collect::<Result<_, _>>()?;
        let cpus = affinities.iter().map(|cpu| GicCpuState::read(gic, *cpu));
        Ok(Self {
            interrupts,
            distributor,
            levels,
            cpus: cpus.collect::<Result<_, _>>()?,
        })
    }

    /// Checks that the state has the registers of a GIC with this number of CPUs and interrupts,
    /// and no other.
    ///
    /// # Errors
    ///
    /// [`StateError::GicShape`].
    pub fn check(&self, cpus: usize, interrupts: u32) -> Result<(), StateError> {
        same("interrupts", self.interrupts as usize, interrupts as usize)?;
        same("CPUs", self.cpus.len(), cpus)?;
        let lines = (PRIVATE..interrupts).step_by(32).count();
        same("numbers of line levels", self.levels.len(), lines)?;
        same_offsets("distributor", &self.distributor, &DISTRIBUTOR, interrupts)?;
        self.cpus.iter().try_for_each(GicCpuState::check)
    }

    /// Writes the state into the GIC of a machine that has not run, and compares what KVM reads
    /// back. `reset` was read from it; registers that have their values already are not written.
    ///
    /// # Errors
    ///
    /// [`StateError::GicWrite`] and the other errors of the GIC; a part is written then.
    pub fn write(
        &self,
        gic: &impl GicAccess,
        affinities: &[u32],
        reset: &Self,
    ) -> Result<(), StateError> {
        reset.check(self.cpus.len(), self.interrupts)?;
        // KVM queues an interrupt as it becomes pending, and only if the distributor is on then.
        if let Some((_, Word(control))) = self.distributor.first() {
            set(gic, GICD_CTLR, (*control).into())?;
        }
        for ((cpu, affinity), reset) in self.cpus.iter().zip(affinities).zip(&reset.cpus) {
            cpu.check_affinity(*affinity)?;
            cpu.write_redistributor(gic, &reset.redistributor)?;
        }
        let first = affinities.first().copied().unwrap_or_default();
        self.write_distributor(gic, first, &reset.distributor)?;
        for cpu in &self.cpus {
            cpu.write_interface(gic)?;
        }
        let found = Self::read(gic, affinities, self.interrupts)?;
        self.compare(&found)
    }

    fn write_distributor(
        &self,
        gic: &impl GicAccess,
        cpu: u32,
        reset: &Registers,
    ) -> Result<(), StateError> {
        let register = |offset| GicRegister::Distributor { offset };
        write_blocks(
            gic,
            &DISTRIBUTOR,
            self.interrupts,
            (&self.distributor, reset),
            register,
            |gic| {
                let lines = (PRIVATE..self.interrupts).step_by(32).zip(&self.levels);
                lines.into_iter().try_for_each(|(first, Word(levels))| {
                    let register = GicRegister::LineLevels { cpu, first };
                    set(gic, register, (*levels).into())
                })
            },
        )
    }

    fn compare(&self, found: &Self) -> Result<(), StateError> {
        let register = |offset| GicRegister::Distributor { offset };
        compare(&self.distributor, &found.distributor, register)?;
        for (saved, found) in self.cpus.iter().zip(&found.cpus) {
            let Word(cpu) = saved.affinity;
            let register = |offset| GicRegister::Redistributor { cpu, offset };
            compare(&saved.redistributor, &found.redistributor, register)?;
            for ((Word(encoding), saved), (_, found)) in
                saved.interface.iter().zip(&found.interface)
            {
                differs(GicRegister::interface(cpu, *encoding), saved.0, found.0)?;
            }
        }
        Ok(())
    }
}

impl GicCpuState {
    fn read(gic: &impl GicAccess, cpu: u32) -> Result<Self, StateError> {
        let register = |offset| GicRegister::Redistributor { cpu, offset };
        let redistributor = words(gic, &REDISTRIBUTOR, PRIVATE, register)?;
        let mut interface = Vec::new();
        for encoding in interface_registers() {
            let value = get(gic, GicRegister::interface(cpu, encoding))?;
            interface.push((Word(encoding), DoubleWord(value)));
            interface.extend(
                active_priorities(encoding, value)
                    .map(|encoding| {
                        let value = get(gic, GicRegister::interface(cpu, encoding))?;
                        Ok((Word(encoding), DoubleWord(value)))
                    })
                    .collect::<Result<Vec<_>, StateError>>()?,
            );
        }
        Ok(Self {
            affinity: Word(cpu),
            redistributor,
            levels: read_levels(gic, cpu, 0)?,
            interface,
        })
    }

    fn check(&self) -> Result<(), StateError> {
        same_offsets(
            "redistributor",
            &self.redistributor,
            &REDISTRIBUTOR,
            PRIVATE,
        )?;
        let mut expected = Vec::new();
        for encoding in interface_registers() {
            expected.push(encoding);
            let value = self.interface.get(expected.len() - 1);
            let value = value.map_or(0, |(_, DoubleWord(value))| *value);
            expected.extend(active_priorities(encoding, value));
        }
        let found = self.interface.iter().map(|(Word(encoding), _)| *encoding);
        if found.eq(expected.iter().copied()) {
            return Ok(());
        }
        Err(StateError::GicShape {
            found: "other registers of a CPU interface".to_owned(),
            expected: format!("the {} of a GICv3", expected.len()),
        })
    }

    fn check_affinity(&self, expected: u32) -> Result<(), StateError> {
        let Word(found) = self.affinity;
        if found == expected {
            return Ok(());
        }
        Err(StateError::GicShape {
            found: format!("a CPU of the affinity {found:#x}"),
            expected: format!("{expected:#x}"),
        })
    }

    fn write_redistributor(
        &self,
        gic: &impl GicAccess,
        reset: &Registers,
    ) -> Result<(), StateError> {
        let Word(cpu) = self.affinity;
        let register = |offset| GicRegister::Redistributor { cpu, offset };
        write_blocks(
            gic,
            &REDISTRIBUTOR,
            PRIVATE,
            (&self.redistributor, reset),
            register,
            |gic| {
                let register = GicRegister::LineLevels { cpu, first: 0 };
                set(gic, register, self.levels.0.into())
            },
        )
    }

    fn write_interface(&self, gic: &impl GicAccess) -> Result<(), StateError> {
        let Word(cpu) = self.affinity;
        let mut registers = self.interface.iter();
        registers.try_for_each(|(Word(encoding), DoubleWord(value))| {
            set(gic, GicRegister::interface(cpu, *encoding), *value)
        })
    }
}

/// Reads the registers of a table.
fn words(
    gic: &impl GicAccess,
    blocks: &[Block],
    interrupts: u32,
    register: impl Fn(u32) -> GicRegister,
) -> Result<Vec<(Word, Word)>, StateError> {
    let offsets = blocks.iter().flat_map(|block| block.offsets(interrupts));
    let words = offsets.map(|offset| {
        let value = get(gic, register(offset))?;
        // The registers of these tables have 32 bits.
        Ok((Word(offset), Word(u32::try_from(value).unwrap_or(u32::MAX))))
    });
    words.collect()
}

/// Writes the registers of a table that do not have their values after reset, and the line levels
/// before the pending bits.
fn write_blocks<G: GicAccess>(
    gic: &G,
    blocks: &[Block],
    interrupts: u32,
    (words, reset): (&Registers, &Registers),
    register: impl Fn(u32) -> GicRegister,
    write_levels: impl Fn(&G) -> Result<(), StateError>,
) -> Result<(), StateError> {
    let mut words = words.iter().zip(reset);
    for block in blocks {
        if block.access == Access::AfterLevels {
            write_levels(gic)?;
        }
        for (offset, (saved, reset)) in block.offsets(interrupts).zip(words.by_ref()) {
            let (_, Word(value)) = saved;
            if saved == reset {
                continue;
            }
            if let Some(clear) = block.clear_at(offset) {
                set(gic, register(clear), u32::MAX.into())?;
            }
            if block.access != Access::Compared {
                set(gic, register(offset), (*value).into())?;
            }
        }
    }
    Ok(())
}

fn read_levels(gic: &impl GicAccess, cpu: u32, first: u32) -> Result<Word, StateError> {
    let levels = get(gic, GicRegister::LineLevels { cpu, first })?;
    Ok(Word(u32::try_from(levels).unwrap_or(u32::MAX)))
}

fn get(gic: &impl GicAccess, register: GicRegister) -> Result<u64, StateError> {
    gic.read(register)
        .map_err(|source| StateError::GicRead { register, source })
}

fn set(gic: &impl GicAccess, register: GicRegister, value: u64) -> Result<(), StateError> {
    gic.write(register, value)
        .map_err(|source| StateError::GicWrite {
            register,
            value,
            source,
        })
}

fn compare(
    written: &Registers,
    found: &Registers,
    register: impl Fn(u32) -> GicRegister,
) -> Result<(), StateError> {
    let mut pairs = written.iter().zip(found);
    pairs.try_for_each(|((Word(offset), Word(written)), (_, Word(found)))| {
        differs(register(*offset), (*written).into(), (*found).into())
    })
}

fn differs(register: GicRegister, written: u64, found: u64) -> Result<(), StateError> {
    if written == found {
        return Ok(());
    }
    Err(StateError::GicDiffers {
        register,
        written,
        found,
    })
}

fn same(what: &str, found: usize, expected: usize) -> Result<(), StateError> {
    if found == expected {
        return Ok(());
    }
    Err(StateError::GicShape {
        found: format!("{found} {what}"),
        expected: expected.to_string(),
    })
}

fn same_offsets(
    part: &str,
    found: &Registers,
    blocks: &[Block],
    interrupts: u32,
) -> Result<(), StateError> {
    let expected = blocks.iter().flat_map(|block| block.offsets(interrupts));
    if expected.eq(found.iter().map(|(Word(offset), _)| *offset)) {
        return Ok(());
    }
    Err(StateError::GicShape {
        found: format!("other registers of a {part}"),
        expected: "those of a GICv3".to_owned(),
    })
}
