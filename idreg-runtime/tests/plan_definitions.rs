//! Features that several fields or other features define.

mod hosts;

use hosts::{MAX_7_2, edited, host, with, without};
use idreg_runtime::config::capabilities::{FEATURE_ID_REGISTERS, WritableMasks};
use idreg_runtime::description::feature::FeatureDescription;
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::host::{CoreReading, Host, HostInfo};
use idreg_runtime::plan::{Plan, PlanError, Warning};
use idreg_runtime::regs::DESCRIPTION;

fn plan(file: &str, model: &str) -> Result<Plan, PlanError> {
    Plan::new(&host(file), &model.parse().expect("`host` and overrides"))
}

fn changes(file: &str, model: &str) -> Vec<String> {
    let plan = plan(file, model).expect("a model that is possible");
    let changes = plan.changes().iter();
    changes
        .map(|change| format!("{}={:#x}", change.field, change.new))
        .collect()
}

fn warnings(file: &str, model: &str) -> Vec<String> {
    let plan = plan(file, model).expect("a model that is possible");
    plan.warnings().iter().map(Warning::to_string).collect()
}

fn has(file: &str, feature: &str) -> bool {
    let feature = DESCRIPTION.feature(feature).expect(feature);
    host(file).values().has(feature)
}

#[track_caller]
fn refused_by(file: &str, model: &str, expected: &str) {
    let text = plan(file, model)
        .expect_err("a model that is not possible")
        .to_string();
    let reasons: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    assert_eq!(reasons, [expected]);
}

#[test]
fn feature_of_a_register_that_the_file_lacks_is_absent() {
    let file = without("ID_AA64ISAR0_EL1");
    for (setting, value) in [("on", "0x1 (IMP)"), ("off", "0x0 (NI)")] {
        refused_by(
            &file,
            &format!("host,FEAT_DotProd={setting}"),
            &format!(
                "FEAT_DotProd={setting}, which is SYSREG_ID_AA64ISAR0_EL1_DP={value}: this \
                 host's KVM does not have the register"
            ),
        );
    }
    refused_by(
        &file,
        "host,FEAT_Armv9_Crypto=off",
        "FEAT_Armv9_Crypto=off, which is SYSREG_ID_AA64ISAR0_EL1_AES=0x1 (AES): this host's KVM \
         does not have the register",
    );
}

#[test]
fn one_known_definition_is_enough() {
    for (register, feature) in [
        ("ID_AA64MMFR4_EL1", "FEAT_NV2"),
        ("ID_AA64PFR0_EL1", "FEAT_MPAM"),
    ] {
        let file = without(register);
        assert!(changes(&file, &format!("host,{feature}=off")).is_empty());
    }
}

/// The value 0xf of PMUVer is a PMU of the implementation's own.
#[test]
fn value_without_order_is_no_version() {
    let pmu = |value| with(&[("SYSREG_ID_AA64DFR0_EL1_PMUVer", value)]);
    let versions = DESCRIPTION.features.iter().map(FeatureDescription::name);
    let versions = versions.filter(|name| *name == "FEAT_PMUv3" || name.starts_with("FEAT_PMUv3p"));
    for version in versions {
        assert!(!has(&pmu(0xf), version), "{version}");
        assert_eq!(has(&pmu(4), version), version < "FEAT_PMUv3p4", "{version}");
    }
}

/// 0xf is -1 in a signed field: not implemented.
#[test]
fn highest_value_of_a_signed_field_is_below_zero() {
    for (property, feature) in [
        ("SYSREG_ID_AA64PFR0_EL1_FP", "FEAT_FP"),
        ("SYSREG_ID_AA64PFR0_EL1_AdvSIMD", "FEAT_AdvSIMD"),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", "FEAT_TGran4K"),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN64", "FEAT_TGran64K"),
        ("SYSREG_ID_AA64DFR0_EL1_MTPMU", "FEAT_MTPMU"),
        ("SYSREG_ID_AA64DFR0_EL1_DoubleLock", "FEAT_DoubleLock"),
        ("SYSREG_ID_AA64MMFR4_EL1_E2H0", "FEAT_E2H0"),
    ] {
        assert!(has(&with(&[(property, 1)]), feature), "{feature}");
        assert!(!has(&with(&[(property, 0xf)]), feature), "{feature}");
    }
}

#[test]
fn either_field_shows_a_feature_and_both_change_with_it() {
    let (all, el0) = (
        "SYSREG_ID_AA64MMFR0_EL1_BIGEND",
        "SYSREG_ID_AA64MMFR0_EL1_BIGENDEL0",
    );
    for (values, off) in [
        ([1, 0], vec![format!("{all}=0x0")]),
        ([0, 1], vec![format!("{el0}=0x0")]),
        ([0, 0], vec![]),
        ([1, 1], vec![format!("{all}=0x0"), format!("{el0}=0x0")]),
    ] {
        let file = with(&[(all, values[0]), (el0, values[1])]);
        assert_eq!(has(&file, "FEAT_MixedEndEL0"), values != [0, 0]);
        assert_eq!(changes(&file, "host,FEAT_MixedEndEL0=off"), off);
        if values != [0, 0] {
            assert!(changes(&file, "host,FEAT_MixedEndEL0=on").is_empty());
        }
    }
}

#[test]
fn fields_that_sve_repeats_change_with_the_feature() {
    for (feature, field) in [("FEAT_BF16", "BF16"), ("FEAT_I8MM", "I8MM")] {
        let model = format!("host,{feature}=off");
        assert_eq!(
            changes(MAX_7_2, &model),
            [
                format!("SYSREG_ID_AA64ISAR1_EL1_{field}=0x0"),
                format!("SYSREG_ID_AA64ZFR0_EL1_{field}=0x0"),
            ]
        );
        let warnings = warnings(MAX_7_2, &model);
        assert!(
            !warnings.iter().any(|it| it.starts_with("two fields")),
            "{warnings:?}"
        );
        assert_eq!(
            changes(MAX_7_2, &format!("{model},sve=off")),
            [format!("SYSREG_ID_AA64ISAR1_EL1_{field}=0x0")]
        );
    }
    assert_eq!(
        changes(MAX_7_2, "host,FEAT_EBF16=off"),
        [
            "SYSREG_ID_AA64ISAR1_EL1_BF16=0x1",
            "SYSREG_ID_AA64ZFR0_EL1_BF16=0x1"
        ]
    );
}

/// The fraction counts with RAS=1 alone, and a feature that is off is there by no definition.
#[test]
fn fraction_counts_at_its_base_value() {
    let (ras, fraction) = (
        "SYSREG_ID_AA64PFR0_EL1_RAS",
        "SYSREG_ID_AA64PFR1_EL1_RAS_frac",
    );
    let file = |base, part| with(&[(ras, base), (fraction, part)]);
    for (base, part, expected) in [(0, 1, false), (1, 0, false), (1, 1, true), (2, 0, true)] {
        assert_eq!(
            has(&file(base, part), "FEAT_RASv1p1"),
            expected,
            "{base} {part}"
        );
    }
    assert_eq!(
        changes(&file(1, 1), "host,FEAT_RASv1p1=off"),
        [format!("{fraction}=0x0")]
    );
    assert_eq!(
        changes(&file(2, 1), "host,FEAT_RASv1p1=off"),
        [format!("{ras}=0x1"), format!("{fraction}=0x0")]
    );
    assert!(changes(&file(0, 1), "host,FEAT_RASv1p1=off").is_empty());
}

#[test]
fn other_override_does_not_take_what_a_feature_needs() {
    let file = with(&[
        ("SYSREG_ID_AA64PFR0_EL1_RAS", 1),
        ("SYSREG_ID_AA64PFR1_EL1_RAS_frac", 1),
    ]);
    refused_by(
        &file,
        "host,FEAT_RASv1p1=on,SYSREG_ID_AA64PFR0_EL1_RAS=0",
        "SYSREG_ID_AA64PFR0_EL1_RAS=0x0 (NI): contradicts FEAT_RASv1p1=on; leave one of them out",
    );
}

#[test]
fn every_granule_with_52_bits_makes_lpa2() {
    let file = |four, sixteen| {
        with(&[
            ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", four),
            ("SYSREG_ID_AA64MMFR0_EL1_TGRAN16", sixteen),
        ])
    };
    for (four, sixteen, expected) in [
        (1, 2, true),
        (1, 0, true),
        (0xf, 2, true),
        (0, 2, false),
        (1, 1, false),
        (0xf, 0, false),
    ] {
        assert_eq!(
            has(&file(four, sixteen), "FEAT_LPA2"),
            expected,
            "{four} {sixteen}"
        );
    }
    assert_eq!(
        changes(&file(1, 2), "host,FEAT_LPA2=off"),
        [
            "SYSREG_ID_AA64MMFR0_EL1_TGRAN4=0x0",
            "SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0x1"
        ]
    );
}

#[test]
fn pointer_authentication_is_there_by_any_algorithm() {
    let file = |algorithm: &str, value| {
        with(&[
            ("SYSREG_ID_AA64ISAR1_EL1_APA", 0),
            ("SYSREG_ID_AA64ISAR1_EL1_API", 0),
            ("SYSREG_ID_AA64ISAR1_EL1_GPI", 0),
            ("SYSREG_ID_AA64ISAR2_EL1_APA3", 0),
            (algorithm, value),
        ])
    };
    let versions = [
        "FEAT_PAuth",
        "FEAT_EPAC",
        "FEAT_PAuth2",
        "FEAT_FPAC",
        "FEAT_FPACCOMBINE",
        "FEAT_PAuth_LR",
    ];
    for (algorithm, name) in [
        ("SYSREG_ID_AA64ISAR1_EL1_APA", "FEAT_PACQARMA5"),
        ("SYSREG_ID_AA64ISAR1_EL1_API", "FEAT_PACIMP"),
        ("SYSREG_ID_AA64ISAR2_EL1_APA3", "FEAT_PACQARMA3"),
    ] {
        for (value, expected) in [
            (0, vec![]),
            (1, vec!["FEAT_PAuth"]),
            (2, vec!["FEAT_PAuth", "FEAT_EPAC"]),
            (3, vec!["FEAT_PAuth", "FEAT_PAuth2"]),
            (
                5,
                vec!["FEAT_PAuth", "FEAT_PAuth2", "FEAT_FPAC", "FEAT_FPACCOMBINE"],
            ),
        ] {
            let file = file(algorithm, value);
            let present = versions.into_iter().filter(|version| has(&file, version));
            assert_eq!(present.collect::<Vec<_>>(), expected, "{algorithm} {value}");
            assert_eq!(has(&file, name), value > 0);
        }
    }
}

#[test]
fn feature_with_several_definitions_names_what_would_make_it() {
    refused_by(
        MAX_7_2,
        "host,FEAT_PAuth=off",
        "FEAT_PAuth=off, which is SYSREG_ID_AA64ISAR1_EL1_API=0x0 (NI): the option pauth sets this \
         field; use pauth=off",
    );
    refused_by(
        MAX_7_2,
        "host,FEAT_PAuth=on,pauth=off",
        "FEAT_PAuth=on: the option pauth sets the feature's fields; use pauth=on",
    );
    refused_by(
        MAX_7_2,
        "host,FEAT_EPAC=on",
        "FEAT_EPAC=on: the option pauth sets the feature's fields, which do not show it on this \
         host",
    );
    refused_by(
        MAX_7_2,
        "host,FEAT_NV2=on",
        "FEAT_NV2=on: none of its definitions is possible here; \
         SYSREG_ID_AA64MMFR2_EL1_NV=0x2 (NV2): kernel 7.2.12+deb14-cloud-arm64 does not allow \
         changes of this field; keep the host's value 0x0 (NI); \
         SYSREG_ID_AA64MMFR4_EL1_NV_frac=0x1 (NV2_ONLY): above the host's value 0x0 (NV_NV2); no \
         other value is allowed",
    );
}

#[test]
fn feature_of_other_features_is_turned_off_by_them() {
    refused_by(
        MAX_7_2,
        "host,FEAT_Armv9_Crypto=off",
        "FEAT_Armv9_Crypto=off: the feature consists of FEAT_PMULL, FEAT_SHA1, FEAT_SHA512, \
         FEAT_SHA3; turn one of them off",
    );
    refused_by(
        MAX_7_2,
        "host,FEAT_AA64=off",
        "FEAT_AA64=off: the feature is FEAT_AA64EL0 by another name; turn that off",
    );
    let sha3 = "SYSREG_ID_AA64ISAR0_EL1_SHA3=0x0";
    let model = "host,FEAT_Armv9_Crypto=off,FEAT_SHA3=off";
    assert_eq!(changes(MAX_7_2, model), [sha3]);
    assert!(changes(MAX_7_2, "host,FEAT_Armv9_Crypto=on").is_empty());
}

/// ID_AA64ZFR0_EL1 counts with SVE alone; the host is wrong, and no override is.
#[test]
fn host_that_contradicts_itself_is_reported_once() {
    let file = with(&[("SYSREG_ID_AA64PFR0_EL1_SVE", 0)]);
    assert!(has(MAX_7_2, "FEAT_SVE2") && !has(&file, "FEAT_SVE2"));
    for model in ["host", "host,enforce", "host,FEAT_SVE2=off,enforce"] {
        assert_eq!(
            warnings(&file, model),
            [
                "the host contradicts itself: ID_AA64ZFR0_EL1 is zero without SVE or SME: \
                 ID_AA64ZFR0_EL1.F64MM=0x1 (IMP) while ID_AA64PFR0_EL1.SVE=0x0 (NI) \
                 and ID_AA64PFR1_EL1.SME=0x0 (NI)"
            ],
            "{model}"
        );
    }
    let streaming = edited(&file, "ID_AA64PFR1_EL1", "value", |old| old | 1 << 24);
    let warnings = warnings(&streaming, "host");
    assert!(!warnings.iter().any(|text| text.contains("contradicts")));
    assert!(!has(&streaming, "FEAT_SVE2"));
}

#[test]
fn tags_count_with_memory_tagging_alone() {
    let tags = ("SYSREG_ID_AA64PFR2_EL1_MTESTOREONLY", 1);
    for (mte, expected) in [(0, false), (1, false), (2, true)] {
        let file = with(&[("SYSREG_ID_AA64PFR1_EL1_MTE", mte), tags]);
        assert_eq!(has(&file, "FEAT_MTE_STORE_ONLY"), expected, "{mte}");
        assert_eq!(has(&file, "FEAT_MTE_ASYNC"), expected, "{mte}");
    }
}

/// The stage 2 granule that is as at stage 1 goes to `not supported`, and the instruction cache
/// with VMIDs to the next policy that KVM has.
#[test]
fn lowest_value_gives_place_to_the_next_higher_one() {
    for (property, feature, value) in [
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2", "FEAT_S2TGran4K", 1),
        ("SYSREG_CTR_EL0_L1Ip", "FEAT_VPIPT", 2),
    ] {
        let file = with(&[(property, 0)]);
        assert!(has(&file, feature), "{feature}");
        let off = changes(&file, &format!("host,{feature}=off"));
        assert_eq!(off, [format!("{property}={value:#x}")]);
    }
}

#[test]
fn other_override_does_not_bring_a_feature_back() {
    let file = with(&[("SYSREG_ID_AA64MMFR1_EL1_SpecSEI", 0)]);
    refused_by(
        &file,
        "host,FEAT_SpecSEI=off,SYSREG_ID_AA64MMFR1_EL1_SpecSEI=1",
        "SYSREG_ID_AA64MMFR1_EL1_SpecSEI=0x1 (IMP): contradicts FEAT_SpecSEI=off; leave one of \
         them out",
    );
    // Without pages of 16K, those of 4K alone decide.
    let file = with(&[
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", 1),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN16", 1),
    ]);
    assert!(!has(&file, "FEAT_LPA2"));
    refused_by(
        &file,
        "host,FEAT_LPA2=off,SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0",
        "FEAT_LPA2=off: the feature is still there, by SYSREG_ID_AA64MMFR0_EL1_TGRAN4>=0x1 with \
         SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0x0; change that too",
    );
}

/// A feature that only some kinds of cores have is off on all, with its mirrors.
#[test]
fn feature_goes_on_every_kind_of_cores() {
    let host = host(MAX_7_2);
    let field = |property: &str| DESCRIPTION.property(property).expect(property);
    let main = field("SYSREG_ID_AA64ISAR0_EL1_CRC32");
    let mirror = field("SYSREG_ID_ISAR5_EL1_CRC32");
    let with = host.values().clone();
    let mut without = with.clone();
    let old = without.get(main.register).expect("a register");
    without.set(main.register, main.field.insert(old, 0));
    let file = edited(MAX_7_2, main.register.name, "value", |old| {
        main.field.insert(old, 0)
    });
    let cores = [(0, without), (4, with)].map(|(cpu, values)| CoreReading {
        cpus: vec![cpu],
        values,
    });
    let host = self::host(&file).with_cores(cores.into());
    let model = "host,FEAT_CRC32=off".parse().expect("a model");
    let plan = Plan::new(&host, &model).expect("a model that is possible");
    for field in [main, mirror] {
        assert_eq!(plan.expected().field(field), Some(0), "{field}");
    }
}

/// A feature that a kind of cores lacks is not there, though the first kind has more than it.
#[test]
fn feature_that_a_kind_of_cores_lacks_cannot_be_on() {
    let host = host(MAX_7_2);
    let sha = DESCRIPTION.property("SYSREG_ID_AA64ISAR0_EL1_SHA2");
    let sha = sha.expect("a property");
    let with = host.values().clone();
    let mut without = with.clone();
    let old = without.get(sha.register).expect("a register");
    without.set(sha.register, sha.field.insert(old, 0));
    let cores = [(0, with), (4, without)].map(|(cpu, values)| CoreReading {
        cpus: vec![cpu],
        values,
    });
    let host = host.with_cores(cores.into());
    let model = "host,FEAT_SHA256=on".parse().expect("a model");
    let error = Plan::new(&host, &model).expect_err("a kind of cores lacks it");
    let expected = "1 override is not possible on this host; nothing was written:\n  \
                    FEAT_SHA256=on, which is SYSREG_ID_AA64ISAR0_EL1_SHA2=0x1 (SHA256): above the \
                    host's value 0x2 (SHA512) (0x2 (SHA512) on CPU 0, 0x0 (NI) on CPU 4); allowed: \
                    0x0 or 0x2";
    assert_eq!(error.to_string(), expected);
}

/// Without names, a feature that is off leaves one less than its minimum.
#[test]
fn field_without_names_goes_one_below() {
    mod plain {
        #![allow(missing_docs, reason = "not for users")]
        idreg_runtime::include_sysreg!("data/plain.sysreg");
    }
    let recorded = host(MAX_7_2);
    let mut info = HostInfo::default();
    info.vcpu = recorded.info().vcpu;
    info.capabilities.writable_masks = true;
    let masks = WritableMasks::new([u64::MAX; FEATURE_ID_REGISTERS]);
    let vcpu = FakeVcpu::new(&recorded);
    let host = Host::read_described(&plain::DESCRIPTION, info, &vcpu, Some(&masks));
    let host = host.expect("a host");
    for (feature, value) in [("FEAT_SHA512", 1), ("FEAT_SHA256", 0)] {
        let model = format!("host,{feature}=off").parse().expect("a model");
        let plan = Plan::new(&host, &model).expect("a model that is possible");
        let new: Vec<u64> = plan.changes().iter().map(|change| change.new).collect();
        assert_eq!(new, [value], "{feature}");
    }
}
