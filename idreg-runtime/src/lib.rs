//! Reads, plans and applies the Arm ID registers of KVM guests.
//!
//! A guest learns the features of its CPU from ID registers such as ID_AA64ISAR0_EL1. A register
//! consists of fields of a few bits; the value of a field is the level of a feature, and 0 usually
//! says that the feature is not implemented. A guest that has seen a feature cannot run on a host
//! without it. A VMM that wants to move its guests therefore lowers fields before a guest first
//! runs. Five words describe the rules:
//!
//! - **Limit**: the value of a field in a new vCPU, before anything is written. It follows from the
//!   CPU, the kernel and the options that the vCPU was created with. KVM compares each write with
//!   it.
//! - **Mask**: the bits of a register that KVM reports as writable (Linux 6.7 and newer). A field
//!   outside the mask keeps its limit. A field inside it can still refuse a value.
//! - **Safety**: the direction in which a value may differ from the limit. For most fields a lower
//!   value is safe, since a guest that sees less uses less. For some a higher value is safe, for
//!   some only one exact value.
//! - **Owner**: the part of the VM that sets a field in place of a register write: an option of the
//!   vCPU (`sve`, `pauth`, `pmu`, `mte`, `el2`), the interrupt controller, or the vCPU's number.
//! - **View**: the registers as the guest sees them, read back from its vCPU. KVM stores some
//!   values differently, and some kernels change registers when a guest first runs. The view
//!   decides where the guest can run, not the values that were requested.
//!
//! A VMM reads its [`Host`], takes a [`CpuModel`] from its user and makes a [`Plan`] of both. The
//! plan has every write that the model needs, or every reason why it is not possible:
//!
//! ```
//! # let file = include_str!("../data/hosts/max-latest.json");
//! use idreg_runtime::fake::FakeVcpu;
//! use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
//! use idreg_runtime::{CpuModel, Host, Plan};
//!
//! let host: Host = serde_json::from_str(file)?; // on Arm: kvm::read_host
//!
//! let mut model = CpuModel::host();
//! model.set(Dp::NI); // or "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0".parse()?
//!
//! let plan = Plan::new(&host, &model)?;
//! let vcpu = FakeVcpu::new(&host); // on Arm: kvm::OneReg::new(&vcpu_fd)
//! let view = plan.apply(&vcpu)?;
//! assert_eq!(view.get_as::<IdAa64isar0El1>().map(IdAa64isar0El1::dp), Some(Dp::NI));
//!
//! let error = Plan::new(&host, &"host,SYSREG_ID_AA64ISAR0_EL1_DP=2".parse()?).unwrap_err();
//! assert!(error.to_string().ends_with("above the host's value 0x1 (IMP); allowed: 0x0-0x1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A plan checks masks, the [safety](description::rule::Safety) of each field and its owner, so
//! that KVM accepts the writes of a plan. The allowed values of a field need no model:
//!
//! ```
//! # let file = include_str!("../data/hosts/max-latest.json");
//! # let host: idreg_runtime::Host = serde_json::from_str(file)?;
//! for field in host.description().fields() {
//!     match host.why_fixed(field) {
//!         None => println!("{field}: allowed {:?}", host.allowed(field)),
//!         Some(obstacle) => println!("{field}: fixed, {}", obstacle.name()),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On an Arm machine with KVM the steps have this order; a [`FakeVm`](fake::FakeVm) takes the place
//! of the VM on other machines:
//!
//! ```
//! # let file = include_str!("../data/hosts/max-latest.json");
//! use idreg_runtime::fake::FakeVm;
//! use idreg_runtime::{CpuModel, Host, Plan};
//!
//! let recorded: Host = serde_json::from_str(file)?;
//! let model: CpuModel =
//!     "host,sve256=on,pmu=off,FEAT_I8MM=off,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?;
//!
//! // The configuration of the vCPUs: `kvm::supported` with the model's options.
//! let config = model.config(recorded.info().vcpu, &recorded.info().capabilities);
//! let host = recorded.reconfigured(config)?; // kvm::read_host(&kvm, config)
//! let plan = Plan::new(&host, &model)?;
//!
//! let vm = FakeVm::new(&host); // kvm::create_vm, create_vcpu, init_vcpu, create_gic
//! for index in 0..2 {
//!     plan.apply(&vm.vcpu(index))?; // the second finds most registers written
//! }
//! vm.run();
//! plan.verify(&vm.vcpu(0))?; // some kernels change registers at the first run
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Data flows one way: from KVM or a file to a [`Host`], with a [`CpuModel`] to a [`Plan`], through
//! [`VcpuRegs`] into a vCPU, and back as the guest's view. The registers come from a description,
//! by [`include_sysreg!`]: those that identify a CPU are in [`regs`], and a VMM that needs others
//! brings its own description.
//!
//! The [`guide`] starts from what QEMU, Firecracker and Cloud Hypervisor have, and [`formats`]
//! write and read their files.
//!
//! # Features
//!
//! - `scratch` (default, with `kvm`): makes VMs and vCPUs with the types of `kvm_ioctls`.
//! - `kvm`: the module `kvm`, on arm64 Linux; on other machines
//!   `cargo doc --target aarch64-unknown-linux-gnu` shows it. Everything else works on any machine.
//! - `std` (with `kvm`): hosts, models, plans and everything that works on them; on Linux also the
//!   module `linux`, for VMMs with their own access to KVM.
//! - `models` (default, with `serde`): [named models](model::named), those of this crate such as
//!   `neoverse-n1`, and users' own from files in TOML.
//! - `serde` (default): hosts, models, plans and views are read from files and written to them.
//! - `suggestions` (default): messages about unknown properties name the most similar one.
//!
//! Without features the crate is `no_std` and does not allocate. It then has [`include_sysreg!`],
//! [`regs`], [`register`], [`description`] and [`encoding`], for firmware and hypervisors.
//!
//! # Limits
//!
//! - The rules of fields are those of Linux 7.2. Linux 6.12 differs in its masks, and accepts a few
//!   values that no guest can use. For fields that only a later kernel knows, a lower value is
//!   taken as safe. KVM's answer is final: [`Plan::apply`](plan::Plan::apply) reports the property
//!   that KVM refused and leaves every register as it was.
//! - Rules [between fields](description::feature::Consistency) are warnings, unless the model has
//!   `enforce`.

#![cfg_attr(not(feature = "std"), no_std)]
// Documentation names what comes with the features. Its links are checked with all of them.
#![cfg_attr(not(feature = "models"), allow(rustdoc::broken_intra_doc_links))]

// The examples of the README are tested like those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The code that `include_sysreg!` emits refers to this crate by name, here too.
extern crate self as idreg_runtime;

pub mod description;
pub mod encoding;
pub mod register;
pub mod regs;

#[cfg(feature = "std")]
pub mod config;
#[cfg(feature = "std")]
pub mod fake;
#[cfg(feature = "std")]
pub mod firmware;
#[cfg(feature = "std")]
pub mod fleet;
#[cfg(feature = "std")]
pub mod formats;
#[cfg(feature = "std")]
pub mod guide;
#[cfg(feature = "std")]
pub mod host;
#[cfg(feature = "std")]
mod likeness;
#[cfg(feature = "std")]
pub mod model;
#[cfg(feature = "std")]
pub mod number;
#[cfg(feature = "std")]
pub mod plan;
#[cfg(feature = "serde")]
mod reading;
#[cfg(feature = "std")]
pub mod text;
#[cfg(feature = "std")]
pub mod tolerance;
#[cfg(feature = "std")]
pub mod values;
#[cfg(feature = "std")]
pub mod vcpu;
#[cfg(feature = "std")]
pub mod view;

#[cfg(all(target_os = "linux", target_arch = "aarch64", feature = "kvm"))]
pub mod kvm;
#[cfg(all(target_os = "linux", feature = "std"))]
pub mod linux;

#[cfg(feature = "std")]
pub use self::{
    config::VcpuConfig,
    host::Host,
    model::CpuModel,
    plan::apply::ApplyError,
    plan::{Plan, PlanError},
    values::RegisterValues,
    vcpu::VcpuRegs,
    view::View,
};
pub use idreg_macros::include_sysreg;
