//! Runs the tries and compares both VMs after each.

use super::disagreement::{Disagreement, Part, disagreement};
use super::dual_vm::{DualVm, Observation};
use super::generator::{Generator, TestCase};
use super::masked_values;
use super::plan_check;
use super::report::{ConformanceReport, Example};
use super::vm::{FakeFactory, VmFactory};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use std::num::NonZeroU16;
use vmm_demo::output::failure::Failure;

/// The largest number of vCPUs of a VM for one try: enough to distinguish registers of the VM from
/// registers of a vCPU.
const VCPUS: u16 = 2;

/// State of a run: the generator, and the VMs that most tries share.
#[derive(Debug)]
pub(super) struct Comparison<'h, K: VmFactory> {
    host: &'h Host,
    kernel_vms: &'h K,
    fakes: FakeFactory<'h>,
    generator: Generator<'h>,
    shared: DualVm<K::Vm, FakeVm>,
}

impl<'h, K: VmFactory> Comparison<'h, K> {
    pub(super) fn new(host: &'h Host, kernel_vms: &'h K, seed: u64) -> Result<Self, Failure> {
        let masked = masked_values::learn(&kernel_vms.create(NonZeroU16::MIN)?, host);
        let fakes = FakeFactory { host, masked };
        let shared = DualVm::create(kernel_vms, &fakes, NonZeroU16::MIN)?;
        Ok(Self {
            host,
            kernel_vms,
            fakes,
            generator: Generator::new(host, seed),
            shared,
        })
    }

    pub(super) fn tries(mut self, count: u64) -> Result<ConformanceReport, Failure> {
        let mut report = ConformanceReport::default();
        for number in 1..=count {
            let disagreement = if self.generator.runs_guest() {
                self.try_with_run()?
            } else {
                self.try_before_run()?
            };
            let example = disagreement.map(|found| Example::new(number, self.host, &found));
            report.count(example);
        }
        Ok(report)
    }

    /// Writes to the shared VMs, and restores them.
    fn try_before_run(&mut self) -> Result<Option<Disagreement>, Failure> {
        let case = self.generator.next_case();
        let writes = case.writes(self.host);
        let observed = self.shared.write_and_read(self.host, writes, || 0);
        let plan = case.model().and_then(|model| {
            let plan = Plan::new(self.host, &model);
            plan_check::violation(&plan, &observed)
        });
        let is_reset = self.shared.reset(self.host, &observed);
        // A lowered field can be raised again, up to the limit.
        let plan = plan.or_else(|| {
            let message = "KVM and the fake do not both accept the host's values again";
            (observed.is_same() && !is_reset).then(|| message.to_owned())
        });
        if !(observed.is_same() && is_reset) {
            self.shared = DualVm::create(self.kernel_vms, &self.fakes, NonZeroU16::MIN)?;
        }
        Ok(disagreement(Part::BeforeRun, case, observed, plan))
    }

    /// Writes to new VMs, runs their guests, and writes once more.
    fn try_with_run(&mut self) -> Result<Option<Disagreement>, Failure> {
        let more = self.generator.below(VCPUS);
        let vcpus = NonZeroU16::MIN.saturating_add(more);
        let mut vms = DualVm::create(self.kernel_vms, &self.fakes, vcpus)?;
        let before = self.generator.next_case();
        let observed = self.write_and_read(&vms, &before, vcpus);
        if let Some(found) = disagreement(Part::BeforeRun, before.clone(), observed, None) {
            return Ok(Some(found));
        }
        vms.run()?;
        let observed = vms.write_and_read(self.host, Vec::new(), || 0);
        if let Some(found) = disagreement(Part::Run, before, observed, None) {
            return Ok(Some(found));
        }
        let after = self.generator.next_case();
        let observed = self.write_and_read(&vms, &after, vcpus);
        Ok(disagreement(Part::AfterRun, after, observed, None))
    }

    /// Writes each register of a test case through a random vCPU.
    fn write_and_read(
        &mut self,
        vms: &DualVm<K::Vm, FakeVm>,
        case: &TestCase,
        vcpus: NonZeroU16,
    ) -> Observation {
        let writes = case.writes(self.host);
        vms.write_and_read(self.host, writes, || self.generator.below(vcpus.get()))
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

    /// Creates fakes in place of the kernel's VMs.
    fn fakes(host: &Host) -> FakeFactory<'_> {
        FakeFactory {
            host,
            masked: Vec::new(),
        }
    }

    /// A kernel that ignores writes to one register.
    struct Forgetful<'h>(FakeFactory<'h>, Encoding);

    impl VmFactory for Forgetful<'_> {
        type Vm = FakeVm;

        fn create(&self, vcpus: NonZeroU16) -> Result<FakeVm, Failure> {
            let vm = self.0.create(vcpus)?;
            vm.ignore_writes(self.1);
            Ok(vm)
        }
    }

    #[test]
    fn a_kernel_like_the_fake_agrees_with_the_fake_and_with_plans() -> Result<(), Box<dyn Error>> {
        for host in hosts()? {
            let kernel_vms = fakes(&host);
            let report = Comparison::new(&host, &kernel_vms, 1)?.tries(5000)?;
            assert_eq!(report.disagree, 0, "{report}");
            assert_eq!(report.tried, 5000);
        }
        Ok(())
    }

    #[test]
    fn a_kernel_that_stores_another_value_is_found() -> Result<(), Box<dyn Error>> {
        let [host, _] = hosts()?;
        let register = IdAa64isar0El1::ENCODING;
        let kernel_vms = Forgetful(fakes(&host), register);
        let report = Comparison::new(&host, &kernel_vms, 1)?.tries(500)?;
        assert!(report.disagree > 0);
        let text = report.to_string();
        assert!(text.contains("vCPU 0 ID_AA64ISAR0_EL1"), "{text}");
        assert!(
            text.contains("planned, but KVM shows ID_AA64ISAR0_EL1"),
            "{text}"
        );
        Ok(())
    }

    #[test]
    fn masked_values_of_the_hardware_are_learnt() -> Result<(), Box<dyn Error>> {
        let [host, _] = hosts()?;
        let mpam = host.description().property("SYSREG_ID_AA64PFR0_EL1_MPAM");
        let mut kernel_vms = fakes(&host);
        kernel_vms.masked = vec![(mpam.ok_or("no MPAM")?, 1)];
        let vm = kernel_vms.create(NonZeroU16::MIN)?;
        assert_eq!(masked_values::learn(&vm, &host), kernel_vms.masked);
        let pfr0 = IdAa64pfr0El1::ENCODING;
        assert_eq!(
            Ok(vm.get(0, pfr0)?),
            host.values().get_as().map(IdAa64pfr0El1::bits).ok_or(())
        );
        Ok(())
    }
}
