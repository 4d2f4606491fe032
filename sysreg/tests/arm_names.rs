//! The names of fields in Arm's specification.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use sysreg::{AARCH64_ARM_NAMES, AARCH64_ID, ArmFields, Model, Source, leading_comment, load};

fn description(text: &str) -> Model {
    load(&Source::new("text", text).expect("a short text")).model
}

fn table(arm: &str, text: &str) -> String {
    let fields = ArmFields::parse(arm).expect("fields");
    fields.table(&description(text), "# ours\n")
}

/// The fields of the specification that the shipped table stands for, in QEMU's form.
fn specification(model: &Model) -> String {
    let mut rows: BTreeMap<(&str, u8), (u8, &str)> = BTreeMap::new();
    for line in AARCH64_ARM_NAMES
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        if let [register, bits, name] = line.split(' ').collect::<Vec<_>>()[..] {
            let (msb, lsb) = bits.split_once(':').expect("bits");
            let number = |text: &str| text.parse::<u8>().expect("a number");
            rows.insert((register, number(msb)), (number(lsb), name));
        }
    }
    let mut text = String::new();
    for register in model.registers() {
        let name = register.name();
        let layout = model.layout(register).expect("a layout");
        for field in layout.fields() {
            let bits = field.bits();
            let within = rows.range((name, bits.lsb())..=(name, bits.msb()));
            let mut parts: Vec<_> = within
                .map(|((_, msb), (lsb, name))| (*msb, *lsb, *name))
                .collect();
            if parts.is_empty() {
                parts.push((bits.msb(), bits.lsb(), field.name()));
            }
            for (msb, lsb, part) in parts.into_iter().filter(|(.., part)| *part != "-") {
                let _ = writeln!(
                    text,
                    "IDREG_FIELD({name}, {part}, {lsb}, {})",
                    msb - lsb + 1
                );
            }
        }
    }
    text
}

#[test]
fn the_shipped_table_is_made_of_its_own_names() {
    let model = description(AARCH64_ID);
    let arm = ArmFields::parse(&specification(&model)).expect("fields");
    let made = arm.table(&model, leading_comment(AARCH64_ARM_NAMES));
    assert_eq!(made, AARCH64_ARM_NAMES);
}

#[test]
fn rows_are_fields_that_are_named_otherwise() {
    let text = "Sysreg A_EL1 3 0 0 1 0\nField 63:48 SAME\nField 47:16 SPLIT\n\
                Field 15:8 OTHER\nField 7:0 NONE\nEndSysreg\n\
                Sysreg B_EL1 3 0 0 1 1\nRes0 63:1\nField 0 X\nEndSysreg\n";
    let arm = "IDREG_START(A_EL1)\n    IDREG_FIELD(A_EL1, SAME, 48, 16)\n    \
               IDREG_FIELD(A_EL1, Low, 16, 16)\n    IDREG_FIELD(A_EL1, High, 32, 16)\n    \
               IDREG_FIELD_START(A_EL1, Other, 8, 8, LOWER, 0)\nIDREG_END(A_EL1)\n\
               IDREG_FIELD(A_EL1, Wide, 0, 9)\nIDREG_FIELD(B_EL1, X, 0, 1)\n";
    assert_eq!(
        table(arm, text),
        "# ours\n\nA_EL1 47:32 High\nA_EL1 31:16 Low\nA_EL1 15:8 Other\nA_EL1 7:0 -\n"
    );
}

#[test]
fn malformed_fields_are_named_by_their_line() {
    for line in [
        "IDREG_FIELD(",
        "IDREG_FIELD()",
        "IDREG_FIELD(A, B, 0)",
        "IDREG_FIELD(A, B, 0, 0)",
        "IDREG_FIELD(A, B, 60, 5)",
        "IDREG_FIELD(A, B, 255, 255)",
        "IDREG_FIELD(A, B C, 0, 4)",
        "IDREG_FIELD(A, , 0, 4)",
        "IDREG_FIELD(A, B, -1, 4)",
    ] {
        let error = ArmFields::parse(&format!("\n{line}\n")).expect_err(line);
        assert_eq!(
            error.to_string(),
            "line 2 is no field: the form is IDREG_FIELD(REGISTER, NAME, SHIFT, LENGTH), with bits \
             up to 63"
        );
    }
    assert!(ArmFields::parse("other text").expect("no field").is_empty());
}
