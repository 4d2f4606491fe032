//! Fuzz target: loads any bytes and checks the same properties as the crate's property tests.

#![no_main]

#[path = "../../tests/properties/checks.rs"]
mod checks;
#[path = "../../tests/properties/statements.rs"]
mod statements;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check_bytes(bytes));
