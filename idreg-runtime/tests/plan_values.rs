//! Allowed values of fields on a host: KVM's masks, the rule of each field, and its owner.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_12, MAX_7_2, edited, host};
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::Owner;
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::plan::rejection::Reason;
use idreg_runtime::plan::{Plan, PlanError};
use idreg_runtime::regs::DESCRIPTION;

fn field(property: &str) -> RegisterField {
    DESCRIPTION.property(property).expect("a property")
}

/// The 7.2 host with another value of a field before anything is planned.
fn host_with(property: &str, value: u64) -> Host {
    let field = field(property);
    let insert = |old| field.field.insert(old, value);
    host(&edited(MAX_7_2, field.register.name, "value", insert))
}

fn allowed(host: &Host, property: &str) -> String {
    let ranges = host.allowed(field(property));
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    ranges.join(" ")
}

/// Checks the obstacle to a value, and that the plan reports the same.
#[track_caller]
fn obstacle(host: &Host, property: &str, value: u64, expected: Option<Obstacle>) {
    assert_eq!(
        host.check(field(property), value).err(),
        expected,
        "{property}={value:#x}"
    );
    let model = format!("host,{property}={value:#x}")
        .parse()
        .expect("a model");
    assert_eq!(
        Plan::new(host, &model).is_ok(),
        expected.is_none(),
        "{property}={value:#x}"
    );
}

#[test]
fn unsigned_field_goes_down() {
    let host = host(MAX_7_2);
    assert_eq!(allowed(&host, "SYSREG_ID_AA64ISAR0_EL1_AES"), "0x0-0x2");
    obstacle(&host, "SYSREG_ID_AA64ISAR0_EL1_AES", 1, None);
    obstacle(
        &host,
        "SYSREG_ID_AA64ISAR0_EL1_AES",
        3,
        Some(Obstacle::Above),
    );
}

#[test]
fn signed_field_goes_down_through_negative_values() {
    // 0xf is -1: the granule is not supported.
    let host = host_with("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", 1);
    assert_eq!(
        allowed(&host, "SYSREG_ID_AA64MMFR0_EL1_TGRAN4"),
        "0x0-0x1 0x8-0xf"
    );
    obstacle(&host, "SYSREG_ID_AA64MMFR0_EL1_TGRAN4", 0xf, None);
    obstacle(
        &host,
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4",
        2,
        Some(Obstacle::Above),
    );
    let host = host_with("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", 0xf);
    obstacle(
        &host,
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4",
        0,
        Some(Obstacle::Above),
    );
}

#[test]
fn field_in_which_more_is_safe_goes_up() {
    let host = host_with("SYSREG_ID_AA64MMFR1_EL1_SpecSEI", 0);
    assert_eq!(allowed(&host, "SYSREG_ID_AA64MMFR1_EL1_SpecSEI"), "0x0-0xf");
    let host = host_with("SYSREG_ID_AA64MMFR1_EL1_SpecSEI", 1);
    obstacle(
        &host,
        "SYSREG_ID_AA64MMFR1_EL1_SpecSEI",
        0,
        Some(Obstacle::Below),
    );
}

#[test]
fn field_in_which_zero_is_unknown_goes_up_or_to_zero() {
    let granule = "SYSREG_CTR_EL0_CWG";
    let with = |value| {
        let insert = |old| field(granule).field.insert(old, value);
        let file = edited(MAX_7_2, "CTR_EL0", "value", insert);
        host(&edited(&file, "CTR_EL0", "writable", |_| u64::MAX))
    };
    let host = with(4);
    assert_eq!(allowed(&host, granule), "0x0 0x4-0xf");
    obstacle(&host, granule, 3, Some(Obstacle::Below));
    obstacle(&host, granule, 5, None);
    let host = with(0);
    assert_eq!(allowed(&host, granule), "0x0");
    obstacle(&host, granule, 5, Some(Obstacle::Above));
}

#[test]
fn exact_field_has_the_host_s_value_or_the_safe_one() {
    let host = host_with("SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2", 3);
    assert_eq!(
        allowed(&host, "SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2"),
        "0x1 0x3"
    );
    obstacle(&host, "SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2", 1, None);
    obstacle(
        &host,
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2",
        2,
        Some(Obstacle::Inexact),
    );
}

#[test]
fn cache_policy_may_become_vipt_and_not_less() {
    let host = host_with("SYSREG_CTR_EL0_L1Ip", 3);
    assert_eq!(allowed(&host, "SYSREG_CTR_EL0_L1Ip"), "0x2-0x3");
    obstacle(&host, "SYSREG_CTR_EL0_L1Ip", 0, Some(Obstacle::Refused));
}

#[test]
fn debug_version_stays_at_least_armv8() {
    let host = host(MAX_7_2);
    assert_eq!(allowed(&host, "SYSREG_ID_AA64DFR0_EL1_DebugVer"), "0x6-0xa");
    obstacle(
        &host,
        "SYSREG_ID_AA64DFR0_EL1_DebugVer",
        5,
        Some(Obstacle::Refused),
    );
    obstacle(
        &host,
        "SYSREG_ID_DFR0_EL1_CopDbg",
        5,
        Some(Obstacle::Refused),
    );
    obstacle(
        &host,
        "SYSREG_ID_DFR0_EL1_PerfMon",
        2,
        Some(Obstacle::Refused),
    );
    obstacle(&host, "SYSREG_ID_DFR0_EL1_PerfMon", 3, None);
}

#[test]
fn exception_level_is_never_without_any_state() {
    let host = host(MAX_7_2);
    assert_eq!(allowed(&host, "SYSREG_ID_AA64PFR0_EL1_EL0"), "0x1-0x2");
    obstacle(
        &host,
        "SYSREG_ID_AA64PFR0_EL1_EL0",
        0,
        Some(Obstacle::Refused),
    );
    obstacle(&host, "SYSREG_ID_AA64PFR0_EL1_EL2", 0, None);
}

#[test]
fn guest_hypervisor_keeps_el2() {
    let host = host(&MAX_7_2.replace("\"el2\": false", "\"el2\": true"));
    assert!(host.info().vcpu.el2);
    obstacle(
        &host,
        "SYSREG_ID_AA64PFR0_EL1_EL2",
        0,
        Some(Obstacle::Refused),
    );
}

#[test]
fn field_of_the_mask_that_the_host_lacks_cannot_change() {
    let host = host_with("SYSREG_ID_AA64ISAR0_EL1_DP", 0);
    assert_eq!(
        host.why_fixed(field("SYSREG_ID_AA64ISAR0_EL1_DP")),
        Some(Obstacle::Above)
    );
    assert_eq!(allowed(&host, "SYSREG_ID_AA64ISAR0_EL1_DP"), "0x0");
}

#[test]
fn fields_of_an_option_are_refused_by_its_name() {
    let host = host(MAX_7_2);
    for (property, value, owner) in [
        ("SYSREG_ID_AA64PFR0_EL1_SVE", 0, Owner::Sve),
        ("SYSREG_ID_AA64ISAR1_EL1_APA", 2, Owner::Pauth),
        ("SYSREG_ID_AA64ISAR1_EL1_GPI", 2, Owner::Pauth),
        ("SYSREG_ID_AA64PFR1_EL1_MTE", 3, Owner::Mte),
        ("SYSREG_ID_AA64MMFR4_EL1_E2H0", 0xe, Owner::El2),
        ("SYSREG_ID_AA64PFR0_EL1_GIC", 0, Owner::Gic),
        ("SYSREG_MPIDR_EL1_Aff1", 3, Owner::Topology),
    ] {
        obstacle(&host, property, value, Some(Obstacle::Owned(owner)));
    }
}

/// KVM fixes both, whether a guest starts at EL2 or not.
#[test]
fn fields_of_a_hypervisor_are_fixed() {
    for file in [MAX_7_2, MAX_6_12] {
        let host = host(file);
        for property in ["SYSREG_ID_AA64MMFR1_EL1_VH", "SYSREG_ID_AA64MMFR2_EL1_NV"] {
            let fixed = host.why_fixed(field(property));
            assert_eq!(fixed, Some(Obstacle::NotWritable), "{property}");
        }
    }
}

#[test]
fn pmu_can_be_older_and_is_turned_off_by_its_option() {
    let host = host(MAX_7_2);
    obstacle(&host, "SYSREG_ID_AA64DFR0_EL1_PMUVer", 5, None);
    let off = Some(Obstacle::Owned(Owner::Pmu));
    obstacle(&host, "SYSREG_ID_AA64DFR0_EL1_PMUVer", 0, off);
    assert_eq!(allowed(&host, "SYSREG_ID_AA64DFR0_EL1_PMUVer"), "0x1-0x6");
}

#[test]
fn register_that_identifies_the_implementer_accepts_any_value() {
    let host = host(MAX_7_2);
    assert_eq!(allowed(&host, "SYSREG_MIDR_EL1_PartNum"), "0x0-0xfff");
    obstacle(&host, "SYSREG_REVIDR_EL1_IMPDEF", u64::MAX, None);
}

#[test]
fn aarch32_fields_are_fixed_without_aarch32() {
    let host = host(A64FX_7_2);
    for field in DESCRIPTION
        .fields()
        .filter(|field| field.register.encoding.is_aarch32_id())
    {
        assert!(host.why_fixed(field).is_some(), "{field}");
    }
}

/// Ranges and single checks come from different code; they must not differ for any value.
#[test]
fn ranges_agree_with_every_single_value() {
    for file in [MAX_7_2, A64FX_7_2] {
        let host = host(file);
        for field in DESCRIPTION
            .fields()
            .filter(|field| field.field.width() <= 8)
        {
            let ranges = host.allowed(field);
            for value in 0..=field.field.max() {
                let in_ranges = ranges.iter().any(|range| range.contains(value));
                assert_eq!(
                    in_ranges,
                    host.check(field, value).is_ok(),
                    "{field}={value:#x}"
                );
            }
        }
    }
}

#[test]
fn cache_levels_that_imply_too_much_are_refused() {
    let host = host_with("SYSREG_CTR_EL0_IDC", 0);
    let model = "host,SYSREG_CLIDR_EL1_LoC=0".parse().unwrap();
    let error = Plan::new(&host, &model).unwrap_err().to_string();
    assert!(
        error.contains("on this host it must (CTR_EL0.IDC is 0)"),
        "{error}"
    );
    let host = host_with("SYSREG_CTR_EL0_IDC", 1);
    assert!(Plan::new(&host, &model).is_ok());
}

/// The override of cache levels is rejected, wherever it is among others.
#[test]
fn cache_levels_are_rejected_at_their_own_override() {
    let host = host_with("SYSREG_CTR_EL0_IDC", 0);
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_CLIDR_EL1_LoUU=0,\
                 SYSREG_CLIDR_EL1_LoC=0,SYSREG_ID_AA64ISAR0_EL1_AES=0";
    let Err(PlanError::Rejected(rejections)) = Plan::new(&host, &model.parse().unwrap()) else {
        panic!("not rejected");
    };
    assert_eq!(rejections.len(), 1);
    let rejection = &rejections[0];
    assert_eq!(rejection.reason, Reason::ImpliesIdc);
    assert_eq!(
        (rejection.position, rejection.asked.property.as_str()),
        (2, "SYSREG_CLIDR_EL1_LoC")
    );
    let target = rejection.target.as_ref().unwrap();
    assert_eq!(target.field.to_string(), "SYSREG_CLIDR_EL1_LoC");
    assert_eq!((target.requested, target.host), (Some(0), Some(1)));
}

/// A host may have such levels itself; a model that does not touch them is not to blame.
#[test]
fn cache_levels_of_the_host_are_no_rejection() {
    let file = edited(MAX_7_2, "CTR_EL0", "value", |value| value & !(3 << 28));
    let file = edited(&file, "CLIDR_EL1", "value", |_| 0);
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse().unwrap();
    assert!(Plan::new(&host(&file), &model).is_ok());
}

/// The registers that identify the implementation need their mask and their capability.
#[test]
fn implementation_id_is_fixed_by_mask_or_capability() {
    let reason =
        |file: &str, property| host(file).why_fixed(DESCRIPTION.property(property).unwrap());
    let without = |file: &str| {
        let on = "\"writable_implementation_ids\": true";
        let off = file.replace(on, "\"writable_implementation_ids\": false");
        assert_ne!(off, file);
        off
    };
    let midr = "SYSREG_MIDR_EL1_PartNum";
    let no_mask = |file: &str| edited(file, "MIDR_EL1", "writable", |_| 0);
    assert_eq!(reason(MAX_7_2, midr), None);
    assert_eq!(
        reason(&without(MAX_7_2), midr),
        Some(Obstacle::ImplementationId)
    );
    assert_eq!(reason(&no_mask(MAX_7_2), midr), Some(Obstacle::NotWritable));
    assert_eq!(
        reason(&no_mask(&without(MAX_7_2)), midr),
        Some(Obstacle::NotWritable)
    );
    for property in ["SYSREG_REVIDR_EL1_IMPDEF", "SYSREG_AIDR_EL1_IMPDEF"] {
        assert_eq!(
            reason(&without(MAX_7_2), property),
            Some(Obstacle::ImplementationId)
        );
    }
    // Another register with a mask does not need the capability.
    assert_eq!(
        reason(&without(MAX_7_2), "SYSREG_ID_AA64ISAR0_EL1_DP"),
        None
    );
}

/// The kernels' masks decide this; no code here knows their versions.
#[test]
fn older_kernel_fixes_what_a_newer_one_lets_change() {
    for (property, value) in [
        ("SYSREG_ID_AA64PFR0_EL1_RAS", 1),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2", 1),
        ("SYSREG_ID_AA64MMFR1_EL1_HCX", 0),
        ("SYSREG_CTR_EL0_L1Ip", 2),
    ] {
        obstacle(&host(MAX_7_2), property, value, None);
        let fixed = Some(Obstacle::NotWritable);
        obstacle(&host(MAX_6_12), property, value, fixed);
    }
}
