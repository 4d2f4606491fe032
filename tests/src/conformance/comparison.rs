//! The comparison, try by try.

use super::disagreement::{Disagreement, Part, disagreement};
use super::dual_vm::{Pair, Seen};
use super::generator::{Asked, Draw};
use super::masked_values;
use super::plan_check;
use super::report::{Example, Report};
use super::vm::{Fakes, Maker};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use std::num::NonZeroU16;
use vmm_demo::output::failure::Failure;

/// The most vCPUs of a VM that tries get for themselves: enough to tell a register of the VM from one of a vCPU.
const VCPUS: u16 = 2;

/// The tries, and the VMs that most of them share.
#[derive(Debug)]
pub(super) struct Comparison<'h, K: Maker> {
    host: &'h Host,
    kernels: &'h K,
    fakes: Fakes<'h>,
    draw: Draw<'h>,
    pair: Pair<K::Vm, FakeVm>,
}

impl<'h, K: Maker> Comparison<'h, K> {
    pub(super) fn new(host: &'h Host, kernels: &'h K, seed: u64) -> Result<Self, Failure> {
        let hidden = masked_values::learn(&kernels.make(NonZeroU16::MIN)?, host);
        let fakes = Fakes { host, hidden };
        let pair = Pair::make(kernels, &fakes, NonZeroU16::MIN)?;
        Ok(Self {
            host,
            kernels,
            fakes,
            draw: Draw::new(host, seed),
            pair,
        })
    }

    pub(super) fn tries(mut self, count: u64) -> Result<Report, Failure> {
        let mut report = Report::default();
        for number in 1..=count {
            let disagreement = if self.draw.runs() {
                self.with_a_run()?
            } else {
                self.without_a_run()?
            };
            let example = disagreement.map(|found| Example::new(number, self.host, &found));
            report.count(example);
        }
        Ok(report)
    }

    /// Writes to the VMs that tries share, and makes them as before.
    fn without_a_run(&mut self) -> Result<Option<Disagreement>, Failure> {
        let asked = self.draw.asked();
        let seen = self.pair.see(self.host, asked.writes(self.host), || 0);
        let model = asked.model();
        let plan = model.and_then(|model| plan_check::broken(&Plan::new(self.host, &model), &seen));
        let is_reset = self.pair.reset(self.host, &seen);
        // What was lowered can be raised again, to the limit and no further.
        let plan = plan.or_else(|| {
            let message = "KVM and the fake do not both take the host's values back";
            (seen.is_same() && !is_reset).then(|| message.to_owned())
        });
        if !(seen.is_same() && is_reset) {
            self.pair = Pair::make(self.kernels, &self.fakes, NonZeroU16::MIN)?;
        }
        Ok(disagreement(Part::BeforeRun, asked, seen, plan))
    }

    /// Writes to VMs of its own, lets their guests run, and writes once more.
    fn with_a_run(&mut self) -> Result<Option<Disagreement>, Failure> {
        let more = self.draw.below(VCPUS);
        let vcpus = NonZeroU16::MIN.saturating_add(more);
        let mut pair = Pair::make(self.kernels, &self.fakes, vcpus)?;
        let before = self.draw.asked();
        let seen = self.see(&pair, &before, vcpus);
        if let Some(found) = disagreement(Part::BeforeRun, before.clone(), seen, None) {
            return Ok(Some(found));
        }
        pair.run()?;
        let seen = pair.see(self.host, Vec::new(), || 0);
        if let Some(found) = disagreement(Part::Run, before, seen, None) {
            return Ok(Some(found));
        }
        let after = self.draw.asked();
        let seen = self.see(&pair, &after, vcpus);
        Ok(disagreement(Part::AfterRun, after, seen, None))
    }

    /// Writes to one vCPU or another.
    fn see(&mut self, pair: &Pair<K::Vm, FakeVm>, asked: &Asked, vcpus: NonZeroU16) -> Seen {
        let writes = asked.writes(self.host);
        pair.see(self.host, writes, || self.draw.below(vcpus.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::vm::Vm;
    use super::*;
    use idreg_runtime::encoding::Encoding;
    use idreg_runtime::regs::{IdAa64isar0El1, IdAa64pfr0El1};
    use std::error::Error;

    fn hosts() -> Result<[Host; 2], Box<dyn Error>> {
        let max = include_str!("../../../tests/data/hosts/max-latest.json");
        let a64fx = include_str!("../../../tests/data/hosts/a64fx-latest.json");
        Ok([serde_json::from_str(max)?, serde_json::from_str(a64fx)?])
    }

    /// Makes fakes in place of the kernel's VMs.
    fn fakes(host: &Host) -> Fakes<'_> {
        Fakes {
            host,
            hidden: Vec::new(),
        }
    }

    /// A kernel that stores nothing of what is written to a register.
    struct Forgetful<'h>(Fakes<'h>, Encoding);

    impl Maker for Forgetful<'_> {
        type Vm = FakeVm;

        fn make(&self, vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
            let vm = self.0.make(vcpus)?;
            vm.ignore_writes(self.1);
            Ok(vm)
        }
    }

    #[test]
    fn a_kernel_like_the_fake_agrees_with_the_fake_and_with_plans() -> Result<(), Box<dyn Error>> {
        for host in hosts()? {
            let kernels = fakes(&host);
            let report = Comparison::new(&host, &kernels, 1)?.tries(5000)?;
            assert_eq!(report.disagree, 0, "{report}");
            assert_eq!(report.tried, 5000);
        }
        Ok(())
    }

    #[test]
    fn a_kernel_that_stores_something_else_is_found() -> Result<(), Box<dyn Error>> {
        let [host, _] = hosts()?;
        let register = IdAa64isar0El1::ENCODING;
        let kernels = Forgetful(fakes(&host), register);
        let report = Comparison::new(&host, &kernels, 1)?.tries(500)?;
        assert!(report.disagree > 0);
        let text = report.to_string();
        assert!(text.contains("vCPU 0 ID_AA64ISAR0_EL1"), "{text}");
        assert!(
            text.contains("planned, and KVM shows ID_AA64ISAR0_EL1"),
            "{text}"
        );
        Ok(())
    }

    #[test]
    fn values_that_only_the_hardware_has_are_learnt() -> Result<(), Box<dyn Error>> {
        let [host, _] = hosts()?;
        let mpam = host.description().property("SYSREG_ID_AA64PFR0_EL1_MPAM");
        let mut kernels = fakes(&host);
        kernels.hidden = vec![(mpam.ok_or("no MPAM")?, 1)];
        let vm = kernels.make(NonZeroU16::MIN)?;
        assert_eq!(masked_values::learn(&vm, &host), kernels.hidden);
        let pfr0 = IdAa64pfr0El1::ENCODING;
        assert_eq!(
            Ok(vm.get(0, pfr0)?),
            host.values().get_as().map(IdAa64pfr0El1::bits).ok_or(())
        );
        Ok(())
    }
}
