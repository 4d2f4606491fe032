//! Any bytes through the parser; what must hold is what the crate's property tests check.

#![no_main]

#[path = "../../tests/properties/checks.rs"]
mod checks;
#[path = "../../tests/properties/statements.rs"]
mod statements;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check_bytes(bytes));
