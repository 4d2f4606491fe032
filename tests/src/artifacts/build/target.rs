//! The Cargo targets of the programs.

use crate::program::Program;
use serde::Deserialize;
use std::path::PathBuf;

/// A Cargo target: a program of the workspace.
#[derive(Clone, Copy)]
pub(super) struct CargoTarget {
    /// The target's name.
    pub(super) name: &'static str,
    package: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// A program with the package's default features.
    Binary,
    /// A program with these features alone.
    BinaryWith(Option<&'static str>),
    /// A test program.
    Test,
}

pub(super) const HOST_INIT: CargoTarget = CargoTarget {
    name: "host-init",
    package: "idreg-tests",
    kind: Kind::BinaryWith(None),
};

pub(super) const GUEST_INIT: CargoTarget = CargoTarget::of_tests("guest-init", "guest");

/// The features of two programs, so that their common dependencies are built once.
const COMPARISONS: &str = "conformance,overhead";

impl From<Program> for CargoTarget {
    fn from(program: Program) -> Self {
        match program {
            Program::Idreg => Self::of_demo("idreg"),
            Program::VmmDemo => Self::of_demo("vmm-demo"),
            Program::KvmTests => Self::test("idreg-runtime", "kvm"),
            Program::VmmTests => Self::test("vmm-demo", "host"),
            Program::Measure => Self::of_tests("measure", "guest"),
            Program::Conformance => Self::of_tests("conformance", COMPARISONS),
            Program::Overhead => Self::of_tests("overhead", COMPARISONS),
            Program::Sandbox => Self::of_tests("sandbox", "sandbox"),
            Program::SnapshotCost => Self::of_tests("snapshot-cost", "snapshot-cost"),
            Program::MigrationCost => Self::of_tests("migration-cost", "migration-cost"),
        }
    }
}

impl CargoTarget {
    const fn of_demo(name: &'static str) -> Self {
        Self {
            name,
            package: "vmm-demo",
            kind: Kind::Binary,
        }
    }

    /// A program of this package, without the dependencies of the others.
    const fn of_tests(name: &'static str, features: &'static str) -> Self {
        Self {
            name,
            package: "idreg-tests",
            kind: Kind::BinaryWith(Some(features)),
        }
    }

    const fn test(package: &'static str, name: &'static str) -> Self {
        Self {
            name,
            package,
            kind: Kind::Test,
        }
    }

    /// Cargo's command, with the options for package, target and features.
    pub(super) fn command(self) -> Vec<String> {
        let Self {
            name,
            package,
            kind,
        } = self;
        let package = format!("--package={package}");
        let binary = format!("--bin={name}");
        match kind {
            Kind::Binary => vec!["build".to_owned(), package, binary],
            Kind::BinaryWith(features) => {
                let alone = "--no-default-features".to_owned();
                let mut command = vec!["build".to_owned(), package, binary, alone];
                command.extend(features.map(|features| format!("--features={features}")));
                command
            }
            Kind::Test => {
                let only_build = "--no-run".to_owned();
                vec![
                    "test".to_owned(),
                    only_build,
                    package,
                    format!("--test={name}"),
                ]
            }
        }
    }

    /// Finds the program in Cargo's messages, most of which are about other targets.
    pub(super) fn built(self, messages: &str) -> Option<PathBuf> {
        let mut built = messages
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        built.find_map(|Built { target, executable }| {
            executable.filter(|_| target.name == self.name)
        })
    }
}

/// Cargo's message about a built target, in part.
#[derive(Deserialize)]
struct Built {
    target: BuiltTarget,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct BuiltTarget {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_program_is_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"kvm"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"build-script-build"},"executable":"/b"}
{"reason":"compiler-artifact","target":{"name":"kvm"},"executable":"/deps/kvm-0123"}
{"reason":"build-finished","success":true}
"#;
        let target = CargoTarget::from(Program::KvmTests);
        let built = target.built(messages);
        assert_eq!(built.as_deref(), Some(Path::new("/deps/kvm-0123")));
        assert_eq!(HOST_INIT.built(messages), None);
    }

    #[test]
    fn programs_of_one_package_are_built_with_their_features_alone() {
        let command = |target: CargoTarget| target.command().join(" ");
        assert_eq!(
            command(HOST_INIT),
            "build --package=idreg-tests --bin=host-init --no-default-features"
        );
        assert_eq!(
            command(Program::Overhead.into()),
            "build --package=idreg-tests --bin=overhead --no-default-features \
             --features=conformance,overhead"
        );
        assert_eq!(
            command(Program::VmmDemo.into()),
            "build --package=vmm-demo --bin=vmm-demo"
        );
        assert_eq!(
            command(Program::VmmTests.into()),
            "test --no-run --package=vmm-demo --test=host"
        );
    }
}
