//! A VM of each side, which get the same calls.

use super::generator::Write;
use super::vm::{Maker, Vm};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::host::Host;
use idreg_runtime::vcpu::Errno;
use std::num::NonZeroU16;
use vmm_demo::output::failure::Failure;

/// What each side says to one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Both<T> {
    pub(super) kernel: T,
    pub(super) fake: T,
}

impl<T: PartialEq> Both<T> {
    pub(super) fn is_same(&self) -> bool {
        self.kernel == self.fake
    }
}

/// A write, and the answers.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) vcpu: u16,
    pub(super) write: Write,
    pub(super) answer: Both<Result<(), Errno>>,
}

/// A register after the writes.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) vcpu: u16,
    pub(super) register: &'static RegisterDescription,
    pub(super) value: Both<Result<u64, Errno>>,
}

/// What came of some writes.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) written: Vec<Written>,
    /// Every register of every vCPU.
    pub(super) shown: Vec<Shown>,
}

impl Seen {
    pub(super) fn is_same(&self) -> bool {
        self.written.iter().all(|written| written.answer.is_same())
            && self.shown.iter().all(|shown| shown.value.is_same())
    }
}

/// A VM of the kernel and a fake.
#[derive(Debug)]
pub(super) struct Pair<K, F> {
    kernel: K,
    fake: F,
    vcpus: NonZeroU16,
}

impl<K: Vm, F: Vm> Pair<K, F> {
    pub(super) fn make(
        kernels: &impl Maker<Vm = K>,
        fakes: &impl Maker<Vm = F>,
        vcpus: NonZeroU16,
    ) -> Result<Self, Failure> {
        Ok(Self {
            kernel: kernels.make(vcpus)?,
            fake: fakes.make(vcpus)?,
            vcpus,
        })
    }

    pub(super) fn run(&mut self) -> Result<(), Failure> {
        self.kernel.run()?;
        self.fake.run()
    }

    /// Writes to the vCPUs that `vcpu` says, one call for each write, and reads everything.
    pub(super) fn see(
        &self,
        host: &Host,
        writes: Vec<Write>,
        mut vcpu: impl FnMut() -> u16,
    ) -> Seen {
        let written = writes.into_iter().map(|write| self.write(vcpu(), write));
        Seen {
            written: written.collect(),
            shown: self.show(host),
        }
    }

    fn write(&self, vcpu: u16, write: Write) -> Written {
        let (register, value) = (write.register.encoding, write.value);
        Written {
            vcpu,
            write,
            answer: Both {
                kernel: self.kernel.set(vcpu, register, value),
                fake: self.fake.set(vcpu, register, value),
            },
        }
    }

    fn show(&self, host: &Host) -> Vec<Shown> {
        let vcpus = 0..self.vcpus.get();
        let registers = host.description().registers;
        let all = vcpus.flat_map(|vcpu| registers.iter().map(move |register| (vcpu, *register)));
        let shown = all.map(|(vcpu, register)| Shown {
            vcpu,
            register,
            value: Both {
                kernel: self.kernel.get(vcpu, register.encoding),
                fake: self.fake.get(vcpu, register.encoding),
            },
        });
        shown.collect()
    }

    /// Gives every register that was seen with another value the host's again. KVM compares with a limit, which
    /// is the host's value, so that it always takes that back; false if it does not, or the fake does not.
    pub(super) fn reset(&self, host: &Host, seen: &Seen) -> bool {
        let mut others = seen.shown.iter().filter_map(|shown| {
            let value = host.values().get(shown.register)?;
            let Both { kernel, fake } = shown.value;
            let write = Write {
                register: shown.register,
                value,
            };
            (kernel != Ok(value) || fake != Ok(value)).then_some((shown.vcpu, write))
        });
        let is_reset = |(vcpu, write): (u16, Write)| {
            let (register, value) = (write.register.encoding, write.value);
            let Both { kernel, fake } = self.write(vcpu, write).answer;
            kernel.is_ok()
                && fake.is_ok()
                && self.kernel.get(vcpu, register) == Ok(value)
                && self.fake.get(vcpu, register) == Ok(value)
        };
        others.all(is_reset)
    }
}
