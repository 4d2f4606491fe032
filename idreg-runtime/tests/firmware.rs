//! Firmware registers: KVM's rules for their values (Linux 7.2, `arch/arm64/kvm/hypercalls.c`),
//! one per case.

use idreg_runtime::firmware::FirmwareObstacle::{
    Absent, Newer, NoLevel, NoVersion, Services, Unprotected,
};
use idreg_runtime::firmware::FirmwareRegister::{
    PsciVersion, Std, StdHyp, VendorHyp, VendorHyp2, Workaround1, Workaround2, Workaround3,
};
use idreg_runtime::firmware::{FirmwareObstacle, FirmwareRegister, FirmwareValues};

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
