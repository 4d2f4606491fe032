//! CPU models as the user space of Linux guests sees them, on every vCPU.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::number;
use idreg_tests::artifacts::Kernel;
use idreg_tests::guest::json_lines;
use idreg_tests::machine::{Ending, Event, Machine, Options, Output, Running, shared};
use idreg_tests::program::Program;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Time limit of a guest, which takes some ten seconds in an emulated host on an idle machine.
const GUEST_LIMIT: Duration = Duration::from_mins(5);

// Words of AT_HWCAP and AT_HWCAP2 (Linux 7.2, `arch/arm64/include/uapi/asm/hwcap.h`).
const HWCAP_ASIMDDP: u64 = 1 << 20;
const HWCAP_SHA512: u64 = 1 << 21;
const HWCAP_SVE: u64 = 1 << 22;
const HWCAP_PACA: u64 = 1 << 30;
const HWCAP2_MOPS: u64 = 1 << 43;

fn host(kernel: Kernel) -> &'static Machine {
    let options = Options::emulated("max", kernel);
    match shared(&options) {
        Ok(machine) => {
            machine.put_linux(None).expect("a guest to boot");
            machine
        }
        Err(error) => panic!("no host for {options:?}: {error:?}"),
    }
}

const GUEST: [&str; 5] = ["run", "--kernel", "Image", "--initrd", "initrd.cpio.gz"];

fn run(machine: &Machine, arguments: &[&str]) -> Output {
    let arguments = GUEST.iter().chain(arguments);
    machine.run_within(GUEST_LIMIT, arguments).expect("it ends")
}

/// The report that all vCPUs of a guest have in common.
struct Seen(Value);

/// Boots a guest, which must see the same on each of its vCPUs and power off.
fn boot(kernel: Kernel, vcpus: usize, model: &str) -> Seen {
    let smp = vcpus.to_string();
    let output = run(
        host(kernel),
        &[
            "--append",
            "console=ttyS0 quiet",
            "--smp",
            &smp,
            "--cpu",
            model,
        ],
    );
    agreed(&output, vcpus)
}

/// The lines of the guest's first program.
fn lines(stdout: &str) -> Vec<Value> {
    let parsed = |line: String| serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    json_lines(stdout).into_iter().map(parsed).collect()
}

/// The reports on CPUs.
fn reports(stdout: &str) -> Vec<Value> {
    let mut lines = lines(stdout);
    lines.retain(|line| line.get("cpu").is_some());
    lines
}

fn agreed(output: &Output, vcpus: usize) -> Seen {
    let (stdout, stderr) = (output.stdout(), output.stderr());
    assert_eq!(output.code, 0, "{stdout}{stderr}");
    let mut seen = reports(&stdout);
    assert_eq!(seen.len(), vcpus, "{stdout}");
    for (index, cpu) in seen.iter_mut().enumerate() {
        assert_eq!(cpu["cpu"], index);
        // These differ between vCPUs.
        for (object, name) in [("", "cpu"), ("registers", "MPIDR_EL1")] {
            let members = match object {
                "" => cpu.as_object_mut(),
                object => cpu[object].as_object_mut(),
            };
            members.expect("an object").remove(name);
        }
    }
    let first = seen.swap_remove(0);
    for other in seen {
        assert_eq!(other, first);
    }
    Seen(first)
}

impl Seen {
    fn word(&self, word: &str) -> u64 {
        number::parse(self.0[word].as_str().expect("a string")).expect("0x...")
    }

    fn register(&self, register: &str) -> u64 {
        let value = self.0["registers"][register].as_str();
        number::parse(value.expect("a register")).expect("0x...")
    }

    fn has_feature(&self, feature: &str) -> bool {
        let features = self.0["cpuinfo_features"].as_array();
        features
            .expect("a list")
            .iter()
            .any(|found| found == feature)
    }

    /// Checks a feature in each place where user space finds it.
    fn check(&self, feature: &str, word: &str, bit: u64, there: bool) {
        assert_eq!(
            self.has_feature(feature),
            there,
            "{feature} in /proc/cpuinfo"
        );
        assert_eq!(self.word(word) & bit != 0, there, "{feature} in {word}");
    }

    fn executes(&self, instruction: &str, outcome: &str) {
        let found = &self.0["instructions"][instruction];
        assert_eq!(found, outcome, "{instruction}");
    }
}

fn assert_sees_all(seen: &Seen) {
    for (feature, word, bit) in [
        ("asimddp", "hwcap", HWCAP_ASIMDDP),
        ("sha512", "hwcap", HWCAP_SHA512),
        ("sve", "hwcap", HWCAP_SVE),
        ("paca", "hwcap", HWCAP_PACA),
    ] {
        seen.check(feature, word, bit, true);
    }
    for instruction in ["dotprod", "sve", "pauth", "sha512", "lse", "rndr"] {
        seen.executes(instruction, "runs");
    }
}

fn sees_no_dot_product_and_no_vectors(kernel: Kernel, vcpus: usize) {
    let seen = boot(kernel, vcpus, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,sve=off");
    seen.check("asimddp", "hwcap", HWCAP_ASIMDDP, false);
    seen.check("sve", "hwcap", HWCAP_SVE, false);
    seen.check("sha512", "hwcap", HWCAP_SHA512, true);
    assert_eq!(seen.register("ID_AA64ISAR0_EL1") >> 44 & 0xf, 0);
    assert_eq!(seen.register("ID_AA64PFR0_EL1") >> 32 & 0xf, 0);
    // KVM cannot trap the dot product: it is hidden, and still runs.
    seen.executes("dotprod", "runs");
    seen.executes("sve", "SIGILL");
}

fn sees_no_sha512_and_no_pointer_authentication(kernel: Kernel, vcpus: usize, more: &str) -> Seen {
    let seen = boot(
        kernel,
        vcpus,
        &format!("host,FEAT_SHA512=off,pauth=off{more}"),
    );
    seen.check("sha512", "hwcap", HWCAP_SHA512, false);
    seen.check("paca", "hwcap", HWCAP_PACA, false);
    assert_eq!(seen.register("ID_AA64ISAR0_EL1") >> 12 & 0xf, 1);
    seen.executes("sha512", "runs");
    seen.executes("pauth", "SIGILL");
    seen
}

#[test]
fn latest_guest_sees_no_dot_product_and_no_vectors() {
    sees_no_dot_product_and_no_vectors(Kernel::Latest, 2);
}

#[test]
fn latest_guest_sees_another_implementation_and_no_memory_copies() {
    let more = ",SYSREG_MIDR_EL1_PartNum=0xd0c,FEAT_MOPS=off";
    let seen = sees_no_sha512_and_no_pointer_authentication(Kernel::Latest, 1, more);
    assert_eq!(seen.register("MIDR_EL1") >> 4 & 0xfff, 0xd0c);
    seen.check("mops", "hwcap2", HWCAP2_MOPS, false);
    seen.executes("mops", "SIGILL");
}

#[test]
fn lts_guest_sees_all_of_the_host() {
    assert_sees_all(&boot(Kernel::Lts, 1, "host"));
}

#[test]
fn lts_guest_sees_no_dot_product_and_no_vectors() {
    sees_no_dot_product_and_no_vectors(Kernel::Lts, 4);
}

#[test]
fn lts_guest_sees_no_sha512_and_no_pointer_authentication() {
    sees_no_sha512_and_no_pointer_authentication(Kernel::Lts, 2, "");
}

#[test]
fn latest_guest_learns_the_cpus_that_it_may_come_to_run_on() {
    let output = run(
        host(Kernel::Latest),
        &[
            "--append",
            "console=ttyS0",
            "--cpu",
            "host,midr=0x413fd0c1",
            "--impl-cpu",
            "midr=0x411fd401,revidr=1",
            "--impl-cpu",
            "midr=0x410fd4f1",
        ],
    );
    let reported = "Number of target implementation CPUs is 2";
    assert!(output.stdout().contains(reported), "{}", output.stdout());
    assert_eq!(agreed(&output, 1).register("MIDR_EL1"), 0x413f_d0c1);
}

#[test]
fn lts_host_cannot_report_other_cpus() {
    let output = run(host(Kernel::Lts), &["--impl-cpu", "midr=0x411fd401"]);
    let said = output.stderr();
    assert_eq!((output.code, output.stdout().as_ref()), (3, ""), "{said}");
    assert!(said.contains("needs Linux 6.15 or newer"), "{said}");
}

/// A host with further options of the machine and the kernel.
fn special_host(machine: &[&str], append: &[&str]) -> &'static Machine {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let options = Options {
        machine: owned(machine),
        append: owned(append),
        ..Options::emulated("max", Kernel::Latest)
    };
    let machine = shared(&options).unwrap_or_else(|error| panic!("no host: {error:?}"));
    machine.put_linux(None).expect("a guest to boot");
    machine
}

/// The interrupt controller of a Raspberry Pi 4 and 5, on the CPU of the former.
#[test]
fn guest_boots_with_a_gic_v2() {
    let options = Options {
        machine: vec!["gic-version=2".to_owned()],
        ..Options::emulated("cortex-a72", Kernel::Latest)
    };
    let machine = shared(&options).unwrap_or_else(|error| panic!("no host: {error:?}"));
    machine.put_linux(None).expect("a guest to boot");
    let words = "console=ttyS0 quiet idreg.end=poweroff";
    let seen = agreed(&run(machine, &["--append", words, "--smp", "2"]), 2);
    // ID_AA64PFR0_EL1.GIC: no system register interface.
    assert_eq!(seen.register("ID_AA64PFR0_EL1") >> 24 & 0xf, 0);
    let output = run(machine, &["--smp", "9", "--qmp", "unix:nine.sock"]);
    let said = output.stderr();
    assert_eq!((output.code, output.stdout().as_ref()), (3, ""), "{said}");
    assert!(said.contains("maximum of a GICv2: 8"), "{said}");
}

#[test]
fn guest_has_memory_tags_if_its_model_does() {
    let machine = special_host(&["mte=on"], &[]);
    for (model, there) in [("host", false), ("host,mte=on", true)] {
        let output = run(
            machine,
            &["--append", "console=ttyS0 quiet", "--cpu", model],
        );
        assert_eq!(agreed(&output, 1).has_feature("mte"), there, "{model}");
    }
}

#[test]
fn guest_with_el2_boots_as_a_hypervisor() {
    let machine = special_host(&[], &["kvm-arm.mode=nested"]);
    let output = run(
        machine,
        &["--append", "console=ttyS0", "--cpu", "host,el2=on"],
    );
    let said = output.stdout();
    assert!(said.contains("All CPU(s) started at EL2"), "{said}");
    assert!(said.contains("VHE mode initialized successfully"), "{said}");
    assert!(!said.contains("Firmware Bug"), "{said}");
    agreed(&output, 1);
}

/// Starts a guest with this standard input, which is there before the guest's console.
fn start_typing(machine: &'static Machine, arguments: &[&str], input: &str) -> Running<'static> {
    let arguments = GUEST.iter().chain(arguments);
    let running = machine.start_with_stdin(Program::VmmDemo, arguments);
    let running = running.expect("it starts");
    running.write(input.as_bytes()).expect("it is there");
    running
}

/// The answers to lines from the console.
fn echoes(stdout: &str) -> Vec<String> {
    let echo = |line: Value| Some(line.get("echo")?.as_str()?.to_owned());
    lines(stdout).into_iter().filter_map(echo).collect()
}

#[test]
fn guest_has_all_of_a_large_memory_and_of_its_early_input() {
    let words = "console=ttyS0 quiet idreg.end=echo";
    let arguments = ["--append", words, "--mem", "4G"];
    let input = "first of all\nsecond\npoweroff\n";
    let running = start_typing(host(Kernel::Lts), &arguments, input);
    let output = running.output(GUEST_LIMIT).expect("it ends");
    assert_eq!(echoes(&output.stdout()), ["first of all", "second"]);
    let seen = agreed(&output, 1);
    let kib = seen.0["memory_kib"].as_u64().expect("a number");
    assert!((3_900_000..4 << 20).contains(&kib), "{kib}");
}

/// Reads a guest's console until there are this many answers.
fn read_until(running: &Running<'_>, stdout: &mut String, count: usize) {
    let started = Instant::now();
    while echoes(stdout).len() < count {
        assert!(
            started.elapsed() < GUEST_LIMIT,
            "no answer {count} in {stdout}"
        );
        match running.next(GUEST_LIMIT).expect("it goes on") {
            Event::Stdout(bytes) => stdout.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {stdout}"),
        }
    }
}

#[test]
fn latest_guest_sees_all_of_the_host_and_answers_while_the_kernel_prints() {
    let words = "console=ttyS0 quiet printk.devkmsg=on idreg.end=storm";
    let arguments = ["--append", words, "--smp", "4", "--cpu", "host"];
    let mut typed = vec!["first of all".to_owned(), "second".to_owned()];
    let running = start_typing(host(Kernel::Latest), &arguments, "first of all\nsecond\n");
    let mut stdout = String::new();
    read_until(&running, &mut stdout, typed.len());
    let before = stdout.len();
    for number in 0..10 {
        typed.push(format!("line {number}"));
        let line = format!("line {number}\n");
        running.write(line.as_bytes()).expect("it is there");
        read_until(&running, &mut stdout, typed.len());
    }
    assert_eq!(echoes(&stdout), typed);
    let during = stdout.get(before..).unwrap_or_default();
    assert!(during.contains("] the storm goes on"), "{during}");
    running.write(b"poweroff\n").expect("it is there");
    let mut output = running.output(GUEST_LIMIT).expect("it ends");
    output.stdout.splice(0..0, stdout.into_bytes());
    assert_sees_all(&agreed(&output, 4));
}

#[test]
fn lts_guest_that_restarts_sees_the_same_again() {
    let words = ["--append", "console=ttyS0 quiet idreg.end=reboot", "--cpu"];
    let model = ["host,SYSREG_ID_AA64ISAR0_EL1_DP=0"];
    let arguments = GUEST.iter().chain(&words).chain(&model);
    let running = host(Kernel::Lts)
        .start(Program::VmmDemo, arguments)
        .expect("it starts");
    let (mut stdout, mut terminated) = (String::new(), false);
    let ending = loop {
        match running.next(GUEST_LIMIT).expect("it goes on") {
            Event::Stdout(bytes) => stdout.push_str(&String::from_utf8_lossy(&bytes)),
            Event::Stderr(bytes) => panic!("{}", String::from_utf8_lossy(&bytes)),
            Event::Ended(ending) => break ending,
        }
        if !terminated && reports(&stdout).len() == 2 {
            running.terminate().expect("it is there");
            terminated = true;
        }
    };
    assert_eq!(ending, Ending::Exited(128 + 15), "{stdout}");
    let [first, second] = [0, 1].map(|boot| reports(&stdout).get(boot).cloned().expect("two"));
    assert_eq!(first, second);
    assert!(!Seen(first).has_feature("asimddp"));
}
