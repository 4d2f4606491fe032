//! A VMM with its own KVM layer: it implements `VcpuRegs`, and needs the feature `std` alone.
//!
//! Here the layer is a table of registers, so the example runs on every machine.

use idreg_runtime::config::capabilities::WritableMasks;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::HostInfo;
use idreg_runtime::vcpu::Errno;
use idreg_runtime::{CpuModel, Host, Plan, VcpuRegs};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The VMM's vCPU; a real one has a descriptor in place of the table.
struct Vcpu {
    registers: RefCell<BTreeMap<Encoding, u64>>,
}

impl VcpuRegs for Vcpu {
    /// In a VMM: `KVM_GET_ONE_REG` with the id `0x6030_0000_0013_0000 | register.packed()`.
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        let registers = self.registers.borrow();
        registers.get(&register).copied().ok_or(Errno::ENOENT)
    }

    /// In a VMM: `KVM_SET_ONE_REG` with the same id.
    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        match self.registers.borrow_mut().get_mut(&register) {
            Some(place) => {
                *place = value;
                Ok(())
            }
            None => Err(Errno::ENOENT),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recorded: Host = serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
    let registers = recorded.values().iter();
    let registers = registers.map(|(register, value)| (register.encoding, value));
    let vcpu = Vcpu {
        registers: RefCell::new(registers.collect()),
    };

    // What the VMM knows of its VM; the masks are those of KVM_ARM_GET_REG_WRITABLE_MASKS.
    let info: HostInfo = recorded.info().clone();
    let masks = WritableMasks::new([u64::MAX; 192]);
    let host = Host::read(info, &vcpu, Some(&masks))?;

    let model: CpuModel = "host,FEAT_DotProd=off".parse()?;
    let plan = Plan::new(&host, &model)?;
    plan.apply(&vcpu)?;
    plan.verify(&vcpu)?;
    for change in plan.changes() {
        println!("{}: {:#x} -> {:#x}", change.field, change.old, change.new);
    }
    Ok(())
}
