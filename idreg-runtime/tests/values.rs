//! Values of registers: they read back from JSON, and mistakes are named.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::values::RegisterValues;

fn error(json: &str) -> String {
    let error = serde_json::from_str::<RegisterValues>(json).expect_err("a mistake");
    error.to_string()
}

#[test]
fn values_read_back() {
    let values = host(MAX_7_2).values().clone();
    let written = serde_json::to_string(&values).unwrap();
    let read: RegisterValues = serde_json::from_str(&written).unwrap();
    assert_eq!(read, values);
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}

#[test]
fn order_in_the_file_does_not_count() {
    let one: RegisterValues =
        serde_json::from_str(r#"{"MPIDR_EL1":"0x80000000","MIDR_EL1":"0x1"}"#).unwrap();
    let other: RegisterValues =
        serde_json::from_str(r#"{"MIDR_EL1":"1","MPIDR_EL1":"0x80000000"}"#).unwrap();
    assert_eq!(one, other);
}

#[test]
fn wrong_value_names_the_register() {
    assert_eq!(
        error(r#"{"MIDR_EL1":"0y1"}"#),
        "`MIDR_EL1`: `0y1` is not a number; write decimal digits, or 0x and hexadecimal digits, \
         up to 64 bits at line 1 column 18"
    );
    assert_eq!(
        error(r#"{"MIDR_EL1":-1}"#),
        "`MIDR_EL1`: invalid type: integer `-1`, expected a string at line 1 column 14"
    );
}

#[test]
fn register_twice_is_an_error() {
    assert_eq!(
        error(r#"{"MIDR_EL1":"0x1","MIDR_EL1":"0x1"}"#),
        "register MIDR_EL1 appears twice; keep one"
    );
}

#[test]
fn unknown_register_must_be_zero() {
    assert_eq!(
        error(r#"{"ID_NEW_EL1":"0x10"}"#),
        "register ID_NEW_EL1 is 0x0000000000000010, and this version does not know it; use the \
         version that wrote the file"
    );
    let zero: RegisterValues = serde_json::from_str(r#"{"ID_NEW_EL1":"0x0"}"#).unwrap();
    assert_eq!(zero.iter().count(), 0);
}

#[test]
fn array_is_no_object() {
    assert_eq!(
        error("[]"),
        "invalid type: sequence, expected an object at line 1 column 0"
    );
}

#[test]
fn too_many_registers_are_an_error() {
    let register = |index| format!("\"R{index}\":\"0x0\"");
    let many: Vec<String> = (0..1025).map(register).collect();
    let text = error(&format!("{{{}}}", many.join(",")));
    assert!(
        text.starts_with("invalid length 1025, expected an object of at most 1024 members"),
        "{text}"
    );
}
