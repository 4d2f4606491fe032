//! Changes of registers when the guest first runs.

use crate::{
    BUSY, REFUSED, case, encoding, field, linux_6_12, max, max_6_12, max_but, max_el2, max_with,
    read, write,
};
use idreg_runtime::fake::{FakeVcpu, FakeVm};
use idreg_runtime::vcpu::VcpuRegs;
use serde_json::{Value, json};

#[test]
fn after_the_first_run_a_setter_still_refuses_before_it_is_busy() {
    #[rustfmt::skip]
    let cases = [
        case("another value is busy", max(), "ID_AA64ISAR0_EL1_AES", 1, BUSY),
        case("the same value is fine", max(), "ID_AA64ISAR0_EL1_AES", 2, Ok(2)),
        case("a value above the limit is busy too", max(), "ID_AA64ISAR0_EL1_AES", 3, BUSY),
        case("a register without a mask is busy too", max(), "ID_AA64SMFR0_EL1_FA64", 1, BUSY),
        case("PFR0.EL0", max(), "ID_AA64PFR0_EL1_EL0", 0, REFUSED),
        case("PFR0.EL0 on 6.12", max_6_12(), "ID_AA64PFR0_EL1_EL0", 0, BUSY),
        case("PFR0.EL2 of a guest hypervisor", max_el2(), "ID_AA64PFR0_EL1_EL2", 0, REFUSED),
        case("DFR0.DebugVer", max(), "ID_AA64DFR0_EL1_DebugVer", 0, REFUSED),
        case("ID_DFR0.CopDbg", max(), "ID_DFR0_EL1_CopDbg", 0, REFUSED),
        case("ID_DFR0.PerfMon", max(), "ID_DFR0_EL1_PerfMon", 2, REFUSED),
        case("CTR.L1Ip", max(), "CTR_EL0_L1Ip", 1, REFUSED),
        case("CTR.L1Ip is not writable on 6.12", max_6_12(), "CTR_EL0_L1Ip", 1, BUSY),
        case("MMFR0 of a guest hypervisor", max_el2(), "ID_AA64MMFR0_EL1_TGRAN4_2", 0, REFUSED),
        case("MMFR0 of another guest", max(), "ID_AA64MMFR0_EL1_TGRAN4_2", 0, BUSY),
        case("MIDR", max(), "MIDR_EL1_PartNum", 1, BUSY),
        case("MIDR on 6.12", max_6_12(), "MIDR_EL1_PartNum", 1, REFUSED),
        case("CLIDR can be changed", max(), "CLIDR_EL1_Ctype2", 4, Ok(4)),
        case("MPIDR can be changed", max(), "MPIDR_EL1_Aff2", 7, Ok(7)),
    ];
    for case in &cases {
        let vcpu = FakeVcpu::new(&case.host);
        vcpu.run();
        case.check(&vcpu);
    }
}

#[test]
fn a_corrected_value_is_the_same_value_after_the_first_run() {
    let without_pmu = max_with(&[("ID_AA64DFR0_EL1", 0x1030_500a)]);
    let vcpu = FakeVcpu::new(&without_pmu);
    vcpu.run();
    assert_eq!(write(&vcpu, "ID_AA64DFR0_EL1_PMUVer", 0xf), Ok(()));
    let vm = FakeVm::new(&max()).masking(field("ID_AA64PFR0_EL1_MPAM"), 1);
    vm.run();
    assert_eq!(write(&vm.vcpu(0), "ID_AA64PFR0_EL1_MPAM", 1), Ok(()));
}

#[test]
fn gic_fields_fit_the_interrupt_controller_at_the_first_run() {
    let max_gic = |gic| max_but(&[("vcpu/gic", gic)]);
    let max_gic_6_12 = |gic| max_but(&[linux_6_12(), vec![("vcpu/gic", gic)]].concat());
    let no_gic_fields = max_with(&[("ID_AA64PFR0_EL1", 0x1101_0011_2011_0222)]);
    for (rule, host, written, after) in [
        ("GICv3 on 7.2: set again", max(), 0, 1),
        ("GICv3 on 7.2: stays", max(), 1, 1),
        ("GICv3 on 6.12: as written", max_6_12(), 0, 0),
        ("GICv3 on 6.12: stays", max_6_12(), 1, 1),
        ("a VM that did not show it", no_gic_fields, 0, 0),
        ("GICv2 on 7.2", max_gic(json!("v2")), 1, 0),
        ("GICv2 on 6.12", max_gic_6_12(json!("v2")), 1, 0),
        ("no GIC on 7.2", max_gic(Value::Null), 1, 0),
        ("no GIC on 6.12", max_gic_6_12(Value::Null), 1, 0),
    ] {
        let vcpu = FakeVcpu::new(&host);
        write(&vcpu, "ID_AA64PFR0_EL1_GIC", written).unwrap();
        write(&vcpu, "ID_PFR1_EL1_GIC", written).unwrap();
        assert_eq!(read(&vcpu, "ID_AA64PFR0_EL1_GIC"), written, "{rule}");
        vcpu.run();
        assert_eq!(read(&vcpu, "ID_AA64PFR0_EL1_GIC"), after, "{rule}");
    }
}

#[test]
fn all_gic_fields_are_rewritten_and_nothing_else() {
    let host = max_but(&[
        ("vcpu/gic", Value::Null),
        ("registers/ID_AA64PFR2_EL1/value", json!("0x1000")),
    ]);
    let vcpu = FakeVcpu::new(&host);
    vcpu.run();
    let gic = [
        field("ID_AA64PFR0_EL1_GIC"),
        field("ID_AA64PFR2_EL1_GCIE"),
        field("ID_PFR1_EL1_GIC"),
    ];
    for (register, value) in host.values().iter() {
        let of_register = gic
            .iter()
            .filter(|field| field.register.name == register.name);
        let expected = of_register.fold(value, |value, field| field.field.insert(value, 0));
        assert_eq!(
            vcpu.get(register.encoding),
            Ok(expected),
            "{}",
            register.name
        );
    }
}

#[test]
fn a_later_kernel_clears_at_the_first_run_what_lacks_its_dependencies() {
    // S1POE in bits 19:16, S1PIE in 11:8, TCRX in 3:0; ATS1A in 63:60; HPDS in 15:12.
    let (permissions, translation, levels) = (0xf0101, 1 << 60, 0x1000);
    assert_eq!(field("ID_AA64MMFR3_EL1_S1POE").field.shift(), 16);
    for (rule, mmfr3, isar2, mmfr1, s1pie, s1poe) in [
        ("all there", permissions, translation, levels, 1, 0xf),
        ("no TCRX", 0xf0100, translation, levels, 0, 0),
        ("no ATS1A", permissions, 0, levels, 0, 0),
        ("no HPDS", permissions, translation, 0, 1, 0),
    ] {
        let host = max_with(&[
            ("ID_AA64MMFR3_EL1", mmfr3),
            ("ID_AA64ISAR2_EL1", isar2),
            ("ID_AA64MMFR1_EL1", mmfr1),
        ]);
        let vm = FakeVm::new(&host).enforcing_dependencies();
        assert_eq!(vm.vcpu(0).get(encoding("ID_AA64MMFR3_EL1")), Ok(mmfr3));
        vm.run();
        assert_eq!(read(&vm.vcpu(0), "ID_AA64MMFR3_EL1_S1PIE"), s1pie, "{rule}");
        assert_eq!(read(&vm.vcpu(0), "ID_AA64MMFR3_EL1_S1POE"), s1poe, "{rule}");
        assert_eq!(
            read(&vm.vcpu(0), "ID_AA64MMFR3_EL1_TCRX"),
            mmfr3 & 0xf,
            "{rule}"
        );

        let vm = FakeVm::new(&host);
        vm.run();
        assert_eq!(
            vm.vcpu(0).get(encoding("ID_AA64MMFR3_EL1")),
            Ok(mmfr3),
            "{rule}"
        );
    }
}
