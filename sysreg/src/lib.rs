//! Parser and validated model of the Linux kernel's arm64 system register description.
//!
//! The kernel describes the system registers of arm64 CPUs in one text file,
//! `arch/arm64/tools/sysreg`. This crate reads the grammar of that file as of Linux 7.2, and the
//! kernel's files since 6.1, into a [`Model`]: registers with their encodings, fields with their
//! bits, and the names of their values.
//!
//! ```
//! let source = sysreg::Source::new(
//!     "example.sysreg",
//!     "Sysreg ID_AA64AFR0_EL1 3 0 0 5 4\n\
//!      Res0 63:32\n\
//!      UnsignedEnum 31:28 IMPDEF7\n\
//!      0b0000 NI\n\
//!      0b0001 IMP\n\
//!      EndEnum\n\
//!      Res0 27:0\n\
//!      EndSysreg\n",
//! )?;
//! let loaded = sysreg::load(&source);
//! assert!(loaded.diagnostics.is_empty());
//! let register = loaded.model.register("ID_AA64AFR0_EL1").ok_or("no such register")?;
//! let layout = loaded.model.layout(register).ok_or("opaque")?;
//! assert_eq!(layout.res0(), 0xffff_ffff_0fff_ffff);
//! assert_eq!(layout.field("IMPDEF7").ok_or("no such field")?.bits().to_string(), "31:28");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reading a description
//!
//! - [`Source`] is the text of a description. [`Source::join`] makes one description of several
//!   files.
//! - [`load`] parses and checks it: text → lines → blocks → [`Model`]. It does not stop at the
//!   first mistake, but collects all of them.
//! - [`Diagnostic`] is one mistake: the [`Rule`] that is broken, the place and a message.
//!   [`render()`] shows it with its source line.
//! - A register with an error is not in the model; nothing is guessed.
//!
//! # Using a model
//!
//! - [`defines()`] lists the macros that the kernel's own generator makes of a description.
//! - [`AARCH64_ID`] is this project's description of the registers that identify a CPU.
//!   [`import()`] updates it from a kernel's file, and [`Changes`] reports the changes and which of
//!   them break existing properties.
//! - [`AARCH64_FACTS`] describes the fields of these registers further: the values that a host can
//!   give to a guest, the architecture's features that the fields define, and the rules between
//!   fields. The module [`facts`] reads it.
//! - [`AARCH64_ARM_NAMES`] has the names of these fields in Arm's specification, where they differ;
//!   [`ArmFields`] makes it.
//!
//! The program `sysreg`, behind the feature `cli`, offers `check`, `defines`, `rules` and
//! `import` as commands.

// The examples of the README are tested like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod arm_names;
mod ast;
mod bits;
mod defines;
mod diagnostic;
mod encoding;
pub mod facts;
mod import;
mod lex;
mod model;
mod parse;
mod piece;
mod print;
mod render;
mod source;
mod validate;

use crate::diagnostic::Report;

pub use crate::arm_names::{ArmFields, InvalidArmField};
pub use crate::bits::BitRange;
pub use crate::defines::{Define, Generator, defines};
pub use crate::diagnostic::{Diagnostic, Note, Rule, Severity};
pub use crate::encoding::Encoding;
pub use crate::import::{Change, ChangeKind, Changes, import, leading_comment};
pub use crate::model::{
    Alternative, Body, Entry, Enumerator, Field, FieldKind, Item, ItemKind, Layout, Layouts, Model,
    Register, SharedLayout,
};
pub use crate::piece::{Part, Piece};
pub use crate::render::{render, render_pieces};
pub use crate::source::{Location, MAX_BYTES, Source, SourceError, Span};
pub use crate::validate::MAX_NAME;

/// Description of the feature ID registers and of MIDR_EL1, MPIDR_EL1, REVIDR_EL1 and AIDR_EL1.
///
/// The text of `data/aarch64-id.sysreg`, as of Linux 7.2.
pub const AARCH64_ID: &str = include_str!("../data/aarch64-id.sysreg");

/// Facts about the fields of [`AARCH64_ID`]: limits, owners, features and rules between fields.
///
/// The text of `data/aarch64-id.facts`, as of Linux 7.2 and the Arm ARM (DDI 0487 M.a).
/// [`facts::load`] reads it.
pub const AARCH64_FACTS: &str = include_str!("../data/aarch64-id.facts");

/// Names of fields of [`AARCH64_ID`] in Arm's specification, where they differ.
///
/// The text of `data/aarch64-id.arm-names`, which names its source. [`ArmFields::table`] makes it.
pub const AARCH64_ARM_NAMES: &str = include_str!("../data/aarch64-id.arm-names");

/// A loaded description: the model and the diagnostics.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Every block without an error.
    pub model: Model,
    /// All diagnostics, in the order of their places in the description.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Returns the model if the description has no errors.
    ///
    /// # Errors
    ///
    /// All diagnostics, warnings included, if at least one is an error.
    pub fn into_result(self) -> Result<Model, Vec<Diagnostic>> {
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            Err(self.diagnostics)
        } else {
            Ok(self.model)
        }
    }
}

/// Parses and checks a description.
///
/// Two names for one value are a warning: the kernel's files from 6.2 to 6.12 contain them.
#[must_use]
pub fn load(source: &Source) -> Loaded {
    read(source, Report::default())
}

/// Parses and checks a description like [`load`], with a second name for a value as an error.
///
/// The generator of Linux 7.2 is as strict about [`Rule::DuplicateValue`].
#[must_use]
pub fn load_strict(source: &Source) -> Loaded {
    read(source, Report::strict())
}

fn read(source: &Source, mut report: Report) -> Loaded {
    let mut items = Vec::new();
    for (start, file) in source.files() {
        let lines = lex::lines(file, start, &mut report);
        items.extend(parse::parse(&lines, &mut report));
    }
    let model = validate::validate(&items, &mut report);
    Loaded {
        model,
        diagnostics: report.into_sorted(),
    }
}
