//! Macros of a description: their names, values and order.

use expect_test::{Expect, expect};
use std::fmt::Write;
use sysreg::{Generator, Source, defines, load};

/// Compares the macros of a description, without those of the encoding of register A.
fn check(text: &str, expected: &Expect) {
    check_like(Generator::Linux7_3, text, expected);
}

fn check_like(generator: Generator, text: &str, expected: &Expect) {
    let source = Source::new("test.sysreg", text).expect("a test's text is small");
    let loaded = load(&source);
    assert_eq!(loaded.diagnostics, []);
    let mut shown = String::new();
    for define in defines(&loaded.model, generator) {
        if !define.name.starts_with("REG_A") && !define.name.starts_with("SYS_A") {
            // Writing to a String cannot fail.
            let _ = writeln!(shown, "{define}");
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn an_encoding_is_given_in_three_ways() {
    check(
        "Sysreg X_EL1 3 1 10 0 7\nMapping A\nEndSysreg\n\
         Sysreg A 3 0 0 0 0\nRes0 63:0\nEndSysreg\n",
        &expect![[r"
            REG_X_EL1	S3_1_C10_C0_7
            SYS_X_EL1	sys_reg(3, 1, 10, 0, 7)
            SYS_X_EL1_Op0	3
            SYS_X_EL1_Op1	1
            SYS_X_EL1_CRn	10
            SYS_X_EL1_CRm	0
            SYS_X_EL1_Op2	7
            X_EL1_RES0	(A_RES0)
            X_EL1_RES1	(A_RES1)
            X_EL1_UNKN	(A_UNKN)
            A_RES0	(UL(0) | GENMASK_ULL(63, 0))
            A_RES1	(UL(0))
            A_UNKN	(UL(0))
        "]],
    );
}

#[test]
fn reserved_bits_are_masks_and_bits_read_as_zero_are_not() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63\nRes1 62:60\nUnkn 59:50\nRaz 49:40\nRes0 39:0\nEndSysreg\n",
        &expect![[r"
            A_RES0	(UL(0) | GENMASK_ULL(63, 63) | GENMASK_ULL(39, 0))
            A_RES1	(UL(0) | GENMASK_ULL(62, 60))
            A_UNKN	(UL(0) | GENMASK_ULL(59, 50))
        "]],
    );
}

#[test]
fn only_a_field_whose_sign_is_stated_has_one() {
    check(
        "Sysreg A 3 0 0 0 0\nField 63:3 F\nEnum 2 E\n0b1 V\nEndEnum\n\
         SignedEnum 1 S\n0b1 V\nEndEnum\nUnsignedEnum 0 U\n0b1 V\nEndEnum\nEndSysreg\n",
        &expect![[r"
            A_F	GENMASK(63, 3)
            A_F_MASK	GENMASK(63, 3)
            A_F_SHIFT	3
            A_F_WIDTH	61
            A_E	GENMASK(2, 2)
            A_E_MASK	GENMASK(2, 2)
            A_E_SHIFT	2
            A_E_WIDTH	1
            A_E_V	UL(0b1)
            A_S	GENMASK(1, 1)
            A_S_MASK	GENMASK(1, 1)
            A_S_SHIFT	1
            A_S_WIDTH	1
            A_S_SIGNED	true
            A_S_V	UL(0b1)
            A_U	GENMASK(0, 0)
            A_U_MASK	GENMASK(0, 0)
            A_U_SHIFT	0
            A_U_WIDTH	1
            A_U_SIGNED	false
            A_U_V	UL(0b1)
            A_RES0	(UL(0))
            A_RES1	(UL(0))
            A_UNKN	(UL(0))
        "]],
    );
}

/// TRFCR_EL1.TS in Linux 7.2 has four digits for two bits.
#[test]
fn a_value_is_as_it_is_written() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:2\nEnum 1:0 E\n0b0001 LONG\n0b0 SHORT\nEndEnum\nEndSysreg\n",
        &expect![[r"
            A_E	GENMASK(1, 0)
            A_E_MASK	GENMASK(1, 0)
            A_E_SHIFT	0
            A_E_WIDTH	2
            A_E_LONG	UL(0b0001)
            A_E_SHORT	UL(0b0)
            A_RES0	(UL(0) | GENMASK_ULL(63, 2))
            A_RES1	(UL(0))
            A_UNKN	(UL(0))
        "]],
    );
}

#[test]
fn a_value_may_have_any_number_of_digits() {
    let zeros = "0".repeat(1 << 17);
    let text = format!("Sysreg A 3 0 0 0 0\nEnum 63:0 E\n0b{zeros}1 V\nEndEnum\nEndSysreg\n");
    let source = Source::new("test.sysreg", text).unwrap();
    let model = load(&source).model;
    let value = defines(&model, Generator::Linux7_3).find(|define| define.name == "A_E_V");
    assert_eq!(value.unwrap().value, format!("UL(0b{zeros}1)"));
}

#[test]
fn a_shared_layout_has_its_macros_once_under_its_own_name() {
    check(
        "Sysreg A 3 0 0 0 0\nFields SHARED\nEndSysreg\n\
         SysregFields SHARED\nField 63:0 X\nEndSysregFields\n",
        &expect![[r"
            A_RES0	(SHARED_RES0)
            A_RES1	(SHARED_RES1)
            A_UNKN	(SHARED_UNKN)
            SHARED_X	GENMASK(63, 0)
            SHARED_X_MASK	GENMASK(63, 0)
            SHARED_X_SHIFT	0
            SHARED_X_WIDTH	64
            SHARED_RES0	(UL(0))
            SHARED_RES1	(UL(0))
            SHARED_UNKN	(UL(0))
        "]],
    );
}

#[test]
fn a_prefix_goes_before_the_registers_name() {
    check(
        "Sysreg A 3 0 0 0 0\nPrefix P\nRes0 63:0\nEndPrefix\nRes1 63:0\nEndSysreg\n\
         Sysreg A2 3 0 0 0 1\nPrefix Q\nRes0 63:0\nEndPrefix\nMapping A\nEndSysreg\n",
        &expect![[r"
            P_A_RES0	(UL(0) | GENMASK_ULL(63, 0))
            P_A_RES1	(UL(0))
            P_A_UNKN	(UL(0))
            A_RES0	(UL(0))
            A_RES1	(UL(0) | GENMASK_ULL(63, 0))
            A_UNKN	(UL(0))
            Q_A2_RES0	(UL(0) | GENMASK_ULL(63, 0))
            Q_A2_RES1	(UL(0))
            Q_A2_UNKN	(UL(0))
            A2_RES0	(A_RES0)
            A2_RES1	(A_RES1)
            A2_UNKN	(A_UNKN)
        "]],
    );
}

/// The generator does not look the other block up: MPAM1_ELx does not exist in Linux 7.2.
#[test]
fn masks_of_a_layout_in_another_block_are_made_since_linux_7_3() {
    let text = "Sysreg A 3 0 0 0 0\nMapping A1\nEndSysreg\n\
                Sysreg A1 3 0 0 0 1\nPrefix P\nRes0 63:0\nEndPrefix\nFields SHARED\nEndSysreg\n\
                SysregFields SHARED\nRes1 63:0\nEndSysregFields\n";
    check_like(
        Generator::Linux7_2,
        text,
        &expect![[r"
            P_A1_RES0	(UL(0) | GENMASK_ULL(63, 0))
            P_A1_RES1	(UL(0))
            P_A1_UNKN	(UL(0))
            SHARED_RES0	(UL(0))
            SHARED_RES1	(UL(0) | GENMASK_ULL(63, 0))
            SHARED_UNKN	(UL(0))
        "]],
    );
    check_like(
        Generator::Linux7_3,
        text,
        &expect![[r"
        A_RES0	(A1_RES0)
        A_RES1	(A1_RES1)
        A_UNKN	(A1_UNKN)
        P_A1_RES0	(UL(0) | GENMASK_ULL(63, 0))
        P_A1_RES1	(UL(0))
        P_A1_UNKN	(UL(0))
        A1_RES0	(SHARED_RES0)
        A1_RES1	(SHARED_RES1)
        A1_UNKN	(SHARED_UNKN)
        SHARED_RES0	(UL(0))
        SHARED_RES1	(UL(0) | GENMASK_ULL(63, 0))
        SHARED_UNKN	(UL(0))
    "]],
    );
}
