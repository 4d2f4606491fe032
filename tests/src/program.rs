//! The programs of a host.

#[cfg(feature = "testbed")]
mod command;
#[cfg(feature = "testbed")]
mod file;

#[cfg(feature = "testbed")]
pub use self::command::NoSuchCommand;
#[cfg(feature = "testbed")]
pub use self::file::{ProgramFile, ProgramFileError, ProgramFileFault};

use std::fmt;

/// Environment variable with the path of the demo VMM on the host, for the programs that run there.
pub const VMM_DEMO: &str = "IDREG_VMM_DEMO";

/// A program that a host can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executable {
    /// A program that was built for the host.
    Program(Program),
    /// The file of this name in the working directory.
    File(String),
}

/// A program of the host, by its name in the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "testbed",
    derive(clap::ValueEnum, serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Program {
    /// The program for hosts and CPU models.
    #[default]
    Idreg,
    /// The demo VMM.
    VmmDemo,
    /// The tests of `idreg-runtime` that use KVM, with the arguments of any Rust test program.
    KvmTests,
    /// The tests of `vmm-demo` that start it, with the arguments of any Rust test program.
    VmmTests,
    /// The timer of commands, see `src/bin/measure.rs`.
    Measure,
    /// The comparison of KVM with the library's predictions, see `src/conformance.rs`.
    Conformance,
    /// The measurement of the library beside bare ioctls, see `src/overhead.rs`.
    Overhead,
    /// The use of the library in sandboxes, see `src/sandbox.rs`.
    Sandbox,
    /// The measurement of snapshots, see `src/snapshot_cost.rs`.
    SnapshotCost,
    /// The measurement of migrations, see `src/migration_cost.rs`.
    MigrationCost,
}

impl Program {
    /// Every program.
    pub const ALL: [Self; 10] = [
        Self::Idreg,
        Self::VmmDemo,
        Self::KvmTests,
        Self::VmmTests,
        Self::Measure,
        Self::Conformance,
        Self::Overhead,
        Self::Sandbox,
        Self::SnapshotCost,
        Self::MigrationCost,
    ];

    /// This program and the programs that it starts.
    #[must_use]
    pub const fn with_others(self) -> &'static [Self] {
        match self {
            Self::Idreg => &[Self::Idreg],
            Self::VmmDemo => &[Self::VmmDemo],
            Self::KvmTests => &[Self::KvmTests],
            Self::VmmTests => &[Self::VmmDemo, Self::VmmTests],
            Self::Measure => &[Self::Idreg, Self::VmmDemo, Self::Measure],
            Self::Conformance => &[Self::Conformance],
            Self::Overhead => &[Self::Overhead],
            Self::Sandbox => &[Self::Sandbox],
            Self::SnapshotCost => &[Self::VmmDemo, Self::SnapshotCost],
            Self::MigrationCost => &[Self::VmmDemo, Self::MigrationCost],
        }
    }

    /// The program's name, also of its file on an emulated host.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idreg => "idreg",
            Self::VmmDemo => "vmm-demo",
            Self::KvmTests => "kvm-tests",
            Self::VmmTests => "vmm-tests",
            Self::Measure => "measure",
            Self::Conformance => "conformance",
            Self::Overhead => "overhead",
            Self::Sandbox => "sandbox",
            Self::SnapshotCost => "snapshot-cost",
            Self::MigrationCost => "migration-cost",
        }
    }

    /// The program of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }
}

impl From<Program> for Executable {
    fn from(program: Program) -> Self {
        Self::Program(program)
    }
}

impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => program.fmt(f),
            Self::File(name) => f.pad(name),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
