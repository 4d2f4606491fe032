//! The kernel's own files, if they are at hand: everything in them is in the model, nothing else.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use sysreg::{Alternative, BitRange, Body, Entry, Field, FieldKind, Item, Layout, Model, Register};
use sysreg::{Loaded, Source, load};

/// What is known of one kernel's file.
struct Kernel {
    version: &'static str,
    registers: usize,
    shared_layouts: usize,
    /// Each as `line:column message`.
    warnings: &'static [&'static str],
    /// Whether that kernel's generator knows `Unkn`.
    has_unkn: bool,
}

const KERNELS: [Kernel; 4] = [
    Kernel {
        version: "6.1",
        registers: 50,
        shared_layouts: 5,
        warnings: &[],
        has_unkn: false,
    },
    Kernel {
        version: "6.6",
        registers: 117,
        shared_layouts: 8,
        warnings: &[
            "179:2 ID_PFR1_EL1.Security: `NSACR_RFR` is another name of `EL3`",
            "1062:2 ID_AA64SMFR0_EL1.SMEver: `IMP` is another name of `SME`",
        ],
        has_unkn: true,
    },
    Kernel {
        version: "6.12",
        registers: 150,
        shared_layouts: 11,
        warnings: &[
            "179:2 ID_PFR1_EL1.Security: `NSACR_RFR` is another name of `EL3`",
            "1093:2 ID_AA64SMFR0_EL1.SMEver: `IMP` is another name of `SME`",
        ],
        has_unkn: true,
    },
    Kernel {
        version: "7.2",
        registers: 318,
        shared_layouts: 20,
        warnings: &["5426:8 MPAM1_EL12: no `SysregFields MPAM1_ELx` in this file"],
        has_unkn: true,
    },
];

/// Reads a file beside the workspace that only the project's own machines have.
fn kernel_file(name: &str) -> Option<String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../shared/kernel", name]
        .iter()
        .collect();
    let text = std::fs::read_to_string(path);
    if let Err(error) = &text {
        // Not println!, which the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "skipped: no kernel file {name}: {error}");
    }
    text.ok()
}

/// Loads each kernel's description that is at hand and hands it on with its text.
fn for_each_kernel(check: impl Fn(&Kernel, &Source, Loaded)) {
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
        let found = statements_of_model(&loaded.model);
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(found, expected, "in Linux {version}");
        }
        assert_eq!(found.len(), expected.len(), "in Linux {version}");
    });
}

#[test]
fn the_model_is_what_the_kernels_generator_sees() {
    for_each_kernel(|kernel, _, loaded| {
        let Some(table) = kernel_file(&format!("defines-{}.tsv", kernel.version)) else {
            return;
        };
        let mut found = defines_of_model(&loaded.model);
        found.retain(|name, _| kernel.has_unkn || !name.ends_with("_UNKN"));
        let expected: BTreeMap<String, String> = table
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(name, value)| (name.to_owned(), evaluate(value)))
            .collect();
        assert_eq!(expected.len(), table.lines().count());
        for name in expected.keys().chain(found.keys()) {
            assert_eq!(
                found.get(name),
                expected.get(name),
                "{name} in Linux {}",
                kernel.version
            );
        }
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

/// Every line that says something, with one blank between words and values in decimal.
fn statements_of_text(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.first().is_some_and(|word| !word.starts_with('#')))
        .map(|words| match words.as_slice() {
            [literal, name] if literal.starts_with("0b") => {
                format!("{} {name}", evaluate(&format!("UL({literal})")))
            }
            _ => words.join(" "),
        })
        .collect()
}

fn statements_of_model(model: &Model) -> Vec<String> {
    let mut out = Vec::new();
    for item in model.items() {
        match item {
            Item::Register(register) => statements_of_register(register, &mut out),
            Item::SharedLayout(shared) => {
                out.push(format!("SysregFields {}", shared.name()));
                statements_of_prefixes(shared.layouts().alternatives(), &mut out);
                statements_of_layout(shared.layouts().layout(), &mut out);
                out.push("EndSysregFields".to_owned());
            }
            _ => unreachable!("an item the test does not know"),
        }
    }
    out
}

fn statements_of_register(register: &Register, out: &mut Vec<String>) {
    out.push(format!(
        "Sysreg {} {}",
        register.name(),
        register.encoding()
    ));
    statements_of_prefixes(register.alternatives(), out);
    match register.body() {
        Body::Own(layouts) => statements_of_layout(layouts.layout(), out),
        Body::Fields { target, .. } => out.push(format!("Fields {target}")),
        Body::Mapping { target, .. } => out.push(format!("Mapping {target}")),
        _ => unreachable!("a body the test does not know"),
    }
    out.push("EndSysreg".to_owned());
}

fn statements_of_prefixes(alternatives: &[Alternative], out: &mut Vec<String>) {
    for alternative in alternatives {
        out.push(format!("Prefix {}", alternative.prefix()));
        statements_of_layout(alternative.layout(), out);
        out.push("EndPrefix".to_owned());
    }
}

fn statements_of_layout(layout: &Layout, out: &mut Vec<String>) {
    for entry in layout.entries() {
        match entry {
            Entry::Res0(bits) => out.push(format!("Res0 {bits}")),
            Entry::Res1(bits) => out.push(format!("Res1 {bits}")),
            Entry::Unkn(bits) => out.push(format!("Unkn {bits}")),
            Entry::Raz(bits) => out.push(format!("Raz {bits}")),
            Entry::Field(field) => statements_of_field(field, out),
            _ => unreachable!("an entry the test does not know"),
        }
    }
}

fn statements_of_field(field: &Field, out: &mut Vec<String>) {
    let directive = match field.kind() {
        FieldKind::Plain => "Field",
        FieldKind::Enum => "Enum",
        FieldKind::SignedEnum => "SignedEnum",
        FieldKind::UnsignedEnum => "UnsignedEnum",
    };
    out.push(format!("{directive} {} {}", field.bits(), field.name()));
    if field.kind() != FieldKind::Plain {
        for enumerator in field.enumerators() {
            out.push(format!("{} {}", enumerator.value(), enumerator.name()));
        }
        out.push("EndEnum".to_owned());
    }
}

/// The macros of `gen-sysreg.awk`, by name, with numbers in decimal.
fn defines_of_model(model: &Model) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for register in model.registers() {
        defines_of_encoding(register, &mut out);
        defines_of_alternatives(register.name(), register.alternatives(), &mut out);
        if let Body::Own(layouts) = register.body() {
            defines_of_layout(register.name(), layouts.layout(), &mut out);
        }
    }
    for shared in model.shared_layouts() {
        defines_of_alternatives(shared.name(), shared.layouts().alternatives(), &mut out);
        defines_of_layout(shared.name(), shared.layouts().layout(), &mut out);
    }
    out
}

fn defines_of_encoding(register: &Register, out: &mut BTreeMap<String, String>) {
    let name = register.name();
    let encoding = register.encoding();
    let (op0, op1, op2) = (encoding.op0, encoding.op1, encoding.op2);
    let (crn, crm) = (encoding.crn, encoding.crm);
    let symbol = format!("S{op0}_{op1}_C{crn}_C{crm}_{op2}");
    out.insert(format!("REG_{name}"), symbol);
    let call = format!("sys_reg({op0}, {op1}, {crn}, {crm}, {op2})");
    out.insert(format!("SYS_{name}"), call);
    let parts = [
        ("Op0", op0),
        ("Op1", op1),
        ("CRn", crn),
        ("CRm", crm),
        ("Op2", op2),
    ];
    for (part, number) in parts {
        out.insert(format!("SYS_{name}_{part}"), number.to_string());
    }
}

fn defines_of_alternatives(
    name: &str,
    alternatives: &[Alternative],
    out: &mut BTreeMap<String, String>,
) {
    for alternative in alternatives {
        let name = format!("{}_{name}", alternative.prefix());
        defines_of_layout(&name, alternative.layout(), out);
    }
}

fn defines_of_layout(name: &str, layout: &Layout, out: &mut BTreeMap<String, String>) {
    out.insert(format!("{name}_RES0"), layout.res0().to_string());
    out.insert(format!("{name}_RES1"), layout.res1().to_string());
    out.insert(format!("{name}_UNKN"), layout.unkn().to_string());
    for field in layout.fields() {
        let name = format!("{name}_{}", field.name());
        let bits = field.bits();
        out.insert(name.clone(), bits.mask().to_string());
        out.insert(format!("{name}_MASK"), bits.mask().to_string());
        out.insert(format!("{name}_SHIFT"), bits.lsb().to_string());
        out.insert(format!("{name}_WIDTH"), bits.width().to_string());
        let signed = match field.kind() {
            FieldKind::SignedEnum => Some(true),
            FieldKind::UnsignedEnum => Some(false),
            FieldKind::Plain | FieldKind::Enum => None,
        };
        out.extend(signed.map(|signed| (format!("{name}_SIGNED"), signed.to_string())));
        for enumerator in field.enumerators() {
            let name = format!("{name}_{}", enumerator.name());
            out.insert(name, enumerator.value().to_string());
        }
    }
}

/// A macro's value in decimal, or as it stands if it is no number.
fn evaluate(value: &str) -> String {
    let terms = value.trim_matches(['(', ')']).split(" | ").map(|term| {
        let (function, arguments) = term.split_once('(').unwrap_or(("", term));
        let arguments = arguments.trim_end_matches(')');
        match function {
            "GENMASK" | "GENMASK_ULL" => {
                let (msb, lsb) = arguments.split_once(", ")?;
                Some(BitRange::new(msb.parse().ok()?, lsb.parse().ok()?)?.mask())
            }
            "UL" => match arguments.strip_prefix("0b") {
                Some(digits) => u64::from_str_radix(digits, 2).ok(),
                None => arguments.parse().ok(),
            },
            _ => arguments.parse().ok(),
        }
    });
    let number = terms.reduce(|left, right| Some(left? | right?)).flatten();
    number.map_or_else(|| value.to_owned(), |number: u64| number.to_string())
}
