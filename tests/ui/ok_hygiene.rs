//! Registers beside items with the names of Rust's own items and of the runtime.
#![no_implicit_prelude]
#![forbid(missing_docs, unsafe_code)]
#![deny(warnings)]

/// Items of the module and emitted items, which do not disturb each other.
#[allow(non_camel_case_types, unused_macros, dead_code)]
pub mod registers {
    mod core {}
    mod std {}
    mod alloc {}
    mod idreg_runtime {}

    type bool = ();
    type str = ();
    type u8 = ();
    type u32 = ();
    type u64 = ();
    type usize = ();
    type i64 = ();

    struct Option;
    struct Some;
    struct None;
    enum Result {}
    struct Self_;
    trait Clone {}
    trait Copy {}
    trait Debug {}
    trait Register {}
    trait FieldValue {}

    macro_rules! compile_error { () => {}; }
    macro_rules! include_bytes { () => {}; }
    macro_rules! include_str { () => {}; }
    macro_rules! concat { () => {}; }
    macro_rules! env { () => {}; }
    macro_rules! assert { () => {}; }
    macro_rules! panic { () => {}; }
    macro_rules! write { () => {}; }
    macro_rules! matches { () => {}; }

    ::idreg_runtime::include_sysreg!("ok_all_forms.sysreg");
}

fn main() {
    ::std::assert_eq!(registers::OneEl1::from_bits(7).bits(), 7);
}
