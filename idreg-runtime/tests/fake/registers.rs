//! Registers with their own rules, and kernels and CPUs with other registers.

use crate::hosts::{A64FX_7_2, MAX_6_1, MAX_7_2, host};
use crate::{encoding, max, max_6_12, max_but, max_with, write};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::regs;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use serde_json::json;

#[test]
fn implementation_registers_take_any_value_inside_the_mask() {
    let vcpu = FakeVcpu::new(&max());
    for (register, value, result) in [
        ("MIDR_EL1", 0x413f_d0c1, Ok(())),
        ("MIDR_EL1", 0x1_413f_d0c1, Err(Errno::EINVAL)),
        ("REVIDR_EL1", u64::MAX, Ok(())),
        ("AIDR_EL1", u64::MAX, Ok(())),
    ] {
        let result_of_write = vcpu.set(encoding(register), value);
        assert_eq!(result_of_write, result, "{register} {value:#x}");
    }
    assert_eq!(vcpu.get(encoding("MIDR_EL1")), Ok(0x413f_d0c1));
    vcpu.run();
    let outside = vcpu.set(encoding("MIDR_EL1"), 1 << 32);
    assert_eq!(outside, Err(Errno::EBUSY));
}

#[test]
fn implementation_registers_are_fixed_without_the_capability_whatever_the_mask() {
    let masks_alone = max_but(&[("capabilities/writable_implementation_ids", json!(false))]);
    for host in [masks_alone, max_6_12()] {
        let vcpu = FakeVcpu::new(&host);
        for register in ["MIDR_EL1", "REVIDR_EL1", "AIDR_EL1"] {
            let register = encoding(register);
            let value = vcpu.get(register).unwrap();
            assert_eq!(vcpu.set(register, value), Ok(()));
            assert_eq!(vcpu.set(register, value + 1), Err(Errno::EINVAL));
        }
    }
}

#[test]
fn cache_levels_that_imply_idc_need_it_on_the_host() {
    // LoC in bits 26:24, LoUIS in 23:21, LoUU in 29:27.
    let (needs_cleaning, one_level) = (0x0100_0003, 0x0920_0003);
    let without_idc = max_with(&[("CTR_EL0", 0xa444_c004), ("CLIDR_EL1", one_level)]);
    let host_has_idc = max();
    for (rule, host, value, result) in [
        ("any levels", &without_idc, one_level, Ok(())),
        (
            "a level more",
            &without_idc,
            one_level | 4 << 3 | 2 << 24,
            Ok(()),
        ),
        (
            "no unification implies IDC",
            &without_idc,
            needs_cleaning,
            Err(Errno::EINVAL),
        ),
        (
            "no coherency implies IDC",
            &without_idc,
            0x0820_0000,
            Err(Errno::EINVAL),
        ),
        (
            "one level of unification is enough",
            &without_idc,
            0x0120_0003,
            Ok(()),
        ),
        ("the host has IDC", &host_has_idc, needs_cleaning, Ok(())),
        ("reserved bits", &host_has_idc, 1 << 47, Err(Errno::EINVAL)),
        ("the tag cache", &host_has_idc, 2 << 33, Ok(())),
    ] {
        for has_run in [false, true] {
            let vcpu = FakeVcpu::new(host);
            if has_run {
                vcpu.run();
            }
            let register = encoding("CLIDR_EL1");
            assert_eq!(vcpu.set(register, value), result, "{rule}");
        }
    }
}

#[test]
fn idc_is_that_of_the_host_and_not_of_the_vm() {
    let vcpu = FakeVcpu::new(&max());
    write(&vcpu, "CTR_EL0_IDC", 0).unwrap();
    assert_eq!(vcpu.set(encoding("CLIDR_EL1"), 0), Ok(()));
}

#[test]
fn affinity_takes_anything_on_every_kernel() {
    for file in [MAX_7_2, MAX_6_1, A64FX_7_2] {
        let vcpu = FakeVcpu::new(&host(file));
        vcpu.set(encoding("MPIDR_EL1"), u64::MAX).unwrap();
        assert_eq!(vcpu.get(encoding("MPIDR_EL1")), Ok(u64::MAX));
    }
}

#[test]
fn without_aarch32_its_registers_ignore_writes_but_two() {
    let vcpu = FakeVcpu::new(&host(A64FX_7_2));
    let registers = regs::DESCRIPTION.registers.iter();
    let aarch32 = registers.filter(|register| register.encoding.is_aarch32_id());
    let mut ignoring = 0;
    for has_run in [false, true] {
        for register in aarch32.clone() {
            let before = vcpu.get(register.encoding).unwrap();
            let result = vcpu.set(register.encoding, 0x1bad_c0de);
            match (register.name, has_run) {
                ("ID_AFR0_EL1" | "ID_DFR1_EL1", false) => assert_eq!(result, Err(Errno::EINVAL)),
                ("ID_AFR0_EL1" | "ID_DFR1_EL1", true) => assert_eq!(result, Err(Errno::EBUSY)),
                (name, _) => {
                    assert_eq!(result, Ok(()), "{name}");
                    ignoring += 1;
                }
            }
            assert_eq!(vcpu.get(register.encoding), Ok(before), "{}", register.name);
        }
        vcpu.run();
    }
    assert_eq!(ignoring, 2 * 20);
}

#[test]
fn with_aarch32_its_registers_are_checked() {
    let vcpu = FakeVcpu::new(&max());
    assert_eq!(
        vcpu.set(encoding("ID_ISAR0_EL1"), 0x1bad_c0de),
        Err(Errno::EINVAL)
    );
    // A guest hypervisor does not run AArch32, and its registers are still those of the host.
    let only_aarch64 = 0x1101_0011_2111_0111_u64;
    let host = max_with(&[("ID_AA64PFR0_EL1", only_aarch64)]);
    let vcpu = FakeVcpu::new(&host);
    assert_eq!(
        vcpu.set(encoding("ID_ISAR0_EL1"), 0x1bad_c0de),
        Err(Errno::EINVAL)
    );
}

#[test]
fn aarch32_registers_that_a_kernel_does_not_let_change_are_checked_as_well() {
    let fixed = max_but(&[("registers/ID_ISAR0_EL1/writable", json!("0x0"))]);
    let vcpu = FakeVcpu::new(&fixed);
    let register = encoding("ID_ISAR0_EL1");
    assert_eq!(vcpu.set(register, 0), Err(Errno::EINVAL));
    let value = vcpu.get(register).unwrap();
    assert_eq!(vcpu.set(register, value), Ok(()));
}

#[test]
fn without_masks_no_id_register_can_be_changed() {
    let host = host(MAX_6_1);
    for has_run in [false, true] {
        let vcpu = FakeVcpu::new(&host);
        if has_run {
            vcpu.run();
        }
        let registers = host.values().iter();
        for (register, _) in registers.filter(|(register, _)| register.name != "MPIDR_EL1") {
            let value = vcpu.get(register.encoding).unwrap();
            assert_eq!(
                vcpu.set(register.encoding, value),
                Ok(()),
                "{}",
                register.name
            );
            let changed = vcpu.set(register.encoding, value ^ 1);
            assert_eq!(changed, Err(Errno::EINVAL), "{}", register.name);
        }
    }
}

#[test]
fn registers_that_the_host_does_not_have_are_not_there() {
    let vcpu = FakeVcpu::new(&max());
    for register in [
        encoding("CCSIDR_EL1"),
        encoding("SMIDR_EL1"),
        Encoding::new(3, 0, 1, 0, 0),
    ] {
        assert_eq!(vcpu.get(register), Err(Errno::ENOENT));
        assert_eq!(vcpu.set(register, 0), Err(Errno::ENOENT));
    }
}
