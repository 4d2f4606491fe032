//! Firmware registers: KVM's rules for their values (Linux 7.2, `arch/arm64/kvm/hypercalls.c`),
//! one per case.

use idreg_runtime::firmware::FirmwareObstacle::{
    Absent, Newer, NoLevel, NoVersion, Services, Unprotected,
};
use idreg_runtime::firmware::FirmwareRegister::{
    PsciVersion, Std, StdHyp, VendorHyp, VendorHyp2, Workaround1, Workaround2, Workaround3,
};
use idreg_runtime::firmware::{
    FirmwareObstacle, FirmwareRegister, FirmwareSetting, FirmwareValues,
};

#[test]
fn values_follow_the_rules_of_kvm() {
    for (register, host, value, result) in [
        // Every version of PSCI up to the host's, except 0.1, which has its own vCPU feature.
        (PsciVersion, Some(0x1_0003), 0x1_0003, Ok(())),
        (PsciVersion, Some(0x1_0003), 0x1_0000, Ok(())),
        (PsciVersion, Some(0x1_0003), 2, Ok(())),
        (PsciVersion, Some(0x1_0001), 0x1_0002, Err(Newer)),
        (PsciVersion, Some(0x1_0003), 1, Err(NoVersion)),
        (PsciVersion, Some(0x1_0003), 3, Err(NoVersion)),
        // A guest may believe in less protection than there is.
        (Workaround1, Some(1), 1, Ok(())),
        (Workaround1, Some(1), 0, Ok(())),
        (Workaround1, Some(1), 2, Err(Unprotected)),
        (Workaround1, Some(2), 0x10, Err(NoLevel)),
        (Workaround3, Some(2), 1, Ok(())),
        (Workaround3, Some(0), 1, Err(Unprotected)),
        // Two levels of this workaround, and four values.
        (Workaround2, Some(0), 0, Ok(())),
        (Workaround2, Some(0), 1, Ok(())),
        (Workaround2, Some(0), 2, Err(Unprotected)),
        (Workaround2, Some(0), 3, Err(Unprotected)),
        (Workaround2, Some(3), 2, Ok(())),
        (Workaround2, Some(3), 0x12, Ok(())),
        (Workaround2, Some(3), 0x13, Err(NoLevel)),
        (Workaround2, Some(3), 4, Err(NoLevel)),
        (Workaround2, Some(3), 0x20, Err(NoLevel)),
        // Services that the host has.
        (Std, Some(1), 1, Ok(())),
        (Std, Some(1), 0, Ok(())),
        (Std, Some(1), 3, Err(Services(2))),
        (StdHyp, Some(0), 1, Err(Services(1))),
        (VendorHyp, Some(3), 3, Ok(())),
        // A new VM has none of these switched on.
        (VendorHyp2, Some(0), 3, Ok(())),
        (VendorHyp2, Some(0), 7, Err(Services(4))),
        // An older kernel has no such register.
        (VendorHyp2, None, 0, Ok(())),
        (VendorHyp2, None, 1, Err(Absent)),
    ] {
        let case = format!("{register:?}: {value:#x} on a host with {host:?}");
        assert_eq!(register.check(host, value), result, "{case}");
    }
}

#[test]
fn obstacles_have_names() {
    let names = [Absent, Newer, NoVersion, Unprotected, NoLevel, Services(1)];
    assert_eq!(
        names.map(FirmwareObstacle::name),
        [
            "absent",
            "newer",
            "no-version",
            "unprotected",
            "no-level",
            "services"
        ]
    );
}

#[test]
fn ids_are_those_of_the_kernel_header() {
    let ids: Vec<u64> = FirmwareRegister::ALL
        .into_iter()
        .map(FirmwareRegister::id)
        .collect();
    assert_eq!(
        ids,
        [
            0x6030_0000_0014_0000,
            0x6030_0000_0014_0001,
            0x6030_0000_0014_0002,
            0x6030_0000_0014_0003,
            0x6030_0000_0016_0000,
            0x6030_0000_0016_0001,
            0x6030_0000_0016_0002,
            0x6030_0000_0016_0003,
        ]
    );
}

#[test]
fn versions_are_shown_as_such() {
    assert_eq!(PsciVersion.show(0x1_0003), "1.3");
    assert_eq!(PsciVersion.show(2), "0.2");
    assert_eq!(VendorHyp.show(3), "0x3");
}

#[test]
fn values_read_back() {
    let mut values = FirmwareValues::default();
    assert!(values.is_empty());
    values.set(VendorHyp2, 3);
    values.set(PsciVersion, 2);
    let text = serde_json::to_string(&values).unwrap();
    assert_eq!(
        text,
        "{\"KVM_REG_ARM_PSCI_VERSION\":\"0x0000000000000002\",\
         \"KVM_REG_ARM_VENDOR_HYP_BMAP_2\":\"0x0000000000000003\"}"
    );
    assert_eq!(
        serde_json::from_str::<FirmwareValues>(&text).unwrap(),
        values
    );
    let twice = "{\"KVM_REG_ARM_STD_BMAP\":\"0\",\"KVM_REG_ARM_STD_BMAP\":\"0\"}";
    let error = serde_json::from_str::<FirmwareValues>(twice).unwrap_err();
    assert_eq!(
        error.to_string(),
        "firmware register KVM_REG_ARM_STD_BMAP appears twice; keep one"
    );
}

#[test]
fn settings_have_a_name_and_a_version_or_a_number() {
    for (text, register, value) in [
        ("KVM_REG_ARM_PSCI_VERSION=1.1", PsciVersion, 0x1_0001),
        ("KVM_REG_ARM_PSCI_VERSION=0.2", PsciVersion, 2),
        ("KVM_REG_ARM_PSCI_VERSION=65537", PsciVersion, 0x1_0001),
        ("KVM_REG_ARM_STD_BMAP=0x1", Std, 1),
        ("KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2=0", Workaround2, 0),
    ] {
        let setting: FirmwareSetting = text.parse().unwrap();
        assert_eq!(
            (setting.register, setting.value),
            (register, value),
            "{text}"
        );
        assert_eq!(setting.to_string().parse(), Ok(setting), "{text}");
    }
}

#[test]
fn text_that_is_no_setting_has_a_message_with_the_remedy() {
    for (text, message) in [
        (
            "KVM_REG_ARM_PSCI_VERSION",
            "`KVM_REG_ARM_PSCI_VERSION` has no value; write NAME=VALUE, such as \
             KVM_REG_ARM_PSCI_VERSION=1.1",
        ),
        (
            "psci_version=1.1",
            "no firmware register is named `psci_version`; did you mean KVM_REG_ARM_PSCI_VERSION?",
        ),
        (
            "KVM_REG_ARM_VENDOR_HYP_BMAP2=3",
            "no firmware register is named `KVM_REG_ARM_VENDOR_HYP_BMAP2`; did you mean \
             KVM_REG_ARM_VENDOR_HYP_BMAP_2?",
        ),
        (
            "\u{1b}=3",
            "no firmware register is named `\\u{1b}`; their names: KVM_REG_ARM_PSCI_VERSION, \
             KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2, \
             KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3, KVM_REG_ARM_STD_BMAP, KVM_REG_ARM_STD_HYP_BMAP, \
             KVM_REG_ARM_VENDOR_HYP_BMAP, KVM_REG_ARM_VENDOR_HYP_BMAP_2",
        ),
        (
            "KVM_REG_ARM_PSCI_VERSION=1.1.1",
            "KVM_REG_ARM_PSCI_VERSION: `1.1.1` is no value; write a version such as 1.1, or a \
             number such as 0x10001",
        ),
        (
            "KVM_REG_ARM_PSCI_VERSION=1.65536",
            "KVM_REG_ARM_PSCI_VERSION: `1.65536` is no value; write a version such as 1.1, or a \
             number such as 0x10001",
        ),
        (
            "KVM_REG_ARM_STD_BMAP=1.1",
            "KVM_REG_ARM_STD_BMAP: `1.1` is no value; write a decimal number, or 0x and \
             hexadecimal digits",
        ),
    ] {
        let error = text.parse::<FirmwareSetting>().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

fn values(settings: &[(FirmwareRegister, u64)]) -> FirmwareValues {
    let mut values = FirmwareValues::default();
    for (register, value) in settings {
        values.set(*register, *value);
    }
    values
}

#[test]
fn every_value_that_a_host_refuses_is_named_with_what_works() {
    let host = values(&[
        (PsciVersion, 0x1_0001),
        (Workaround1, 1),
        (Workaround2, 0),
        (Workaround3, 0),
        (Std, 1),
    ]);
    let asked = values(&[
        (PsciVersion, 0x1_0003),
        (Workaround1, 2),
        (Workaround2, 4),
        (Workaround3, 0),
        (Std, 3),
        (StdHyp, 1),
    ]);
    assert_eq!(
        asked.check(&host).unwrap_err().to_string(),
        "KVM_REG_ARM_PSCI_VERSION=1.3: above the version of this host's KVM; 0.2 and 1.0 to 1.1 \
         work\n\
         KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1=0x2: above the level of this host, 0x1, which a guest \
         finds in any case: KVM compares the level and does not store it; leave it out\n\
         KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2=0x4: not a level of this workaround; this host has \
         0x0, which a guest finds in any case\n\
         KVM_REG_ARM_STD_BMAP=0x3: this host's KVM does not have the services 0x2; every part of \
         0x1 works\n\
         KVM_REG_ARM_STD_HYP_BMAP=0x1: this host's KVM does not have the register; leave it out"
    );
    let old = values(&[(PsciVersion, 1)]).check(&host).unwrap_err();
    assert_eq!(
        old.to_string(),
        "KVM_REG_ARM_PSCI_VERSION=0.1: no vCPU with PSCI 0.2 or newer has this version; 0.2 and \
         1.0 to 1.1 work"
    );
    assert_eq!(asked.check(&FirmwareValues::default()), Ok(()));
    assert_eq!(values(&[(PsciVersion, 2)]).check(&host), Ok(()));
}
