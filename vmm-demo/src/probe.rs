//! The built-in probe guest: a program that reads system registers and reports their values.
//!
//! The program is generated for a list of registers and runs at EL1 with the MMU off. For each
//! register it executes one `MRS` and stores the value to [`layout::PROBE_VALUES`], or, if the read
//! trapped, the syndrome to [`layout::PROBE_SYNDROMES`], at an offset of eight times the register's
//! position in the list. No memory backs these addresses, so every store is an MMIO exit to the
//! VMM, where a [`Collector`](report::Collector) records it.

mod a64;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod guest;
pub mod report;
pub mod view;

use self::a64::X;
use crate::vmm::layout;
use idreg_runtime::encoding::Encoding;
use thiserror::Error;

/// An error in generating a probe, or in the report of its guest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// `MRS` has no encoding for op0 0 and 1.
    #[error("MRS cannot read {register}: op0 is {}, not 2 or 3", register.op0())]
    NotReadable {
        /// The requested register.
        register: Encoding,
    },
    /// More registers than report slots.
    #[error(
        "{registers} registers are too many for one probe; maximum: {}",
        layout::PROBE_SLOTS
    )]
    TooManyRegisters {
        /// The number of requested registers.
        registers: usize,
    },
    /// The guest stored to an address outside the report.
    #[error("the guest wrote {size} bytes to {address:#x}, which is outside its report")]
    UnexpectedWrite {
        /// The guest physical address.
        address: u64,
        /// The number of bytes.
        size: usize,
    },
    /// The guest reported a register a second time.
    #[error("the guest reported {register} twice")]
    ReportedTwice {
        /// The register.
        register: Encoding,
    },
    /// The guest ended before it reported every register.
    #[error("the guest ended without reporting {register}")]
    NotReported {
        /// The first missing register.
        register: Encoding,
    },
    /// The guest took an exception outside its register reads.
    #[error(
        "the guest took an exception at vector {vector:#x}: \
         ESR_EL1 {esr:#x}, ELR_EL1 {elr:#x}, FAR_EL1 {far:#x}"
    )]
    GuestException {
        /// The vector's offset from VBAR_EL1.
        vector: u64,
        /// The syndrome.
        esr: u64,
        /// The address of the instruction.
        elr: u64,
        /// The faulting address, valid for the syndromes that define it.
        far: u64,
    },
}

/// The probe program, which must be loaded at [`layout::RAM_START`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    words: Vec<u32>,
    entry: u64,
}

const ESR_EL1: Encoding = Encoding::new(3, 0, 5, 2, 0);
const ELR_EL1: Encoding = Encoding::new(3, 0, 4, 0, 1);
const FAR_EL1: Encoding = Encoding::new(3, 0, 6, 0, 0);
const VBAR_EL1: Encoding = Encoding::new(3, 0, 12, 0, 0);

const VALUE: X = X::new(0);
/// Zero, or the syndrome of the last read if it trapped, set by the exception handler.
const SYNDROME: X = X::new(1);
const SCRATCH: X = X::new(2);
const VECTOR: X = X::new(3);
/// The address of the last read.
const READ: X = X::new(4);
const VALUES: X = X::new(20);
const SYNDROMES: X = X::new(21);
const CONTROL: X = X::new(22);

/// The vector table of the Arm ARM (DDI 0487, D1.3.1.3): 16 vectors of 0x80 bytes.
const VECTORS: u32 = 16;
const VECTOR_WORDS: usize = 0x80 / 4;
const TABLE_WORDS: usize = 16 * VECTOR_WORDS;
/// A synchronous exception from the current exception level with its own stack pointer.
const SYNCHRONOUS: u32 = 0x200;
/// The reach of `STR`'s offset: 12 bits, in units of 8 bytes.
const SLOTS_PER_BASE: u16 = 1 << 12;

impl Program {
    /// Generates the program that reads these registers in this order.
    ///
    /// # Errors
    ///
    /// [`ProbeError::NotReadable`] or [`ProbeError::TooManyRegisters`].
    pub fn new(registers: &[Encoding]) -> Result<Self, ProbeError> {
        if registers.len() as u64 > layout::PROBE_SLOTS {
            return Err(ProbeError::TooManyRegisters {
                registers: registers.len(),
            });
        }
        let mut words = vector_table();
        words.extend(report_exception());
        let entry = layout::RAM_START + 4 * words.len() as u64;
        words.extend(prologue());
        let slots = (0..SLOTS_PER_BASE).cycle();
        for (position, (register, slot)) in registers.iter().zip(slots).enumerate() {
            if slot == 0 && position > 0 {
                words.extend(next_base());
            }
            words.extend(probe_register(*register, slot)?);
        }
        words.extend(epilogue());
        Ok(Self { words, entry })
    }

    /// The bytes of the program; A64 instructions are little-endian on every machine.
    #[must_use]
    pub fn image(&self) -> Vec<u8> {
        self.words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    /// The address of its first instruction.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }
}

fn vector_table() -> Vec<u32> {
    let mut table = Vec::with_capacity(TABLE_WORDS);
    for vector in (0..VECTORS).map(|index| index * 0x80) {
        let start = table.len();
        if vector == SYNCHRONOUS {
            table.extend(skip_trapped_read());
        }
        table.extend(a64::load(VECTOR, vector.into()));
        table.push(a64::b(distance(table.len(), TABLE_WORDS)));
        table.resize(start + VECTOR_WORDS, a64::UDF);
    }
    table
}

/// Saves the syndrome of a read that trapped and resumes after it; falls through for any other
/// exception.
///
/// The handler recognises a read by its address, not by its syndrome: `MRS` can cause undefined
/// instruction, trapped system instruction (FEAT_IDST) and disabled SVE, SME or floating point.
fn skip_trapped_read() -> [u32; 7] {
    [
        a64::mrs(SCRATCH, ELR_EL1),
        a64::sub(SCRATCH, SCRATCH, READ),
        a64::cbnz(SCRATCH, 5),
        a64::mrs(SYNDROME, ESR_EL1),
        a64::add(SCRATCH, READ, 4),
        a64::msr(ELR_EL1, SCRATCH),
        a64::ERET,
    ]
}

/// Reports an exception whose vector offset is in [`VECTOR`]; the store of that offset is the last,
/// as it ends the report.
fn report_exception() -> Vec<u32> {
    let mut words = a64::load(CONTROL, layout::PROBE_CONTROL);
    for (register, slot) in [
        (ESR_EL1, report::ESR_SLOT),
        (ELR_EL1, report::ELR_SLOT),
        (FAR_EL1, report::FAR_SLOT),
    ] {
        words.push(a64::mrs(SCRATCH, register));
        words.push(a64::str(SCRATCH, CONTROL, slot));
    }
    words.push(a64::str(VECTOR, CONTROL, report::VECTOR_SLOT));
    words.push(a64::b(0));
    words
}

fn prologue() -> Vec<u32> {
    let mut words = a64::load(SCRATCH, layout::RAM_START);
    words.push(a64::msr(VBAR_EL1, SCRATCH));
    words.push(a64::ISB);
    words.extend(a64::load(VALUES, layout::PROBE_VALUES));
    words.extend(a64::load(SYNDROMES, layout::PROBE_SYNDROMES));
    words.extend(a64::load(CONTROL, layout::PROBE_CONTROL));
    words
}

fn next_base() -> [u32; 2] {
    let pages = 8 * SLOTS_PER_BASE / 0x1000;
    [
        a64::add_pages(VALUES, VALUES, pages),
        a64::add_pages(SYNDROMES, SYNDROMES, pages),
    ]
}

fn probe_register(register: Encoding, slot: u16) -> Result<[u32; 7], ProbeError> {
    if register.op0() < 2 {
        return Err(ProbeError::NotReadable { register });
    }
    Ok([
        a64::movz(SYNDROME, 0, 0),
        a64::adr(READ, 1),
        a64::mrs(VALUE, register),
        a64::cbnz(SYNDROME, 3),
        a64::str(VALUE, VALUES, slot),
        a64::b(2),
        a64::str(SYNDROME, SYNDROMES, slot),
    ])
}

fn epilogue() -> [u32; 2] {
    [a64::str(X::ZERO, CONTROL, report::DONE_SLOT), a64::b(0)]
}

/// The distance in words of a branch at `from` to `to`, both in the first few hundred words of the
/// program.
fn distance(from: usize, to: usize) -> i32 {
    i32::try_from(to.saturating_sub(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDR_EL1: Encoding = Encoding::new(3, 0, 0, 0, 0);

    #[test]
    fn every_vector_leads_to_the_exception_report() {
        let table = vector_table();
        assert_eq!(table.len(), TABLE_WORDS);
        for index in 0..16 {
            let vector = &table[index * VECTOR_WORDS..][..VECTOR_WORDS];
            let length = vector.iter().position(|word| *word == a64::UDF).unwrap();
            let branch = index * VECTOR_WORDS + length - 1;
            assert_eq!(
                table[branch],
                a64::b((TABLE_WORDS - branch).try_into().unwrap())
            );
            let offset = u16::try_from(index * 0x80).unwrap();
            assert_eq!(
                table[branch - 1],
                a64::movz(VECTOR, offset, 0),
                "vector {index}"
            );
        }
        let synchronous = &table[0x200 / 4..];
        assert_eq!(synchronous[..7], skip_trapped_read());
        assert_eq!(synchronous[7], a64::movz(VECTOR, 0x200, 0));
    }

    #[test]
    fn the_program_ends_after_its_last_register() {
        let program = Program::new(&[MIDR_EL1]).unwrap();
        let start = usize::try_from(program.entry() - layout::RAM_START).unwrap() / 4;
        let code = &program.words[start + prologue().len()..];
        assert_eq!(code[..7], probe_register(MIDR_EL1, 0).unwrap());
        assert_eq!(code[7..], epilogue());
        assert_eq!(program.image().len(), 4 * program.words.len());
    }

    #[test]
    fn slots_beyond_the_offset_of_a_store_move_the_base() {
        let registers = vec![MIDR_EL1; usize::from(SLOTS_PER_BASE) + 2];
        let program = Program::new(&registers).unwrap();
        let mut tail = next_base().to_vec();
        tail.extend(probe_register(MIDR_EL1, 0).unwrap());
        tail.extend(probe_register(MIDR_EL1, 1).unwrap());
        tail.extend(epilogue());
        assert!(program.words.ends_with(&tail));
    }

    #[test]
    fn any_register_that_mrs_can_name_is_accepted() {
        for op0 in 0..4 {
            let register = Encoding::new(op0, 7, 15, 15, 7);
            let result = Program::new(&[register]);
            assert_eq!(result.is_ok(), op0 >= 2, "{register}: {result:?}");
        }
        let too_many = vec![MIDR_EL1; 0x1_0001];
        assert_eq!(
            Program::new(&too_many),
            Err(ProbeError::TooManyRegisters {
                registers: 0x1_0001
            })
        );
        assert!(Program::new(&too_many[1..]).is_ok());
    }
}
