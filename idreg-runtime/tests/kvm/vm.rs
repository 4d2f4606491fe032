//! The VMs that the rows run on.

use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::Host;
use idreg_runtime::kvm::kvm_ioctls::{self, DeviceFd, Kvm, VcpuFd, VmFd};
use idreg_runtime::kvm::{
    self, OneReg, create_gic, create_vcpu, create_vm, init_vcpu, read_host, supported,
};
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;

pub(crate) fn open() -> Kvm {
    kvm::open().expect("/dev/kvm")
}

/// The richest configuration of this host.
pub(crate) fn richest() -> VcpuConfig {
    static CONFIG: OnceLock<VcpuConfig> = OnceLock::new();
    *CONFIG.get_or_init(|| supported(&open()).expect("a configuration"))
}

/// A vCPU with no options, in a VM without a GIC: it can be initialised again, and runs as it is.
pub(crate) fn plainest() -> VcpuConfig {
    VcpuConfig::default()
}

/// This host, read with the richest configuration.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| read_host(&open(), richest()).expect("a host"))
}

/// This host as a VM shows it whose GIC's descriptor is not at hand: without the GIC's identity.
pub(crate) fn host_of_a_vm() -> Host {
    let mut file = serde_json::to_value(host()).expect("JSON");
    file.as_object_mut().expect("an object").remove("gic");
    serde_json::from_value(file).expect("a host file")
}

/// A VM whose vCPUs are initialised and have not run.
pub(crate) struct TestVm {
    pub(crate) vcpus: Vec<VcpuFd>,
    pub(crate) vm: VmFd,
    pub(crate) gic: Option<DeviceFd>,
}

impl TestVm {
    pub(crate) fn new(config: VcpuConfig, vcpus: u64) -> Self {
        let vm = create_vm(&open(), config).expect("a VM");
        let create = |index| create_vcpu(&vm, index).expect("a vCPU");
        let vcpus: Vec<_> = (0..vcpus).map(create).collect();
        for vcpu in &vcpus {
            init_vcpu(&vm, vcpu, config, false).expect("an initialised vCPU");
        }
        let gic = config
            .gic
            .map(|gic: Gic| create_gic(&vm, gic).expect("a GIC"));
        Self { vcpus, vm, gic }
    }

    /// Makes a VM with one vCPU of the richest configuration.
    pub(crate) fn rich() -> Self {
        Self::new(richest(), 1)
    }

    pub(crate) fn regs(&self, vcpu: usize) -> OneReg<'_> {
        OneReg::new(self.vcpus.get(vcpu).expect("a vCPU of that number"))
    }

    /// Reads a register of the first vCPU.
    pub(crate) fn get(&self, register: Encoding) -> u64 {
        read(self.regs(0), register)
    }

    /// Writes a register of the first vCPU.
    pub(crate) fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.regs(0).set(register, value)
    }

    /// Checks that KVM accepts and stores a value.
    pub(crate) fn accepts(&self, register: Encoding, value: u64) {
        let answer = self.set(register, value);
        assert_eq!(answer, Ok(()), "{register} = {value:#018x}");
        self.shows(register, value);
    }

    /// Checks that KVM refuses a value and the register keeps its own.
    pub(crate) fn refuses(&self, register: Encoding, value: u64) {
        let before = self.get(register);
        let answer = self.set(register, value);
        assert_eq!(answer, Err(Errno::EINVAL), "{register} = {value:#018x}");
        self.shows(register, before);
    }

    pub(crate) fn shows(&self, register: Encoding, expected: u64) {
        let found = self.get(register);
        assert_eq!(
            found, expected,
            "{register}: {found:#018x}, {expected:#018x}"
        );
    }

    /// Makes the first `KVM_RUN`, which freezes the ID registers and returns before the first
    /// instruction.
    pub(crate) fn run_once(&mut self) {
        let vcpu = self.vcpus.first_mut().expect("a vCPU");
        vcpu.set_kvm_immediate_exit(1);
        let answer = vcpu.run().map_err(kvm_ioctls::Error::errno);
        assert!(matches!(answer, Err(libc::EINTR)), "{answer:?}");
    }
}

/// A descriptor whose type no KVM crate knows.
pub(crate) struct Descriptor(RawFd);

impl Descriptor {
    /// The caller keeps the descriptor open.
    pub(crate) fn of(fd: &impl AsRawFd) -> Self {
        Self(fd.as_raw_fd())
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

pub(crate) fn read(vcpu: OneReg<'_>, register: Encoding) -> u64 {
    match vcpu.get(register) {
        Ok(value) => value,
        Err(error) => panic!("{register} cannot be read: {error}"),
    }
}

/// Reports that this host cannot show a row. Not by `eprintln`, whose output `libtest` hides.
pub(crate) fn skipped(row: &str, why: impl Display) {
    writeln!(io::stderr(), "skipped: {row}: {why}").expect("standard error");
}
