//! Mistakes in model files.

use crate::description::RegisterField;
use crate::model::named::{InvalidModelName, RepeatedModel, SCHEMA};
use crate::text::{Printable, comma_list, lines};
use core::fmt;

/// Model files that cannot be used: every mistake in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct InvalidModels(pub Vec<ModelMistake>);

/// A mistake in a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelMistake {
    /// The file.
    pub file: String,
    /// The line, from 1, or `None` for a mistake of the whole file.
    pub line: Option<usize>,
    /// The key, such as `registers.ID_AA64ISAR0_EL1.DP`; empty for a mistake of the whole file.
    pub key: String,
    /// The problem with it.
    pub problem: ModelProblem,
}

/// The problem of a model file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// The file cannot be read, for this reason.
    #[error("cannot be read: {}", Printable(.0))]
    Unreadable(String),
    /// The folder has too many files.
    #[error("more than 1000 model files; use fewer")]
    TooManyFiles,
    /// The file is not TOML, for this reason.
    #[error("not valid TOML: {}; correct it", Printable(.0))]
    Syntax(String),
    /// The file has another schema.
    #[error("`{}`, expected `{SCHEMA}`; use a version that reads such a file", Printable(.0))]
    OtherSchema(String),
    /// A key is missing.
    #[error("missing; add it")]
    Missing,
    /// There is no such key.
    #[error("no such key; keys are {}", comma_list(.0))]
    UnknownKey(&'static [&'static str]),
    /// The value has another type.
    #[error("unusable {found}; write {expected}")]
    WrongType {
        /// The values that are possible.
        expected: &'static str,
        /// The type of TOML that the value has.
        found: &'static str,
    },
    /// No model can have the name.
    #[error(transparent)]
    Name(#[from] InvalidModelName),
    /// There is another model of the name and version.
    #[error(transparent)]
    Repeated(#[from] RepeatedModel),
    /// There is no such option that can be on.
    #[error(
        "no option `{}` that can be on; options are sve with sve<bits>, pauth, pmu, mte and el2",
        Printable(.0)
    )]
    UnknownOption(String),
    /// An option is in the list twice.
    #[error("`{}` twice; leave one out", Printable(.0))]
    OptionTwice(String),
    /// The longest vector length is missing, or there are several.
    #[error("`sve` needs the longest vector length, and only one, as in [\"sve\", \"sve256\"]")]
    VectorLength,
    /// There is no such register.
    #[error("no such register; use the kernel's names, such as ID_AA64ISAR0_EL1")]
    UnknownRegister,
    /// The register has no such field.
    #[error("{register} has no such field; use the kernel's name of a field")]
    UnknownField {
        /// The register.
        register: &'static str,
    },
    /// The VM sets the field.
    #[error("the VM sets {field}, by its interrupt controller or the vCPU's number; leave it out")]
    OfVm {
        /// The field.
        field: RegisterField,
    },
    /// A model cannot leave the field to the host.
    #[error(
        "{field} cannot be \"host\": guests without EL2 act on it; write a number, or leave it out \
         for 0"
    )]
    NotOfHost {
        /// The field.
        field: RegisterField,
    },
    /// The value does not fit the field.
    #[error("{} does not fit the field; maximum: {max:#x}", Printable(.text))]
    DoesNotFit {
        /// The value.
        text: String,
        /// The field's maximum.
        max: u64,
    },
    /// MIDR_EL1 is missing, which no guest finds to be 0.
    #[error("missing, and 0 is no CPU; write \"host\", or its fields")]
    NoMidr,
}

impl ModelMistake {
    pub(super) fn of_file(file: &str, problem: ModelProblem) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            key: String::new(),
            problem,
        }
    }
}

/// Shows `FILE:LINE: KEY: ` and the problem, in a line.
impl fmt::Display for ModelMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", Printable(&self.file))?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " `{}`:", Printable(&self.key))?;
        }
        write!(f, " {}", self.problem)
    }
}
