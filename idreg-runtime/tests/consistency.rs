//! The rules between fields, each on values of its own.

use idreg_runtime::description::RegisterField;
use idreg_runtime::plan::consistency::{Violation, newly_broken};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::values::RegisterValues;

fn field(name: &str) -> RegisterField {
    let property = format!("SYSREG_{name}");
    DESCRIPTION.property(&property).expect("a property")
}

/// Values of the registers of some fields; all other fields of these registers are zero.
fn values(fields: &[(&str, u64)]) -> RegisterValues {
    let mut values = RegisterValues::new(&DESCRIPTION);
    for (name, value) in fields {
        let field = field(name);
        let old = values.get(field.register).unwrap_or(0);
        values.set(field.register, field.field.insert(old, *value));
    }
    values
}

/// The rules that the second values break and the first do not.
fn broken(before: &[(&str, u64)], after: &[(&str, u64)]) -> Vec<String> {
    let violations = violations(before, after);
    violations.iter().map(ToString::to_string).collect()
}

fn violations(before: &[(&str, u64)], after: &[(&str, u64)]) -> Vec<Violation> {
    newly_broken(&values(before), &values(after))
}

const FP: &str = "ID_AA64PFR0_EL1_FP";
const SIMD: &str = "ID_AA64PFR0_EL1_AdvSIMD";
const SVE: &str = "ID_AA64PFR0_EL1_SVE";
const BF16: &str = "ID_AA64ISAR1_EL1_BF16";
const SVE_BF16: &str = "ID_AA64ZFR0_EL1_BF16";
const APA: &str = "ID_AA64ISAR1_EL1_APA";
const API: &str = "ID_AA64ISAR1_EL1_API";
const APA3: &str = "ID_AA64ISAR2_EL1_APA3";
const CONTEXTS: &str = "ID_AA64DFR0_EL1_CTX_CMPs";
const BREAKPOINTS: &str = "ID_AA64DFR0_EL1_BRPs";

#[test]
fn equal_fields_differ() {
    let equal = [(FP, 1), (SIMD, 1)];
    let expected = "two fields that describe the same feature differ: ID_AA64PFR0_EL1.FP=0x0 (IMP) \
                    while ID_AA64PFR0_EL1.AdvSIMD=0x1 (FP16)";
    assert_eq!(broken(&equal, &[(FP, 0), (SIMD, 1)]), [expected]);
    assert!(broken(&equal, &[(FP, 0), (SIMD, 0)]).is_empty());
    assert!(broken(&[(FP, 0), (SIMD, 1)], &[(FP, 1), (SIMD, 0)]).is_empty());
}

#[test]
fn equal_fields_count_with_their_condition() {
    let before = [(SVE, 1), (BF16, 1), (SVE_BF16, 1)];
    let expected = "two fields that describe the same feature differ: \
                    ID_AA64ISAR1_EL1.BF16=0x0 (NI) while ID_AA64ZFR0_EL1.BF16=0x1 (IMP)";
    let after = [(SVE, 1), (BF16, 0), (SVE_BF16, 1)];
    assert_eq!(broken(&before, &after), [expected]);
    let without = [(SVE, 0), (BF16, 1), (SVE_BF16, 0)];
    assert!(broken(&before, &without).is_empty());
    let expected = "two fields that describe the same feature differ: \
                    ID_AA64ISAR1_EL1.BF16=0x1 (IMP) while ID_AA64ZFR0_EL1.BF16=0x0 (NI)";
    let after = [(SVE, 1), (BF16, 1), (SVE_BF16, 0)];
    assert_eq!(broken(&before, &after), [expected]);
    let with_sve = broken(&without, &after);
    assert!(with_sve.iter().any(|text| text == expected), "{with_sve:?}");
}

#[test]
fn absent_field_is_equal_to_any() {
    assert!(broken(&[(SVE, 1), (BF16, 0)], &[(SVE, 1), (BF16, 1)]).is_empty());
    assert!(broken(&[(SVE, 1), (SVE_BF16, 0)], &[(SVE, 1), (SVE_BF16, 1)]).is_empty());
}

#[test]
fn at_most_one_field_is_set() {
    let one = [(APA, 1), (API, 0), (APA3, 0)];
    let expected = "only one of these fields may be set: ID_AA64ISAR1_EL1.APA=0x1 (PAuth) while \
                    ID_AA64ISAR1_EL1.API=0x2 (EPAC)";
    assert_eq!(broken(&one, &[(APA, 1), (API, 2), (APA3, 0)]), [expected]);
    assert!(broken(&one, &[(APA, 0), (API, 0), (APA3, 3)]).is_empty());
    assert!(broken(&one, &[(APA, 0), (API, 0), (APA3, 0)]).is_empty());
    let two = broken(&[(APA, 0), (APA3, 0)], &[(APA, 1), (APA3, 1)]);
    assert_eq!(two.len(), 1, "{two:?}");
}

#[test]
fn field_is_not_above_its_maximum() {
    let equal = [(CONTEXTS, 3), (BREAKPOINTS, 3)];
    let expected = "CTX_CMPs is never above BRPs: ID_AA64DFR0_EL1.CTX_CMPs=0x3 while \
                    ID_AA64DFR0_EL1.BRPs=0x2";
    assert_eq!(
        broken(&equal, &[(CONTEXTS, 3), (BREAKPOINTS, 2)]),
        [expected]
    );
    let below = [(CONTEXTS, 2), (BREAKPOINTS, 3)];
    assert!(broken(&equal, &below).is_empty());
    assert!(broken(&below, &equal).is_empty());
}

#[test]
fn register_is_zero_without_its_features() {
    let expected = "ID_AA64ZFR0_EL1 is zero without SVE or SME: ID_AA64ZFR0_EL1.BF16=0x1 (IMP) \
                    while ID_AA64PFR0_EL1.SVE=0x0 (NI)";
    let before = [(SVE, 1), (SVE_BF16, 1)];
    assert_eq!(broken(&before, &[(SVE, 0), (SVE_BF16, 1)]), [expected]);
    assert!(broken(&before, &[(SVE, 0), (SVE_BF16, 0)]).is_empty());
}

#[test]
fn page_sizes_that_are_not_known_break_no_rule() {
    let before = [("ID_AA64MMFR0_EL1_TGRAN4", 0)];
    assert!(broken(&before, &[(FP, 0)]).is_empty());
}

/// FEAT_SVE2 counts with FEAT_SVE alone, whose field is then the one that is missing.
#[test]
fn broken_rule_shows_the_condition_that_is_not_met() {
    let values = |sve| {
        [
            (SVE, sve),
            ("ID_AA64ZFR0_EL1_SVEver", 1),
            ("ID_AA64PFR1_EL1_SME", 1),
            ("ID_AA64SMFR0_EL1_FA64", 1),
        ]
    };
    let expected = "SME_FA64 needs SVE2: ID_AA64SMFR0_EL1.FA64=0x1 (IMP) while \
                    ID_AA64PFR0_EL1.SVE=0x0 (NI)";
    assert_eq!(broken(&values(1), &values(0)), [expected]);
}

#[test]
fn violations_are_equal_by_rule_and_values() {
    let broken = |contexts| {
        let before = [(CONTEXTS, 0), (BREAKPOINTS, 0)];
        violations(&before, &[(CONTEXTS, contexts), (BREAKPOINTS, 0)])
    };
    assert_eq!(broken(1).len(), 1);
    assert_eq!(broken(1), broken(1));
    assert_ne!(broken(1), broken(2));
    assert_ne!(
        broken(1),
        violations(&[(FP, 0), (SIMD, 0)], &[(FP, 1), (SIMD, 0)])
    );
}
