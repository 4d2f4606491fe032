//! Views of guests, and the firmware registers in them.

use crate::vm::{TestVm, host, plainest, richest, skipped};
use idreg_runtime::config::{Gic, GicIdentity};
use idreg_runtime::firmware::{FirmwareRegister, FirmwareValues};
use idreg_runtime::kvm::{
    GicAddresses, KvmError, gic_identity, init_gic, read_view, set_gic_identity, write_firmware,
};
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::{ClidrEl1, IdAa64isar0El1, MpidrEl1};
use idreg_runtime::vcpu::Errno;
use idreg_runtime::view::{View, ViewInfo};

/// A view of two vCPUs is read back, written, read, and fits the same host with the same writes.
#[test]
fn view_of_a_guest_fits_its_own_host() {
    // Before Linux 6.7 no field can be changed.
    let model = if host().info().capabilities.writable_masks {
        "host,FEAT_AES=off"
    } else {
        "host"
    };
    let model = model.parse().expect("a model");
    let plan = Plan::new(host(), &model).expect("a possible model");
    let vm = TestVm::new(richest(), 2);
    for vcpu in 0..2 {
        plan.apply(&vm.regs(vcpu)).expect("the plan");
    }
    let mut info = ViewInfo::of(&plan, host());
    info.physical_address_bits = Some(36);
    let view = read_view(info, &vm.vcpus).expect("a view");
    assert_eq!(view.vcpu_count(), 2);
    assert_eq!(
        view.info().sve_vector_lengths,
        host().info().sve_vector_lengths
    );
    assert_eq!(view.info().firmware, host().info().firmware);
    assert!(
        view.common().get_as::<MpidrEl1>().is_none(),
        "each vCPU has its own"
    );
    assert!(view.common().get_as::<ClidrEl1>().is_some());
    let caches = view.vcpu(1).expect("a vCPU").caches;
    assert!(!caches.is_empty(), "KVM shows cache sizes");

    let file = serde_json::to_string(&view).expect("JSON");
    assert_eq!(
        serde_json::from_str::<View>(&file).expect("a view file"),
        view
    );

    let again = Plan::for_view(host(), &view).expect("a guest that fits");
    assert_eq!(again.writes(), plan.writes());
    let other = TestVm::new(again.config(), 1);
    let shown = again.apply(&other.regs(0)).expect("the plan");
    assert_eq!(shown.get_as(), view.common().get_as::<IdAa64isar0El1>());
}

/// The host tells the identity of its GIC, whether or not KVM tells it before initialisation.
#[test]
fn identity_of_an_initialised_gic_is_that_of_the_host() {
    let vm = TestVm::new(richest(), 1);
    let Some(gic) = vm.gic.as_ref().filter(|_| richest().gic == Some(Gic::V3)) else {
        skipped("identity of the GIC", "no GICv3");
        return;
    };
    let addresses = GicAddresses::V3 {
        distributor: 0,
        redistributors: 0x1_0000,
    };
    init_gic(gic, addresses, 64).expect("an initialised GIC");
    let identity = gic_identity(gic).expect("two registers");
    assert_eq!(identity, host().info().gic);
    // Arm's implementer, and KVM's product (Linux 7.2, arch/arm64/kvm/vgic/vgic.h).
    assert_eq!(
        identity.iidr.map(|iidr| iidr & 0xff00_0fff),
        Some(0x4b00_043b)
    );
}

/// KVM takes a value of a firmware register if and only if the library says so.
#[test]
fn firmware_registers_take_the_predicted_values() {
    let vm = TestVm::new(plainest(), 1);
    let vcpu = vm.vcpus.first().expect("a vCPU");
    let host = FirmwareValues::read(&vm.regs(0)).expect("firmware registers");
    assert!(host.get(FirmwareRegister::PsciVersion).is_some());
    for register in FirmwareRegister::ALL {
        let own = host.get(register);
        let versions = (0..=4).map(|minor| 0x1_0000 + minor);
        for value in (0..=0x24).chain(versions).chain([0x2_0000, 1 << 40]) {
            let answer = vcpu.set_one_reg(register.id(), &u64::to_le_bytes(value));
            let answer = answer.map_err(|error| Errno(error.errno()));
            let predicted = register.check(own, value);
            // A register that is not there cannot be written, and reads as zero to a guest.
            let taken = answer.is_ok() || own.is_none() && value == 0;
            assert_eq!(
                taken,
                predicted.is_ok(),
                "{} = {value:#x}, host {own:x?}: {answer:?}, {predicted:?}",
                register.name()
            );
        }
    }
}

/// KVM stores the firmware registers of a VM that has not run, for all of its vCPUs.
#[test]
fn firmware_registers_are_written_and_read_back() {
    let mut vm = TestVm::new(plainest(), 2);
    let mut older = FirmwareValues::default();
    older.set(FirmwareRegister::PsciVersion, 0x1_0000);
    older.set(FirmwareRegister::StdHyp, 0);
    older.set(FirmwareRegister::Workaround1, 0);
    let first = vm.vcpus.first().expect("a vCPU");
    write_firmware(first, &older).expect("values that KVM takes");
    for vcpu in 0..2 {
        let found = FirmwareValues::read(&vm.regs(vcpu)).expect("firmware registers");
        for register in [FirmwareRegister::PsciVersion, FirmwareRegister::StdHyp] {
            assert_eq!(found.get(register), older.get(register), "{register:?}");
        }
    }
    vm.run_once();
    let mut later = FirmwareValues::default();
    later.set(FirmwareRegister::StdHyp, 1);
    let error = write_firmware(vm.vcpus.first().expect("a vCPU"), &later);
    let error = error.expect_err("a VM that has run");
    assert_eq!(
        format!("{error:#}"),
        "cannot write the firmware register KVM_REG_ARM_STD_HYP_BMAP=0x1: EBUSY (16)"
    );
}

/// A GIC gets the revision of an older kernel's before it is initialised, where KVM stores it.
#[test]
fn gic_has_the_identity_of_an_older_one() {
    let vm = TestVm::new(richest(), 1);
    let Some(gic) = vm.gic.as_ref().filter(|_| richest().gic == Some(Gic::V3)) else {
        skipped("identity of an older GIC", "no GICv3");
        return;
    };
    let own = host().info().gic;
    let mut older = GicIdentity::default();
    older.iidr = own.iidr.map(|iidr| iidr - 0x1000);
    let release = &host().info().kernel_release;
    let is_repaired = !release.starts_with("6.") && !release.starts_with("7.0");
    match set_gic_identity(gic, older) {
        Ok(()) => {}
        Err(error) if is_repaired => panic!("{error:#}"),
        // Before Linux 6.17 a GIC that is not initialised has no registers.
        Err(KvmError::Failed { source, .. }) => return assert_eq!(source, Errno::EBUSY),
        // Before Linux 7.1 KVM does not store the revision.
        Err(KvmError::GicRegisterDiffers { found, .. }) => {
            return assert_eq!(Some(found), own.iidr);
        }
        Err(error) => panic!("{error:#}"),
    }
    let addresses = GicAddresses::V3 {
        distributor: 0,
        redistributors: 0x1_0000,
    };
    init_gic(gic, addresses, 64).expect("an initialised GIC");
    let identity = gic_identity(gic).expect("two registers");
    assert_eq!((identity.iidr, identity.typer2), (older.iidr, own.typer2));
    assert_eq!(own.differing(identity), older);
    let mut foreign = GicIdentity::default();
    foreign.iidr = own.iidr.map(|iidr| iidr ^ 1);
    assert!(set_gic_identity(gic, foreign).is_err());
}
