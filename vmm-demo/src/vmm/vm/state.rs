//! The view and the state of a VM: read while its vCPUs are paused, written into a new one.

use super::{Vm, VmError};
use crate::vmm::layout;
use crate::vmm::state::error::Unsupported;
use crate::vmm::state::{ClockPolicy, ClockState, MachineState, ResetState, StateError, VcpuState};
use crate::vmm::vcpus::Vcpus;
use idreg_runtime::config::Gic;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::host::Host;
use idreg_runtime::kvm;
use idreg_runtime::linux::timer_frequency;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::{View, ViewInfo};
use kvm_ioctls::DeviceFd;
use std::borrow::Cow;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::SystemTime;

impl Vm {
    /// Reads what the guest sees, with its vCPUs outside the guest. It is complete after the first
    /// run, or after [`finalise_registers`](Self::finalise_registers).
    ///
    /// # Errors
    ///
    /// [`VmError::Kvm`] or [`VmError::ReadView`].
    pub(crate) fn read_view(
        &self,
        plan: &Plan,
        host: &Host,
        targets: &TargetCpus,
    ) -> Result<View, VmError> {
        self.read_view_of(&self.vcpus, plan, host, targets)
    }

    /// [Reads](Self::read_view) what the guest sees by vCPUs that were taken and are paused.
    ///
    /// # Errors
    ///
    /// [`VmError::Kvm`] or [`VmError::ReadView`].
    pub(crate) fn read_view_of(
        &self,
        vcpus: &[impl AsRawFd],
        plan: &Plan,
        host: &Host,
        targets: &TargetCpus,
    ) -> Result<View, VmError> {
        let mut info = ViewInfo::of(plan, host);
        info.physical_address_bits = Some(self.address_bits);
        if let (Some(Gic::V3), Some(device)) = (plan.config().gic, &self.gic) {
            info.gic = kvm::gic_identity(device)?;
        }
        info.target_cpus = targets.cpus().to_vec();
        Ok(kvm::read_view(info, vcpus)?)
    }

    /// Reads the state of the paused guest whose vCPUs were [taken](Self::take_vcpus).
    ///
    /// # Errors
    ///
    /// [`VmError::State`].
    pub(crate) fn read_state(&self, vcpus: &Vcpus, plan: &Plan) -> Result<MachineState, VmError> {
        let config = plan.config();
        let unsupported = |part| Err(StateError::Unsupported(part).into());
        let gic = match (config.gic, &self.gic) {
            _ if config.el2 => return unsupported(Unsupported::El2),
            _ if config.mte => return unsupported(Unsupported::MemoryTags),
            _ if config.aarch32 => return unsupported(Unsupported::Aarch32),
            (Some(Gic::V3), Some(gic)) => gic,
            (Some(Gic::V2), _) => return unsupported(Unsupported::GicV2),
            _ => return unsupported(Unsupported::NoGic),
        };
        let clock = Arc::clone(&self.clock);
        let states = vcpus.with_all(move |index, vcpu| {
            let state = VcpuState::read(index, vcpu)?;
            let count = (index == 0).then(|| clock.count(vcpu)).transpose()?;
            Ok::<_, VmError>((state, count))
        });
        let states = states.map_err(VmError::Paused)?.into_iter();
        let (states, counts): (_, Vec<_>) =
            states.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let count = counts.into_iter().flatten().next().unwrap_or_default();
        let clock = ClockState::stopped(count, timer_frequency());
        let interrupts = layout::GIC_INTERRUPTS;
        Ok(MachineState::read(clock, states, gic, interrupts)?)
    }

    /// Reads the registers that the vCPUs and the GIC have now, once a plan for the view of a guest
    /// is [applied](Self::apply), so that [`write_state`](Self::write_state) takes less time.
    ///
    /// # Errors
    ///
    /// [`VmError::State`].
    pub(crate) fn read_reset_state(&mut self) -> Result<(), VmError> {
        self.reset = Some(self.reset_state()?);
        Ok(())
    }

    fn reset_state(&self) -> Result<ResetState, StateError> {
        ResetState::read(&self.vcpus, self.state_gic()?, layout::GIC_INTERRUPTS)
    }

    fn state_gic(&self) -> Result<&DeviceFd, StateError> {
        let gic = self.gic.as_ref();
        gic.ok_or(StateError::Unsupported(Unsupported::NoGic))
    }

    /// Writes the state of a saved guest, once a plan for its view is [applied](Self::apply). Its
    /// memory is written before.
    ///
    /// # Errors
    ///
    /// [`VmError::State`]; the VM must not run then.
    pub(crate) fn write_state(
        &self,
        state: &MachineState,
        clock: ClockPolicy,
    ) -> Result<(), VmError> {
        let reset = match &self.reset {
            Some(reset) => Cow::Borrowed(reset),
            None => Cow::Owned(self.reset_state()?),
        };
        let gic = self.state_gic()?;
        state.write(&self.vcpus, gic, layout::GIC_INTERRUPTS, &reset)?;
        let count = state.clock.count_at(SystemTime::now(), clock);
        self.clock.set(count);
        Ok(())
    }
}
