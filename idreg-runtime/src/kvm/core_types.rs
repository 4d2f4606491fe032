//! The core types of a machine.

use crate::host::{CoreReading, Implementation};
use crate::values::RegisterValues;

/// A core type: the CPUs of one implementation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CoreKind {
    /// The first of them, on which the vCPU is read.
    pub(super) representative: u32,
    /// All of them, the first included, ascending.
    cpus: Vec<u32>,
}

impl CoreKind {
    /// Makes the reading of this core type from a vCPU's values.
    pub(super) fn reading(&self, values: RegisterValues) -> CoreReading {
        CoreReading {
            cpus: self.cpus.clone(),
            values,
        }
    }
}

/// Groups the wanted CPUs by MIDR_EL1, REVIDR_EL1 and AIDR_EL1, in the order of their first
/// numbers.
///
/// A CPU without a MIDR_EL1 is offline: Linux shows the registers of online CPUs only (Linux 7.2,
/// `arch/arm64/kernel/cpuinfo.c`, `cpuid_cpu_offline`).
pub(super) fn kinds_of_cores(
    implementations: &[Implementation],
    is_wanted: impl Fn(u32) -> bool,
) -> Vec<CoreKind> {
    let identity = |cpu: &Implementation| (cpu.midr, cpu.revidr, cpu.aidr);
    let mut kinds: Vec<(_, CoreKind)> = Vec::new();
    let online = implementations.iter().filter(|cpu| cpu.midr.is_some());
    for implementation in online.filter(|implementation| is_wanted(implementation.cpu)) {
        let cpu = implementation.cpu;
        let of = identity(implementation);
        match kinds.iter_mut().find(|(identity, _)| *identity == of) {
            Some((_, kind)) => kind.cpus.push(cpu),
            None => {
                let kind = CoreKind {
                    representative: cpu,
                    cpus: vec![cpu],
                };
                kinds.push((of, kind));
            }
        }
    }
    kinds.into_iter().map(|(_, kind)| kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(cpu: u32, midr: u64, revidr: u64, aidr: Option<u64>) -> Implementation {
        Implementation {
            cpu,
            midr: Some(midr),
            revidr: Some(revidr),
            aidr,
        }
    }

    fn offline(cpu: u32) -> Implementation {
        Implementation {
            cpu,
            midr: None,
            revidr: None,
            aidr: None,
        }
    }

    fn groups(
        implementations: &[Implementation],
        is_wanted: impl Fn(u32) -> bool,
    ) -> Vec<Vec<u32>> {
        let kinds = kinds_of_cores(implementations, is_wanted);
        for kind in &kinds {
            assert_eq!(Some(&kind.representative), kind.cpus.first());
        }
        kinds.into_iter().map(|kind| kind.cpus).collect()
    }

    #[test]
    fn cores_of_one_implementation_are_one_kind() {
        let cpus = [cpu(0, 1, 0, None), cpu(1, 1, 0, None)];
        assert_eq!(groups(&cpus, |_| true), [[0, 1]]);
    }

    #[test]
    fn each_of_the_three_registers_tells_kinds_apart() {
        let cpus = [
            cpu(0, 1, 0, None),
            cpu(1, 2, 0, None),
            cpu(2, 1, 3, None),
            cpu(3, 1, 0, Some(0)),
            cpu(4, 2, 0, None),
        ];
        assert_eq!(
            groups(&cpus, |_| true),
            [vec![0], vec![1, 4], vec![2], vec![3]]
        );
    }

    #[test]
    fn cpus_that_are_offline_are_of_no_kind() {
        let cpus = [offline(0), cpu(1, 1, 0, None), offline(2)];
        assert_eq!(groups(&cpus, |_| true), [[1]]);
        assert!(groups(&[offline(0)], |_| true).is_empty());
    }

    #[test]
    fn a_cpu_that_is_not_wanted_does_not_stand_for_its_kind() {
        let cpus = [cpu(0, 1, 0, None), cpu(1, 1, 0, None), cpu(2, 2, 0, None)];
        assert_eq!(groups(&cpus, |cpu| cpu != 0), [[1], [2]]);
        assert_eq!(groups(&cpus, |cpu| cpu != 2), [[0, 1]]);
    }
}
