//! This project's description, compared with the header from the newest kernel's own generator.
//!
//! The test fails without that header.

#![allow(
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_tests::artifacts::{Artifacts, Image, Kernel};
use std::fs;
use std::io::Write as _;
use sysreg::{AARCH64_ID, Define, Generator, Model, Source, defines, load};

/// The series whose facts the description states.
const SERIES: &str = "7.2.";

/// Registers of the description that the kernel's file lacks.
const NOT_IN_THE_KERNELS_FILE: [&str; 4] = ["MIDR_EL1", "MPIDR_EL1", "REVIDR_EL1", "AIDR_EL1"];

fn newest_kernel() -> Image {
    let artifacts = Artifacts::from_environment();
    let image = artifacts.and_then(|artifacts| {
        let image = artifacts.emulation()?.image(Kernel::Latest)?;
        Ok(image.clone())
    });
    image.unwrap_or_else(|error| panic!("{error}"))
}

fn header(image: &Image) -> Vec<Define> {
    let path = image.header.as_ref().expect("the newest kernel has one");
    let text = fs::read_to_string(path).expect("the header is readable");
    let define = |line: &str| {
        let line = line.strip_prefix("#define")?;
        let (name, value) = line.trim().split_once(' ')?;
        Some(Define {
            name: name.to_owned(),
            value: value.trim().to_owned(),
        })
    };
    text.lines().filter_map(define).collect()
}

fn description() -> Model {
    let source = Source::new("aarch64-id.sysreg", AARCH64_ID).expect("it is small");
    load(&source).model
}

/// Macros of one register. No register's name is that of another followed by `_` and more.
fn of_register<'d>(defines: &'d [Define], register: &str) -> Vec<&'d Define> {
    let is_of = |define: &&Define| {
        let name = &define.name;
        let name = name.strip_prefix("REG_").unwrap_or(name);
        let name = name.strip_prefix("SYS_").unwrap_or(name);
        let rest = name.strip_prefix(register);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    defines.iter().filter(is_of).collect()
}

/// True if a macro depends on other fields of its register, or on the kind of its field.
fn follows_from_others(define: &Define) -> bool {
    ["_RES0", "_RES1", "_UNKN", "_SIGNED"]
        .iter()
        .any(|end| define.name.ends_with(end))
}

#[test]
fn every_register_but_four_is_in_the_header() {
    let header = header(&newest_kernel());
    let model = description();
    let absent = model.registers().map(sysreg::Register::name);
    let absent: Vec<&str> = absent
        .filter(|name| of_register(&header, name).is_empty())
        .collect();
    assert_eq!(absent, NOT_IN_THE_KERNELS_FILE);
}

/// Checks that names, values and order are the same. A kernel of another series may know more of a
/// register; it must agree with all that the description states.
#[test]
fn the_header_agrees_with_the_description() {
    let image = newest_kernel();
    let (header, release) = (header(&image), &image.release);
    let model = description();
    let ours: Vec<Define> = defines(&model, Generator::Linux7_2).collect();
    for register in model.registers().map(sysreg::Register::name) {
        if NOT_IN_THE_KERNELS_FILE.contains(&register) {
            continue;
        }
        let (ours, kernels) = (of_register(&ours, register), of_register(&header, register));
        if release.starts_with(SERIES) {
            for (ours, kernels) in ours.iter().zip(&kernels) {
                assert_eq!(ours, kernels, "in Linux {release}");
            }
            assert_eq!(ours.len(), kernels.len(), "{register} in Linux {release}");
        }
        for define in ours.iter().filter(|define| !follows_from_others(define)) {
            assert!(kernels.contains(define), "no {define:?} in Linux {release}");
        }
        if ours != kernels {
            // The test harness captures println!.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: Linux {release} has more of {register} than Linux {SERIES}x"
            );
        }
    }
}
