//! Reading, planning, applying and verifying in a sandbox.

use super::Confinement;
use super::filter::Permitted;
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::host::Host;
use idreg_runtime::kvm::kvm_ioctls::{DeviceFd, VcpuFd, VmFd};
use idreg_runtime::kvm::{
    self, CREATE_IOCTLS, CREATE_SYSTEM_CALLS, GicAddresses, INIT_IOCTLS, Ioctl, OneReg,
    PLAN_IOCTLS, ScratchVm,
};
use idreg_runtime::linux::{MachineInfo, SYSTEM_CALLS};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs;
use idreg_runtime::view::ViewInfo;
use seccompiler::SeccompAction;
use serde_json::{Map, Value, json};
use std::error::Error;
use std::fs;
use std::num::NonZeroU16;
use std::os::unix::fs::chroot;

const VCPUS: NonZeroU16 = NonZeroU16::new(2).unwrap();

pub(super) fn run(
    confinement: Confinement,
    model: &CpuModel,
    without: Option<&str>,
) -> Result<Value, Box<dyn Error>> {
    let permitted = |permitted: Permitted| match without {
        Some(name) => permitted.without(name),
        None => Ok(permitted),
    };
    let of_plan = Permitted::default().ioctls(PLAN_IOCTLS);
    match confinement {
        Confinement::Lists => Ok(lists()),
        Confinement::Vm => {
            let mut vm = GuestVm::new()?;
            permitted(of_plan)?
                .ioctls(&of_the_vmm())
                .enter(SeccompAction::KillProcess)?;
            vm.plan(model, Some(MachineInfo::unknown()))
        }
        Confinement::Refused => {
            let mut vm = GuestVm::new()?;
            permitted(of_plan)?
                .ioctls(&of_the_vmm())
                .enter(SeccompAction::Errno(libc::EPERM.unsigned_abs()))?;
            vm.plan(model, None)
        }
        Confinement::Whole => {
            let all = of_plan
                .ioctls(INIT_IOCTLS)
                .ioctls(CREATE_IOCTLS)
                .system_calls(CREATE_SYSTEM_CALLS)
                .system_calls(SYSTEM_CALLS);
            permitted(all)?.enter(SeccompAction::KillProcess)?;
            try_in_scratch_vm(model)
        }
        Confinement::EmptyRoot => {
            let mut vm = GuestVm::new()?;
            enter_empty_root()?;
            vm.plan(model, None)
        }
    }
}

/// The library's lists, by name.
fn lists() -> Value {
    let ioctls = [PLAN_IOCTLS, INIT_IOCTLS, CREATE_IOCTLS].concat();
    let ioctls = ioctls
        .iter()
        .map(|one| (one.name.to_owned(), one.number.into()));
    let plan: Vec<_> = PLAN_IOCTLS.iter().map(|ioctl| ioctl.name).collect();
    json!({"ioctls": ioctls.collect::<Map<_, _>>(), "plan": plan})
}

/// The ioctl that only the VMM makes: it runs the guest.
fn of_the_vmm() -> Vec<Ioctl> {
    let runs = CREATE_IOCTLS.iter().filter(|ioctl| ioctl.name == "KVM_RUN");
    runs.copied().collect()
}

fn enter_empty_root() -> Result<(), Box<dyn Error>> {
    let root = "empty-root";
    fs::create_dir_all(root)?;
    chroot(root)?;
    std::env::set_current_dir("/")?;
    let entries = fs::read_dir("/")?.count();
    if entries > 0 {
        return Err(format!("the directory `{root}` has {entries} entries").into());
    }
    Ok(())
}

/// The VM of a guest, as a VMM creates it before it enters its sandbox.
struct GuestVm {
    vcpus: Vec<VcpuFd>,
    _gic: DeviceFd,
    vm: VmFd,
    config: VcpuConfig,
}

impl GuestVm {
    fn new() -> Result<Self, Box<dyn Error>> {
        let config = VcpuConfig::new().with_gic(Some(Gic::V3));
        let vm = kvm::create_vm(&kvm::open()?, config)?;
        let mut vcpus = Vec::new();
        for index in 0..VCPUS.get() {
            let mut vcpu = kvm::create_vcpu(&vm, index.into())?;
            kvm::init_vcpu(&vm, &vcpu, config, index > 0)?;
            vcpu.set_kvm_immediate_exit(1);
            vcpus.push(vcpu);
        }
        let gic = kvm::create_gic(&vm, Gic::V3)?;
        let addresses = GicAddresses::V3 {
            distributor: 0,
            redistributors: 0x1_0000,
        };
        kvm::init_gic(&gic, addresses, 64)?;
        Ok(Self {
            vcpus,
            _gic: gic,
            vm,
            config,
        })
    }

    /// Reads the host, with these facts or those that this process can read, plans, applies, and
    /// verifies before and after the first run.
    fn plan(
        &mut self,
        model: &CpuModel,
        machine: Option<MachineInfo>,
    ) -> Result<Value, Box<dyn Error>> {
        let first = self.vcpus.first().ok_or("the VM has no vCPU")?;
        let host = match machine {
            Some(machine) => {
                kvm::read_vm_with(&regs::DESCRIPTION, &self.vm, first, self.config, machine)?
            }
            None => kvm::read_vm(&self.vm, first, self.config)?,
        };
        let plan = Plan::new(&host, model)?;
        for vcpu in &self.vcpus {
            plan.apply(&OneReg::new(vcpu))?;
            plan.verify(&OneReg::new(vcpu))?;
        }
        let first = self.vcpus.first_mut().ok_or("the VM has no vCPU")?;
        match first.run() {
            Err(error) if error.errno() == libc::EINTR => {}
            other => return Err(format!("KVM_RUN gave {other:?}, not EINTR").into()),
        }
        for vcpu in &self.vcpus {
            plan.verify(&OneReg::new(vcpu))?;
        }
        let view = kvm::read_view(ViewInfo::of(&plan, &host), &self.vcpus)?;
        Ok(report(&host, &plan, view.vcpu_count()))
    }
}

/// Reads the host and tries the plan, without any VM from before.
fn try_in_scratch_vm(model: &CpuModel) -> Result<Value, Box<dyn Error>> {
    let kvm = kvm::open()?;
    let config = model.config(kvm::supported(&kvm)?, &kvm::capabilities(&kvm));
    let host = kvm::read_host(&kvm, config)?;
    let plan = Plan::new(&host, model)?;
    let mut scratch = ScratchVm::with_vcpus(&kvm, config, VCPUS)?;
    scratch.try_plan(&plan)?;
    scratch.run_immediately()?;
    let vcpus = (0..VCPUS.get()).filter_map(|index| scratch.regs_of(index));
    let mut verified = 0;
    for vcpu in vcpus {
        plan.verify(&vcpu)?;
        verified += 1;
    }
    Ok(report(&host, &plan, verified))
}

fn report(host: &Host, plan: &Plan, vcpus: usize) -> Value {
    let writes = plan.writes().iter().map(|write| write.register.name);
    json!({
        "kernel_release": host.info().kernel_release,
        "implementations": host.info().implementations.len(),
        "timer_frequency": host.info().timer_frequency,
        "writes": writes.collect::<Vec<_>>(),
        "vcpus": vcpus,
    })
}
