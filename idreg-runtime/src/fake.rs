//! A VM without KVM, for tests on any machine.

mod calls;
mod first_run;
mod pmu;
mod setters;

use self::calls::Calls;
use self::pmu::Pmu;
use self::setters::{MaskedValue, PendingWrite};
use crate::config::capabilities::{
    FEATURE_ID_REGISTERS, WritableMasks, feature_id_index, is_of_vm,
};
use crate::config::pmu_counters::PMCR_EL0;
use crate::description::{RegisterDescription, RegisterField};
use crate::encoding::Encoding;
use crate::firmware::FirmwareRegister;
use crate::host::{Host, is_of_an_option};
use crate::register::{FieldValue, RegisterValue};
use crate::regs::mpidr_el1::{Aff0, Aff1, Aff2};
use crate::regs::{CtrEl0, MpidrEl1};
use crate::values::RegisterValues;
use crate::vcpu::{CACHE_SIZES, Errno, RegistersById, VcpuRegs, cache_size_id};
use core::mem;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A VM of a recorded [`Host`] that answers as KVM does.
///
/// It models `arch/arm64/kvm/sys_regs.c` of Linux 6.12 and 7.2: the values that each register
/// accepts, the errors for other values, the values that KVM stores in place of the written ones,
/// the registers that all vCPUs share, and the changes at the first run. The host alone decides
/// which kernel is modelled. On a kernel without masks (`capabilities.writable_masks`) no ID
/// register can be changed.
///
/// ```
/// # let host: idreg_runtime::host::Host =
/// #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
/// use idreg_runtime::regs::{IdAa64isar0El1, MpidrEl1, id_aa64isar0_el1::Dp};
/// use idreg_runtime::fake::FakeVm;
/// use idreg_runtime::vcpu::{Errno, VcpuRegs};
///
/// let vm = FakeVm::new(&host);
/// let (first, second) = (vm.vcpu(0), vm.vcpu(1));
/// let register = IdAa64isar0El1::ENCODING;
/// let without = IdAa64isar0El1::from_bits(first.get(register)?).with_dp(Dp::NI).bits();
/// first.set(register, without)?;
/// assert_eq!(second.get(register)?, without); // all vCPUs share it
/// assert_ne!(second.get(MpidrEl1::ENCODING), first.get(MpidrEl1::ENCODING));
///
/// vm.run();
/// assert_eq!(first.set(register, 0), Err(Errno::EBUSY));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FakeVm {
    state: Arc<State>,
}

/// One vCPU of a [`FakeVm`].
///
/// [`fail_at`](FakeVcpu::fail_at), [`fail_from`](FakeVcpu::fail_from) and
/// [`ignore_writes`](FakeVcpu::ignore_writes) inject faults. Faults and counts belong to the whole
/// VM.
#[derive(Clone, Debug)]
pub struct FakeVcpu {
    vm: FakeVm,
    index: u32,
}

#[derive(Debug)]
struct State {
    /// The recorded host; its values are the limits that KVM compares with.
    host: Host,
    /// The host's registers by encoding.
    registers: HashMap<Encoding, &'static RegisterDescription>,
    calls: Calls,
    /// Behind one lock, like KVM's `config_lock` of a VM.
    mutable: Mutex<Mutable>,
}

/// The state that calls change.
#[derive(Debug)]
struct Mutable {
    /// The registers that all vCPUs share.
    shared: RegisterValues,
    /// The registers of each vCPU alone, by its index.
    own: BTreeMap<u32, RegisterValues>,
    masked: Vec<MaskedValue>,
    write_ignored: Vec<Encoding>,
    pmu: Pmu,
    enforces_dependencies: bool,
    has_run: bool,
}

impl FakeVm {
    /// Makes a VM with the host's registers and the configuration that the host was read with.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        let registers = host.values().iter();
        let registers = registers.map(|(register, _)| (register.encoding, register));
        let state = State {
            registers: registers.collect(),
            host: host.clone(),
            calls: Calls::default(),
            mutable: Mutex::new(Mutable {
                shared: values_in_scope(host, is_of_vm),
                own: BTreeMap::new(),
                masked: Vec::new(),
                write_ignored: Vec::new(),
                pmu: Pmu::new(host),
                enforces_dependencies: false,
                has_run: false,
            }),
        };
        Self {
            state: Arc::new(state),
        }
    }

    /// Masks a value of a field: a write of it is accepted, and the VM's own value is stored.
    /// Can be called several times, also for one field.
    ///
    /// KVM treats the hardware's values of ID_AA64PFR0_EL1.MPAM, ID_AA64PFR1_EL1.MPAM_frac and
    /// ID_AA64MMFR2_EL1.NV in this way, since older kernels showed them to VMs (Linux 7.2,
    /// `arch/arm64/kvm/sys_regs.c`, `set_id_aa64pfr0_el1` and similar functions). A host file does
    /// not contain them.
    #[must_use]
    pub fn masking(self, field: RegisterField, value: u64) -> Self {
        self.state.lock().masked.push(MaskedValue { field, value });
        self
    }

    /// Makes the first run clear the fields that Linux 7.3 clears: ID_AA64MMFR3_EL1.S1PIE without
    /// TCRX and ATS1A, and S1POE without these and HPDS (`arch/arm64/kvm/config.c`,
    /// `kvm_idregs_enforce_dependencies`).
    #[must_use]
    pub fn enforcing_dependencies(self) -> Self {
        self.state.lock().enforces_dependencies = true;
        self
    }

    /// The vCPU with this index, created on first use. The first vCPU has the host's MPIDR_EL1, the
    /// MPIDR_EL1 of any other follows from its index.
    #[must_use]
    pub fn vcpu(&self, index: u32) -> FakeVcpu {
        self.state.lock().own.entry(index).or_insert_with(|| {
            let mut own = values_in_scope(&self.state.host, |register| !is_of_vm(register));
            if index != 0 && own.get(MpidrEl1::DESCRIPTION).is_some() {
                own.set(MpidrEl1::DESCRIPTION, mpidr(index));
            }
            own
        });
        FakeVcpu {
            vm: self.clone(),
            index,
        }
    }

    /// The masks that `KVM_ARM_GET_REG_WRITABLE_MASKS` returns, or `None` if the host's KVM does
    /// not have the ioctl. Counts as a call in both cases.
    ///
    /// # Errors
    ///
    /// The error of an injected fault.
    pub fn writable_masks(&self) -> Result<Option<WritableMasks>, Errno> {
        self.state.calls.call()?;
        let host = &self.state.host;
        if !host.info().capabilities.writable_masks {
            return Ok(None);
        }
        let mut masks = [0; FEATURE_ID_REGISTERS];
        for register in self.state.registers.values() {
            let index = feature_id_index(register.encoding);
            if let Some(mask) = index.and_then(|index| masks.get_mut(index)) {
                *mask = host.writable(register);
            }
        }
        Ok(Some(WritableMasks::new(masks)))
    }

    /// Makes the call with this number fail, counted from 0 over the reads and writes of all vCPUs
    /// and [`writable_masks`](FakeVm::writable_masks). Can be used for several calls.
    pub fn fail_at(&self, call: usize, errno: Errno) {
        self.state.calls.fail_at(call, errno);
    }

    /// Makes the call with this number and all later calls fail.
    pub fn fail_from(&self, call: usize, errno: Errno) {
        self.state.calls.fail_from(call, errno);
    }

    /// Removes all injected faults.
    pub fn no_fault(&self) {
        self.state.calls.no_fault();
    }

    /// Accepts writes of a register and stores nothing, like KVM for the AArch32 ID registers of a
    /// host that cannot run AArch32 (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `REG_USER_WI`).
    pub fn ignore_writes(&self, register: Encoding) {
        self.state.lock().write_ignored.push(register);
    }

    /// Runs the guest. At the first run KVM changes the GIC fields to match the VM's interrupt
    /// controller and freezes the registers that all vCPUs share. CLIDR_EL1 and MPIDR_EL1 stay
    /// writable.
    pub fn run(&self) {
        let mut mutable = self.state.lock();
        if mem::replace(&mut mutable.has_run, true) {
            return;
        }
        first_run::finalize_gic(&self.state.host, &mut mutable.shared);
        if mutable.enforces_dependencies {
            first_run::enforce_dependencies(&mut mutable.shared);
        }
    }

    /// The number of calls.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.calls.made()
    }

    /// The number of writes, refused ones included.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.state.calls.writes()
    }
}

impl FakeVcpu {
    /// Makes the only vCPU of a [`FakeVm`] of this host.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        FakeVm::new(host).vcpu(0)
    }

    /// The VM of the vCPU.
    #[must_use]
    pub fn vm(&self) -> &FakeVm {
        &self.vm
    }

    /// Injects a fault like [`FakeVm::fail_at`].
    pub fn fail_at(&self, call: usize, errno: Errno) {
        self.vm.fail_at(call, errno);
    }

    /// Injects faults like [`FakeVm::fail_from`].
    pub fn fail_from(&self, call: usize, errno: Errno) {
        self.vm.fail_from(call, errno);
    }

    /// Removes all faults like [`FakeVm::no_fault`].
    pub fn no_fault(&self) {
        self.vm.no_fault();
    }

    /// Ignores writes like [`FakeVm::ignore_writes`].
    pub fn ignore_writes(&self, register: Encoding) {
        self.vm.ignore_writes(register);
    }

    /// Runs the guest like [`FakeVm::run`].
    pub fn run(&self) {
        self.vm.run();
    }

    /// The number of calls, like [`FakeVm::calls`].
    #[must_use]
    pub fn calls(&self) -> usize {
        self.vm.calls()
    }

    /// The number of writes, like [`FakeVm::writes`].
    #[must_use]
    pub fn writes(&self) -> usize {
        self.vm.writes()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Mutable> {
        // Every change is complete before the lock is released, also by a panic.
        self.mutable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self, encoding: Encoding) -> Result<&'static RegisterDescription, Errno> {
        self.registers.get(&encoding).copied().ok_or(Errno::ENOENT)
    }
}

impl Mutable {
    /// The values among which a vCPU has this register.
    fn values(&mut self, vcpu: u32, register: Encoding) -> Result<&mut RegisterValues, Errno> {
        if is_of_vm(register) {
            Ok(&mut self.shared)
        } else {
            self.own.get_mut(&vcpu).ok_or(Errno::ENOENT)
        }
    }
}

impl VcpuRegs for FakeVcpu {
    fn get(&self, encoding: Encoding) -> Result<u64, Errno> {
        let vm = &self.vm.state;
        vm.calls.call()?;
        if encoding == PMCR_EL0 && vm.host.info().vcpu.pmu {
            return Ok(vm.lock().pmu.get(&vm.host, self.index));
        }
        if is_of_an_option(vm.host.info().vcpu, encoding) {
            return Ok(0);
        }
        let register = vm.register(encoding)?;
        let mut mutable = vm.lock();
        let values = mutable.values(self.index, encoding)?;
        values.get(register).ok_or(Errno::ENOENT)
    }

    fn set(&self, encoding: Encoding, value: u64) -> Result<(), Errno> {
        let vm = &self.vm.state;
        vm.calls.write()?;
        if encoding == PMCR_EL0 && vm.host.info().vcpu.pmu {
            let mut mutable = vm.lock();
            if !mutable.write_ignored.contains(&encoding) {
                let has_run = mutable.has_run;
                mutable.pmu.set(&vm.host, has_run, self.index, value);
            }
            return Ok(());
        }
        let register = vm.register(encoding)?;
        let mut mutable = vm.lock();
        let present = mutable.values(self.index, encoding)?.get(register);
        let present = present.ok_or(Errno::ENOENT)?;
        if mutable.write_ignored.contains(&encoding) {
            return Ok(());
        }
        let write = PendingWrite {
            host: &vm.host,
            masked: &mutable.masked,
            register,
            limit: vm.host.values().get(register).ok_or(Errno::ENOENT)?,
            present,
            has_run: mutable.has_run,
        };
        let stored = write.after(value)?;
        mutable.values(self.index, encoding)?.set(register, stored);
        Ok(())
    }
}

/// The host's firmware registers, none if the host does not tell them, and cache sizes without
/// caches: KVM makes them up from the line sizes of CTR_EL0 (Linux 7.2,
/// `arch/arm64/kvm/sys_regs.c`, `get_ccsidr`).
impl RegistersById for FakeVcpu {
    fn get_by_id(&self, id: u64) -> Result<u64, Errno> {
        let vm = &self.vm.state;
        vm.calls.call()?;
        let mut firmware = FirmwareRegister::ALL.into_iter();
        if let Some(register) = firmware.find(|register| register.id() == id) {
            return vm.host.info().firmware.get(register).ok_or(Errno::ENOENT);
        }
        let mut selections = 0..CACHE_SIZES;
        let selection = selections.find(|selection| cache_size_id(*selection) == id);
        let selection = selection.ok_or(Errno::ENOENT)?;
        let ctr: CtrEl0 = vm.host.values().get_as().ok_or(Errno::ENOENT)?;
        let log2_words = if selection & 1 == 0 {
            ctr.dminline().bits()
        } else {
            ctr.iminline().bits()
        };
        // CCSIDR_EL1.LineSize is log2 of the bytes less 4.
        Ok((log2_words + 2).saturating_sub(4))
    }
}

fn values_in_scope(host: &Host, is_in_scope: impl Fn(Encoding) -> bool) -> RegisterValues {
    let mut values = RegisterValues::new(host.description());
    for (register, value) in host.values().iter() {
        if is_in_scope(register.encoding) {
            values.set(register, value);
        }
    }
    values
}

/// The MPIDR_EL1 of the vCPU with this index: 16 vCPUs at affinity level 0, the most that a GICv3
/// can interrupt at once, and 256 numbers at each level above (Linux 7.2,
/// `arch/arm64/kvm/sys_regs.c`, `reset_mpidr`).
fn mpidr(index: u32) -> u64 {
    let index = u64::from(index);
    let mpidr = Aff0::FIELD.field.insert(MpidrEl1::RES1, index & 0xf);
    let mpidr = Aff1::FIELD.field.insert(mpidr, index >> 4);
    Aff2::FIELD.field.insert(mpidr, index >> 12)
}
