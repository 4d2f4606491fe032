//! Values of the vector registers: a pattern, and the first difference.

use super::pattern;

/// Number of vector registers: V0-V31, or Z0-Z31.
const VECTORS: usize = 32;

/// Size of V0-V31, in bytes.
pub(super) const SIMD_BYTES: u64 = 16;

/// Size of the longest vectors of the architecture, 2048 bits, in words.
pub(super) const LONGEST_VECTOR: usize = 32;

/// Number of predicate registers, P0-P15; each has a bit for each byte of a vector.
const PREDICATES: usize = 16;

/// Size of a word, in bytes.
pub(super) const WORD_BYTES: usize = 8;

/// FPCR.{RMode, FZ, DN}.
const CONTROL: u64 = 0xf << 22;

/// FPSR.{IOC, DZC, OFC, UFC, IXC, IDC, QC}.
const STATUS: u64 = 0x9f | 1 << 27;

/// The registers of the floating-point unit. Vectors follow each other without gaps, as long as the
/// CPU has them, and so do predicates; the rest is 0, and all predicates without SVE.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(super) struct Registers {
    pub(super) vectors: [u64; VECTORS * LONGEST_VECTOR],
    pub(super) predicates: [u64; PREDICATES * LONGEST_VECTOR / WORD_BYTES],
    pub(super) first_fault: [u64; LONGEST_VECTOR / WORD_BYTES],
    pub(super) control: u64,
    pub(super) status: u64,
}

impl Registers {
    pub(super) const ZERO: Self = Self {
        vectors: [0; _],
        predicates: [0; _],
        first_fault: [0; _],
        control: 0,
        status: 0,
    };

    /// Values that are others in each round.
    pub(super) fn pattern(seed: u64, sve_bytes: Option<u64>) -> Self {
        let mut registers = Self::ZERO;
        let words = words(sve_bytes.unwrap_or(SIMD_BYTES));
        let vectors = registers.vectors.iter_mut().take(VECTORS * words);
        for (position, word) in (0..).zip(vectors) {
            *word = pattern::word(seed, position);
        }
        if let Some(bytes) = sve_bytes {
            let predicates = registers.predicates.iter_mut();
            let predicates = predicates.take(PREDICATES * words / WORD_BYTES);
            for (position, word) in (0..).zip(predicates) {
                *word = pattern::word(!seed, position);
            }
            registers.first_fault = ones(seed % (bytes + 1));
        }
        registers.control = seed & CONTROL;
        registers.status = seed & STATUS;
        registers
    }

    /// The first word that is another than in `found`: its register and both values.
    pub(super) fn difference(&self, found: &Self, vector_bytes: u64) -> Option<(String, u64, u64)> {
        let words = words(vector_bytes);
        let vector = |index: usize| {
            let (number, word) = (index / words, index % words);
            format!("word {word} of vector register {number}")
        };
        let predicate = |index: usize| format!("word {index} of P0-P15");
        let first_fault = |index: usize| format!("word {index} of FFR");
        first_difference(&self.vectors, &found.vectors, vector)
            .or_else(|| first_difference(&self.predicates, &found.predicates, predicate))
            .or_else(|| first_difference(&self.first_fault, &found.first_fault, first_fault))
            .or_else(|| first_difference(&[self.control], &[found.control], |_| "FPCR".to_owned()))
            .or_else(|| first_difference(&[self.status], &[found.status], |_| "FPSR".to_owned()))
    }
}

fn words(bytes: u64) -> usize {
    usize::try_from(bytes).map_or(LONGEST_VECTOR, |bytes| bytes / WORD_BYTES)
}

/// Ones below zeros, the only form of FFR (Arm ARM, WRFFR).
fn ones(count: u64) -> [u64; LONGEST_VECTOR / WORD_BYTES] {
    let mut left = count;
    [0; _].map(|_: u64| {
        let here = left.min(u64::BITS.into());
        left -= here;
        u64::try_from((1_u128 << here) - 1).unwrap_or(u64::MAX)
    })
}

fn first_difference(
    loaded: &[u64],
    found: &[u64],
    name: impl Fn(usize) -> String,
) -> Option<(String, u64, u64)> {
    let pairs = loaded.iter().zip(found).enumerate();
    let mut differing = pairs.filter(|(_, (loaded, found))| loaded != found);
    let (index, (loaded, found)) = differing.next()?;
    Some((name(index), *loaded, *found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_fills_the_registers_that_the_cpu_has() {
        let simd = Registers::pattern(9, None);
        assert!(simd.vectors[..64].iter().all(|word| *word != 0));
        assert!(simd.vectors[64..].iter().all(|word| *word == 0));
        assert_eq!((simd.predicates, simd.first_fault), ([0; _], [0; _]));
        let sve = Registers::pattern(100, Some(32));
        assert!(sve.vectors[127] != 0 && sve.vectors[128] == 0);
        assert!(sve.predicates[7] != 0 && sve.predicates[8] == 0);
        assert_eq!(sve.first_fault, [1, 0, 0, 0], "100 % 33 bits");
        assert_eq!(ones(70), [u64::MAX, 0x3f, 0, 0]);
        assert_eq!(ones(256), [u64::MAX; 4]);
    }

    #[test]
    fn changed_register_is_named() {
        let loaded = Registers::pattern(5, Some(32));
        assert_eq!(loaded.difference(&loaded.clone(), 32), None);
        let name = |change: fn(&mut Registers)| {
            let mut found = loaded.clone();
            change(&mut found);
            loaded.difference(&found, 32).unwrap().0
        };
        assert_eq!(name(|r| r.vectors[9] += 1), "word 1 of vector register 2");
        assert_eq!(name(|r| r.predicates[3] += 1), "word 3 of P0-P15");
        assert_eq!(name(|r| r.first_fault[0] += 1), "word 0 of FFR");
        assert_eq!(name(|r| r.control ^= 1 << 24), "FPCR");
        assert_eq!(name(|r| r.status ^= 1), "FPSR");
    }
}
