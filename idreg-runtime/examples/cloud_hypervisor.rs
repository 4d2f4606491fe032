//! A VMM of Cloud Hypervisor's shape: SVE and the PMU are on where the host has them.
//!
//! Usage, on an arm64 machine with KVM: `cloud_hypervisor [MODEL]`

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use idreg_runtime::config::{Gic, VcpuConfig};
    use idreg_runtime::kvm::{self, OneReg};
    use idreg_runtime::{CpuModel, Plan};

    let model = std::env::args().nth(1);
    let model: CpuModel = model.as_deref().unwrap_or("host,FEAT_I8MM=off").parse()?;

    let kvm = kvm::open()?;
    let supported = kvm::supported(&kvm)?;
    let base = VcpuConfig::new()
        .with_sve(supported.sve)
        .with_pmu(supported.pmu)
        .with_gic(Some(Gic::V3));
    // The user can switch options (`sve=off`, `sve256=on`), which decide how vCPUs are made.
    let config = model.config(base, &kvm::capabilities(&kvm));

    let vm = kvm::create_vm(&kvm, config)?;
    let vcpus = (0..2)
        .map(|index| kvm::create_vcpu(&vm, index))
        .collect::<Result<Vec<_>, _>>()?;
    for (index, vcpu) in vcpus.iter().enumerate() {
        kvm::init_vcpu(&vm, vcpu, config, index > 0)?; // limits the vectors and finalises SVE
    }
    let gic = kvm::create_gic(&vm, Gic::V3)?;

    let first = vcpus.first().ok_or("a VM has a vCPU")?;
    let host = kvm::read_vm(&vm, first, config)?;
    let plan = Plan::new(&host, &model)?;
    for vcpu in &vcpus {
        plan.apply(&OneReg::new(vcpu))?;
    }

    // Before the first run: the PMU needs an initialised GIC.
    let addresses = kvm::GicAddresses::V3 {
        distributor: 0x0800_0000,
        redistributors: 0x080a_0000,
    };
    kvm::init_gic(&gic, addresses, 128)?;
    for vcpu in &vcpus {
        kvm::init_pmu(vcpu, config)?;
        plan.verify(&OneReg::new(vcpu))?; // and once more after the first run
    }
    println!("options: {config:?}");
    for change in plan.changes() {
        println!("{}: {:#x} -> {:#x}", change.field, change.old, change.new);
    }
    Ok(())
}

#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
fn main() {
    eprintln!("this example uses KVM on arm64 Linux");
    std::process::exit(3);
}
