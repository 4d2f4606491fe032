//! The registers that each vCPU of a VM lists.

use super::VmError;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::RegList;
use kvm_ioctls::VcpuFd;

/// Checks that every vCPU lists the registers of the first. KVM hides the registers of a feature
/// that the ID registers hide, so that this compares their values too.
pub(super) fn check_alike(vcpus: &[VcpuFd]) -> Result<(), VmError> {
    let mut lists = vcpus.iter().enumerate().map(|(index, vcpu)| {
        register_list(vcpu)
            .map(|list| (index, list))
            .map_err(|source| VmError::RegisterList { index, source })
    });
    let Some(first) = lists.next() else {
        return Ok(());
    };
    let (_, first) = first?;
    for other in lists {
        let (index, other) = other?;
        if other.as_slice() != first.as_slice() {
            return Err(VmError::NotAlike { index });
        }
    }
    Ok(())
}

/// The encodings of a vCPU's registers, at most 500 (kvm-bindings 0.14, `KVM_REG_LIST_MAX`).
fn register_list(vcpu: &VcpuFd) -> Result<RegList, Errno> {
    const MOST: usize = 500;
    let mut list = RegList::new(MOST).map_err(|_| Errno(libc::ENOMEM))?;
    vcpu.get_reg_list(&mut list).map_err(Errno::from)?;
    Ok(list)
}
