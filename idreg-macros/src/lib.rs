//! `include_sysreg!`: typed system registers from a description in the kernel's grammar.
//!
//! Use it through `idreg_runtime::include_sysreg!`; the generated code refers to that crate.
//!
//! Data flows one way: the macro's input → the files → `sysreg::Model` → which types → Rust.

mod docs;
mod expand;
mod input;
mod names;
mod report;

use proc_macro::TokenStream;

/// Emits the registers of a description as types, with one static table of everything.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg");
/// }
/// use registers::{DemoEl1, demo_el1::Mode};
///
/// let value = DemoEl1::from_bits(0x25).with_mode(Mode::IMP);
/// assert_eq!(value.bits(), 0x15);
/// assert_eq!(format!("{value:?}"), "DEMO_EL1(0x15) {MODE: 0x1 (IMP), COUNT: 0x5}");
/// assert_eq!(Mode::PROPERTY, "SYSREG_DEMO_EL1_MODE");
/// ```
///
/// The description is in the grammar of the Linux kernel's `arch/arm64/tools/sysreg`, as of Linux 7.2;
/// files since 6.1 work. This one has
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
/// # What there is afterwards
///
/// For a register such as `ID_AA64ISAR0_EL1`
///
/// - the type `IdAa64isar0El1` with `from_bits`, `bits`, a getter and a `with_` method for each field,
///   `NAME` and `ENCODING`, and the masks `RES0`, `RES1` and `UNKN`; `Debug` shows the decoded fields;
/// - the module `id_aa64isar0_el1` with a type for each field, such as `Dp`: its named values are
///   constants (`Dp::NI`, `Dp::IMP`) that can stand in patterns, other values are possible (`Dp::new`),
///   and `PROPERTY`, `MASK`, `SHIFT`, `WIDTH` and `KIND` say what it is.
///
/// All methods but those of traits are `const`, and nothing needs `std` or an allocator. For all of them
/// there are the static `DESCRIPTION`, an `idreg_runtime::description::Description`; the module `values`
/// with the two types behind all those names, `Register` and `Field`; and the module `names` with a type
/// for each register and layout, which tells those two apart.
///
/// A name of the kernel becomes one of Rust by its case alone. A value that starts with a digit gets a `_`
/// in front (`52_BIT` is `_52_BIT`), a keyword is written as Rust writes it (`r#type`), and `self`, `super`
/// and `crate` get a `_` at the end. Two names that become one are an error, and so is a name that
/// the generated code needs for itself.
///
/// ## Registers that share a layout
///
/// A register whose fields are those of a `SysregFields` block, or of another register (`Mapping`), has a type
/// of its own with its own `NAME` and `ENCODING`, and the methods and field types of that layout. `Mapping`
/// to a register gives the register's other names:
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
/// The layout of a `SysregFields` block has a type as well: `fn f<R>(value: TTBRxEl1<R>)` takes the value of
/// any register that has it. A register of which the description does not say what its fields are has a
/// type without them. A further layout of the same bits (`Prefix`) is a type as well, and methods lead from
/// one to the other and back.
///
/// # Paths
///
/// A path is a string literal, `env!("VAR")`, or `concat!(..)` of such pieces, and is relative to the file
/// that calls the macro, as for `include_str!`. A variable may come from the shell, from `[env]` in
/// `.cargo/config.toml`, from Cargo or from a build script (`cargo::rustc-env`). A new value rebuilds the
/// crate, as an edit of the description does.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/example.sysreg"));
/// }
/// assert_eq!(registers::DESCRIPTION.registers.len(), 3);
/// ```
///
/// Several paths make one description: `Fields` and `Mapping` may refer to any of the files, and none may
/// define what an earlier one does.
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
/// They come after the paths, in any order.
///
/// `only` selects registers by name, `*` standing for any characters; what they share with others comes
/// with them. A kernel's whole file is thousands of fields, so this also keeps the build short. A pattern
/// that no register has is an error.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg", only = ["DEMO_*1"]);
/// }
/// assert_eq!(registers::DESCRIPTION.registers.len(), 1);
/// ```
///
/// `strict` makes an error of a second name for a value, which the kernel's generator refuses since 7.2
/// and which is accepted otherwise, because older files have it.
///
/// ```
/// mod registers {
///     idreg_runtime::include_sysreg!("example.sysreg", strict);
/// }
/// # assert_eq!(registers::DESCRIPTION.registers.len(), 3);
/// ```
///
/// `crate` is the path of `idreg_runtime` where the dependency has another name, or is re-exported. It
/// begins with `::` or `crate::`.
///
/// ```
/// extern crate idreg_runtime as my_idreg; // as if Cargo.toml called it that
///
/// mod registers {
///     my_idreg::include_sysreg!("example.sysreg", crate = ::my_idreg);
/// }
/// # fn main() { assert_eq!(registers::DESCRIPTION.registers.len(), 3); }
/// ```
///
/// # Errors
///
/// What is wrong with the description is a compile error at its path, one for each mistake, up to 20, with
/// file, line and column in the description and a note where one helps. Blocks without a mistake are
/// emitted all the same; a mistake in a block that `only` leaves out counts too. A file that is not
/// UTF-8, and a description of more than 4 MiB or without registers, are refused as a whole. The program
/// `sysreg check` shows the same without a compiler:
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
/// At module level, once in a module, since the table has one name; several descriptions that are not one
/// go into modules of their own. Not in a function's body: the items refer to each other by module.
/// In a `macro_rules!` the path may be an argument; a path that is written in a macro of another folder is
/// looked for in two places and found in one.
#[proc_macro]
pub fn include_sysreg(input: TokenStream) -> TokenStream {
    match syn::parse::<input::Input>(input) {
        Ok(input) => expand::expand(&input).into(),
        Err(error) => error.into_compile_error().into(),
    }
}
