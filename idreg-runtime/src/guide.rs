//! Guide for VMM authors: what QEMU, Firecracker and Cloud Hypervisor have, and what to call here.
//!
//! Names that begin with `kvm::` are in the module `kvm`, which exists on arm64 Linux.
//!
//! # From QEMU
//!
//! | QEMU 11.1 | here |
//! |---|---|
//! | `-cpu host,sve=off,sve256=on,pmu=off` | the same text: [`CpuModel`], by `parse` or as a string of serde; [syntax](crate::model) |
//! | `SYSREG_<REG>_<FIELD>=<VALUE>` of the proposed customizable host model | the same text, with the field names of the kernel's `arch/arm64/tools/sysreg`; [`formats::qemu`](crate::formats::qemu) reads and writes those of Arm |
//! | features for `KVM_ARM_VCPU_INIT`, from the properties | [`CpuModel::config`], then [`VcpuConfig::features`] |
//! | `kvm_arm_get_host_cpu_features` on a scratch VM | `kvm::read_host`, or `kvm::read_vm` on the VM of the guest |
//! | `query-cpu-model-expansion` | [`Property::all`], and for each field [`Host::allowed`] and [`Host::why_fixed`] |
//! | `Property '...' not found` | [`Property::nearest`]: the property that was probably meant |
//! | x86's `check` and `enforce` | [`Plan::warnings`], and the word `enforce` in the model |
//! | `write_list_to_kvmstate` | [`Plan::apply`] for the ID registers, before all other registers |
//! | `Could not set register system register op0:3 op1:0 ...` in a migration | [`Plan::for_view`] on the destination, before anything is sent: every reason by name; `formats::diagnostic` explains such lines |
//!
//! # From Firecracker
//!
//! | Firecracker | here |
//! |---|---|
//! | CPU template, `reg_modifiers` | a [`CpuModel`], by name; [below](#a-cpu-template) from a template |
//! | `addr` of a modifier | [`Encoding::kvm_id`] |
//! | `vcpu_features` | [`VcpuConfig`], or the model's options (`sve=on`) and [`CpuModel::config`] |
//! | `kvm_capabilities` | [`Capabilities`], which `kvm::capabilities` reads |
//! | `apply_template`, then one `KVM_SET_ONE_REG` for each register | [`Plan::new`], then [`Plan::apply`] for each vCPU, which reads back what it writes |
//! | CLIDR_EL1, which it writes itself | [`Plan::expect`] |
//! | `cpu-template-helper template dump` | the [`Host`] as a file: `serde_json::to_string(&host)` |
//! | `cpu-template-helper template verify` | [`Plan::verify`] |
//! | `cpu-template-helper fingerprint dump` and `compare` | a [`View`] as a file, and [`Plan::for_view`]; a fingerprint is read by [`Document`](crate::formats::firecracker::Document) |
//! | MIDR_EL1 compared at a restore, with a warning | [`Plan::for_view`] |
//! | `jailer`, without `/sys` and `/proc` | `kvm::read_vm_with`, with what the VMM knows in a `linux::MachineInfo` |
//! | seccomp filters | the section "System calls" of each function of `kvm` |
//!
//! Its own `VmFd` and `VcpuFd` will do, of any version of kvm-ioctls: functions on a VM or a vCPU
//! that exists take `impl AsRawFd`. The example `firecracker` is a VMM of this shape.
//!
//! ## A CPU template
//!
//! A modifier is a filter and a value for the bits of a register. Fields are what KVM accepts or
//! refuses, so a modifier that covers a whole field becomes an override of it; what a model cannot
//! have is named. The other way is [`formats::firecracker::template`](crate::formats::firecracker).
//!
//! ```
//! use idreg_runtime::formats::firecracker::{Template, TemplateModel};
//!
//! let file = r#"{"reg_modifiers": [{"addr": "0x603000000013c030", "bitmap": "0b0000xxxx"}]}"#;
//! let template: Template = serde_json::from_str(file)?;
//! let TemplateModel { model, missing } = TemplateModel::new(&template);
//! assert_eq!(model.to_string(), "host,SYSREG_ID_AA64ISAR0_EL1_AES=0x0");
//! assert!(missing.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From Cloud Hypervisor
//!
//! | Cloud Hypervisor | here |
//! |---|---|
//! | SVE and the PMU on if KVM has them | `kvm::supported`, then [`CpuModel::config`] for what the user switches |
//! | limiting and finalising SVE | `kvm::init_vcpu`, or `kvm::limit_vector_lengths` before its own `KVM_ARM_VCPU_FINALIZE` |
//! | initialising the PMU | `kvm::init_pmu`, after the GIC |
//! | `check_cpuid_compatibility`, on x86-64 alone | [`Plan::for_view`] |
//! | `SetSysRegister(EINVAL)` at a restore | [`ApplyError`], which names the property that KVM refused |
//!
//! The example `cloud_hypervisor` is a VMM of this shape.
//!
//! # From an own layer on KVM
//!
//! | the layer has | here |
//! |---|---|
//! | `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` | implement [`VcpuRegs`] |
//! | `KVM_ARM_GET_REG_WRITABLE_MASKS` | [`WritableMasks::new`], for [`Host::read`] |
//! | `KVM_CHECK_EXTENSION` | [`Capabilities`] in [`HostInfo`](crate::host::HostInfo) |
//! | registers of all ids, for a snapshot | implement [`RegistersById`](crate::vcpu::RegistersById), for [`View::read`] |
//!
//! The example `own_kvm` has such a layer. It needs the feature `std` alone.

#[cfg(doc)]
use crate::config::capabilities::{Capabilities, WritableMasks};
#[cfg(doc)]
use crate::encoding::Encoding;
#[cfg(doc)]
use crate::model::property::Property;
#[cfg(doc)]
use crate::{ApplyError, CpuModel, Host, Plan, VcpuConfig, VcpuRegs, View};
