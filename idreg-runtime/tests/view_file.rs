//! View files: they serialise to the same bytes, and what no guest can see is rejected.

mod hosts;

use hosts::{MAX_6_12, MAX_7_2, host};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::{ClidrEl1, MpidrEl1};
use idreg_runtime::values::RegisterValues;
use idreg_runtime::vcpu::VcpuRegs;
use idreg_runtime::view::{InvalidView, VcpuReading, View, ViewInfo};
use serde_json::{Map, Value, json};
use std::error::Error;

const GOLDEN: &str = include_str!("data/view.json");

/// The view of a guest with two vCPUs, the second with other cache levels.
fn view() -> View {
    made().expect("a view")
}

fn made() -> Result<View, Box<dyn Error>> {
    let mut file: Map<String, Value> = serde_json::from_str(MAX_7_2)?;
    let firmware = json!({
        "KVM_REG_ARM_PSCI_VERSION": "0x10003",
        "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1": "0x2",
        "KVM_REG_ARM_VENDOR_HYP_BMAP": "0x3",
    });
    file.insert("firmware".to_owned(), firmware);
    let recorded: Host = serde_json::from_value(file.into())?;
    let model = "host,sve256=on,pmu=off,SYSREG_ID_AA64ISAR0_EL1_DP=0x0";
    let plan = Plan::new(&recorded, &model.parse()?)?;
    let host = recorded.reconfigured(plan.config())?;
    let vm = FakeVm::new(&host);
    let vcpus = [vm.vcpu(0), vm.vcpu(17)];
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    let [_, second] = &vcpus;
    let clidr = second.get(ClidrEl1::ENCODING)?;
    second.set(ClidrEl1::ENCODING, clidr | 3)?;
    vm.run();
    let mut info = ViewInfo::of(&plan, &recorded);
    info.target_cpus = vec!["midr=0x413fd0c1".parse()?];
    info.physical_address_bits = Some(40);
    info.gic.iidr = Some(0x4b00_343b);
    info.gic.typer2 = None;
    Ok(View::read(info, &vcpus)?)
}

fn read(file: &str) -> View {
    serde_json::from_str(file).expect("a view file")
}

fn error(file: &str) -> String {
    let error = serde_json::from_str::<View>(file).expect_err("a bad file");
    error.to_string()
}

/// The golden file with a text replaced.
fn edited(from: &str, to: &str) -> String {
    let file = GOLDEN.replacen(from, to, 1);
    assert_ne!(file, GOLDEN);
    file
}

#[test]
fn same_view_same_bytes() {
    let written = serde_json::to_string_pretty(&view()).unwrap() + "\n";
    expect_test::expect_file!["data/view.json"].assert_eq(&written);
    assert_eq!(read(GOLDEN), view());
    assert_eq!(
        serde_json::to_string_pretty(&read(GOLDEN)).unwrap() + "\n",
        GOLDEN
    );
}

#[test]
fn every_register_of_every_vcpu_is_there() {
    let view = view();
    let (first, second) = (view.vcpu(0).unwrap(), view.vcpu(1).unwrap());
    assert_eq!(
        first.values.iter().count(),
        host(MAX_7_2).values().iter().count()
    );
    assert_eq!(first.values.iter().count(), second.values.iter().count());
    let own: Vec<&str> = first
        .values
        .iter()
        .filter(|(register, value)| second.values.get(register) != Some(*value))
        .map(|(register, _)| register.name)
        .collect();
    assert_eq!(own, [MpidrEl1::NAME, ClidrEl1::NAME]);
    assert_eq!(first.caches.len(), 14);
    assert_eq!(view.info().sve_vector_lengths, [128, 256]);
    let psci = view.info().firmware.get(FirmwareRegister::PsciVersion);
    assert_eq!(psci, Some(0x1_0003));
    assert!(view.vcpu(2).is_none());
}

#[test]
fn unknown_members_are_ignored() {
    assert_eq!(read(&edited("{", "{\n  \"colour\": [1, {}],")), view());
}

#[test]
fn unknown_is_left_out() {
    let unknown = ["firmware", "gic", "physical_address_bits"];
    let mut file: Map<String, Value> = serde_json::from_str(MAX_6_12).unwrap();
    for member in unknown {
        file.remove(member).unwrap();
    }
    let host: Host = serde_json::from_value(file.into()).unwrap();
    let plan = Plan::new(&host, &"host".parse().unwrap()).unwrap();
    let vm = FakeVm::new(&host);
    let view = View::read(ViewInfo::of(&plan, &host), [&vm.vcpu(0)]).unwrap();
    let file = serde_json::to_value(&view).unwrap();
    for member in unknown.into_iter().chain(["target_cpus"]) {
        assert!(file.get(member).is_none(), "{member}");
    }
    assert_eq!(serde_json::from_value::<View>(file).unwrap(), view);
}

#[test]
fn schema_is_checked() {
    let newer = error(&edited("idreg-view/1", "idreg-view/2"));
    assert!(
        newer.contains("`idreg-view/2` is newer than `idreg-view/1`"),
        "{newer}"
    );
    for schema in [
        "idreg-view/0x1",
        "idreg-view/+1",
        "idreg-view",
        "idreg-host/1",
        "/1",
    ] {
        let text = error(&edited("idreg-view/1", schema));
        assert!(text.contains("not a view file"), "{text}");
    }
}

#[test]
fn mistakes_name_the_member() {
    for (from, to, expected) in [
        (
            "\"cpu\": \"host",
            "\"cpu\": \"hots",
            "`cpu`: no CPU model `hots`",
        ),
        (
            "\"timer_frequency\": 1",
            "\"timer_frequency\": -1",
            "`timer_frequency`: invalid value",
        ),
        (
            "\"midr\": \"0x",
            "\"midr\": \"y",
            "`target_cpus[0].midr`: `y",
        ),
        (
            "\"iidr\": \"0x",
            "\"iidr\": \"0x1",
            "`gic.iidr`: 0x000000014b00343b has more than 32",
        ),
        (
            "KVM_REG_ARM_VENDOR_HYP_BMAP",
            "KVM_REG_ARM_NEW_BMAP",
            "`firmware`: firmware register",
        ),
        (
            "\"caches\": [",
            "\"caches\": 7, \"x\": [",
            "`caches`: invalid type: integer `7`",
        ),
        (
            "\"gic\": \"v3\"",
            "\"gic\": \"v9\"",
            "`vcpu.gic`: unknown variant `v9`",
        ),
        (
            "\"ID_PFR0_EL1\": \"0x",
            "\"ID_PFR0_EL1\": \"0y",
            "`registers.ID_PFR0_EL1`: `0y",
        ),
        (
            "\"MPIDR_EL1\": \"0x",
            "\"MPIDR_EL1\": \"0y",
            "`vcpus[0].registers.MPIDR_EL1`: `0y",
        ),
        (
            "\"sve_vector_lengths\": [",
            "\"sve_vector_lengths\": [64,",
            "the SVE vector lengths",
        ),
    ] {
        let text = error(&edited(from, to));
        assert!(text.starts_with(expected), "{text}\nexpected {expected}");
    }
    assert!(
        error("[]").contains("expected an object"),
        "{}",
        error("[]")
    );
    assert!(error("{}").contains("missing field"), "{}", error("{}"));
}

#[test]
fn register_is_common_or_of_a_vcpu() {
    let twice = edited(
        "\"MPIDR_EL1\": \"0x",
        "\"MIDR_EL1\": \"0x1\", \"MPIDR_EL1\": \"0x",
    );
    let text = error(&twice);
    assert!(
        text.starts_with("`vcpus[0]`: register MIDR_EL1 is in `registers` as well; keep one"),
        "{text}"
    );
}

#[test]
fn lists_are_bounded() {
    let many = vec!["{}"; 513].join(",");
    let text = error(&edited("\"vcpus\": [", &format!("\"vcpus\": [{many},")));
    assert!(
        text.contains("expected an array of at most 512 items"),
        "{text}"
    );
    let with_length = |length| {
        let known = read(GOLDEN).info().model.to_string().len();
        let more = "x".repeat(length - known - 1);
        edited("\"cpu\": \"host", &format!("\"cpu\": \"host,{more}"))
    };
    read(&with_length(1 << 16));
    let text = error(&with_length((1 << 16) + 1));
    assert!(
        text.starts_with("`cpu` has more than 65536 bytes"),
        "{text}"
    );
}

/// A view of readings that are changed first.
fn invalid(change: impl Fn(&mut ViewInfo, &mut Vec<VcpuReading>)) -> InvalidView {
    let view = view();
    let mut info = view.info().clone();
    let mut vcpus: Vec<VcpuReading> = (0..2).filter_map(|number| view.vcpu(number)).collect();
    change(&mut info, &mut vcpus);
    View::new(info, vcpus).expect_err("an invalid view")
}

#[test]
fn views_that_no_vm_can_have_are_rejected() {
    let shared = |_: &mut ViewInfo, vcpus: &mut Vec<VcpuReading>| {
        vcpus[1]
            .values
            .set_field(idreg_runtime::regs::id_aa64isar0_el1::Dp::IMP);
    };
    let none = |_: &mut ViewInfo, vcpus: &mut Vec<VcpuReading>| vcpus.clear();
    let empty = |_: &mut ViewInfo, vcpus: &mut Vec<VcpuReading>| {
        vcpus.truncate(1);
        vcpus[0].values = RegisterValues::new(&idreg_runtime::regs::DESCRIPTION);
    };
    let long_without_sve = |info: &mut ViewInfo, _: &mut Vec<VcpuReading>| {
        (info.vcpu.sve, info.sve_vector_lengths) = (false, vec![256]);
    };
    let without_sve = |info: &mut ViewInfo, _: &mut Vec<VcpuReading>| info.vcpu.sve = false;
    let descending =
        |info: &mut ViewInfo, _: &mut Vec<VcpuReading>| info.sve_vector_lengths.reverse();
    let odd = |info: &mut ViewInfo, _: &mut Vec<VcpuReading>| info.sve_vector_lengths[1] = 200;
    let caches = |_: &mut ViewInfo, vcpus: &mut Vec<VcpuReading>| vcpus[1].caches = vec![None; 15];
    let release =
        |info: &mut ViewInfo, _: &mut Vec<VcpuReading>| info.kernel_release = "7\n".to_owned();
    for (error, expected) in [
        (
            invalid(shared),
            "ID_AA64ISAR0_EL1 differs between vCPU 0 and vCPU 1, but all vCPUs of a VM share it",
        ),
        (invalid(none), "0 vCPUs, expected 1 to 512"),
        (
            invalid(empty),
            "vCPU 0 has no register that this version knows",
        ),
        (
            invalid(without_sve),
            "the SVE vector lengths are 128, 256, expected none, since `sve` is false",
        ),
        (
            invalid(long_without_sve),
            "the SVE vector lengths are 256, expected none, since `sve` is false",
        ),
        (
            invalid(descending),
            "the SVE vector lengths are 256, 128, expected multiples of 128 from 128 to 2048, \
             ascending, since `sve` is true",
        ),
        (
            invalid(odd),
            "the SVE vector lengths are 128, 200, expected multiples of 128 from 128 to 2048, \
             ascending, since `sve` is true",
        ),
        (
            invalid(caches),
            "vCPU 1 has 15 cache sizes, expected at most 14",
        ),
        (
            invalid(release),
            "the kernel's release is \"7\\n\", expected at most 64 bytes without control \
             characters",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn failed_read_names_vcpu_and_register() {
    let host = host(MAX_7_2);
    let plan = Plan::new(&host, &"host".parse().unwrap()).unwrap();
    let vm = FakeVm::new(&host);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    let registers = host.description().registers.len();
    // 8 firmware registers and PMCR_EL0, then the registers and 14 cache sizes of each vCPU.
    vm.fail_at(9 + registers + 14, idreg_runtime::vcpu::Errno::EFAULT);
    let error = View::read(ViewInfo::of(&plan, &host), &vcpus).unwrap_err();
    assert_eq!(error.to_string(), "cannot read MIDR_EL1 from vCPU 1");
    let chain = "cannot read MIDR_EL1 from vCPU 1: EFAULT (14)";
    assert_eq!(format!("{error:#}"), chain);
}
