//! A VMM of Firecracker's shape: no option is on, and the VM and its vCPUs are the VMM's own.
//!
//! Usage, on an arm64 machine with KVM: `firecracker [MODEL]`

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use idreg_runtime::config::{Gic, VcpuConfig};
    use idreg_runtime::kvm::{self, OneReg};
    use idreg_runtime::{CpuModel, Plan};

    let model = std::env::args().nth(1);
    let model: CpuModel = model
        .as_deref()
        .unwrap_or("host,FEAT_DotProd=off")
        .parse()?;

    // A VMM has these steps already; its own version of kvm-ioctls will do.
    let vm = kvm::open()?.create_vm()?;
    let config = VcpuConfig::new().with_gic(Some(Gic::V3));
    kvm::enable_implementation_ids(&vm)?; // before the first vCPU, so that `midr=...` is possible
    let vcpus = (0..2)
        .map(|index| vm.create_vcpu(index))
        .collect::<Result<Vec<_>, _>>()?;
    for (index, vcpu) in vcpus.iter().enumerate() {
        kvm::init_vcpu(&vm, vcpu, config, index > 0)?;
    }
    // KVM rewrites the GIC's fields here, so the host is read after it.
    let _gic = kvm::create_gic(&vm, Gic::V3)?;

    let first = vcpus.first().ok_or("a VM has a vCPU")?;
    let host = kvm::read_vm(&vm, first, config)?;
    let plan = Plan::new(&host, &model)?; // nothing is written if anything is rejected
    for vcpu in &vcpus {
        plan.apply(&OneReg::new(vcpu))?; // reads back what it writes
    }
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
