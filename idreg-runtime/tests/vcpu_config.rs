//! The builder of configurations, and the vCPU features that follow from one.

use idreg_runtime::config::{Gic, VcpuConfig};

/// Every option alone, with its bit in `KVM_ARM_VCPU_INIT` (Linux 7.2,
/// `arch/arm64/include/uapi/asm/kvm.h`); `None` for options of the VM.
const ALONE: [(VcpuConfig, Option<u32>); 6] = [
    (VcpuConfig::new().with_aarch32(true), Some(1 << 1)),
    (VcpuConfig::new().with_pmu(true), Some(1 << 3)),
    (VcpuConfig::new().with_sve(true), Some(1 << 4)),
    (VcpuConfig::new().with_pauth(true), Some(1 << 5 | 1 << 6)),
    (VcpuConfig::new().with_el2(true), Some(1 << 7)),
    (VcpuConfig::new().with_mte(true), None),
];

/// `KVM_ARM_VCPU_PSCI_0_2`.
const PSCI: u32 = 1 << 2;

#[test]
fn each_option_has_its_vcpu_feature() {
    for (config, bit) in ALONE {
        assert_eq!(config.features(), PSCI | bit.unwrap_or(0), "{config}");
    }
    let with_gic = VcpuConfig::new().with_gic(Some(Gic::V3));
    assert_eq!(with_gic.features(), PSCI);
    assert_eq!(VcpuConfig::POWER_OFF, 1);
}

#[test]
fn each_method_sets_its_member_alone() {
    assert_eq!(VcpuConfig::new(), VcpuConfig::default());
    let json = |config: VcpuConfig| serde_json::to_value(config).unwrap();
    let members = ["aarch32", "pmu", "sve", "pauth", "el2", "mte"];
    for ((config, _), member) in ALONE.into_iter().zip(members) {
        let mut expected = json(VcpuConfig::new());
        expected[member] = true.into();
        assert_eq!(json(config), expected);
    }
    let mut expected = json(VcpuConfig::new());
    expected["gic"] = "v2".into();
    assert_eq!(json(VcpuConfig::new().with_gic(Some(Gic::V2))), expected);
    expected["gic"] = serde_json::Value::Null;
    expected["sve_limit"] = 256.into();
    assert_eq!(json(VcpuConfig::new().with_sve_limit(Some(256))), expected);
}

#[test]
fn a_member_that_is_set_can_be_cleared() {
    let set = VcpuConfig::new()
        .with_sve(true)
        .with_sve_limit(Some(128))
        .with_pauth(true)
        .with_pmu(true)
        .with_mte(true)
        .with_el2(true)
        .with_aarch32(true)
        .with_gic(Some(Gic::V3));
    let cleared = set
        .with_sve(false)
        .with_sve_limit(None)
        .with_pauth(false)
        .with_pmu(false)
        .with_mte(false)
        .with_el2(false)
        .with_aarch32(false)
        .with_gic(None);
    assert_eq!(cleared, VcpuConfig::new());
}
