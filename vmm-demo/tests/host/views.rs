//! Views of guests, written to files.

use crate::bare::{IDLE, SYSTEM_OFF, guest, psci};
use crate::program::vmm_demo;
use crate::running::{Running, TIMEOUT};
use idreg_runtime::config::Gic;
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::host::Host;
use idreg_runtime::kvm;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
use idreg_runtime::view::View;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const MODEL: &str = "host,FEAT_DotProd=off";

fn read(path: &str) -> View {
    let file = fs::read(path).expect("a view file");
    serde_json::from_slice(&file).expect("a view")
}

/// This host as the guests of `MODEL` see it.
fn host() -> Host {
    let kvm = kvm::open().expect("KVM");
    let config = kvm::supported(&kvm).expect("a configuration");
    kvm::read_host(&kvm, config).expect("a host")
}

/// Checks that the guest fits this host with the registers of its model.
fn fits_here(view: &View) {
    let host = host();
    let plan = Plan::for_view(&host, view).expect("a guest that fits");
    let asked = Plan::new(&host, &MODEL.parse().expect("a model")).expect("a plan");
    assert_eq!(plan.expected(), asked.expected());
    assert_eq!(view.common().get_as().map(IdAa64isar0El1::dp), Some(Dp::NI));
    let compared: Vec<String> = plan.warnings().iter().map(ToString::to_string).collect();
    let is_compared = |warning: &String| !warning.contains("not compared");
    assert!(compared.iter().all(is_compared), "{compared:?}");
}

#[test]
fn view_of_the_built_in_guest_fits_its_host() {
    let output = vmm_demo([
        "run",
        "--cpu",
        MODEL,
        "--smp",
        "2",
        "--view",
        "probe-view.json",
    ])
    .output()
    .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let view = read("probe-view.json");
    assert_eq!(view.vcpu_count(), 2);
    assert_eq!(view.info().vcpu.gic, Some(Gic::V3));
    fits_here(&view);
}

/// The file is there while the guest runs.
#[test]
fn view_of_a_running_guest_fits_its_host() {
    let kernel = guest("viewed", &IDLE);
    let running = Running::start(&kernel, &["--cpu", MODEL, "--view", "view.json"]);
    let started = Instant::now();
    while !Path::new("view.json").exists() {
        assert!(started.elapsed() < TIMEOUT, "no view");
        thread::sleep(Duration::from_millis(5));
    }
    fits_here(&read("view.json"));
    running.signal(rustix::process::Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

/// The first run, which comes before the guest, leaves a guest that starts as ever.
#[test]
fn guest_with_a_view_runs_as_without() {
    let kernel = guest("viewed-off", &psci(SYSTEM_OFF));
    let running = Running::start(&kernel, &["--smp", "2", "--view", "off-view.json"]);
    let (status, stderr) = running.wait();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert_eq!(read("off-view.json").vcpu_count(), 2);
}

/// The view has the firmware registers that were asked for, of the built-in guest and of another.
#[test]
fn guest_has_the_firmware_registers_that_were_asked_for() {
    let firmware = |view: &str| {
        let firmware = read(view).info().firmware;
        [FirmwareRegister::PsciVersion, FirmwareRegister::StdHyp].map(|one| firmware.get(one))
    };
    let asked = [
        "--firmware",
        "KVM_REG_ARM_PSCI_VERSION=1.0",
        "--firmware",
        "KVM_REG_ARM_STD_HYP_BMAP=0",
    ];
    let older = [Some(0x1_0000), Some(0)];
    let arguments = ["run", "--smp", "2", "--view", "older-probe.json"];
    let output = vmm_demo([&arguments[..], &asked].concat()).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("KVM_REG_ARM_PSCI_VERSION=1.0"), "{shown}");
    assert_eq!(firmware("older-probe.json"), older);

    let kernel = guest("older-off", &psci(SYSTEM_OFF));
    let arguments = [&["--view", "older-off.json"][..], &asked].concat();
    let (status, stderr) = Running::start(&kernel, &arguments).wait();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert_eq!(firmware("older-off.json"), older);
    let plan = Plan::for_view(&host(), &read("older-off.json")).expect("a guest that fits");
    assert_eq!(plan.firmware().iter().count(), 2);
}

#[test]
fn refused_model_leaves_an_older_view() {
    fs::write("kept-view.json", "older").expect("a file");
    let arguments = [
        "run",
        "--cpu",
        "host,FEAT_NONE=off",
        "--view",
        "kept-view.json",
    ];
    let output = vmm_demo(arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(fs::read("kept-view.json").expect("a file"), b"older");
}
