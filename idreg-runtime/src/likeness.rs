//! The likeness of names to one that does not exist.

use crate::description::PROPERTY_PREFIX;
use crate::description::feature::FEATURE_PREFIX;

/// The length in bytes above which a name is like no known one; the longest property of this
/// project's description has 40.
pub(crate) const LONGEST_NAME: usize = 100;

/// The prefix of the firmware registers' names in `asm/kvm.h`.
const FIRMWARE_PREFIX: &str = "KVM_REG_ARM_";

/// The name that does not exist, and the highest likeness of another name so far.
///
/// A comparison takes time in proportion to the lengths of both names, so names of quite another
/// length are not compared.
#[cfg(feature = "suggestions")]
pub(crate) struct Likeness {
    /// The name in upper case, without its prefix.
    name: String,
    /// The least likeness that counts, in percent.
    percent: u8,
    /// The highest likeness, from 0 to 1.
    highest: f64,
}

#[cfg(feature = "suggestions")]
impl Likeness {
    pub(crate) fn to(name: &str) -> Self {
        // In a name as short as `pauth`, one wrong letter is a larger part.
        const SHORT: usize = 8;
        let percent: u8 = if name.len() > SHORT { 80 } else { 70 };
        Self {
            name: bare(name).to_ascii_uppercase(),
            percent,
            highest: f64::from(percent) / 100.0,
        }
    }

    /// True if a name is at least as like as every name before, and like enough.
    pub(crate) fn is_highest(&mut self, known: &str) -> bool {
        let (name, known) = (&self.name, bare(known));
        // Every letter more is a difference.
        let (shorter, longer) = (known.len().min(name.len()), known.len().max(name.len()));
        if 100 * shorter < usize::from(self.percent) * longer {
            return false;
        }
        let known = known.to_ascii_uppercase();
        let likeness = strsim::normalized_damerau_levenshtein(name, &known);
        let is_highest = likeness >= self.highest;
        if is_highest {
            self.highest = likeness;
        }
        is_highest
    }
}

/// The name that does not exist, without its prefix; only its case may differ.
#[cfg(not(feature = "suggestions"))]
pub(crate) struct Likeness<'n>(&'n str);

#[cfg(not(feature = "suggestions"))]
impl<'n> Likeness<'n> {
    pub(crate) fn to(name: &'n str) -> Self {
        Self(bare(name))
    }

    /// True for the same name, whatever its case and its prefix.
    pub(crate) fn is_highest(&mut self, known: &str) -> bool {
        self.0.eq_ignore_ascii_case(bare(known))
    }
}

/// A name without its prefix, in whatever case.
fn bare(name: &str) -> &str {
    for prefix in [PROPERTY_PREFIX, FEATURE_PREFIX, FIRMWARE_PREFIX] {
        if let Some((start, bare)) = name.split_at_checked(prefix.len())
            && start.eq_ignore_ascii_case(prefix)
        {
            return bare;
        }
    }
    name
}
