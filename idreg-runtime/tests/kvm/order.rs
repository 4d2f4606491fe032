//! The constraints on the order of steps that the module `kvm` documents.

use crate::vm::{TestVm, host, host_of_a_vm, open, richest, skipped};
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::kvm::kvm_ioctls::{DeviceFd, VcpuFd, VmFd};
use idreg_runtime::kvm::{
    GicAddresses, KvmError, KvmStep, OneReg, capabilities, create_gic, create_vcpu, create_vm,
    create_vm_with, enable_implementation_ids, enable_mte, has_implementation_ids, init_gic,
    init_pmu, init_vcpu, limit_vector_lengths, offer_target_cpus, physical_address_bits, read_vm,
};
use idreg_runtime::plan::Plan;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::{IdAa64isar0El1, RevidrEl1, id_aa64isar0_el1::Crc32};
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use kvm_bindings::{KVM_ARM_VCPU_SVE, kvm_vcpu_init};

const INTERRUPTS: u32 = 64;

fn addresses(gic: Gic) -> GicAddresses {
    match gic {
        Gic::V2 => GicAddresses::V2 {
            distributor: 0,
            cpu_interface: 0x1_0000,
        },
        Gic::V3 => GicAddresses::V3 {
            distributor: 0,
            redistributors: 0x1_0000,
        },
    }
}

fn gic() -> Gic {
    richest().gic.expect("the host has a GIC")
}

fn initialised(vm: &VmFd) -> DeviceFd {
    let device = create_gic(vm, gic()).expect("a GIC");
    init_gic(&device, addresses(gic()), INTERRUPTS).expect("an initialised GIC");
    device
}

/// A VM as another program makes it, with KVM's default of address bits and nothing enabled.
fn untouched() -> VmFd {
    open().create_vm_with_ipa_size(0).expect("a VM")
}

fn vcpus(vm: &VmFd) -> [VcpuFd; 2] {
    [0, 1].map(|index| create_vcpu(vm, index).expect("a vCPU"))
}

/// Checks that the VM shows the host, takes a plan and runs.
fn shows_the_host(vm: &VmFd, vcpus: &mut [VcpuFd]) {
    let first = vcpus.first().expect("a vCPU");
    let read = read_vm(vm, first, richest()).expect("the host");
    assert_eq!(read, host_of_a_vm());
    let model = format!("host,{}=0", Crc32::FIELD);
    let plan = Plan::new(&read, &model.parse().expect("a model")).expect("a plan");
    for vcpu in &*vcpus {
        plan.apply(&OneReg::new(vcpu)).expect("the plan");
        init_pmu(vcpu, richest()).expect("a PMU");
    }
    let first = vcpus.first_mut().expect("a vCPU");
    first.set_kvm_immediate_exit(1);
    let ran = first.run().map(drop).map_err(Errno::from);
    assert_eq!(ran, Err(Errno::EINTR));
    plan.verify(&OneReg::new(&*first))
        .expect("the same after the first run");
}

#[test]
fn a_gic_may_be_created_before_the_vcpus() {
    let vm = create_vm(&open(), richest()).expect("a VM");
    let device = create_gic(&vm, gic()).expect("a GIC");
    let mut vcpus = vcpus(&vm);
    for vcpu in &vcpus {
        init_vcpu(&vm, vcpu, richest(), false).expect("an initialised vCPU");
    }
    init_gic(&device, addresses(gic()), INTERRUPTS).expect("an initialised GIC");
    shows_the_host(&vm, &mut vcpus);
}

#[test]
fn a_gic_may_be_initialised_before_the_vcpus_are() {
    let vm = create_vm(&open(), richest()).expect("a VM");
    let mut vcpus = vcpus(&vm);
    let _gic = initialised(&vm);
    for vcpu in &vcpus {
        init_vcpu(&vm, vcpu, richest(), false).expect("an initialised vCPU");
    }
    shows_the_host(&vm, &mut vcpus);
}

#[test]
fn a_gic_may_be_initialised_after_the_vcpus_are() {
    let vm = create_vm(&open(), richest()).expect("a VM");
    let mut vcpus = vcpus(&vm);
    for vcpu in &vcpus {
        init_vcpu(&vm, vcpu, richest(), false).expect("an initialised vCPU");
    }
    let _gic = initialised(&vm);
    shows_the_host(&vm, &mut vcpus);
}

#[test]
fn a_vm_may_have_no_gic() {
    let config = VcpuConfig::new();
    let mut vm = TestVm::new(config, 1);
    let read = read_vm(&vm.vm, &vm.vcpus[0], config).expect("the host");
    assert_eq!(read.info().vcpu, config);
    vm.run_once();
}

#[test]
fn no_vcpu_is_created_after_the_gic_is_initialised() {
    let vm = create_vm(&open(), richest()).expect("a VM");
    let _vcpus = vcpus(&vm);
    let _gic = initialised(&vm);
    let error = create_vcpu(&vm, 2).expect_err("too late");
    let step = KvmStep::CreateVcpu { index: 2 };
    assert_eq!(
        error,
        KvmError::Failed {
            step,
            source: Errno::EBUSY
        }
    );
    assert_eq!(format!("{error:#}"), "cannot create vCPU 2: EBUSY (16)");
}

#[test]
fn capabilities_are_enabled_before_the_first_vcpu() {
    let vm = untouched();
    let offered = capabilities(&vm).writable_implementation_ids;
    let _first = create_vcpu(&vm, 0).expect("a vCPU");
    let too_late = |capability| KvmError::Failed {
        step: KvmStep::EnableCapability { capability },
        source: Errno::EINVAL,
    };
    let expected = if offered {
        Err(too_late("KVM_CAP_ARM_WRITABLE_IMP_ID_REGS"))
    } else {
        Ok(false)
    };
    assert_eq!(enable_implementation_ids(&vm), expected);
    // Where the host has no memory tagging that is the answer too.
    assert_eq!(enable_mte(&vm), Err(too_late("KVM_CAP_ARM_MTE")));
}

#[test]
fn mte_is_enabled_for_a_vm_that_exists() {
    let vm = untouched();
    if !capabilities(&vm).mte {
        return skipped(
            "mte_is_enabled_for_a_vm_that_exists",
            "the host has no memory tagging",
        );
    }
    assert_eq!(enable_mte(&vm), Ok(()));
    let vcpu = create_vcpu(&vm, 0).expect("a vCPU");
    let config = VcpuConfig::new().with_mte(true);
    init_vcpu(&vm, &vcpu, config, false).expect("an initialised vCPU");
    assert!(read_vm(&vm, &vcpu, config).is_ok());
}

/// Reads the only vCPU of a VM.
fn read_alone(vm: &VmFd) -> Host {
    let vcpu = create_vcpu(vm, 0).expect("a vCPU");
    init_vcpu(vm, &vcpu, VcpuConfig::new(), false).expect("an initialised vCPU");
    let revidr = OneReg::new(&vcpu).get(RevidrEl1::ENCODING);
    let host = read_vm(vm, &vcpu, VcpuConfig::new()).expect("the host");
    let has = host.info().capabilities.writable_implementation_ids;
    assert_eq!(has_implementation_ids(vm, &vcpu), Ok(has));
    assert_eq!(
        OneReg::new(&vcpu).get(RevidrEl1::ENCODING),
        revidr,
        "restored"
    );
    let other = revidr.map(|value| value ^ 0b10).expect("REVIDR_EL1");
    let change = OneReg::new(&vcpu).set(RevidrEl1::ENCODING, other);
    assert_eq!(change.is_ok(), has, "{change:?}");
    host
}

/// KVM reports the masks of implementation registers in every VM.
#[test]
fn implementation_ids_are_of_the_vm_that_enabled_them() {
    let field = idreg_runtime::regs::midr_el1::PartNum::FIELD;
    let without = read_alone(&untouched());
    assert!(!without.info().capabilities.writable_implementation_ids);
    let offered = capabilities(&open()).writable_implementation_ids;
    let obstacle = if offered {
        Obstacle::ImplementationId
    } else {
        Obstacle::NotWritable
    };
    assert_eq!(without.why_fixed(field), Some(obstacle));

    let vm = untouched();
    assert_eq!(enable_implementation_ids(&vm), Ok(offered));
    let with = read_alone(&vm);
    assert_eq!(
        with.info().capabilities.writable_implementation_ids,
        offered
    );
    assert_eq!(with.why_fixed(field).is_none(), offered);
}

#[test]
fn vectors_are_limited_between_init_and_finalize() {
    const ROW: &str = "vectors_are_limited_between_init_and_finalize";
    let vm = create_vm(&open(), VcpuConfig::new()).expect("a VM");
    let vcpu = create_vcpu(&vm, 0).expect("a vCPU");
    let failed = |step: KvmStep, source| Err(KvmError::Failed { step, source });
    let limited = limit_vector_lengths(&vcpu, 128);
    assert_eq!(limited, failed(KvmStep::SveVectorLengths, Errno::ENOEXEC));
    if host().info().sve_vector_lengths.len() < 2 {
        init_vcpu(&vm, &vcpu, VcpuConfig::new(), false).expect("an initialised vCPU");
        let limited = limit_vector_lengths(&vcpu, 128);
        assert_eq!(limited, failed(KvmStep::SveVectorLengths, Errno::ENOENT));
        return skipped(ROW, "the host has no two vector lengths");
    }
    let config = VcpuConfig::new().with_sve(true);
    let mut init = kvm_vcpu_init::default();
    vm.get_preferred_target(&mut init).expect("a target");
    init.features = [config.features(), 0, 0, 0, 0, 0, 0];
    vcpu.vcpu_init(&init).expect("an initialised vCPU");
    let registers = OneReg::new(&vcpu);
    assert!(
        registers.get(IdAa64isar0El1::ENCODING).is_ok(),
        "before SVE is finalised"
    );
    assert!(matches!(
        limit_vector_lengths(&vcpu, 127),
        Err(KvmError::SveLimit { limit: 127, .. })
    ));
    assert_eq!(limit_vector_lengths(&vcpu, 128), Ok(()));
    vcpu.vcpu_finalize(&KVM_ARM_VCPU_SVE.cast_signed())
        .expect("SVE");

    let other = create_vcpu(&vm, 1).expect("a vCPU");
    init_vcpu(&vm, &other, config, false).expect("an initialised vCPU");
    let limit = 128;
    let step = KvmStep::LimitSve { limit };
    assert_eq!(
        limit_vector_lengths(&other, limit),
        failed(step, Errno::EPERM)
    );
}

#[test]
fn a_vcpu_does_not_run_before_sve_is_finalised() {
    if !richest().sve {
        return skipped(
            "a_vcpu_does_not_run_before_sve_is_finalised",
            "the host has no SVE",
        );
    }
    let vm = create_vm(&open(), VcpuConfig::new()).expect("a VM");
    let mut vcpu = create_vcpu(&vm, 0).expect("a vCPU");
    let mut init = kvm_vcpu_init::default();
    vm.get_preferred_target(&mut init).expect("a target");
    init.features = [
        VcpuConfig::new().with_sve(true).features(),
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    vcpu.vcpu_init(&init).expect("an initialised vCPU");
    vcpu.set_kvm_immediate_exit(1);
    assert_eq!(vcpu.run().map(drop).map_err(Errno::from), Err(Errno::EPERM));
}

#[test]
fn vcpus_of_a_vm_have_the_same_features() {
    let vm = create_vm(&open(), richest()).expect("a VM");
    let [first, second] = vcpus(&vm);
    init_vcpu(&vm, &first, VcpuConfig::new(), false).expect("an initialised vCPU");
    let config = VcpuConfig::new().with_pmu(true);
    let error = init_vcpu(&vm, &second, config, false).expect_err("other features");
    let step = KvmStep::InitVcpu { config };
    let source = Errno::EINVAL;
    assert_eq!(error, KvmError::Failed { step, source });
}

#[test]
fn a_pmu_is_initialised_after_the_gic() {
    let config = richest();
    if !config.pmu {
        return skipped("a_pmu_is_initialised_after_the_gic", "the host has no PMU");
    }
    let vm = create_vm(&open(), config).expect("a VM");
    let vcpu = create_vcpu(&vm, 0).expect("a vCPU");
    init_vcpu(&vm, &vcpu, config, false).expect("an initialised vCPU");
    let device = create_gic(&vm, gic()).expect("a GIC");
    let step = KvmStep::InitPmu;
    let source = Errno::ENODEV;
    assert_eq!(
        init_pmu(&vcpu, config),
        Err(KvmError::Failed { step, source })
    );
    init_gic(&device, addresses(gic()), INTERRUPTS).expect("an initialised GIC");
    // The interrupt is set already.
    let again = init_pmu(&vcpu, config);
    let step = KvmStep::PmuInterrupt;
    let source = Errno::EBUSY;
    assert_eq!(again, Err(KvmError::Failed { step, source }));
}

#[test]
fn target_cpus_are_offered_before_the_first_run() {
    let mut vm = TestVm::new(VcpuConfig::new(), 1);
    let before = offer_target_cpus(&vm.vm, &vm.vcpus[0]);
    vm.run_once();
    let after = offer_target_cpus(&vm.vm, &vm.vcpus[0]);
    // Linux 6.15 has both the register and writable implementation registers.
    if capabilities(&vm.vm).writable_implementation_ids {
        assert_eq!(before, Ok(()));
        let step = KvmStep::OfferTargetCpus;
        let source = Errno::EBUSY;
        assert_eq!(after, Err(KvmError::Failed { step, source }));
    } else {
        assert_eq!(
            [before, after],
            [(); 2].map(|()| Err(KvmError::NoTargetCpus))
        );
    }
}

#[test]
fn the_address_size_is_chosen() {
    let kvm = open();
    let capabilities = capabilities(&kvm);
    let create = |bits| create_vm_with(&kvm, VcpuConfig::new(), &capabilities, bits);
    for bits in [32, 36, physical_address_bits(&kvm)] {
        assert!(create(bits).is_ok(), "{bits}");
    }
    for bits in [0, 31, 64, 256, 256 + 40] {
        let error = create(bits).expect_err("an impossible size");
        assert!(
            matches!(error, KvmError::AddressBits { bits: named, .. } if named == bits),
            "{error}"
        );
    }
}
