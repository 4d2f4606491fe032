//! Short names of what a guest sees and of what a kernel lets change: hashes for labels.
//!
//! The hash is FNV-1a of 64 bits (G. Fowler, L. C. Noll, P. Vo), over lines of text that end in
//! `\n`. Numbers are `0x` and 16 digits, or decimal. What is unknown or zero has no line, so that a
//! register that one of two kernels does not have makes no difference where it reads as zero.

use super::ExportedGuest;
use crate::config::VcpuConfig;
use crate::host::Host;
use crate::model::CpuModel;
use crate::model::named::Models;
use crate::number::Hex;
use crate::plan::Plan;
use crate::regs::MpidrEl1;
use core::fmt;

/// A hash for a label; shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LabelHash(pub u64);

/// The hash of the text that was written so far.
struct Fnv(u64);

impl Fnv {
    /// The offset basis of 64 bits.
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    /// The prime of 64 bits.
    const PRIME: u64 = 0x0100_0000_01b3;
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(Self::PRIME);
        }
        Ok(())
    }
}

/// Hashes the view of a guest that has started, on its first vCPU: guests with equal hashes can go
/// from each host to the other.
///
/// The lines are `NAME=VALUE` for each register by index except MPIDR_EL1; then the configuration
/// of the vCPUs as messages show it without a number of counters; `sve_vector_lengths=128,256`,
/// `pmu_counters=N`, `timer_frequency=HZ`, `physical_address_bits=N`, `iidr=VALUE`, `typer2=VALUE`,
/// and `NAME=VALUE` for each firmware register.
#[must_use]
pub fn view_hash(guest: ExportedGuest<'_>) -> LabelHash {
    let (info, config) = (guest.host.info(), guest.plan.config());
    let mut hash = Lines::new();
    for (register, value) in guest.plan.in_guest().iter() {
        if register.encoding != MpidrEl1::ENCODING {
            hash.number(register.name, value);
        }
    }
    let shown = VcpuConfig {
        pmu_counters: None,
        ..config
    };
    hash.line(format_args!("{shown}"));
    if config.sve {
        let within = |bits: &&u32| config.sve_limit.is_none_or(|limit| **bits <= limit);
        let lengths = info.sve_vector_lengths.iter().filter(within);
        let lengths: Vec<String> = lengths.map(ToString::to_string).collect();
        hash.line(format_args!("sve_vector_lengths={}", lengths.join(",")));
    }
    if let Some(counters) = config.pmu_counters.or(info.pmu_counters) {
        hash.line(format_args!("pmu_counters={counters}"));
    }
    if info.timer_frequency != 0 {
        hash.line(format_args!("timer_frequency={}", info.timer_frequency));
    }
    if let Some(bits) = info.physical_address_bits {
        hash.line(format_args!("physical_address_bits={bits}"));
    }
    hash.number("iidr", info.gic.iidr.unwrap_or(0).into());
    hash.number("typer2", info.gic.typer2.unwrap_or(0).into());
    for (register, value) in info.firmware.iter() {
        hash.number(register.name(), value);
    }
    hash.hash()
}

/// Hashes the views of guests of every model that a host can give, each with the model's name and
/// version.
#[must_use]
pub fn model_views(host: &Host, models: &Models) -> Vec<(String, LabelHash)> {
    let mut views = Vec::new();
    for model in models.iter() {
        if let Ok(plan) = Plan::new(host, &CpuModel::named(model.clone())) {
            let guest = ExportedGuest { host, plan: &plan };
            views.push((model.full_name().to_owned(), view_hash(guest)));
        }
    }
    views
}

/// Hashes the bits of ID registers that a host's KVM lets a VMM write, or `None` if it reports
/// none.
///
/// The lines are `NAME=MASK` for each register by index, and `writable_implementation_ids` if the
/// host has the capability.
#[must_use]
pub fn masks_hash(host: &Host) -> Option<LabelHash> {
    let capabilities = host.info().capabilities;
    if !capabilities.writable_masks {
        return None;
    }
    let mut hash = Lines::new();
    for register in host.description().registers {
        hash.number(register.name, host.writable(register));
    }
    if capabilities.writable_implementation_ids {
        hash.line(format_args!("writable_implementation_ids"));
    }
    Some(hash.hash())
}

/// Lines of text that are hashed.
struct Lines(Fnv);

impl Lines {
    const fn new() -> Self {
        Self(Fnv(Fnv::BASIS))
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        // Hashing cannot fail.
        let _ = fmt::Write::write_fmt(&mut self.0, format_args!("{text}\n"));
    }

    fn number(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.line(format_args!("{name}={}", Hex(value)));
        }
    }

    const fn hash(&self) -> LabelHash {
        LabelHash(self.0.0)
    }
}

impl fmt::Display for LabelHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_fnv_1a() {
        // Test vectors of the reference implementation.
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut state = Fnv(Fnv::BASIS);
            fmt::Write::write_str(&mut state, text).unwrap();
            assert_eq!(state.0, hash, "{text}");
        }
        assert_eq!(LabelHash(0xab).to_string(), "00000000000000ab");
    }
}
