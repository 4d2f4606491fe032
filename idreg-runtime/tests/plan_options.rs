//! Options of the vCPU in a model: their effects, their exclusions, and hosts that must be read
//! again.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_12, MAX_7_2, edited, host};
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::description::rule::Owner;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, PlanError};
use idreg_runtime::regs::DESCRIPTION;

fn plan(host: &Host, model: &str) -> Result<Plan, PlanError> {
    Plan::new(host, &model.parse().expect("`host` and overrides"))
}

/// Checks the only reason why a model is rejected.
#[track_caller]
fn refused(host: &Host, model: &str, expected: &str) {
    let error = plan(host, model).expect_err("a model that is not possible");
    let text = error.to_string();
    let reasons: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    assert_eq!(reasons, [expected]);
}

/// A host with a capability that the recorded hosts do not have.
fn with_capability(name: &str) -> Host {
    let file = MAX_7_2.replacen(
        &format!("\"{name}\": false"),
        &format!("\"{name}\": true"),
        1,
    );
    assert_ne!(file, MAX_7_2);
    host(&file)
}

#[test]
fn option_that_is_off_hides_its_fields_and_nothing_else() {
    let host = host(MAX_7_2);
    for (option, owner) in [
        ("sve", Owner::Sve),
        ("pauth", Owner::Pauth),
        ("pmu", Owner::Pmu),
    ] {
        let plan = plan(&host, &format!("host,{option}=off")).unwrap();
        assert!(
            plan.writes().is_empty(),
            "{option}: KVM hides them by itself"
        );
        let mut hidden = 0;
        for field in DESCRIPTION.fields() {
            let (before, after) = (host.values().field(field), plan.expected().field(field));
            if field.field.rule().needs == Some(owner) {
                assert_eq!(after, Some(0), "{field}");
                hidden += u32::from(before != after);
            } else {
                assert_eq!(after, before, "{field}");
            }
        }
        assert!(hidden > 0, "{option}: the host has it");
    }
}

#[test]
fn configuration_follows_from_the_options() {
    let host = host(MAX_7_2);
    let config = plan(&host, "host,sve=off,pmu=off").unwrap().config();
    assert!(!config.sve && !config.pmu && config.pauth);
    assert_eq!(config.gic, host.info().vcpu.gic);
    assert!(plan(&host, "host,aarch64=off").unwrap().config().aarch32);
}

#[test]
fn execution_state_needs_no_other_reading() {
    let file = MAX_7_2.replace("\"aarch32\": false", "\"aarch32\": true");
    let host = host(&file);
    assert!(plan(&host, "host").unwrap().config().aarch32);
    assert!(!plan(&host, "host,aarch64=on").unwrap().config().aarch32);
}

#[test]
fn field_reads_as_zero_while_its_option_is_off() {
    refused(
        &host(MAX_7_2),
        "host,sve=off,SYSREG_ID_AA64ZFR0_EL1_AES=1",
        "SYSREG_ID_AA64ZFR0_EL1_AES=0x1 (IMP): the field reads as zero while the option sve is \
         off; leave it out, or use sve=on",
    );
}

#[test]
fn field_of_an_option_names_it() {
    refused(
        &host(MAX_7_2),
        "host,SYSREG_ID_AA64PFR0_EL1_SVE=0",
        "SYSREG_ID_AA64PFR0_EL1_SVE=0x0 (NI): the option sve sets this field; use sve=off",
    );
}

#[test]
fn longest_vector_that_is_on_is_the_limit() {
    let host = host(MAX_7_2);
    let limit = |model: &str| plan(&host, model).unwrap().config().sve_limit;
    assert_eq!(limit("host,sve256=on"), Some(256));
    assert_eq!(limit("host,sve256=on,sve512=on"), Some(512));
    assert_eq!(limit("host,sve512=off"), Some(384));
    assert_eq!(limit("host,sve512=off,sve1024=off"), Some(384));
    assert_eq!(
        limit("host,sve2048=on"),
        None,
        "that is all that the host has"
    );
    assert_eq!(limit("host"), None);
}

#[test]
fn vector_lengths_are_those_of_the_host_up_to_one() {
    let host = host(MAX_7_2);
    refused(
        &host,
        "host,sve512=on,sve256=off",
        "sve256=off: contradicts sve512=on; leave one of them out",
    );
    refused(
        &host,
        "host,sve128=off",
        "sve128=off: every SVE guest has the shortest vector length; sve=off switches all lengths \
         off",
    );
    refused(
        &host,
        "host,sve=off,sve256=on",
        "sve256=on: contradicts sve=off; leave one of them out",
    );
    refused(
        &self::host(A64FX_7_2),
        "host,sve384=on",
        "sve384=on: the host does not have this vector length; it has 128, 256 or 512 bits",
    );
    refused(
        &self::host(A64FX_7_2),
        "host,sve100=off",
        "sve100=off: the host does not have this vector length; it has 128, 256 or 512 bits",
    );
}

#[test]
fn vectors_that_the_host_lacks_may_be_off() {
    let plan = plan(&host(A64FX_7_2), "host,sve1024=off").unwrap();
    assert_eq!(plan.config().sve_limit, None);
}

#[test]
fn option_accepts_on_or_off() {
    let host = host(MAX_7_2);
    refused(
        &host,
        "host,sve=1",
        "sve=0x1: `1` is neither `on` nor `off`",
    );
    refused(
        &host,
        "host,sve=yes",
        "sve=yes: `yes` is neither `on` nor `off`",
    );
    refused(
        &host,
        "host,pmu",
        "pmu: no value given: the form is `pmu=on` or `=off`",
    );
}

#[test]
fn option_is_given_once() {
    refused(
        &host(MAX_7_2),
        "host,sve=off,sve=on",
        "sve=on: given twice, first as sve=off; give it once",
    );
}

#[test]
fn option_that_the_host_lacks() {
    let host = host(MAX_7_2);
    refused(
        &host,
        "host,mte=on",
        "mte=on: not supported by this host's KVM (no KVM_CAP_ARM_MTE); leave it out",
    );
    refused(
        &host,
        "host,el2=on",
        "el2=on: not supported by this host's KVM (no KVM_CAP_ARM_EL2); leave it out",
    );
    refused(
        &self::host(A64FX_7_2),
        "host,aarch64=off",
        "aarch64=off: not supported by this host's KVM (no KVM_CAP_ARM_EL1_32BIT); leave it out",
    );
    for model in ["host,mte=off", "host,el2=off", "host,aarch64=on"] {
        assert!(plan(&host, model).is_ok(), "{model}");
    }
}

#[test]
fn option_that_was_off_when_the_host_was_read() {
    refused(
        &with_capability("mte"),
        "host,mte=on",
        "mte=on: the host was read with mte=off, so its registers with mte=on are \
         unknown; read the host with mte=on",
    );
    refused(
        &with_capability("el2"),
        "host,el2=on",
        "el2=on: the host was read with el2=off, so its registers with el2=on are \
         unknown; read the host with el2=on",
    );
}

#[test]
fn aarch32_excludes_tagging() {
    let file = MAX_7_2.replace("\"mte\": false", "\"mte\": true");
    refused(
        &host(&file),
        "host,aarch64=off,mte=on",
        "mte=on: contradicts aarch64=off; leave one of them out",
    );
}

#[test]
fn a_host_is_read_with_the_model_s_options() {
    let host = host(MAX_7_2);
    let (base, capabilities) = (host.info().vcpu, host.info().capabilities);
    let model: CpuModel = "host,sve256=on,pmu=off,mte=on".parse().unwrap();
    let config = model.config(base, &capabilities);
    assert_eq!((config.sve_limit, config.pmu), (Some(256), false));
    assert!(!config.mte, "the host lacks it, as the plan will say");
}

#[test]
fn typed_and_string_forms_agree() {
    let mut model = CpuModel::host();
    model
        .switch(CpuOption::Sve, true)
        .switch(CpuOption::SveLength(256), true)
        .switch(CpuOption::Aarch64, false)
        .set_enforce(true);
    assert_eq!(
        model.to_string(),
        "host,sve=on,sve256=on,aarch64=off,enforce"
    );
    assert_eq!(model, model.to_string().parse().unwrap());
}

#[test]
fn leading_zeros_and_signs_make_no_length() {
    for name in ["sve0256", "sve+256", "sve-256", "sve", "SVE256", "sve256x"] {
        let option = name.parse::<CpuOption>();
        assert_eq!(option.is_ok(), name == "sve", "{name}");
    }
}

#[test]
fn options_exclude_what_the_host_was_read_with() {
    let file = MAX_7_2.replace("\"mte\": false", "\"mte\": true");
    refused(
        &host(&file),
        "host,aarch64=off",
        "aarch64=off: contradicts mte=on; leave one of them out",
    );
    let model: CpuModel = "host,aarch64=off,mte=on".parse().unwrap();
    let base = host(MAX_7_2).info().vcpu;
    assert_eq!(model.config(base, &host(&file).info().capabilities), base);
}

#[test]
fn vector_lengths_of_a_host_that_was_read_without_sve_are_not_known() {
    let host = host(MAX_7_2);
    let mut config = host.info().vcpu;
    config.sve = false;
    let without = host.reconfigured(config).unwrap();
    refused(
        &without,
        "host,sve256=on",
        "sve256=on: the host was read with sve=off, so its registers with sve=on are \
         unknown; read the host with sve=on",
    );
}

#[test]
fn option_given_twice_is_rejected_once_each() {
    let error = plan(&host(MAX_7_2), "host,sve=5,sve=6").unwrap_err();
    let PlanError::Rejected(rejections) = error else {
        panic!("{error}")
    };
    assert_eq!(rejections.len(), 2);
}

#[test]
fn enforce_is_the_same_by_name() {
    let mut model = CpuModel::host();
    model.switch("enforce", true);
    assert_eq!(model.to_string(), "host,enforce");
}

/// Every rejection at once: an option that is not possible hides no other one.
#[test]
fn impossible_option_leaves_the_others_in_force() {
    let host = host(MAX_7_2);
    let reasons = |model: &str| {
        let error = plan(&host, model).expect_err("a model that is not possible");
        let text = error.to_string();
        let reasons = text.lines().skip(1).map(|line| line.trim().to_owned());
        reasons.collect::<Vec<_>>()
    };
    let no_mte = "mte=on: not supported by this host's KVM (no KVM_CAP_ARM_MTE); leave it out";
    assert_eq!(
        reasons("host,mte=on,sve=off,SYSREG_ID_AA64ZFR0_EL1_AES=1"),
        [
            no_mte,
            "SYSREG_ID_AA64ZFR0_EL1_AES=0x1 (IMP): the field reads as zero while the option sve \
             is off; leave it out, or use sve=on"
        ]
    );
    assert_eq!(reasons("host,aarch64=off,mte=on"), [no_mte]);
}

/// With SVE off, ID_AA64ZFR0_EL1 reads as zero: also the bits that the description has no field
/// for.
#[test]
fn register_of_an_option_that_is_off_is_zero_as_a_whole() {
    let undescribed = 1 << 29;
    let host = host(&edited(MAX_7_2, "ID_AA64ZFR0_EL1", "value", |old| {
        old | undescribed
    }));
    let zfr0 = DESCRIPTION.register("ID_AA64ZFR0_EL1").expect("a register");
    let isar1 = DESCRIPTION
        .register("ID_AA64ISAR1_EL1")
        .expect("a register");
    let fields = zfr0
        .fields()
        .fold(0, |bits, field| bits | field.field.mask());
    assert_eq!(fields & undescribed, 0);
    let on = plan(&host, "host").unwrap();
    assert_ne!(
        on.expected().get(zfr0).map(|value| value & undescribed),
        Some(0)
    );
    let off = plan(&host, "host,sve=off").unwrap();
    assert_eq!(off.expected().get(zfr0), Some(0));
    assert_eq!(off.expected().get(isar1), host.values().get(isar1));
}

/// An option is advised only if its setting gives the value that is asked for.
#[test]
fn option_that_would_not_help_is_not_advised() {
    for (file, kernel) in [
        (MAX_7_2, "7.2.12+deb14-cloud-arm64"),
        (MAX_6_12, "6.12.95+deb12-cloud-arm64"),
    ] {
        refused(
            &host(file),
            "host,FEAT_VHE=off,el2=off",
            &format!(
                "FEAT_VHE=off, which is SYSREG_ID_AA64MMFR1_EL1_VH=0x0 (NI): kernel {kernel} does \
                 not allow changes of this field; keep the host's value 0x1 (IMP)"
            ),
        );
    }
    refused(
        &host(MAX_6_12),
        "host,FEAT_NV=off,el2=off",
        "FEAT_NV=off, which is SYSREG_ID_AA64MMFR2_EL1_NV=0x0 (NI): kernel \
         6.12.95+deb12-cloud-arm64 does not allow changes of this field; keep the host's value \
         0x2 (NV2)",
    );
    refused(
        &host(MAX_7_2),
        "host,FEAT_E2H0=off",
        "FEAT_E2H0=off, which is SYSREG_ID_AA64MMFR4_EL1_E2H0=0xf (NI): the option el2 sets this \
         field, on this host to 0x0 (IMP)",
    );
    let max = host(MAX_7_2);
    let config = max.info().vcpu.with_sve(false);
    let mut without_sve = serde_json::to_value(max.reconfigured(config).unwrap()).unwrap();
    *without_sve.pointer_mut("/capabilities/sve").unwrap() = false.into();
    *without_sve.pointer_mut("/sve_vector_lengths").unwrap() = Vec::<u32>::new().into();
    refused(
        &host(&without_sve.to_string()),
        "host,SYSREG_ID_AA64ZFR0_EL1_AES=1",
        "SYSREG_ID_AA64ZFR0_EL1_AES=0x1 (IMP): the field reads as zero while the option sve is \
         off, and this host's KVM does not support it",
    );
}
