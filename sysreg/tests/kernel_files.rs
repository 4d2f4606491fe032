//! The kernel's own files, if they are available: the model has all their statements and no others.

#[path = "properties/statements.rs"]
mod statements;

use statements::statements;
use std::io::Write as _;
use std::path::PathBuf;
use sysreg::{Define, Generator, Loaded, Source, defines, load};

/// The expected content of one kernel's file.
struct KernelFile {
    version: &'static str,
    registers: usize,
    shared_layouts: usize,
    /// The expected warnings, each as `line:column message`.
    warnings: &'static [&'static str],
    /// True if that kernel's generator supports `Unkn`.
    has_unkn: bool,
}

const KERNELS: [KernelFile; 4] = [
    KernelFile {
        version: "6.1",
        registers: 50,
        shared_layouts: 5,
        warnings: &[],
        has_unkn: false,
    },
    KernelFile {
        version: "6.6",
        registers: 117,
        shared_layouts: 8,
        warnings: &[
            "179:2 ID_PFR1_EL1.Security: `NSACR_RFR` is another name of `EL3`",
            "1062:2 ID_AA64SMFR0_EL1.SMEver: `IMP` is another name of `SME`",
        ],
        has_unkn: true,
    },
    KernelFile {
        version: "6.12",
        registers: 150,
        shared_layouts: 11,
        warnings: &[
            "179:2 ID_PFR1_EL1.Security: `NSACR_RFR` is another name of `EL3`",
            "1093:2 ID_AA64SMFR0_EL1.SMEver: `IMP` is another name of `SME`",
        ],
        has_unkn: true,
    },
    KernelFile {
        version: "7.2",
        registers: 318,
        shared_layouts: 20,
        warnings: &["5426:8 MPAM1_EL12: no `SysregFields MPAM1_ELx` in this description"],
        has_unkn: true,
    },
];

/// Reads a file beside the workspace, which only the project's own machines have.
fn kernel_file(name: &str) -> Option<String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../shared/kernel", name]
        .iter()
        .collect();
    let text = std::fs::read_to_string(path);
    if let Err(error) = &text {
        // The test harness captures println!, but not this.
        let _ = writeln!(std::io::stderr(), "skipped: no kernel file {name}: {error}");
    }
    text.ok()
}

/// Loads each available kernel's description and checks it.
fn for_each_kernel(check: impl Fn(&KernelFile, &Source, Loaded)) {
    for kernel in &KERNELS {
        let name = format!("sysreg-{}", kernel.version);
        if let Some(text) = kernel_file(&name) {
            let source = Source::new(name, text).expect("a kernel's file is small");
            check(kernel, &source, load(&source));
        }
    }
}

#[test]
fn has_only_the_known_warnings() {
    for_each_kernel(|kernel, source, loaded| {
        assert!(!loaded.diagnostics.iter().any(sysreg::Diagnostic::is_error));
        let warnings: Vec<String> = loaded
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let place = source.location(diagnostic.span.start);
                format!("{}:{} {diagnostic}", place.line, place.column)
            })
            .collect();
        assert_eq!(warnings, kernel.warnings, "in Linux {}", kernel.version);
    });
}

#[test]
fn has_the_known_number_of_blocks() {
    for_each_kernel(|kernel, _, loaded| {
        let registers = loaded.model.registers().count();
        let shared_layouts = loaded.model.shared_layouts().count();
        assert_eq!(
            (registers, shared_layouts),
            (kernel.registers, kernel.shared_layouts),
            "in Linux {}",
            kernel.version
        );
    });
}

#[test]
fn every_statement_is_in_the_model() {
    for_each_kernel(|kernel, source, loaded| {
        let version = kernel.version;
        let expected = statements_of_text(source.text());
        let found = statements(&loaded.model);
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(found, expected, "in Linux {version}");
        }
        assert_eq!(found.len(), expected.len(), "in Linux {version}");
    });
}

/// Compares names, values and their order, line by line.
#[test]
fn the_defines_are_those_of_the_kernels_generator() {
    for_each_kernel(|kernel, _, loaded| {
        let Some(table) = kernel_file(&format!("defines-{}.tsv", kernel.version)) else {
            return;
        };
        let mut found: Vec<Define> = defines(&loaded.model, Generator::Linux7_2).collect();
        // The generator of 6.1 does not make these masks, and no field or value of its file has
        // such a name.
        found.retain(|define| kernel.has_unkn || !define.name.ends_with("_UNKN"));
        let found: Vec<String> = found.iter().map(Define::to_string).collect();
        for (found, expected) in found.iter().zip(table.lines()) {
            assert_eq!(found, expected, "in Linux {}", kernel.version);
        }
        assert_eq!(
            found.len(),
            table.lines().count(),
            "in Linux {}",
            kernel.version
        );
    });
}

#[test]
fn a_printed_kernel_file_is_the_same_model() {
    for_each_kernel(|_, _, loaded| {
        let printed = loaded.model.to_string();
        let source = Source::new("printed", printed.clone()).expect("a kernel's file is small");
        assert_eq!(load(&source).model.to_string(), printed);
    });
}

/// Lists the statements of a text, with one blank between words and with values in decimal.
fn statements_of_text(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|word| !word.starts_with('#')))
        .map(|words| match words.as_slice() {
            [literal, name] if literal.starts_with("0b") => {
                let value = u64::from_str_radix(literal.trim_start_matches("0b"), 2);
                format!(
                    "{} {name}",
                    value.expect("a kernel file's values are binary")
                )
            }
            _ => words.join(" "),
        })
        .collect()
}
