//! Reads the view of a guest from its vCPUs.

use super::OneReg;
use super::sve::vector_lengths;
use crate::linux::timer_frequency;
use crate::view::{ReadViewError, View, ViewInfo};
use std::os::fd::AsRawFd;

/// Reads what a guest sees from all vCPUs of its VM, in the order of their numbers.
///
/// `info` is usually [`ViewInfo::of`] with what the VMM alone knows: the physical address bits of
/// the VM, target CPUs, the identity of the GIC ([`gic_identity`](super::gic_identity)). The vector
/// lengths, the timer's frequency and the firmware registers in it are replaced by those that KVM
/// shows. The view is complete after the guest's first run, since KVM changes registers there.
///
/// # Errors
///
/// [`ReadViewError`] if a register cannot be read or the vCPUs are not those of one VM.
///
/// # System calls
///
/// `ioctl` `KVM_GET_ONE_REG` (0x4010aeab) on each vCPU.
pub fn read_view<V: AsRawFd>(mut info: ViewInfo, vcpus: &[V]) -> Result<View, ReadViewError> {
    if let Some(first) = vcpus.first() {
        let lengths = vector_lengths(first.as_raw_fd());
        info.sve_vector_lengths = lengths.map_err(|source| ReadViewError::Register {
            vcpu: 0,
            register: "KVM_REG_ARM64_SVE_VLS",
            source,
        })?;
    }
    info.timer_frequency = timer_frequency();
    let registers: Vec<OneReg<'_>> = vcpus.iter().map(OneReg::new).collect();
    View::read(info, &registers)
}
