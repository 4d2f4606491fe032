//! The facts about the machine that come without KVM.

use idreg_runtime::host::Implementation;
use idreg_runtime::linux::{MachineInfo, implementations, midrs, timer_frequency};

#[test]
fn both_readings_have_the_same_midr_of_every_cpu() {
    let online = |cpus: Vec<Implementation>| -> Vec<_> {
        let online = cpus.into_iter().filter(|cpu| cpu.midr.is_some());
        online.map(|cpu| (cpu.cpu, cpu.midr)).collect()
    };
    let all = online(implementations().expect("the kernel's files"));
    assert!(!all.is_empty());
    assert_eq!(online(midrs().expect("the kernel's files")), all);
}

#[test]
fn timer_has_a_frequency() {
    let machine = MachineInfo::read().expect("the kernel's files");
    assert!(machine.timer_frequency > 0);
    assert_eq!(machine.timer_frequency, timer_frequency());
}
