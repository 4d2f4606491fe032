//! `set_id_regs`, the fields: every writable field accepts a safe value and refuses an unsafe one.

use crate::aarch32_id_regs;
use crate::vm::{TestVm, host, skipped};
use idreg_runtime::description::{FieldDescription, RegisterDescription, RegisterField};
use idreg_runtime::host::Host;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::{
    self, ClidrEl1, CtrEl0, id_aa64mmfr2_el1, id_aa64pfr0_el1, id_aa64pfr1_el1,
};
use idreg_runtime::vcpu::Errno;

/// The minimum number of writable fields of a register: counted in the tables of Linux 6.12 and
/// 7.2, `arch/arm64/kvm/sys_regs.c` and `arch/arm64/kernel/cpufeature.c`.
struct Writable {
    linux_6_12: usize,
    linux_7_2: usize,
}

/// The registers of the kernel's test, of which each has a test here.
const TESTED: [(&str, Writable); 13] = [
    ("ID_AA64DFR0_EL1", writable(4, 4)),
    ("ID_DFR0_EL1", writable(8, 8)),
    ("ID_AA64ISAR0_EL1", writable(14, 14)),
    ("ID_AA64ISAR1_EL1", writable(12, 12)),
    ("ID_AA64ISAR2_EL1", writable(13, 14)),
    ("ID_AA64ISAR3_EL1", writable(0, 4)),
    ("ID_AA64PFR0_EL1", writable(10, 11)),
    ("ID_AA64PFR1_EL1", writable(3, 5)),
    ("ID_AA64MMFR0_EL1", writable(10, 13)),
    ("ID_AA64MMFR1_EL1", writable(11, 13)),
    ("ID_AA64MMFR2_EL1", writable(10, 10)),
    ("ID_AA64MMFR3_EL1", writable(3, 4)),
    ("ID_AA64ZFR0_EL1", writable(10, 12)),
];

const fn writable(linux_6_12: usize, linux_7_2: usize) -> Writable {
    Writable {
        linux_6_12,
        linux_7_2,
    }
}

impl Writable {
    /// The number for this host: only the later of the two kernels lets a VM have another MIDR_EL1.
    fn on(&self, host: &Host) -> usize {
        if host.info().capabilities.writable_implementation_ids {
            self.linux_7_2
        } else {
            self.linux_6_12
        }
    }
}

/// Tries every writable field of one of the [`TESTED`] registers.
fn try_register(name: &str) {
    let host = host();
    let (register, minimum) = TESTED
        .iter()
        .find(|(known, _)| *known == name)
        .and_then(|(name, minimum)| Some((regs::DESCRIPTION.register(name)?, minimum.on(host))))
        .expect("a register of the table");
    if aarch32_id_regs::is_ignored(host, register.encoding) {
        return skipped(name, "the host has no AArch32");
    }
    let vm = TestVm::rich();
    let fields: Vec<_> = register
        .fields()
        .filter(|field| host.is_writable(*field))
        .collect();
    assert!(
        fields.len() >= minimum,
        "{name}: {} fields are writable, {minimum} were expected",
        fields.len()
    );
    for field in fields {
        try_field(&vm, field);
    }
}

/// Checks that a field refuses the first unsafe value and accepts the first safe one, if there are
/// any.
fn try_field(vm: &TestVm, field: RegisterField) {
    let (register, description) = (field.register.encoding, field.field);
    let before = vm.get(register);
    let limit = description.extract(before);
    let is_safe = |value: &u64| is_safe(description, limit, *value);
    if let Some(value) = candidates(description, limit).find(|value| !is_safe(value)) {
        println!("{field}={value:#x} is refused where the limit is {limit:#x}");
        vm.refuses(register, description.insert(before, value));
    }
    if let Some(value) = candidates(description, limit).find(is_safe) {
        println!("{field}={value:#x} is accepted where the limit is {limit:#x}");
        vm.accepts(register, description.insert(before, value));
        vm.accepts(register, before);
    }
}

/// True if KVM accepts a value: it is safe by the field's rule, and not refused on every host.
fn is_safe(field: FieldDescription, limit: u64, value: u64) -> bool {
    let refused = field
        .rule()
        .refused
        .iter()
        .any(|range| range.contains(value));
    field.rule().safety.accepts(field.width(), limit, value) && !refused
}

/// Values to try: those next to the limit first, since they are the most likely to fail.
fn candidates(field: FieldDescription, limit: u64) -> impl Iterator<Item = u64> {
    let max = field.max();
    let next_to = [limit.wrapping_add(1), limit.wrapping_sub(1)].map(|value| value & max);
    let others = (0..=max).take(256);
    next_to
        .into_iter()
        .chain(others)
        .filter(move |value| *value != limit)
}

#[test]
fn id_aa64dfr0_el1() {
    try_register("ID_AA64DFR0_EL1");
}

#[test]
fn id_dfr0_el1() {
    try_register("ID_DFR0_EL1");
}

#[test]
fn id_aa64isar0_el1() {
    try_register("ID_AA64ISAR0_EL1");
}

#[test]
fn id_aa64isar1_el1() {
    try_register("ID_AA64ISAR1_EL1");
}

#[test]
fn id_aa64isar2_el1() {
    try_register("ID_AA64ISAR2_EL1");
}

#[test]
fn id_aa64isar3_el1() {
    try_register("ID_AA64ISAR3_EL1");
}

#[test]
fn id_aa64pfr0_el1() {
    try_register("ID_AA64PFR0_EL1");
}

#[test]
fn id_aa64pfr1_el1() {
    try_register("ID_AA64PFR1_EL1");
}

#[test]
fn id_aa64mmfr0_el1() {
    try_register("ID_AA64MMFR0_EL1");
}

#[test]
fn id_aa64mmfr1_el1() {
    try_register("ID_AA64MMFR1_EL1");
}

#[test]
fn id_aa64mmfr2_el1() {
    try_register("ID_AA64MMFR2_EL1");
}

#[test]
fn id_aa64mmfr3_el1() {
    try_register("ID_AA64MMFR3_EL1");
}

#[test]
fn id_aa64zfr0_el1() {
    try_register("ID_AA64ZFR0_EL1");
}

/// The registers that the kernel's test leaves out. CTR_EL0, CLIDR_EL1 and the registers outside
/// CRm 1 to 7 have tests of their own.
#[test]
fn every_other_register() {
    let (host, vm) = (host(), TestVm::rich());
    let is_other = |register: &&RegisterDescription| {
        let encoding = register.encoding;
        encoding.crm() != 0
            && encoding != CtrEl0::ENCODING
            && !aarch32_id_regs::is_ignored(host, encoding)
            && !TESTED.iter().any(|(name, _)| *name == register.name)
    };
    let registers = regs::DESCRIPTION.registers.iter().copied().filter(is_other);
    let fields = registers.flat_map(RegisterDescription::fields);
    let writable: Vec<_> = fields.filter(|field| host.is_writable(*field)).collect();
    assert!(!writable.is_empty());
    for field in writable {
        try_field(&vm, field);
    }
}

/// Fields for which KVM accepts some values and stores the old one (Linux 7.2,
/// `arch/arm64/kvm/sys_regs.c`, `set_id_aa64pfr0_el1`, `set_id_aa64pfr1_el1` and
/// `set_id_aa64mmfr2_el1`).
const QUIETLY_KEPT: [RegisterField; 4] = [
    id_aa64pfr0_el1::Mpam::FIELD,
    id_aa64pfr1_el1::MpamFrac::FIELD,
    id_aa64pfr1_el1::MteFrac::FIELD,
    id_aa64mmfr2_el1::Nv::FIELD,
];

#[test]
fn fixed_fields_keep_their_values() {
    let (host, vm) = (host(), TestVm::rich());
    let is_fixed = |field: &RegisterField| {
        let encoding = field.register.encoding;
        // MPIDR_EL1, CRm 0, is not reported as writable and accepts any value.
        (encoding.crm() != 0 || encoding == ClidrEl1::ENCODING)
            && host.values().get(field.register).is_some()
            && host.writable(field.register) & field.field.mask() == 0
            && !aarch32_id_regs::is_ignored(host, encoding)
    };
    let fixed: Vec<_> = regs::DESCRIPTION.fields().filter(is_fixed).collect();
    assert!(fixed.len() > 50, "only {} fields are fixed", fixed.len());
    for field in fixed {
        let (register, before) = (field.register.encoding, vm.get(field.register.encoding));
        let other = before ^ 1 << field.field.shift();
        match vm.set(register, other) {
            Err(error) => assert_eq!(error, Errno::EINVAL, "{field}"),
            Ok(()) => assert!(QUIETLY_KEPT.contains(&field), "{field} was accepted"),
        }
        vm.shows(register, before);
    }
}
