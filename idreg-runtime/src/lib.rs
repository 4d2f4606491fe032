//! What a KVM guest on Arm sees of its CPU: what a host allows, what a guest shall see, and how to
//! get there.
//!
//! Since Linux 6.7, KVM lets a VMM lower many fields of a guest's ID registers. It says which in raw
//! masks, and says no with an `errno`. Here registers and fields have names and types, and a refusal
//! has words:
//!
//! ```
//! # let file = include_str!("../tests/data/max-7.2.json");
//! use idreg_runtime::host::Host;
//! use idreg_runtime::model::CpuModel;
//! use idreg_runtime::plan::Plan;
//! use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
//! use idreg_runtime::fake::FakeVcpu;
//!
//! let host: Host = serde_json::from_str(file)?; // on Arm: kvm::read_host
//!
//! let mut model = CpuModel::host();
//! model.set(Dp::NI); // or "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0".parse()?
//!
//! let plan = Plan::new(&host, &model)?;
//! let vcpu = FakeVcpu::new(&host); // on Arm: kvm::KvmVcpu::new(&vcpu_fd)
//! let shown = plan.apply(&vcpu)?;
//! assert_eq!(shown.get_as::<IdAa64isar0El1>().map(IdAa64isar0El1::dp), Some(Dp::NI));
//!
//! let error = Plan::new(&host, &"host,SYSREG_ID_AA64ISAR0_EL1_DP=2".parse()?).unwrap_err();
//! assert!(error.to_string().ends_with("above the host's value 0x1 (IMP); allowed: 0x0-0x1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A plan knows KVM's masks, the [rule](description::rule::Safety) by which KVM compares each field, and what else sets a
//! field, so that KVM takes what a plan lets through. What a host allows can be asked without a model:
//!
//! ```
//! # let file = include_str!("../tests/data/max-7.2.json");
//! # let host: idreg_runtime::host::Host = serde_json::from_str(file)?;
//! for of in host.description().fields() {
//!     match host.blocked(of) {
//!         None => println!("{of} may be {:?}", host.allowed(of)),
//!         Some(obstacle) => println!("{of} stays as it is: {}", obstacle.name()),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On an Arm machine with KVM, in the order that KVM wants; [`fake::FakeVm`] stands for the VM where there
//! is none:
//!
//! ```
//! # let file = include_str!("../tests/data/max-7.2.json");
//! use idreg_runtime::host::Host;
//! use idreg_runtime::model::CpuModel;
//! use idreg_runtime::plan::Plan;
//! use idreg_runtime::fake::FakeVm;
//!
//! let recorded: Host = serde_json::from_str(file)?;
//! let model: CpuModel = "host,sve256=on,pmu=off,FEAT_I8MM=off,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?;
//!
//! // What vCPUs are made with: `kvm::supported`, with the model's options.
//! let config = model.config(recorded.about().vcpu, &recorded.about().capabilities);
//! let host = recorded.reconfigured(config)?; // kvm::read_host(&kvm, config)
//! let plan = Plan::new(&host, &model)?;
//!
//! let vm = FakeVm::new(&host); // kvm::create_vm, create_vcpu, init_vcpu, create_gic
//! for index in 0..2 {
//!     plan.apply(&vm.vcpu(index))?; // the second finds most registers written
//! }
//! vm.run();
//! plan.verify(&vm.vcpu(0))?; // some kernels still change registers at the first run
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Data flows one way: KVM or a file → [`host::Host`]; with a [`model::CpuModel`] → [`plan::Plan`]
//! → a vCPU behind [`vcpu::VcpuRegs`] → read back. The registers themselves come from a description,
//! through [`include_sysreg!`]: those that identify a CPU are in [`regs`], and a VMM that knows more
//! of them can bring its own table.
//!
//! # Features
//!
//! - `kvm` (default): the module `kvm`, on arm64 Linux; `cargo doc --target aarch64-unknown-linux-gnu` shows it
//!   elsewhere. Everything else works on any machine.
//! - `std` (with `kvm`): hosts, models, plans and all that works on them.
//!
//! Without features the crate is `no_std` and does not allocate: there are [`include_sysreg!`],
//! [`regs`], [`register`], [`description`] and [`encoding`], for firmware and hypervisors.
//!
//! # Limits
//!
//! - The rules of fields are those of Linux 7.2; 6.12 differs in its masks, and takes a few values that no guest can use. A later kernel may know fields that
//!   this table does not; for those less than the host has is taken for safe, and KVM's word is final:
//!   [`plan::Plan::apply`] says which property it refused and leaves every register as it found it.
//! - Rules [between fields](description::feature::Consistency) are warnings, unless the model says `enforce`.

#![cfg_attr(not(feature = "std"), no_std)]

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
pub mod host;
#[cfg(feature = "std")]
pub mod model;
#[cfg(feature = "std")]
pub mod number;
#[cfg(feature = "std")]
pub mod plan;
#[cfg(feature = "std")]
mod text;
#[cfg(feature = "std")]
pub mod values;
#[cfg(feature = "std")]
pub mod vcpu;

#[cfg(all(target_os = "linux", target_arch = "aarch64", feature = "kvm"))]
pub mod kvm;

pub use idreg_macros::include_sysreg;
