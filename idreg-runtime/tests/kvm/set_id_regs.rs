//! `set_id_regs`, the rows that are not about a field with a rule.

use crate::vm::{TestVm, host, open, plainest, richest, skipped};
use idreg_runtime::kvm::{capabilities, create_vm, writable_masks};
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::{
    AidrEl1, ClidrEl1, CtrEl0, IdAa64isar0El1, IdAa64pfr0El1, IdAa64pfr1El1, MidrEl1, MpidrEl1,
    RevidrEl1, ctr_el0, id_aa64isar0_el1, id_aa64pfr0_el1, id_aa64pfr1_el1,
};
use idreg_runtime::vcpu::Errno;

#[test]
fn masks_are_reported_before_there_is_a_vcpu() {
    let vm = create_vm(&open(), plainest()).expect("a VM");
    let masks = writable_masks(&vm).expect("masks").expect("the ioctl");
    let of_isar0 = masks.get(IdAa64isar0El1::ENCODING).expect("in the range");
    assert_eq!(
        of_isar0 & id_aa64isar0_el1::Dp::MASK,
        id_aa64isar0_el1::Dp::MASK
    );
    assert_eq!(masks.get(MpidrEl1::ENCODING), Some(0));
}

/// The first of CLIDR_EL1's seven adjacent Ctype fields, and its value for a unified cache (Arm ARM
/// DDI 0487, D24.2.29).
const CTYPE: u64 = 0b111;
const UNIFIED: u64 = 0b100;

#[test]
fn clidr_takes_one_more_level() {
    let vm = TestVm::rich();
    let before = vm.get(ClidrEl1::ENCODING);
    let level = (0..7).find(|level| before >> (3 * level) & CTYPE == 0);
    let level = level.expect("a level without a cache");
    vm.accepts(ClidrEl1::ENCODING, before | UNIFIED << (3 * level));
}

#[test]
fn ctr_takes_less() {
    let vm = TestVm::rich();
    let before = vm.get(CtrEl0::ENCODING);
    let line = ctr_el0::IminLine::FIELD.field;
    let shorter = line
        .extract(before)
        .checked_sub(1)
        .expect("a line of more than one word");
    let changed = line.insert(before & !ctr_el0::Dic::MASK, shorter);
    vm.accepts(CtrEl0::ENCODING, changed);
    vm.refuses(
        CtrEl0::ENCODING,
        line.insert(before, line.extract(before) + 1),
    );
}

#[test]
fn mpidr_takes_anything() {
    let vm = TestVm::rich();
    vm.accepts(MpidrEl1::ENCODING, vm.get(MpidrEl1::ENCODING) + 1);
}

#[test]
fn implementation_registers_change_where_kvm_offers_it() {
    let vm = TestVm::rich();
    for register in [MidrEl1::ENCODING, RevidrEl1::ENCODING, AidrEl1::ENCODING] {
        let before = vm.get(register);
        if capabilities(&open()).writable_implementation_ids {
            vm.accepts(register, before + 1);
        } else {
            vm.refuses(register, before + 1);
            vm.accepts(register, before);
        }
    }
}

/// MPAM is hidden from guests; a VMM that restores a guest of an older kernel may still write the
/// host's value.
#[test]
fn mpam_reads_zero_whatever_is_taken() {
    let vm = TestVm::rich();
    for field in [
        id_aa64pfr0_el1::Mpam::FIELD,
        id_aa64pfr1_el1::MpamFrac::FIELD,
    ] {
        let (register, description) = (field.register.encoding, field.field);
        let hidden = description.insert(vm.get(register), 0);
        vm.accepts(register, hidden);
        if let Err(error) = vm.set(register, description.insert(hidden, 1)) {
            assert_eq!(error, Errno::EINVAL, "{field}");
        }
        vm.shows(register, hidden);
        vm.refuses(register, description.insert(hidden, 2));
    }
}

/// Such a host has only 0xf, no asynchronous faults; KVM accepts 0 from a VMM that does not know
/// the field.
#[test]
fn mte_frac_zero_is_taken_and_not_stored() {
    const ROW: &str = "mte_frac_zero_is_taken_and_not_stored";
    if !capabilities(&open()).mte {
        return skipped(ROW, "the host has no memory tagging");
    }
    let mut config = plainest();
    config.mte = true;
    let vm = TestVm::new(config, 1);
    let register = IdAa64pfr1El1::ENCODING;
    let (mte, frac) = (
        id_aa64pfr1_el1::Mte::FIELD.field,
        id_aa64pfr1_el1::MteFrac::FIELD.field,
    );
    let before = vm.get(register);
    match (mte.extract(before), frac.extract(before)) {
        (2, 0xf) => {
            assert_eq!(vm.set(register, frac.insert(before, 0)), Ok(()));
            vm.shows(register, before);
        }
        (level, frac) => skipped(
            ROW,
            format_args!("the host has MTE {level:#x} and MTE_frac {frac:#x}"),
        ),
    }
}

/// A guest reads what the VMM reads back: the end-to-end tests run guests, this is the VMM's side.
#[test]
fn writes_to_many_registers_stay() {
    let (host, vm) = (host(), TestVm::rich());
    let mut expected = Vec::new();
    for (register, value) in host.values().iter() {
        let lowered = register
            .fields()
            .filter(|field| host.is_writable(*field) && field.field.extract(value) > 0)
            .map(|field| field.field.insert(value, field.field.extract(value) - 1))
            .find(|lowered| vm.set(register.encoding, *lowered) == Ok(()));
        expected.extend(lowered.map(|lowered| (register.encoding, lowered)));
    }
    assert!(expected.len() >= 8, "only {expected:?} could be lowered");
    for (register, value) in expected {
        vm.shows(register, value);
    }
}

#[test]
fn another_init_keeps_everything() {
    let vm = TestVm::new(plainest(), 1);
    let isar0 = vm.get(IdAa64isar0El1::ENCODING) & !id_aa64isar0_el1::Crc32::MASK;
    vm.accepts(IdAa64isar0El1::ENCODING, isar0);
    vm.accepts(MpidrEl1::ENCODING, vm.get(MpidrEl1::ENCODING) + 1);
    let all = |vm: &TestVm| -> Vec<_> {
        let encodings = crate::get_reg_list::always_present();
        encodings
            .map(|register| (register, vm.get(register)))
            .collect()
    };
    let before = all(&vm);
    let vcpu = vm.vcpus.first().expect("a vCPU");
    idreg_runtime::kvm::init_vcpu(&vm.vm, vcpu, plainest(), false).expect("another INIT");
    assert_eq!(all(&vm), before);
}

#[test]
fn pfr0_shows_what_the_configuration_gives() {
    let (rich, plain) = (TestVm::rich(), TestVm::new(plainest(), 1));
    let sve = id_aa64pfr0_el1::Sve::FIELD.field;
    let shown = |vm: &TestVm| sve.extract(vm.get(IdAa64pfr0El1::ENCODING));
    assert_eq!((shown(&rich) != 0, shown(&plain)), (richest().sve, 0));
}
