//! The Linux kernel's description of the arm64 system registers, parsed and checked.
//!
//! The kernel describes its system registers in one text file, `arch/arm64/tools/sysreg`. This
//! crate reads that grammar as of Linux 7.2, and files since 6.1, into a [`Model`]: registers with
//! their encodings, fields with their bits, and the names of their values.
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
//! Data flows one way: [`Source`] → lines → blocks → [`Model`]. What is wrong on the way is
//! collected as [`Diagnostic`]s, all of them in one go, and [`render()`] shows one with its line.
//! Several files are one description once [`Source::join`] has joined them.
//!
//! [`defines()`] is what the kernel's own generator makes of a model. [`AARCH64_ID`] is this project's
//! description of the registers that identify a CPU, and [`import()`] brings it up to a kernel's file;
//! [`Changes`] says what that means for those who use it. The program `sysreg`, behind the feature
//! `cli`, has all of this as commands.
//!
//! A description says what fields are called and where they are, not which of their values a host can
//! give a guest, which features of the architecture they tell of, or what holds between them. That is
//! in a second file beside it, [`AARCH64_FACTS`], and [`facts`] reads it.
//!
//! Limits: a register is dropped from the model if anything in it is wrong; nothing is guessed.

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

pub use crate::bits::BitRange;
pub use crate::defines::{Define, defines};
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

/// This project's description of the feature ID registers and of MIDR_EL1, MPIDR_EL1, REVIDR_EL1
/// and AIDR_EL1: the text of `data/aarch64-id.sysreg`, facts as of Linux 7.2.
pub const AARCH64_ID: &str = include_str!("../data/aarch64-id.sysreg");

/// What is known of these registers' fields beyond [`AARCH64_ID`]: the text of `data/aarch64-id.facts`,
/// as of Linux 7.2 and the Arm ARM (DDI 0487 M.a). [`facts::load`] reads it.
pub const AARCH64_FACTS: &str = include_str!("../data/aarch64-id.facts");

/// What became of a description.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Every block without an error.
    pub model: Model,
    /// Everything to be said, in the order of the places in the description.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// The model if nothing is wrong with the description.
    ///
    /// # Errors
    ///
    /// All diagnostics, warnings among them, if one is an error.
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
/// Two names for one value are a warning: kernel files from 6.2 to 6.12 have them.
#[must_use]
pub fn load(source: &Source) -> Loaded {
    read(source, Report::default())
}

/// Parses and checks a description as [`load`] does, but takes a second name for a value of a field
/// ([`Rule::DuplicateValue`]) for an error, as the generator of Linux 7.2 does.
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
