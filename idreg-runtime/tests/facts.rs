//! Facts about fields, in the description of this project's registers.

use idreg_runtime::description::feature::{Condition, Consistency, FeatureDescription};
use idreg_runtime::description::rule::{Audience, FieldRule, Owner, Safety, ValueRange};
use idreg_runtime::description::{FieldKind, RegisterField};
use idreg_runtime::regs::DESCRIPTION;

fn field(property: &str) -> RegisterField {
    DESCRIPTION.property(property).expect(property)
}

fn rule(property: &str) -> &'static FieldRule {
    field(property).field.rule()
}

fn feature(name: &str) -> FeatureDescription {
    DESCRIPTION.feature(name).expect(name)
}

/// A feature's definitions and mirrors in one line.
fn defined_by(name: &str) -> String {
    let feature = feature(name);
    let mirrors = feature.mirrors().iter().map(|range| format!("; {range}"));
    let text = feature.definition().to_string() + &mirrors.collect::<String>();
    text.replace("SYSREG_", "")
}

fn safety(property: &str, expected: Safety) {
    assert_eq!(rule(property).safety, expected, "{property}");
}

#[test]
fn lower_is_safe_where_nothing_else_is_known() {
    let rule = rule("SYSREG_ID_AA64ISAR0_EL1_DP");
    assert_eq!(rule.safety, Safety::Lower);
    assert_eq!((rule.owner, rule.needs), (None, None));
    assert!(rule.refused.is_empty() && !rule.mitigation);
}

#[test]
fn signed_enumerations_are_signed() {
    for field in DESCRIPTION.fields() {
        if field.field.kind() == FieldKind::SignedEnum {
            assert_eq!(field.field.rule().safety, Safety::SignedLower, "{field}");
        }
    }
}

#[test]
fn safety_types_are_those_of_the_kernel() {
    safety("SYSREG_ID_MMFR0_EL1_InnerShr", Safety::SignedLower);
    safety("SYSREG_ID_AA64PFR0_EL1_FP", Safety::SignedLower);
    safety("SYSREG_ID_AA64PFR1_EL1_MTE_frac", Safety::SignedLower);
    safety("SYSREG_ID_AA64MMFR1_EL1_SpecSEI", Safety::Higher);
    safety("SYSREG_CTR_EL0_CWG", Safety::HigherOrZero);
    safety("SYSREG_CTR_EL0_L1Ip", Safety::Exact { safe: 2 });
    let stage_2 = Safety::Exact { safe: 1 };
    safety("SYSREG_ID_AA64MMFR0_EL1_TGRAN16_2", stage_2);
    safety("SYSREG_ID_AA64ISAR1_EL1_APA", Safety::Exact { safe: 0 });
    safety("SYSREG_ID_AA64SMFR0_EL1_SMEver", Safety::Exact { safe: 0 });
    safety("SYSREG_MIDR_EL1_PartNum", Safety::Any);
}

#[test]
fn safety_types_are_kvms_where_it_departs_from_the_kernel() {
    safety("SYSREG_ID_AA64DFR0_EL1_PMUVer", Safety::Lower);
    safety("SYSREG_ID_AA64DFR0_EL1_DebugVer", Safety::Lower);
    safety("SYSREG_ID_DFR0_EL1_PerfMon", Safety::Lower);
}

#[test]
fn values_that_kvm_refuses_are_known() {
    let range = |first, last| ValueRange { first, last };
    let refused = |property| rule(property).refused;
    assert_eq!(refused("SYSREG_ID_AA64DFR0_EL1_DebugVer"), [range(0, 5)]);
    assert_eq!(refused("SYSREG_ID_DFR0_EL1_PerfMon"), [range(1, 2)]);
    assert_eq!(refused("SYSREG_ID_AA64PFR0_EL1_EL1"), [range(0, 0)]);
    assert_eq!(refused("SYSREG_CTR_EL0_L1Ip"), [range(0, 1)]);
}

#[test]
fn options_own_their_fields() {
    let of = |property| (rule(property).owner, rule(property).needs);
    let pauth = Some(Owner::Pauth);
    assert_eq!(of("SYSREG_ID_AA64ISAR2_EL1_GPA3"), (pauth, pauth));
    let sve = Some(Owner::Sve);
    assert_eq!(of("SYSREG_ID_AA64PFR0_EL1_SVE"), (sve, sve));
    assert_eq!(of("SYSREG_ID_AA64ZFR0_EL1_AES"), (None, sve));
    assert_eq!(of("SYSREG_CLIDR_EL1_Ttypen"), (None, Some(Owner::Mte)));
    assert_eq!(of("SYSREG_ID_PFR1_EL1_GIC"), (Some(Owner::Gic), None));
    let topology = Some(Owner::Topology);
    assert_eq!(of("SYSREG_MPIDR_EL1_Aff0"), (topology, None));
}

#[test]
fn mitigations_are_known() {
    let is = |property| rule(property).mitigation;
    assert!(is("SYSREG_ID_AA64PFR0_EL1_CSV2") && is("SYSREG_ID_PFR2_EL1_SSBS"));
    assert!(!is("SYSREG_ID_AA64PFR0_EL1_DIT"));
}

#[test]
fn features_are_sorted_by_name() {
    assert!(DESCRIPTION.features.len() > 250);
    assert!(
        DESCRIPTION
            .features
            .iter()
            .is_sorted_by(|a, b| a.name() < b.name())
    );
}

#[test]
fn a_feature_has_its_definitions_and_mirrors() {
    for (name, expected) in [
        (
            "FEAT_DotProd",
            "ID_AA64ISAR0_EL1_DP>=0x1; ID_ISAR6_EL1_DP>=0x1",
        ),
        (
            "FEAT_ADERR",
            "ID_AA64MMFR3_EL1_ADERR>=0x2, ID_AA64MMFR3_EL1_SDERR>=0x2",
        ),
        ("FEAT_FP", "ID_AA64PFR0_EL1_FP>=0x0"),
        ("FEAT_SVE2", "ID_AA64ZFR0_EL1_SVEver>=0x1 with FEAT_SVE"),
        (
            "FEAT_MixedEndEL0",
            "ID_AA64MMFR0_EL1_BIGEND>=0x1 or ID_AA64MMFR0_EL1_BIGENDEL0>=0x1",
        ),
        (
            "FEAT_RASv1p1",
            "ID_AA64PFR0_EL1_RAS>=0x2 or ID_AA64PFR1_EL1_RAS_frac>=0x1 with \
             ID_AA64PFR0_EL1_RAS=0x1; ID_PFR0_EL1_RAS>=0x2; ID_PFR2_EL1_RAS_frac>=0x1",
        ),
        (
            "FEAT_PMUv3p1",
            "ID_AA64DFR0_EL1_PMUVer=0x4-0xe; ID_DFR0_EL1_PerfMon=0x4-0xe",
        ),
        (
            "FEAT_Armv9_Crypto",
            "FEAT_PMULL, FEAT_SHA1, FEAT_SHA512, FEAT_SHA3",
        ),
    ] {
        assert_eq!(defined_by(name), expected, "{name}");
    }
}

#[test]
fn a_rule_refers_to_the_features_of_the_table() {
    let is = |condition: &Condition, name| match condition {
        Condition::Feature(known) => *known == feature(name),
        Condition::Field(_) => false,
    };
    let is_rule = |rule: &Consistency| {
        matches!(rule, Consistency::Requires { subject, needs }
            if is(subject, "FEAT_SVE_AES") && is(needs, "FEAT_AES"))
    };
    assert_eq!(DESCRIPTION.consistency.iter().filter(is_rule).count(), 1);
}

#[test]
fn fields_are_equal_only_with_a_feature() {
    let bf16 = field("SYSREG_ID_AA64ISAR1_EL1_BF16");
    let with = DESCRIPTION.consistency.iter().find_map(|rule| match rule {
        Consistency::Equal { left, with, .. } if left == bf16 => Some(with?.to_string()),
        _ => None,
    });
    assert_eq!(with.as_deref(), Some("SVE"));
}

#[test]
fn one_algorithm_of_pointer_authentication_excludes_the_others() {
    let apa = field("SYSREG_ID_AA64ISAR1_EL1_APA");
    let others = DESCRIPTION.consistency.iter().find_map(|rule| match rule {
        Consistency::AtMostOne(fields) if fields.iter().any(|field| field == apa) => Some(fields),
        _ => None,
    });
    let names: Vec<_> = others
        .into_iter()
        .flatten()
        .map(|field| field.field.name())
        .collect();
    assert_eq!(names, ["APA", "API", "APA3"]);
}

/// A description with some of the registers has the facts of these and no others.
#[test]
fn a_part_of_the_registers_has_its_part_of_the_facts() {
    mod part {
        #![allow(missing_docs, reason = "not for users")]
        idreg_runtime::include_sysreg!(
            "../../sysreg/data/aarch64-id.sysreg",
            only = ["CTR_EL0", "ID_ISAR6_EL1"]
        );
    }
    let names: Vec<_> = part::DESCRIPTION
        .features
        .iter()
        .map(FeatureDescription::name)
        .collect();
    assert!(names.contains(&"FEAT_AA32BF16") && !names.contains(&"FEAT_SVE"));
    let rules: Vec<_> = part::DESCRIPTION
        .consistency
        .iter()
        .map(|rule| match rule {
            Consistency::Requires { subject, needs } => format!("{subject} {needs}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(rules, ["CTR_EL0.DIC CTR_EL0.IDC"]);
}

#[test]
fn audiences_are_in_the_table() {
    for (property, audience) in [
        ("SYSREG_ID_AA64ISAR0_EL1_DP", Audience::El0),
        ("SYSREG_ID_AA64MMFR1_EL1_PAN", Audience::El1),
        ("SYSREG_ID_AA64MMFR2_EL1_EVT", Audience::El2),
        ("SYSREG_ID_AA64DFR0_EL1_BRPs", Audience::Debugger),
        ("SYSREG_CTR_EL0_L1Ip", Audience::El0),
    ] {
        assert_eq!(rule(property).audience, Some(audience), "{property}");
    }
}
