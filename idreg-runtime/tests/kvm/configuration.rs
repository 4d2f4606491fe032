//! A vCPU made with each option, read with a configuration that says otherwise: refused by the
//! option's name. The same configuration is accepted.

use crate::vm::{Descriptor, TestVm, host, host_of_a_vm, open, richest, skipped};
use idreg_runtime::config::options::{CpuOption, OptionSetting};
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::host::{ConfigurationDifference, Host, HostInfo, OptionEvidence, ReadHostError};
use idreg_runtime::kvm::{
    KvmError, OneReg, capabilities, check_configuration, create_gic, create_vm, in_kernel_gic,
    read_host_from, read_vm, sve_vector_lengths,
};
use idreg_runtime::linux::MachineInfo;
use std::fmt::Debug;

/// Reads the vCPU of a VM with a configuration, by each function that does.
fn read_by_all(vm: &TestVm, config: VcpuConfig) -> [Result<(), KvmError>; 3] {
    let vcpu = vm.vcpus.first().expect("a vCPU");
    [
        check_configuration(&vm.vm, vcpu, config),
        read_vm(&vm.vm, vcpu, config).map(drop),
        read_host_from(
            &open(),
            &vm.vm,
            vcpu,
            config,
            MachineInfo::read_midrs().expect("the kernel's files"),
        )
        .map(drop),
    ]
}

/// Checks that a configuration is accepted.
fn accepted(vm: &TestVm, config: VcpuConfig) {
    for answer in read_by_all(vm, config) {
        assert_eq!(answer, Ok(()), "{config}");
    }
}

/// The only difference that a configuration is refused for.
fn refused(vm: &TestVm, config: VcpuConfig) -> ConfigurationDifference {
    let answers = read_by_all(vm, config);
    let [first, second, third] = answers.map(only);
    assert_eq!((first, first), (second, third));
    first
}

fn only<T: Debug>(answer: Result<T, KvmError>) -> ConfigurationDifference {
    match answer {
        Err(KvmError::OtherConfiguration(differences)) if differences.len() == 1 => {
            *differences.first().expect("one difference")
        }
        other => panic!("{other:?}"),
    }
}

/// The configuration with a GIC and nothing else.
fn bare() -> VcpuConfig {
    VcpuConfig::new().with_gic(richest().gic)
}

/// Makes vCPUs with and without an option, and reads each with the other setting.
fn compared(row: &str, option: CpuOption, set: fn(VcpuConfig, bool) -> VcpuConfig) {
    let capabilities = capabilities(&open());
    for member in [false, true] {
        let created = set(bare(), member);
        let setting = OptionSetting::of(option, created);
        if option
            .capability(setting.on, &capabilities)
            .is_some_and(|(_, has)| !has)
        {
            skipped(row, format_args!("the host has no {setting}"));
            continue;
        }
        let vm = TestVm::new(created, 1);
        accepted(&vm, created);

        let difference = refused(&vm, set(bare(), !member));
        let ConfigurationDifference::Option { configured, shown } = difference else {
            panic!("{difference}");
        };
        assert_eq!(configured, setting.opposite());
        let text = difference.to_string();
        let start = format!("the configuration has {configured}, but the vCPU ");
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains(&format!("with {setting},")), "{text}");

        // The registers alone show all options but the execution state.
        let mut info = HostInfo::default();
        info.vcpu = set(bare(), !member);
        let read = Host::read(info, &vm.regs(0), None);
        if option == CpuOption::Aarch64 {
            assert!(
                matches!(shown, OptionEvidence::ProcessorState { .. }),
                "{shown:?}"
            );
            assert!(read.is_ok(), "{read:?}");
        } else {
            let expected = ReadHostError::OtherConfiguration(vec![difference]);
            assert_eq!(read.map(drop), Err(expected));
        }
    }
}

#[test]
fn sve_is_compared() {
    compared("sve_is_compared", CpuOption::Sve, VcpuConfig::with_sve);
}

#[test]
fn pauth_is_compared() {
    compared(
        "pauth_is_compared",
        CpuOption::Pauth,
        VcpuConfig::with_pauth,
    );
}

#[test]
fn pmu_is_compared() {
    compared("pmu_is_compared", CpuOption::Pmu, VcpuConfig::with_pmu);
}

#[test]
fn mte_is_compared() {
    compared("mte_is_compared", CpuOption::Mte, VcpuConfig::with_mte);
}

#[test]
fn el2_is_compared() {
    compared("el2_is_compared", CpuOption::El2, VcpuConfig::with_el2);
}

#[test]
fn aarch64_is_compared() {
    compared(
        "aarch64_is_compared",
        CpuOption::Aarch64,
        VcpuConfig::with_aarch32,
    );
}

#[test]
fn the_gic_is_compared() {
    let all = [None, Some(Gic::V2), Some(Gic::V3)];
    let probe = create_vm(&open(), bare()).expect("a VM");
    let exists = |gic: Option<Gic>| gic.is_none_or(|gic| create_gic(&probe, gic).is_ok());
    let existing: Vec<_> = all.into_iter().filter(|gic| exists(*gic)).collect();
    assert!(existing.len() >= 2, "{existing:?}");
    for found in existing {
        let vm = TestVm::new(VcpuConfig::new().with_gic(found), 1);
        assert_eq!(in_kernel_gic(&vm.vm), Ok(found));
        for configured in all {
            let config = VcpuConfig::new().with_gic(configured);
            let vcpu = vm.vcpus.first().expect("a vCPU");
            let answer = check_configuration(&vm.vm, vcpu, config);
            if configured == found {
                assert_eq!(answer, Ok(()));
                continue;
            }
            let Err(KvmError::OtherConfiguration(differences)) = answer else {
                panic!("{answer:?}");
            };
            let difference = ConfigurationDifference::Gic { configured, found };
            assert!(differences.contains(&difference), "{differences:?}");
        }
    }
}

#[test]
fn the_limit_of_vectors_is_compared() {
    const ROW: &str = "the_limit_of_vectors_is_compared";
    let lengths = host().info().sve_vector_lengths.clone();
    let [shortest, next, ..] = lengths[..] else {
        return skipped(ROW, "the host has no two vector lengths");
    };
    let all = bare().with_sve(true);
    let short = all.with_sve_limit(Some(shortest));
    let vm = TestVm::new(all, 1);
    let longest = *lengths.last().expect("a length");
    let limit = shortest;
    let difference = refused(&vm, short);
    assert_eq!(
        difference,
        ConfigurationDifference::SveLength { limit, longest }
    );

    // Without the host's lengths `read_vm` cannot know that there are more.
    let vm = TestVm::new(short, 1);
    let vcpu = vm.vcpus.first().expect("a vCPU");
    accepted(&vm, short);
    assert_eq!(sve_vector_lengths(vcpu), Ok(vec![shortest]));
    let difference = only(read_host_from(
        &open(),
        &vm.vm,
        vcpu,
        all.with_sve_limit(Some(next)),
        MachineInfo::read_midrs().expect("the kernel's files"),
    ));
    let expected = ConfigurationDifference::SveLengths {
        limit: next,
        longest: shortest,
        host: next,
    };
    assert_eq!(difference, expected);
}

#[test]
fn all_options_are_reported_at_once() {
    let vm = TestVm::new(bare(), 1);
    let config = VcpuConfig::new()
        .with_sve(true)
        .with_pauth(true)
        .with_pmu(true)
        .with_mte(true)
        .with_el2(true)
        .with_aarch32(true);
    let vcpu = vm.vcpus.first().expect("a vCPU");
    let error = read_vm(&vm.vm, vcpu, config).expect_err("another configuration");
    let text = error.to_string();
    let named = [
        "sve=on",
        "pauth=on",
        "pmu=on",
        "mte=on",
        "el2=on",
        "aarch64=off",
        "no in-kernel GIC",
    ];
    assert_eq!(text.lines().count(), named.len(), "{text}");
    for (line, name) in text.lines().zip(named) {
        let start = format!("the configuration has {name}, but the ");
        assert!(line.starts_with(&start), "{line}");
    }
}

/// Through descriptors alone, as a VMM with another version of `kvm-ioctls` calls it.
#[test]
fn a_vm_that_exists_shows_the_host() {
    let vm = TestVm::rich();
    let (fd, vcpu) = (Descriptor::of(&vm.vm), Descriptor::of(&vm.vcpus[0]));
    assert_eq!(read_vm(&fd, &vcpu, richest()), Ok(host_of_a_vm()));
    assert_eq!(check_configuration(&fd, &vcpu, richest()), Ok(()));
    assert_eq!(capabilities(&fd), capabilities(&open()));
    let values = idreg_runtime::plan::Plan::new(host(), &idreg_runtime::CpuModel::host())
        .expect("a plan")
        .apply(&OneReg::new(&vcpu));
    assert_eq!(values.as_ref(), Ok(host().values()));
}
