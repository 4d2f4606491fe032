//! The core types of a machine.

use crate::host::Implementation;

/// A core type: the CPUs of one implementation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CoreType {
    /// The first of them, on which the vCPU is read.
    pub(crate) representative: u32,
    /// All of them, the first included, ascending.
    pub(crate) cpus: Vec<u32>,
}

/// Groups the included CPUs by MIDR_EL1, REVIDR_EL1 and AIDR_EL1, in the order of their first
/// numbers.
///
/// A CPU without a MIDR_EL1 is offline: Linux shows the registers of online CPUs only (Linux 7.2,
/// `arch/arm64/kernel/cpuinfo.c`, `cpuid_cpu_offline`).
pub(crate) fn core_types(
    implementations: &[Implementation],
    is_included: impl Fn(u32) -> bool,
) -> Vec<CoreType> {
    let identity = |cpu: &Implementation| (cpu.midr, cpu.revidr, cpu.aidr);
    let mut types: Vec<(_, CoreType)> = Vec::new();
    let online = implementations.iter().filter(|cpu| cpu.midr.is_some());
    for implementation in online.filter(|implementation| is_included(implementation.cpu)) {
        let cpu = implementation.cpu;
        let key = identity(implementation);
        match types.iter_mut().find(|(identity, _)| *identity == key) {
            Some((_, core_type)) => core_type.cpus.push(cpu),
            None => {
                let core_type = CoreType {
                    representative: cpu,
                    cpus: vec![cpu],
                };
                types.push((key, core_type));
            }
        }
    }
    types.into_iter().map(|(_, core_type)| core_type).collect()
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
        is_included: impl Fn(u32) -> bool,
    ) -> Vec<Vec<u32>> {
        let types = core_types(implementations, is_included);
        for core_type in &types {
            assert_eq!(Some(&core_type.representative), core_type.cpus.first());
        }
        types.into_iter().map(|core_type| core_type.cpus).collect()
    }

    #[test]
    fn cores_of_one_implementation_are_one_type() {
        let cpus = [cpu(0, 1, 0, None), cpu(1, 1, 0, None)];
        assert_eq!(groups(&cpus, |_| true), [[0, 1]]);
    }

    #[test]
    fn each_of_the_three_registers_distinguishes_types() {
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
    fn offline_cpus_have_no_type() {
        let cpus = [offline(0), cpu(1, 1, 0, None), offline(2)];
        assert_eq!(groups(&cpus, |_| true), [[1]]);
        assert!(groups(&[offline(0)], |_| true).is_empty());
    }

    #[test]
    fn an_excluded_cpu_does_not_represent_its_type() {
        let cpus = [cpu(0, 1, 0, None), cpu(1, 1, 0, None), cpu(2, 2, 0, None)];
        assert_eq!(groups(&cpus, |cpu| cpu != 0), [[1], [2]]);
        assert_eq!(groups(&cpus, |cpu| cpu != 2), [[0, 1]]);
    }
}
