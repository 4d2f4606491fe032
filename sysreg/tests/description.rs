//! The shipped description: complete, in order, and equal to the kernel's facts.

use std::io::Write as _;
use std::path::PathBuf;
use sysreg::{AARCH64_ID, Entry, Enumerator, Field, FieldKind, Model, Source, load};

/// Registers of the shipped description that are not in the kernel's file.
const NOT_IN_THE_KERNELS_FILE: [&str; 4] = ["MIDR_EL1", "MPIDR_EL1", "REVIDR_EL1", "AIDR_EL1"];

fn description() -> Model {
    let source = Source::new("aarch64-id.sysreg", AARCH64_ID).expect("it is small");
    load(&source).model
}

/// Reads the kernel's description, which only the project's own machines have.
fn kernel() -> Option<String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../shared/kernel/sysreg-7.2"]
        .iter()
        .collect();
    let text = std::fs::read_to_string(path);
    if let Err(error) = &text {
        // The test harness captures println!, but not this.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no kernel file sysreg-7.2: {error}"
        );
    }
    text.ok()
}

/// Compares a field's kind, its bits, and its values as `name=value`.
fn check_field(register: &str, field: &str, kind: FieldKind, bits: &str, values: &str) {
    let model = description();
    let found = model
        .register(register)
        .and_then(|register| model.layout(register)?.field(field))
        .map(|field| (field.kind(), field.bits().to_string(), values_of(field)));
    assert_eq!(found, Some((kind, bits.to_owned(), values.to_owned())));
}

fn values_of(field: &Field) -> String {
    let value = |value: &Enumerator| format!("{}={}", value.name(), value.value());
    let values: Vec<String> = field.enumerators().iter().map(value).collect();
    values.join(" ")
}

#[test]
fn has_no_diagnostics() {
    let source = Source::new("aarch64-id.sysreg", AARCH64_ID).unwrap();
    assert_eq!(load(&source).diagnostics, []);
}

#[test]
fn is_the_feature_id_range_and_four_more() {
    let model = description();
    let names: Vec<&str> = model.registers().map(sysreg::Register::name).collect();
    assert_eq!(names.len(), 49 + NOT_IN_THE_KERNELS_FILE.len());
    for name in NOT_IN_THE_KERNELS_FILE {
        assert!(names.contains(&name), "{name}");
    }
}

/// The range of `KVM_ARM_FEATURE_ID_RANGE_IDX`: op0 3, op1 0, 1 or 3, CRn 0, CRm 0 to 7.
#[test]
fn is_within_the_feature_id_range() {
    for register in description().registers() {
        let encoding = register.encoding();
        assert_eq!((encoding.op0, encoding.crn), (3, 0), "{}", register.name());
        assert!([0, 1, 3].contains(&encoding.op1), "{}", register.name());
        assert!(encoding.crm < 8, "{}", register.name());
    }
}

#[test]
fn is_in_the_order_of_encodings() {
    let model = description();
    let order = model.registers().map(|register| {
        let encoding = register.encoding();
        (encoding.op1, encoding.crm, encoding.op2)
    });
    assert!(order.is_sorted());
}

#[test]
fn equals_the_kernels_registers() {
    let Some(text) = kernel() else { return };
    let kernel = load(&Source::new("sysreg-7.2", text).unwrap()).model;
    for register in description().registers() {
        let name = register.name();
        match kernel.register(name) {
            Some(theirs) => assert_eq!(register.to_string(), theirs.to_string()),
            None => assert!(NOT_IN_THE_KERNELS_FILE.contains(&name), "{name}"),
        }
    }
}

#[test]
fn has_every_register_of_the_kernels_that_is_in_the_range() {
    let Some(text) = kernel() else { return };
    let kernel = load(&Source::new("sysreg-7.2", text).unwrap()).model;
    let model = description();
    let in_range = kernel.registers().filter(|register| {
        let encoding = register.encoding();
        let (op0, crn) = (encoding.op0, encoding.crn);
        op0 == 3 && crn == 0 && encoding.crm < 8 && [0, 1, 3].contains(&encoding.op1)
    });
    for register in in_range {
        assert!(
            model.register(register.name()).is_some(),
            "{}",
            register.name()
        );
    }
}

/// The kernel's file is GPL-2.0-only; facts are shared with it, sentences are not.
#[test]
fn takes_no_comment_from_the_kernel() {
    let Some(text) = kernel() else { return };
    let comments = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix('#'))
            .map(|comment| comment.trim_matches(['#', ' ', '\t']).to_lowercase())
            .filter(|comment| !comment.is_empty())
            .collect()
    };
    let theirs = comments(&text);
    for ours in comments(AARCH64_ID) {
        assert!(!theirs.contains(&ours), "{ours}");
    }
}

#[test]
fn knows_the_dot_product_instructions() {
    let kind = FieldKind::UnsignedEnum;
    check_field("ID_AA64ISAR0_EL1", "DP", kind, "47:44", "NI=0 IMP=1");
}

#[test]
fn knows_that_no_floating_point_is_minus_one() {
    let kind = FieldKind::SignedEnum;
    check_field("ID_AA64PFR0_EL1", "FP", kind, "19:16", "IMP=0 FP16=1 NI=15");
    check_field(
        "ID_AA64PFR0_EL1",
        "AdvSIMD",
        kind,
        "23:20",
        "IMP=0 FP16=1 NI=15",
    );
}

#[test]
fn knows_that_e2h0_counts_down() {
    let kind = FieldKind::SignedEnum;
    check_field(
        "ID_AA64MMFR4_EL1",
        "E2H0",
        kind,
        "27:24",
        "IMP=0 NI_NV1=14 NI=15",
    );
}

#[test]
fn knows_the_parts_of_midr() {
    let kind = FieldKind::Plain;
    check_field("MIDR_EL1", "Implementer", kind, "31:24", "");
    check_field("MIDR_EL1", "Variant", kind, "23:20", "");
    check_field("MIDR_EL1", "Architecture", kind, "19:16", "");
    check_field("MIDR_EL1", "PartNum", kind, "15:4", "");
    check_field("MIDR_EL1", "Revision", kind, "3:0", "");
}

#[test]
fn knows_the_parts_of_mpidr() {
    let kind = FieldKind::Plain;
    check_field("MPIDR_EL1", "Aff3", kind, "39:32", "");
    check_field("MPIDR_EL1", "U", kind, "30", "");
    check_field("MPIDR_EL1", "MT", kind, "24", "");
    check_field("MPIDR_EL1", "Aff0", kind, "7:0", "");
}

#[test]
fn knows_the_bit_of_ctr_that_is_one() {
    let model = description();
    let layout = model.layout(model.register("CTR_EL0").unwrap()).unwrap();
    assert_eq!(layout.res1(), 1 << 31);
    let reserved = layout
        .entries()
        .iter()
        .find(|entry| matches!(entry, Entry::Res1(_)));
    assert_eq!(reserved.unwrap().bits().to_string(), "31");
}

#[test]
fn has_a_layout_for_every_register() {
    let model = description();
    for register in model.registers() {
        assert!(model.layout(register).is_some(), "{}", register.name());
    }
}
