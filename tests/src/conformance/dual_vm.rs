//! A kernel VM and a fake that receive the same calls.

use super::generator::Write;
use super::vm::{Vm, VmFactory};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::host::Host;
use idreg_runtime::vcpu::Errno;
use std::num::NonZeroU16;
use vmm_demo::output::failure::Failure;

/// The results of both sides for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome<T> {
    pub(super) kernel: T,
    pub(super) fake: T,
}

impl<T: PartialEq> Outcome<T> {
    pub(super) fn is_same(&self) -> bool {
        self.kernel == self.fake
    }
}

/// A write and its answers.
#[derive(Debug)]
pub(super) struct WriteResult {
    pub(super) vcpu: u16,
    pub(super) write: Write,
    pub(super) answer: Outcome<Result<(), Errno>>,
}

/// A register's values after the writes.
#[derive(Debug)]
pub(super) struct ReadResult {
    pub(super) vcpu: u16,
    pub(super) register: &'static RegisterDescription,
    pub(super) value: Outcome<Result<u64, Errno>>,
}

/// Answers and register values of a part of a try.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) written: Vec<WriteResult>,
    /// Every register of every vCPU.
    pub(super) shown: Vec<ReadResult>,
}

impl Observation {
    pub(super) fn is_same(&self) -> bool {
        self.written.iter().all(|written| written.answer.is_same())
            && self.shown.iter().all(|shown| shown.value.is_same())
    }
}

/// A kernel VM and a fake.
#[derive(Debug)]
pub(super) struct DualVm<K, F> {
    kernel: K,
    fake: F,
    vcpus: NonZeroU16,
}

impl<K: Vm, F: Vm> DualVm<K, F> {
    pub(super) fn create(
        kernel_vms: &impl VmFactory<Vm = K>,
        fakes: &impl VmFactory<Vm = F>,
        vcpus: NonZeroU16,
    ) -> Result<Self, Failure> {
        Ok(Self {
            kernel: kernel_vms.create(vcpus)?,
            fake: fakes.create(vcpus)?,
            vcpus,
        })
    }

    pub(super) fn run(&mut self) -> Result<(), Failure> {
        self.kernel.run()?;
        self.fake.run()
    }

    /// Writes through the vCPUs that `vcpu` returns, one call per write, and reads all registers.
    pub(super) fn write_and_read(
        &self,
        host: &Host,
        writes: Vec<Write>,
        mut vcpu: impl FnMut() -> u16,
    ) -> Observation {
        let written = writes.into_iter().map(|write| self.write(vcpu(), write));
        Observation {
            written: written.collect(),
            shown: self.read(host),
        }
    }

    fn write(&self, vcpu: u16, write: Write) -> WriteResult {
        let (register, value) = (write.register.encoding, write.value);
        WriteResult {
            vcpu,
            write,
            answer: Outcome {
                kernel: self.kernel.set(vcpu, register, value),
                fake: self.fake.set(vcpu, register, value),
            },
        }
    }

    fn read(&self, host: &Host) -> Vec<ReadResult> {
        let vcpus = 0..self.vcpus.get();
        let registers = host.description().registers;
        let all = vcpus.flat_map(|vcpu| registers.iter().map(move |register| (vcpu, *register)));
        let shown = all.map(|(vcpu, register)| ReadResult {
            vcpu,
            register,
            value: Outcome {
                kernel: self.kernel.get(vcpu, register.encoding),
                fake: self.fake.get(vcpu, register.encoding),
            },
        });
        shown.collect()
    }

    /// Restores the host's value in every register that shows another one. True if both sides
    /// accept it, as they must: KVM compares with a limit, and the host's value is that limit.
    pub(super) fn reset(&self, host: &Host, observed: &Observation) -> bool {
        let mut others = observed.shown.iter().filter_map(|shown| {
            let value = host.values().get(shown.register)?;
            let Outcome { kernel, fake } = shown.value;
            let write = Write {
                register: shown.register,
                value,
            };
            (kernel != Ok(value) || fake != Ok(value)).then_some((shown.vcpu, write))
        });
        let is_reset = |(vcpu, write): (u16, Write)| {
            let (register, value) = (write.register.encoding, write.value);
            let Outcome { kernel, fake } = self.write(vcpu, write).answer;
            kernel.is_ok()
                && fake.is_ok()
                && self.kernel.get(vcpu, register) == Ok(value)
                && self.fake.get(vcpu, register) == Ok(value)
        };
        others.all(is_reset)
    }
}
