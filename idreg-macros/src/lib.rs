//! `include_sysreg!`: typed system registers from a description in the kernel's grammar.
//!
//! Use it through `idreg_runtime::include_sysreg!`; the generated code refers to that crate.
//!
//! Data flows one way: the macro's input → the file's path → `sysreg::Model` → Rust.

mod docs;
mod expand;
mod input;
mod names;
mod report;

use proc_macro::TokenStream;

/// Emits the registers of a description as types, with one static table of everything.
///
/// The path is relative to the file that calls the macro, as for `include_str!`; an edit of the
/// description rebuilds the crate. For a register such as `ID_AA64ISAR0_EL1` there are then
///
/// - a type `IdAa64isar0El1` with `from_bits`, `bits`, a getter and a `with_` method for each field,
///   the masks `RES0`, `RES1` and `UNKN`, `NAME` and `ENCODING`; `Debug` shows the decoded fields;
/// - a module `id_aa64isar0_el1` with a type for each field, such as `Dp`: its named values are
///   constants (`Dp::NI`, `Dp::IMP`), other values are possible, and `PROPERTY`, `MASK`, `SHIFT`,
///   `WIDTH` and `KIND` say what it is;
///
/// and for all of them the static `DESCRIPTION`, an `idreg_runtime::description::Description`.
///
/// Values whose names start with a digit get a `_` in front (`52_BIT` is `_52_BIT`). A register with
/// a second layout of its bits (`Prefix`) gets a second type, and a method that turns one into the
/// other. What is wrong with the description is a compile error with file, line and column, one for
/// each mistake; registers without a mistake are emitted all the same.
///
/// # Where to call it
///
/// At module level, once in a module, since the table has one name; several descriptions go into
/// modules of their own. Not in a function's body: the items refer to each other by module. In a
/// `macro_rules!` the path may be an argument; a path that is written in a macro of another folder is
/// looked for in two places and found in one.
///
/// # Example
///
/// ```
/// // idreg_runtime::include_sysreg!("../arm64.sysreg") in src/registers.rs, and elsewhere:
/// # mod registers { pub use idreg_runtime::regs::*; }
/// use registers::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
///
/// let value = IdAa64isar0El1::from_bits(0).with_dp(Dp::IMP);
/// assert_eq!(value.bits(), 1 << Dp::SHIFT);
/// ```
#[proc_macro]
pub fn include_sysreg(input: TokenStream) -> TokenStream {
    match syn::parse::<input::Input>(input) {
        Ok(input) => expand::expand(&input).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
