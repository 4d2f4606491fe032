//! The library under seccomp filters of its documented system calls, and without `/sys`.

use crate::hosts::{host, json_of};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{COMMAND_LIMIT, Error, Machine};
use idreg_tests::program::Program;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const CPU: &str = "neoverse-n1";
/// SIGSYS on arm64 (Linux 7.2, `include/uapi/asm-generic/signal.h`).
const SIGSYS: i32 = 31;
/// The function whose documentation must list exactly the ioctls of planning.
const READ_VM: &str = "pub fn read_vm(";

/// A host, a model that it can give, and the registers that this model writes.
fn rows() -> [(&'static Machine, &'static str, Value); 2] {
    let changed = "host,FEAT_DotProd=off,midr=0x413fd0c1";
    let lowered = "host,FEAT_DotProd=off";
    [
        (
            host(CPU, Kernel::Latest),
            changed,
            json!(["MIDR_EL1", "ID_ISAR6_EL1", "ID_AA64ISAR0_EL1"]),
        ),
        (
            host(CPU, Kernel::Lts),
            lowered,
            json!(["ID_ISAR6_EL1", "ID_AA64ISAR0_EL1"]),
        ),
    ]
}

fn sandbox(machine: &Machine, confinement: &str, model: &str) -> Map<String, Value> {
    let arguments = [confinement, "--cpu", model];
    json_of(Program::Sandbox, machine, &arguments)
}

fn lists() -> Map<String, Value> {
    sandbox(host(CPU, Kernel::Latest), "lists", "host")
}

#[test]
fn a_plan_needs_no_system_call_but_its_ioctls() {
    for (machine, model, writes) in rows() {
        let report = sandbox(machine, "vm", model);
        assert_eq!(report["writes"], writes, "{report:?}");
        assert_eq!(report["vcpus"], 2, "{report:?}");
        assert_eq!(report["implementations"], 0, "{report:?}");
        assert_eq!(report["kernel_release"], "unknown", "{report:?}");
    }
}

#[test]
fn a_filter_without_one_of_the_ioctls_kills_the_process() {
    let lists = lists();
    let ioctls = lists["plan"].as_array().expect("a list");
    assert!(!ioctls.is_empty());
    for (machine, model, _) in rows() {
        for ioctl in ioctls {
            let ioctl = ioctl.as_str().expect("a name");
            let arguments = ["vm", "--cpu", model, "--without", ioctl];
            let running = machine.start(Program::Sandbox, arguments);
            let ended = running.and_then(|running| running.output(COMMAND_LIMIT));
            assert!(
                matches!(ended, Err(Error::Killed { signal: SIGSYS, .. })),
                "{} without {ioctl}: {ended:?}",
                machine.release()
            );
        }
    }
}

#[test]
fn a_host_is_read_and_tried_with_the_listed_system_calls() {
    for (machine, model, writes) in rows() {
        let report = sandbox(machine, "whole", model);
        assert_eq!(report["writes"], writes, "{report:?}");
        assert_eq!(report["vcpus"], 2, "{report:?}");
        assert_eq!(report["kernel_release"], machine.release(), "{report:?}");
        assert!(report["implementations"].as_u64() > Some(0), "{report:?}");
    }
}

#[test]
fn refused_system_calls_make_the_machine_s_facts_unknown() {
    for (machine, model, writes) in rows() {
        let report = sandbox(machine, "refused", model);
        assert_eq!(report["writes"], writes, "{report:?}");
        assert_eq!(report["vcpus"], 2, "{report:?}");
        assert_eq!(report["kernel_release"], "unknown", "{report:?}");
        assert_eq!(report["implementations"], 0, "{report:?}");
        assert!(report["timer_frequency"].as_u64() > Some(0), "{report:?}");
    }
}

#[test]
fn a_plan_works_without_sys_and_proc() {
    for (machine, model, writes) in rows() {
        let report = sandbox(machine, "empty-root", model);
        assert_eq!(report["writes"], writes, "{report:?}");
        assert_eq!(report["vcpus"], 2, "{report:?}");
        assert_eq!(report["implementations"], 0, "{report:?}");
        // `uname` is no file.
        assert_eq!(report["kernel_release"], machine.release(), "{report:?}");
    }
}

#[test]
fn documentation_has_the_listed_ioctls_and_numbers() {
    let lists = lists();
    let ioctls = lists["ioctls"].as_object().expect("numbers by name");
    let listed: BTreeMap<_, _> = ioctls
        .iter()
        .map(|(name, number)| (name.clone(), number.as_u64().expect("a number")))
        .collect();
    let mut documented = BTreeMap::new();
    let mut of_read_vm = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idreg-runtime/src/kvm");
    for entry in fs::read_dir(folder).expect("the module `kvm`") {
        let text = fs::read_to_string(entry.expect("a file").path()).expect("its text");
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(words) = line.strip_prefix("///") {
                section.push_str(words);
                continue;
            }
            for (name, number) in ioctls_in(&section) {
                let other = documented.insert(name.clone(), number);
                assert!(other.is_none_or(|other| other == number), "{name}");
                if line.starts_with(READ_VM) {
                    of_read_vm.insert(name);
                }
            }
            section.clear();
        }
    }
    assert_eq!(documented, listed);
    let plan = lists["plan"].as_array().expect("a list");
    let plan = plan
        .iter()
        .map(|name| name.as_str().expect("a name").to_owned());
    assert_eq!(of_read_vm, plan.collect());
}

/// The ioctls in a text, each in the form "`KVM_RUN` (0xae80)".
fn ioctls_in(text: &str) -> Vec<(String, u64)> {
    let parts = text.split('`').zip(text.split('`').skip(1));
    let ioctl = |(name, after): (&str, &str)| {
        let (number, _) = after.strip_prefix(" (0x")?.split_once(')')?;
        let number = u64::from_str_radix(number, 16).expect("a hexadecimal number");
        Some((name.to_owned(), number))
    };
    parts.filter_map(ioctl).collect()
}
