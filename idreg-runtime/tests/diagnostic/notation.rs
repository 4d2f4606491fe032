//! Registers, fields, encodings and ids as text.

use super::recognized;
use idreg_runtime::description::RegisterField;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::formats::diagnostic::{Diagnostic, KvmRegister};
use idreg_runtime::regs::DESCRIPTION;

#[test]
fn values_are_separated_in_several_ways() {
    for (line, expected) in [
        ("ID_AA64PFR0_EL1=0x1101", "=0x1101"),
        ("ID_AA64PFR0_EL1: 0x1101", "=0x1101"),
        ("ID_AA64PFR0_EL1 0x1101", "=0x1101"),
        ("ID_AA64PFR0_EL1\t4353", "=0x1101"),
        ("  \"SYS_ID_AA64PFR0_EL1 = 0x1101\",", "=0x1101"),
        ("id_aa64pfr0_el1=0X1101", "=0x1101"),
        ("ID_AA64PFR0=0x1101", "=0x1101"),
        ("ID_AA64PFR0_EL1", ""),
        ("ID_AA64PFR0_EL1 0x11 -> 0x22", "=0x11 is 0x22"),
        ("ID_AA64PFR0_EL1=0x11 (is 0x22)", "=0x11 is 0x22"),
        ("ID_AA64PFR0_EL1 0x11 0x22", "=0x11 is 0x22"),
        ("ID_AA64PFR0_EL1=0xffffffffffffffff", "=0xffffffffffffffff"),
        (
            "ID_AA64PFR0_EL1=18446744073709551615",
            "=0xffffffffffffffff",
        ),
    ] {
        let expected = format!("text: register ID_AA64PFR0_EL1{expected}");
        assert_eq!(recognized(line), expected, "{line}");
    }
}

#[test]
fn numbers_of_more_than_64_bits_are_not_recognized() {
    for line in [
        "ID_AA64PFR0_EL1=0x10000000000000000",
        "ID_AA64PFR0_EL1=18446744073709551616",
        "ID_AA64PFR0_EL1=0x",
        "ID_AA64PFR0_EL1=-1",
    ] {
        assert!(recognized(line).starts_with("not recognised"), "{line}");
    }
}

#[test]
fn encodings_have_several_forms() {
    for line in [
        "op0:3 op1:0 crn:0 crm:4 op2:0",
        "op0=3, op1=0, crn=0, crm=4, op2=0",
        "Op0( 3), Op1( 0), CRn( 0), CRm( 4), Op2( 0)",
        "S3_0_C0_C4_0",
        "s3_0_c0_c4_0",
        "sys_reg(3,0,0,4,0)",
        "sys_reg( 3, 0, 0, 4, 0 )",
        "0x603000000013c020",
        "0x603000000013C020",
        "6931039826524487712",
    ] {
        assert_eq!(recognized(line), "text: register ID_AA64PFR0_EL1", "{line}");
        let with_value = format!("{line}=0x11");
        let expected = "text: register ID_AA64PFR0_EL1=0x11";
        assert_eq!(recognized(&with_value), expected);
    }
    for line in [
        "op0:4 op1:0 crn:0 crm:4 op2:0",
        "op0:3 op1:8 crn:0 crm:4 op2:0",
        "op0:3 op1:0 crn:99999999999999999999 crm:4 op2:0",
        "S3_0_C16_C4_0",
        "S3_0_C0_C4",
        "sys_reg(3,0,0,4)",
        "sys_reg(3,0,0,4,8)",
    ] {
        assert!(recognized(line).starts_with("not recognised"), "{line}");
    }
}

#[test]
fn every_register_and_field_is_recognized() {
    for register in DESCRIPTION.registers {
        for line in [
            register.name.to_lowercase(),
            format!("SYS_{}", register.name),
            register.encoding.to_string(),
        ] {
            let expected = format!("text: register {}", register.name);
            assert_eq!(recognized(&line), expected);
        }
        for field in register.fields() {
            let expected = format!(
                "text: property {}.{}=0x1",
                register.name,
                field.field.name()
            );
            assert_eq!(recognized(&format!("{field}=1")), expected);
            assert_eq!(recognized(&format!("{field} 1").to_lowercase()), expected);
        }
    }
}

#[test]
fn other_properties_are_recognized() {
    for line in [
        "FEAT_DotProd=off",
        "feat_dotprod",
        "sve=on",
        "SVE256=off",
        "enforce",
    ] {
        assert_eq!(recognized(line), "text: property", "{line}");
    }
    assert_eq!(
        recognized("midr=0x413fd0c1"),
        "text: register MIDR_EL1=0x413fd0c1"
    );
}

#[test]
fn names_of_other_registers_are_recognized() {
    assert_eq!(
        recognized("KVM_REG_ARM_PSCI_VERSION=0x10003"),
        "text: register KVM_REG_ARM_PSCI_VERSION=0x10003"
    );
    assert_eq!(
        recognized("KVM_REG_ARM64_SVE_VLS: 7"),
        "text: register KVM_REG_ARM64_SVE_VLS=0x7"
    );
}

#[test]
fn spellings_that_differ_in_case_are_recognized() {
    for field in ["TGran4_2", "PARange", "BigEnd", "ASIDBits"] {
        let line = format!("SYSREG_ID_AA64MMFR0_EL1_{field}=1");
        assert!(recognized(&line).starts_with("text: property"), "{line}");
    }
}

#[test]
fn near_names_are_suggested() {
    for (line, nearest) in [
        (
            "SYSREG_ID_AA64ISAR0_EL1_DPP=1",
            "SYSREG_ID_AA64ISAR0_EL1_DP",
        ),
        ("FEAT_DotProdd=off", "FEAT_DotProd"),
        ("ID_AA64PRF0_EL1=0x11", "ID_AA64PFR0_EL1"),
        ("ID_AA64ISAR9_EL1", "ID_AA64ISAR3_EL1"),
    ] {
        let expected = format!("not recognised; did you mean {nearest}?");
        assert_eq!(recognized(line), expected, "{line}");
    }
}

#[test]
fn fields_that_differ_come_first() {
    let line = "ID_AA64ISAR0_EL1 0x0000000000001110 0x0000000000000120";
    let diagnostic = Diagnostic::of(&DESCRIPTION, line).unwrap();
    let fields = diagnostic.fields(&DESCRIPTION);
    let names: Vec<&str> = fields
        .iter()
        .map(|field| field.field.field.name())
        .collect();
    assert_eq!(names[..3], ["SHA2", "AES", "RNDR"]);
    assert_eq!(
        (fields[0].wanted, fields[0].present, fields[0].differs()),
        (Some(1), Some(0), true)
    );
    assert!(!fields[2].differs());
}

#[test]
fn bits_that_no_field_has_are_reported() {
    let of = |line| {
        let diagnostic = Diagnostic::of(&DESCRIPTION, line).unwrap();
        diagnostic.undescribed(&DESCRIPTION)
    };
    assert_eq!(of("ID_AA64ISAR0_EL1 0x9 0x10"), 0x9);
    assert_eq!(of("ID_AA64ISAR0_EL1 0x9"), 0);
    assert_eq!(of("SYSREG_ID_AA64ISAR0_EL1_DP 1 0"), 0);
}

#[test]
fn ids_of_other_registers_have_names() {
    for (id, name) in [
        (0x6030_0000_0010_0000, "X0"),
        (0x6030_0000_0010_003c, "X30"),
        (0x6030_0000_0010_003e, "SP"),
        (0x6030_0000_0010_0040, "PC"),
        (0x6030_0000_0010_0042, "PSTATE"),
        (0x6030_0000_0010_0044, "SP_EL1"),
        (0x6030_0000_0010_0046, "ELR_EL1"),
        (0x6030_0000_0010_0048, "SPSR[0]"),
        (0x6030_0000_0010_0050, "SPSR[4]"),
        (0x6040_0000_0010_0054, "V0"),
        (0x6040_0000_0010_00d0, "V31"),
        (0x6020_0000_0010_00d4, "FPSR"),
        (0x6020_0000_0010_00d5, "FPCR"),
        (0x6030_0000_0010_ffff, "core register 65535"),
        (
            0x6020_0000_0011_0000,
            "CCSIDR_EL1 of the level 1 data or unified cache",
        ),
        (
            0x6020_0000_0011_0001,
            "CCSIDR_EL1 of the level 1 instruction cache",
        ),
        (
            0x6020_0000_0011_00ff,
            "CCSIDR_EL1 of the level 128 instruction cache",
        ),
        (0x6030_0000_0014_0003, "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3"),
        (0x6030_0000_0014_0009, "KVM_REG_ARM_FW_REG(9)"),
        (0x6030_0000_0016_0002, "KVM_REG_ARM_VENDOR_HYP_BMAP"),
        (0x6060_0000_0015_ffff, "KVM_REG_ARM64_SVE_VLS"),
        (0x6080_0000_0015_0020, "Z1"),
        (0x6050_0000_0015_05e0, "P15"),
        (0x6050_0000_0015_0600, "FFR"),
        (0x6030_0000_0099_0000, "0x6030000000990000"),
        (0x6fff_ffff_ffff_ffff, "0x6fffffffffffffff"),
    ] {
        let register = KvmRegister::from_id(id).map(|register| register.to_string());
        assert_eq!(register.as_deref(), Some(name), "{id:#x}");
    }
    for id in [0, 1, u64::MAX, 0x4030_0000_0010_0042] {
        assert_eq!(KvmRegister::from_id(id), None);
    }
}

#[test]
fn encodings_pack_and_unpack() {
    for packed in 0..=u16::MAX {
        let encoding = Encoding::from_packed(packed);
        let numbers = [
            encoding.op0(),
            encoding.op1(),
            encoding.crn(),
            encoding.crm(),
            encoding.op2(),
        ];
        assert_eq!(Encoding::checked(numbers.map(u64::from)), Some(encoding));
        assert_eq!(encoding.packed(), packed);
    }
    assert_eq!(Encoding::checked([u64::MAX; 5]), None);
}

#[test]
fn fields_are_those_of_the_description() {
    let mut fields = DESCRIPTION.fields();
    let is_found = |field: RegisterField| {
        let diagnostic = Diagnostic::of(&DESCRIPTION, field.register.name).unwrap();
        let mut readings = diagnostic.fields(&DESCRIPTION).into_iter();
        readings.any(|reading| reading.field == field)
    };
    assert!(fields.all(is_found));
}
