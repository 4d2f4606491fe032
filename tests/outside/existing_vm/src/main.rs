//! A VMM that makes its VM, its vCPUs and its GIC itself, in Firecracker's order: the GIC is
//! initialised before the vCPUs are.
//!
//! Usage, on an arm64 machine with KVM: `existing-vm [MODEL]`

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod vmm;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use vmm::main;

#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
fn main() {
    eprintln!("this program uses KVM on arm64 Linux");
    std::process::exit(3);
}
