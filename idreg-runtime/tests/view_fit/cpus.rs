//! Single vCPUs, their caches, and the CPUs that the guest was told of.

use crate::hosts::{edited, host};
use crate::{all_vcpus, changed, check, complete, refused, view_of, warnings};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::plan::Plan;
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::{ClidrEl1, CtrEl0, MpidrEl1};
use idreg_runtime::vcpu::VcpuRegs;
use idreg_runtime::view::View;

#[test]
fn cache_levels_of_each_vcpu_are_checked() {
    let without = edited(&complete(), CtrEl0::NAME, "value", |value| {
        value & !(1 << 28)
    });
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let ctr: CtrEl0 = vcpu.values.get_as().expect("a value");
            let ctr = ctr.bits() & !(1 << 28);
            vcpu.values.set(CtrEl0::DESCRIPTION, ctr);
        });
        vcpus[1].values.set(ClidrEl1::DESCRIPTION, 0);
    });
    let error = refused(&host(&without), &view);
    let texts: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "vCPU 1: CLIDR_EL1 0x0000000000000000 tells the guest that it need not clean its data \
             cache for instructions, but on this host it must (CTR_EL0.IDC is 0)"
        ]
    );
}

/// The plan leaves CLIDR_EL1 to the VMM if each vCPU has another.
#[test]
fn register_that_differs_between_vcpus_is_left() {
    let other = 0x0a20_0123;
    let view = changed(|_, vcpus| vcpus[1].values.set(ClidrEl1::DESCRIPTION, other));
    let host = host(&complete());
    let plan = Plan::for_view(&host, &view).unwrap();
    assert!(plan.writes().is_empty() && plan.changes().is_empty());
    assert_eq!(plan.expected(), plan.host());
    let clidr = plan.host().get(ClidrEl1::DESCRIPTION).unwrap();
    let mut with_one_value = plan.clone();
    with_one_value.expect(ClidrEl1::DESCRIPTION, clidr).unwrap();
    assert_ne!(with_one_value, plan);
    let vm = FakeVm::new(&host);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    vcpus[1].set(ClidrEl1::ENCODING, other).unwrap();
    for vcpu in &vcpus {
        plan.apply(vcpu).unwrap();
        plan.verify(vcpu).unwrap();
    }
    let same = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| vcpu.values.set(ClidrEl1::DESCRIPTION, other));
    });
    let plan = Plan::for_view(&host, &same).unwrap();
    assert_eq!(plan.writes().len(), 1);
}

#[test]
fn any_number_of_a_vcpu_fits() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set(MpidrEl1::DESCRIPTION, 0x8100_0001);
        });
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert!(plan.writes().is_empty());
}

#[test]
fn cache_lines_are_not_shorter_than_the_hosts() {
    // The host's lines have 64 bytes: CCSIDR_EL1.LineSize 2.
    let longer = changed(|_, vcpus| vcpus[0].caches = vec![Some(3), Some(2), None]);
    assert!(Plan::for_view(&host(&complete()), &longer).is_ok());
    let shorter = changed(|_, vcpus| vcpus[1].caches[3] = Some(0x700f_e001));
    let expected = "vCPU 1: CCSIDR_EL1 of CSSELR_EL1 3 has lines of 32 bytes, and this host's are \
                    64 bytes; KVM refuses shorter lines";
    check(&shorter, &[("cache-line", expected)]);
}

/// CSSELR_EL1 with an odd value selects a cache for instructions.
#[test]
fn lines_of_data_and_instructions_are_compared_apart() {
    // Lines of 32 bytes for instructions and of 64 for data.
    let file = edited(&complete(), CtrEl0::NAME, "value", |value| value & !0xf | 3);
    let host = host(&file);
    let view = view_of(&host, "host").unwrap();
    let with = |caches: &[Option<u32>]| {
        let mut vcpu = view.vcpu(0).unwrap();
        vcpu.caches = caches.to_vec();
        View::new(view.info().clone(), vec![vcpu]).unwrap()
    };
    assert!(Plan::for_view(&host, &with(&[Some(2), Some(1)])).is_ok());
    assert_eq!(refused(&host, &with(&[Some(1), Some(1)])).reasons.len(), 1);
}

#[test]
fn guest_runs_only_on_cpus_that_it_was_told_of() {
    let told = |text: &str| {
        let cpus = vec![
            "midr=0x413fd0c1".parse().expect("a CPU"),
            text.parse().expect("a CPU"),
        ];
        changed(move |info, _| info.target_cpus.clone_from(&cpus))
    };
    let plan = Plan::for_view(&host(&complete()), &told("midr=0xf0510")).unwrap();
    assert_eq!(warnings(&plan), [] as [&str; 0]);
    let expected = "this host has a CPU with \
                    midr=0x00000000000f0510,revidr=0x0000000000000000,aidr=0x0000000000000000, and \
                    the guest was told that it runs on \
                    midr=0x00000000413fd0c1,revidr=0x0000000000000000,aidr=0x0000000000000000, \
                    midr=0x00000000000f0510,revidr=0x0000000000000001,aidr=0x0000000000000000";
    check(&told("midr=0xf0510,revidr=1"), &[("other-cpu", expected)]);
}

#[test]
fn guest_that_was_told_of_no_cpu_gets_a_warning_on_others() {
    let host = host(&complete());
    let view = view_of(&host, "host,midr=0x413fd0c1").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(
        warnings(&plan),
        [
            "the guest sees MIDR_EL1 0x00000000413fd0c1 and was told of no other CPU, while this \
             host has 0x00000000000f0510: it may lack workarounds for errata; announce the host's \
             CPUs to the guest"
        ]
    );
    assert_eq!(plan.warnings()[0].name(), "not-announced");
}
