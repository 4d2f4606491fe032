//! `no-vgic`: the GIC fields of a guest without an interrupt controller, after its first run.

use crate::vm::{TestVm, plainest, richest};
use idreg_runtime::description::RegisterField;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::{id_aa64pfr0_el1, id_aa64pfr2_el1, id_pfr1_el1};

fn shown(vm: &TestVm, field: RegisterField) -> u64 {
    field.field.extract(vm.get(field.register.encoding))
}

#[test]
fn without_a_gic_the_first_run_clears_its_fields() {
    let mut vm = TestVm::new(plainest(), 1);
    assert_ne!(
        shown(&vm, id_aa64pfr0_el1::Gic::FIELD),
        0,
        "the host has a GIC"
    );
    vm.run_once();
    for field in [
        id_aa64pfr0_el1::Gic::FIELD,
        id_aa64pfr2_el1::Gcie::FIELD,
        id_pfr1_el1::Gic::FIELD,
    ] {
        assert_eq!(shown(&vm, field), 0, "{field}");
    }
}

#[test]
fn with_a_gic_its_fields_show_it() {
    let vm = TestVm::new(richest(), 1);
    assert!(richest().gic.is_some(), "the host has a GIC");
    assert_eq!(shown(&vm, id_aa64pfr0_el1::Gic::FIELD), 1);
    assert_eq!(shown(&vm, id_aa64pfr2_el1::Gcie::FIELD), 0);
}
