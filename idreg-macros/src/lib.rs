//! `include_sysreg!`: typed system registers from a description in the kernel's grammar.
//!
//! Use it as `idreg_runtime::include_sysreg!`; the generated code refers to that crate.
//!
//! Data flows one way: the macro's input → the files → `sysreg::Model` → the selected types → Rust.

// The examples of the README are tested like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod docs;
mod expand;
mod input;
mod names;
mod report;

use proc_macro::TokenStream;

/// Emits the registers of a description as types, and one static table of all of them.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg");
/// }
/// use registers::{DemoEl1, demo_el1::Mode};
///
/// let value = DemoEl1::from_bits(0x25).with_mode(Mode::IMP);
/// assert_eq!(value.bits(), 0x15);
/// assert_eq!(value.mode(), Mode::IMP);
/// assert_eq!(format!("{value:?}"), "DEMO_EL1(0x15) {MODE: 0x1 (IMP), COUNT: 0x5}");
/// assert_eq!(Mode::PROPERTY, "SYSREG_DEMO_EL1_MODE");
/// ```
///
/// The description is written in the grammar of the Linux kernel's `arch/arm64/tools/sysreg`, as of
/// Linux 7.2; files since 6.1 work. The description above contains
///
/// ```text
/// Sysreg DEMO_EL1 3 0 15 0 0
/// Res0 63:8
/// UnsignedEnum 7:4 MODE
/// 0b0000 NI
/// 0b0001 IMP
/// EndEnum
/// Field 3:0 COUNT
/// EndSysreg
/// ```
///
/// # Generated items
///
/// A register such as `ID_AA64ISAR0_EL1` becomes
///
/// - the type `IdAa64isar0El1`: `from_bits` and `bits`, a getter and a `with_` method for each
///   field, the constants `NAME` and `ENCODING`, and the masks `RES0`, `RES1` and `UNKN`; `Debug`
///   shows the decoded fields;
/// - the module `id_aa64isar0_el1` with a type for each field, such as `Dp`. Its named values are
///   constants (`Dp::NI`, `Dp::IMP`) that are allowed in patterns; `Dp::new` takes any value that
///   fits the field. The constants `PROPERTY`, `MASK`, `SHIFT`, `WIDTH` and `KIND` describe the
///   field.
///
/// A description also becomes
///
/// - the static `DESCRIPTION`, an `idreg_runtime::description::Description`: the table of all
///   registers;
/// - the module `values` with the types `Register` and `Field`, of which all the types above are
///   aliases;
/// - the module `names` with a marker type for each register and layout. The markers make the
///   aliases different types.
///
/// All methods except those of traits are `const`. The generated code needs neither `std` nor an
/// allocator.
///
/// # Names
///
/// Kernel names are put in Rust's cases: `ID_AA64ISAR0_EL1` becomes `IdAa64isar0El1` for types and
/// `id_aa64isar0_el1` for modules. Three kinds of names need more:
///
/// - a name that begins with a digit gets a `_` in front: `52_BIT` is `_52_BIT`;
/// - a keyword becomes a raw identifier: `type` is `r#type`;
/// - `self`, `super` and `crate` get a `_` at the end: `self_`.
///
/// If two names become the same, or a name is one that the generated code reserves, that is an
/// error.
///
/// # Shared layouts
///
/// A register can take its fields from a `SysregFields` block (`Fields`) or from another register
/// (`Mapping`). It has its own type, `NAME` and `ENCODING`, and the methods and field types of that
/// layout. A `Mapping` to a register defines another name of that register:
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg");
/// }
/// use registers::{DemoEl1, DemoEl12, demo_el1::Mode};
///
/// let through_el2 = DemoEl12::from_bits(0x10);
/// assert_eq!(through_el2.mode(), Mode::IMP);
/// assert_eq!((DemoEl1::ENCODING.op1(), DemoEl12::ENCODING.op1()), (0, 5));
/// ```
///
/// A `SysregFields` block has a type too, generic over the register: `fn f<R>(value: TTBRxEl1<R>)`
/// takes the value of any register with that layout. A register whose fields the description does
/// not define has a type without fields.
///
/// A `Prefix` block defines an alternative layout of the same bits. It has a type too, and methods
/// that convert from one layout to the other and back.
///
/// # Paths
///
/// A path is a string literal, `env!("VAR")`, or `concat!(..)` of such pieces. It is relative to
/// the file that calls the macro, as for `include_str!`. The variable can come from the shell, from
/// `[env]` in `.cargo/config.toml`, from Cargo, or from a build script (`cargo::rustc-env`). The
/// crate is rebuilt when the variable or the description changes.
///
/// rust-analyzer does not tell a macro which file calls it. There, a relative path is searched in
/// the crate's folder and then in its `src`, `tests`, `examples` and `benches`. A description in a
/// deeper folder needs a path that begins with `env!("CARGO_MANIFEST_DIR")`:
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/example.sysreg"));
/// }
/// assert_eq!(registers::DESCRIPTION.registers.len(), 3);
/// ```
///
/// Several paths make one description. `Fields` and `Mapping` can refer to any of the files; a file
/// must not define a register or layout that an earlier file defines.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg", "example_more.sysreg");
/// }
/// assert_eq!(registers::MoreEl12::from_bits(0x10).mode(), registers::demo_el1::Mode::IMP);
/// ```
///
/// # Options
///
/// Options follow the paths, in any order.
///
/// `only` selects registers by name; `*` matches any characters. The layouts of the selected
/// registers are emitted with them. A whole kernel file has thousands of fields, so `only` also
/// keeps the build short. A pattern that matches no register is an error.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg", only = ["DEMO_*1"]);
/// }
/// assert_eq!(registers::DESCRIPTION.registers.len(), 1);
/// ```
///
/// `strict` rejects a second name for a value of a field. The kernel's generator rejects it since
/// Linux 7.2; older kernel files contain such names, so the macro accepts them by default.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg", strict);
/// }
/// # assert_eq!(registers::DESCRIPTION.registers.len(), 3);
/// ```
///
/// `crate` is the path of `idreg_runtime`, for a crate that renames or re-exports it. The path
/// begins with `::` or `crate::`.
///
/// ```
/// extern crate idreg_runtime as my_idreg; // the same as a renamed dependency in Cargo.toml
///
/// mod registers {
///     my_idreg::include_sysreg!("example.sysreg", crate = ::my_idreg);
/// }
/// # fn main() { assert_eq!(registers::DESCRIPTION.registers.len(), 3); }
/// ```
///
/// # Errors
///
/// Each mistake in a description is a compile error at the path of its file, up to 20. The error
/// gives file, line and column in the description, and a note where one helps. Blocks without a
/// mistake are still emitted. A mistake in a block that `only` leaves out is an error too. A file
/// that is not UTF-8, a description of more than 4 MiB, and one without registers are rejected as a
/// whole. The program `sysreg check` reports the same without a compiler:
///
/// ```text
/// error: ID_AA64ISAR0_EL1: bits 3:0 are not described
///          at src/arm64.sysreg:8:1
///            |
///          8 | EndSysreg
///            | ^^^^^^^^^
///          note: the entry above ends at bit 4, at src/arm64.sysreg:7:7
/// ```
///
/// # Where to call it
///
/// Call the macro at module level, once in each module: the names of the generated items, such as
/// `DESCRIPTION`, are the same for every call. Give each further description a module of its own. A
/// function's body is not possible, because the items refer to each other by module.
///
/// A `macro_rules!` can take the path as an argument. A path that is written inside a
/// `macro_rules!` of another folder does not work: the compiler and this macro resolve it against
/// different folders.
#[proc_macro]
pub fn include_sysreg(input: TokenStream) -> TokenStream {
    match syn::parse::<input::Input>(input) {
        Ok(input) => expand::expand(&input).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
