//! CPU models as text and with types.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::model::{CpuModel, InvalidValue};
use idreg_runtime::number::{self, Hex};
use idreg_runtime::plan::Plan;
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::id_aa64isar0_el1::{Aes, Dp};
use idreg_runtime::regs::id_aa64pfr0_el1::Fp;
use idreg_runtime::regs::{AidrEl1, DESCRIPTION, IdAa64isar0El1, MidrEl1, RevidrEl1};

#[test]
fn typed_and_string_forms_agree() {
    let mut typed = CpuModel::host();
    typed.set(Dp::NI).set(Fp::NI);
    let text = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64PFR0_EL1_FP=0xf";
    assert_eq!(typed, text.parse().unwrap());
    assert_eq!(typed.to_string().parse(), Ok(typed));
}

#[test]
fn custom_is_another_name_of_host() {
    assert_eq!("custom".parse(), Ok(CpuModel::host()));
}

#[test]
fn unknown_models_are_named() {
    for name in ["", "Host", "neoverse-m1", "SYSREG_ID_AA64ISAR0_EL1_DP=0"] {
        let error = name.parse::<CpuModel>().unwrap_err();
        assert_eq!(error.name, name);
        assert!(
            error.to_string().contains("`host,PROPERTY=VALUE,...`"),
            "{error}"
        );
    }
}

#[test]
fn malformed_overrides_are_kept_for_the_plan() {
    let model: CpuModel = "host,A,B=,C=-1,D=0x,E=+1,F= 1,G=18446744073709551616"
        .parse()
        .unwrap();
    let values: Vec<_> = model
        .overrides()
        .iter()
        .map(|asked| asked.value.clone())
        .collect();
    assert_eq!(
        values[..2],
        [Err(InvalidValue::Missing), Err(InvalidValue::Missing)]
    );
    assert!(
        values[2..]
            .iter()
            .all(|value| matches!(value, Err(InvalidValue::NotANumber(_))))
    );
    assert_eq!(
        model.to_string(),
        "host,A,B,C=-1,D=0x,E=+1,F= 1,G=18446744073709551616"
    );
}

#[test]
fn numbers_are_decimal_or_hexadecimal() {
    assert_eq!(number::parse("10"), Ok(10));
    assert_eq!(number::parse("0x10"), Ok(16));
    assert_eq!(number::parse("0XfF"), Ok(255));
    assert_eq!(number::parse("0xffffffffffffffff"), Ok(u64::MAX));
    assert_eq!(Hex(1).to_string(), "0x0000000000000001");
}

#[test]
fn setting_again_replaces() {
    let mut model = CpuModel::host();
    model.set(Dp::IMP).set(Fp::NI).set(Dp::NI);
    let text = "host,SYSREG_ID_AA64PFR0_EL1_FP=0xf,SYSREG_ID_AA64ISAR0_EL1_DP=0x0";
    assert_eq!(model.to_string(), text);
}

#[test]
fn a_decimal_number_has_no_leading_zero() {
    assert_eq!(number::parse("0"), Ok(0));
    assert_eq!(number::parse("0x0010"), Ok(16));
    for (text, message) in [
        (
            "010",
            "`010` has a leading zero, with which other programs read it as octal; write 10, or \
             0x8 if octal is meant",
        ),
        (
            "00",
            "`00` has a leading zero, with which other programs read it as octal; write 0",
        ),
        (
            "08",
            "`08` has a leading zero, with which other programs read it as octal; write 8",
        ),
    ] {
        let error = number::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_model_is_its_text_in_serde() {
    let model: CpuModel = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,sve=off,enforce"
        .parse()
        .unwrap();
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(json, format!("\"{model}\""));
    assert_eq!(serde_json::from_str::<CpuModel>(&json).unwrap(), model);
    let error = serde_json::from_str::<CpuModel>("\"hots\"").unwrap_err();
    assert!(error.to_string().starts_with("no CPU model `hots`"));
}

#[test]
fn enforce_given_twice_is_kept_for_the_plan() {
    let model: CpuModel = "host,enforce=on,sve=off,enforce=off".parse().unwrap();
    assert_eq!(model.to_string().parse(), Ok(model.clone()));
    assert!(
        model
            .overrides()
            .iter()
            .any(|asked| asked.property == "enforce")
    );
    let once: CpuModel = "host,enforce=off".parse().unwrap();
    assert!(!once.enforce() && once.overrides().is_empty());
}

#[test]
fn field_is_set_by_description() {
    let mut model = CpuModel::host();
    let field = |name| DESCRIPTION.property(name).unwrap();
    model
        .set_field(field("SYSREG_ID_AA64ISAR0_EL1_DP"), 1)
        .set_field(field("SYSREG_ID_AA64ISAR0_EL1_AES"), 0)
        .set_field(field("SYSREG_ID_AA64ISAR0_EL1_DP"), 0);
    let text = "host,SYSREG_ID_AA64ISAR0_EL1_AES=0x0,SYSREG_ID_AA64ISAR0_EL1_DP=0x0";
    assert_eq!(model.to_string(), text);
}

#[test]
fn register_that_is_a_property_is_one_override() {
    let mut model = CpuModel::host();
    model
        .set_register(MidrEl1::from_bits(1))
        .set_register(RevidrEl1::from_bits(2))
        .set_register(AidrEl1::from_bits(3))
        .set_register(MidrEl1::from_bits(4));
    assert_eq!(model.to_string(), "host,revidr=0x2,aidr=0x3,midr=0x4");
}

#[test]
fn register_sets_every_field_of_it() {
    let host = host(MAX_7_2);
    let isar0: IdAa64isar0El1 = host.values().get_as().unwrap();
    let mut model = CpuModel::host();
    model
        .set(Dp::IMP)
        .set_register(isar0.with_dp(Dp::NI).with_aes(Aes::AES));
    let fields = IdAa64isar0El1::DESCRIPTION.fields().count();
    assert_eq!(
        model.overrides().len(),
        fields,
        "the earlier override is replaced"
    );
    let plan = Plan::new(&host, &model).unwrap();
    assert_eq!(plan.changes().len(), 2, "equal fields need no change");
    let expected: IdAa64isar0El1 = plan.expected().get_as().unwrap();
    assert_eq!(expected, isar0.with_dp(Dp::NI).with_aes(Aes::AES));
}
