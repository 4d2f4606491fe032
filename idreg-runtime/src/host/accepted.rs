//! Finds the values of a field that a vCPU accepts.

use crate::description::rule::ValueRange;
use crate::description::{FieldDescription, RegisterField};
use crate::vcpu::{Errno, VcpuRegs};

/// Writes value after value to a field of a vCPU and returns those that KVM accepts and stores,
/// ascending; none if the vCPU does not have the register.
///
/// A field of up to four bits is tried with every value, a wider one with its ends and the values
/// next to the present one. The vCPU must not have run, and belongs to a VM for such questions: the
/// register has its old value afterwards, but all vCPUs of the VM see it change.
///
/// ```
/// # let file = include_str!("../../data/hosts/max-latest.json");
/// # let host: idreg_runtime::host::Host = serde_json::from_str(file)?;
/// use idreg_runtime::fake::FakeVcpu; // on Arm: the vCPU of a kvm::ScratchVm
/// use idreg_runtime::host::accepted_values;
///
/// let field = host.description().property("SYSREG_ID_AA64ISAR0_EL1_AES");
/// let field = field.ok_or("no such property")?;
/// assert_eq!(accepted_values(&FakeVcpu::new(&host), field)?, host.allowed(field));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The error number of reading the register, or of writing its old value back.
pub fn accepted_values(
    vcpu: &impl VcpuRegs,
    field: RegisterField,
) -> Result<Vec<ValueRange>, Errno> {
    let register = field.register.encoding;
    let old = match vcpu.get(register) {
        Ok(old) => old,
        Err(Errno::ENOENT) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut accepted: Vec<ValueRange> = Vec::new();
    for value in probed_values(field.field, old) {
        let new = field.field.insert(old, value);
        if vcpu.set(register, new).and_then(|()| vcpu.get(register)) != Ok(new) {
            continue;
        }
        match accepted.last_mut() {
            Some(range) if range.last + 1 == value => range.last = value,
            _ => accepted.push(ValueRange {
                first: value,
                last: value,
            }),
        }
    }
    if vcpu.get(register)? != old {
        vcpu.set(register, old)?;
    }
    Ok(accepted)
}

/// The values to try, ascending.
fn probed_values(field: FieldDescription, register: u64) -> Vec<u64> {
    let (max, present) = (field.max(), field.extract(register));
    if max <= 0xf {
        return (0..=max).collect();
    }
    let mut values = vec![
        0,
        1,
        present.saturating_sub(1),
        present,
        present.saturating_add(1).min(max),
        max - 1,
        max,
    ];
    values.sort_unstable();
    values.dedup();
    values
}
