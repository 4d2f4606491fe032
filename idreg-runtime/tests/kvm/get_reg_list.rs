//! `get-reg-list`, the ID registers: each is listed, readable, and accepts its own value.

use crate::vm::TestVm;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::kvm_reg_id;
use idreg_runtime::regs::{AidrEl1, ClidrEl1, CtrEl0, MidrEl1, MpidrEl1, RevidrEl1};
use kvm_bindings::RegList;

/// More registers than any vCPU has, within the limit of kvm-bindings 0.14.
const ROOM: usize = 500;

/// The ID registers of every vCPU: all of CRm 1 to 7, those without a name included, and six more
/// (Linux 7.2, `tools/testing/selftests/kvm/arm64/get-reg-list.c`).
pub(crate) fn always_present() -> impl Iterator<Item = Encoding> {
    let block = (1..8).flat_map(|crm| (0..8).map(move |op2| Encoding::new(3, 0, 0, crm, op2)));
    block.chain([
        MidrEl1::ENCODING,
        MpidrEl1::ENCODING,
        RevidrEl1::ENCODING,
        ClidrEl1::ENCODING,
        AidrEl1::ENCODING,
        CtrEl0::ENCODING,
    ])
}

#[test]
fn id_registers_are_listed() {
    let vm = TestVm::rich();
    let mut list = RegList::new(ROOM).expect("room for a list");
    vm.vcpus
        .first()
        .expect("a vCPU")
        .get_reg_list(&mut list)
        .expect("the list");
    let missing: Vec<_> = always_present()
        .filter(|register| !list.as_slice().contains(&kvm_reg_id(*register)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(always_present().count(), 62);
}

#[test]
fn id_registers_take_their_own_values() {
    let vm = TestVm::rich();
    for register in always_present() {
        vm.accepts(register, vm.get(register));
    }
}
