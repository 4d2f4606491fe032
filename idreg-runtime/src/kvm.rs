//! Access to KVM: reads hosts, and configures VMs and vCPUs.
//!
//! Two parts, for two kinds of callers:
//!
//! - Functions on a VM or vCPU that **exists** take any type with its descriptor (`impl AsRawFd`),
//!   such as `VmFd` and `VcpuFd` of the VMM's own version of `kvm-ioctls`. They need the feature
//!   `kvm`, and no crate of KVM's types.
//! - Functions that **make** VMs and vCPUs use the types of [`kvm_ioctls`], re-exported here, and
//!   need the feature `scratch`. They make the VM of a guest and a [`ScratchVm`] that only answers
//!   questions in the same way, so that a scratch VM has the registers of the guest's VM.
//!
//! A VMM with its own VM passes the descriptors to [`read_vm`] and [`OneReg`]:
//!
//! ```no_run
//! # use idreg_runtime::config::{Gic, VcpuConfig};
//! # use idreg_runtime::kvm::{self, OneReg};
//! # use idreg_runtime::{CpuModel, Plan};
//! # use std::os::fd::OwnedFd;
//! # fn configure(vm: OwnedFd, vcpus: Vec<OwnedFd>) -> Result<(), Box<dyn std::error::Error>> {
//! let config = VcpuConfig::new().with_gic(Some(Gic::V3)); // as the VM was created
//! let model: CpuModel = "host,FEAT_DotProd=off".parse()?;
//! let host = kvm::read_vm(&vm, &vcpus[0], config)?;
//! let plan = Plan::new(&host, &model)?;
//! for vcpu in &vcpus {
//!     plan.apply(&OneReg::new(vcpu))?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # System calls
//!
//! Each function documents its system calls. [`PLAN_IOCTLS`], [`INIT_IOCTLS`] and, with the feature
//! `scratch`, [`CREATE_IOCTLS`] and [`CREATE_SYSTEM_CALLS`] list those of all functions, for the
//! filter of a sandbox; they do not include the calls of the memory allocator.
//!
//! # Order
//!
//! KVM prescribes no single sequence. These constraints hold, of KVM on Linux 6.1 to 7.2:
//!
//! | step | not before | not after | reason |
//! |---|---|---|---|
//! | [`enable_mte`], [`enable_implementation_ids`] | | the first vCPU is created | KVM then answers `EINVAL` |
//! | creating a vCPU | | the GIC is initialised ([`init_gic`]) | KVM then answers `EBUSY`; the GIC may be *created* before all vCPUs |
//! | initialising a vCPU ([`init_vcpu`]) | it is created | | the GIC may be created and initialised before or after; every vCPU of a VM has the same features |
//! | limiting the vector lengths ([`limit_vector_lengths`]) | the vCPU is initialised | its SVE is finalised | KVM answers `ENOEXEC` or `EPERM` |
//! | finalising SVE ([`init_vcpu`] does) | the lengths are limited | the first run | KVM then answers `EPERM`; a vCPU that is not finalised does not run |
//! | reading the host ([`read_vm`]) | the vCPU is initialised; the VM has its GIC, if it will have one | an ID register is written, or the VM has run | creating the GIC rewrites the GIC fields; a written value would pass for the host's |
//! | writing ID registers ([`Plan::apply`](crate::plan::Plan::apply)) | the host is read | the first run | KVM then answers `EBUSY` |
//! | [`set_gic_identity`] | the VM has its vCPUs and its GIC | the GIC is initialised | KVM then answers `EBUSY`, before Linux 6.17 always |
//! | [`write_firmware`] | the vCPU is initialised | the first run | KVM then answers `EBUSY` to most |
//! | [`init_pmu`] | the GIC is initialised, if there is one | the first run | KVM answers `ENODEV`; an uninitialised PMU does not run |
//! | [`offer_target_cpus`] | the vCPU is initialised | the first run | KVM answers `EBUSY` |
//!
//! The first `KVM_RUN` of any vCPU finalises and freezes the ID registers of the VM, even one that
//! returns at once; [`Plan::verify`](crate::plan::Plan::verify) then shows what the guest sees. A
//! VM may have a GICv3, a GICv2, or no in-kernel GIC; without one KVM clears the GIC fields at the
//! first run. ID registers are of the VM, except for MPIDR_EL1 and CLIDR_EL1: a plan is applied to
//! every vCPU, and writes most registers on the first.
//!
//! A guest that comes from elsewhere has a plan of its view
//! ([`Plan::for_view`](crate::plan::Plan::for_view)), from which a VMM rebuilds the VM: the VM and
//! its vCPUs with [`Plan::config`](crate::plan::Plan::config), the GIC with [`set_gic_identity`]
//! and then [`init_gic`], [`Plan::apply`](crate::plan::Plan::apply) on each vCPU,
//! [`write_firmware`] on one, and at last the other registers of the guest.

mod capabilities;
#[cfg(feature = "scratch")]
mod create;
mod error;
mod firmware;
mod gic;
mod init;
mod ioctl;
mod one_reg;
#[cfg(feature = "scratch")]
mod read;
#[cfg(feature = "scratch")]
mod scratch;
mod sve;
mod system_calls;
mod target;
mod view;
mod vm;
mod vm_host;

pub use self::capabilities::capabilities;
#[cfg(feature = "scratch")]
pub use self::create::{
    create_gic, create_vcpu, create_vm, create_vm_with, open, physical_address_bits,
};
pub use self::error::{KvmError, KvmStep};
pub use self::firmware::write_firmware;
pub use self::gic::{GicAddresses, gic_identity, in_kernel_gic, init_gic, set_gic_identity};
pub use self::init::{init_pmu, init_vcpu};
pub use self::one_reg::{OneReg, kvm_reg_id};
#[cfg(feature = "scratch")]
pub use self::read::{read_host, read_host_described, read_host_from, read_host_with, supported};
#[cfg(feature = "scratch")]
pub use self::scratch::ScratchVm;
pub use self::sve::{limit_vector_lengths, sve_vector_lengths};
#[cfg(feature = "scratch")]
pub use self::system_calls::{CREATE_IOCTLS, CREATE_SYSTEM_CALLS};
pub use self::system_calls::{INIT_IOCTLS, Ioctl, PLAN_IOCTLS};
pub use self::target::{answer_target_cpus, offer_target_cpus};
pub use self::view::read_view;
pub use self::vm::{enable_implementation_ids, enable_mte, has_implementation_ids, writable_masks};
pub use self::vm_host::{check_configuration, read_vm, read_vm_with};
#[cfg(feature = "scratch")]
pub use kvm_ioctls;
