//! The seams by which a guest's state is saved, on VMs of this process: paused vCPUs that answer
//! requests, dirty logs, and the GIC's descriptor.

use crate::bare::{LDRB_LINE_STATUS, SERIAL, SYSTEM_OFF, load, psci};
use crate::running::TIMEOUT;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::config::{Gic, GicIdentity};
use idreg_runtime::kvm::{self, KvmError, KvmStep, OneReg};
use idreg_runtime::regs::{IdAa64pfr0El1, MpidrEl1};
use idreg_runtime::vcpu::{Errno, VcpuRegs as _};
use kvm_bindings::{KVM_DEV_ARM_VGIC_GRP_DIST_REGS, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, kvm_device_attr};
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use vm_memory::{Bytes, GuestAddress};
use vmm_demo::vmm::console_state::ConsoleState;
use vmm_demo::vmm::layout::{GIC_INTERRUPTS, RAM_START};
use vmm_demo::vmm::memory::MemoryKind;
use vmm_demo::vmm::pause_gate::{PauseGate, RequestError};
use vmm_demo::vmm::serial::Serial;
use vmm_demo::vmm::throttle::Throttle;
use vmm_demo::vmm::timeline::Timeline;
use vmm_demo::vmm::vcpus::{GuestExit, PROGRAM_COUNTER, VcpuShared, Vcpus, X0};
use vmm_demo::vmm::vm::{Vm, VmConfig, VmError};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

pub(crate) const RAM: u64 = 2 << 20;
/// The page that the guest stores to, in the middle of its RAM.
pub(crate) const STORED: u32 = 0x8010_0000;

const NO_PAGES: [usize; 0] = [];

/// `add x0, x0, #1`, `str x0, [x1]`, `b .-8`
const COUNT: [u32; 3] = [0x9100_0400, 0xf900_0020, 0x17ff_fffe];

/// Counts in X0 and at [`STORED`].
fn counting() -> Vec<u32> {
    [&load(1, STORED)[..], &COUNT].concat()
}

/// A guest of this process. The vCPUs end before their VM.
pub(crate) struct Guest {
    pub(crate) vcpus: Vcpus,
    pub(crate) vm: Vm,
}

/// The configuration of a VM with private memory.
pub(crate) fn vm_config(kvm: &Kvm, gic: Option<Gic>, vcpus: u16) -> VmConfig {
    let capabilities = kvm::capabilities(kvm);
    let mut config = capabilities.config(gic);
    // The PMU's initialisation is a step of a plan, and none is applied.
    config.pmu = false;
    VmConfig {
        config,
        capabilities,
        vcpus,
        gic_identity: GicIdentity::default(),
        ram: RAM,
        memory: MemoryKind::Private,
    }
}

fn new_vm(gic: Option<Gic>, vcpus: u16) -> Vm {
    try_vm(gic, GicIdentity::default(), vcpus).expect("a VM")
}

fn try_vm(gic: Option<Gic>, gic_identity: GicIdentity, vcpus: u16) -> Result<Vm, VmError> {
    let kvm = kvm::open().expect("KVM");
    let config = VmConfig {
        gic_identity,
        ..vm_config(&kvm, gic, vcpus)
    };
    let mut timeline = Timeline::since(Instant::now());
    Vm::new(&kvm, config, &mut timeline)
}

impl Guest {
    /// A paused guest with this code at the start of its RAM.
    pub(crate) fn new(code: &[u32], vcpus: u16) -> Self {
        let mut vm = new_vm(Some(Gic::V3), vcpus);
        let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
        vm.memory()
            .write_slice(&bytes, GuestAddress(RAM_START))
            .expect("RAM");
        vm.set_entry(RAM_START, 0).expect("an entry point");
        let event = || EventFd::new(EFD_NONBLOCK).expect("an event");
        let gate = Arc::new(PauseGate::closed(vcpus.into()));
        let serial = Serial::new(Arc::clone(&gate), event()).expect("a console");
        let shared = VcpuShared {
            throttle: Throttle::default(),
            gate,
            clock: Arc::clone(vm.clock()),
            serial: Arc::new(serial),
            targets: TargetCpus::default(),
            exit_event: event(),
            first_run: OnceLock::new(),
        };
        let vcpus = Vcpus::start(vm.take_vcpus(), shared).expect("threads");
        Self { vcpus, vm }
    }

    fn count(&self) -> u64 {
        let stored = GuestAddress(STORED.into());
        self.vm.memory().read_obj(stored).expect("RAM")
    }

    /// Waits until the guest has counted on.
    pub(crate) fn wait_for_count(&self) {
        let before = self.count();
        wait_until(|| {
            let stopped = self.vcpus.guest_exit();
            assert!(stopped.is_none(), "{stopped:?}");
            self.count() != before
        });
    }

    fn register(&self, vcpu: usize, register: u64) -> Result<u64, RequestError> {
        self.vcpus.with_vcpu(vcpu, move |fd| get(fd, register))
    }

    /// The pages in the dirty log of the RAM.
    fn dirty_pages(&self) -> Vec<usize> {
        let log = self.vm.take_dirty_log(0).expect("a dirty log");
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        log.into_iter()
            .enumerate()
            .flat_map(|(index, word)| bits(word).map(move |bit| 64 * index + bit))
            .collect()
    }
}

fn wait_until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < TIMEOUT, "the guest stands still");
        thread::sleep(Duration::from_millis(1));
    }
}

fn get(fd: &VcpuFd, register: u64) -> u64 {
    let mut bytes = [0; 8];
    fd.get_one_reg(register, &mut bytes).expect("a register");
    u64::from_ne_bytes(bytes)
}

#[test]
fn paused_vcpus_answer_requests() {
    let guest = Guest::new(&counting(), 2);
    // The gate is closed from the start, as a guest whose state is restored needs it.
    assert_eq!(guest.register(0, PROGRAM_COUNTER), Ok(RAM_START));
    for _ in 0..20 {
        guest.vcpus.resume();
        guest.wait_for_count();
        for vcpu in [0, 1] {
            let running = guest.register(vcpu, PROGRAM_COUNTER);
            assert_eq!(running, Err(RequestError::NotPaused { vcpu }));
        }
        guest.vcpus.pause();
        let stored = guest.count();
        let shared = guest.vcpus.shared();
        let [pc, x0] = thread::scope(|scope| {
            let asking = [PROGRAM_COUNTER, X0]
                .map(|id| scope.spawn(move || shared.gate.request(0, move |fd| get(fd, id))));
            asking.map(|asking| asking.join().expect("a thread").expect("an answer"))
        });
        let instruction = (pc - RAM_START) / 4;
        assert!((2..5).contains(&instruction), "{pc:#x}");
        // X0 is ahead between the addition and the store.
        assert_eq!(x0, stored + u64::from(instruction == 3));
    }
    let id_registers = guest.vcpus.with_vcpu(1, |fd| {
        let registers = OneReg::new(fd);
        let name = thread::current().name().map(str::to_owned);
        let values = [IdAa64pfr0El1::ENCODING, MpidrEl1::ENCODING].map(|id| registers.get(id));
        (name, values)
    });
    let (name, values) = id_registers.expect("an answer");
    assert_eq!(name.as_deref(), Some("vCPU 1"));
    let [pfr0, mpidr] = values.map(|value| value.expect("a register"));
    assert!(
        pfr0 & 0xff != 0 && mpidr & 0xff == 1,
        "{pfr0:#x} {mpidr:#x}"
    );
}

#[test]
fn failed_requests_leave_the_guest_as_it_is() {
    let guest = Guest::new(&counting(), 1);
    let vcpu = 1;
    let missing = guest.register(vcpu, PROGRAM_COUNTER);
    assert_eq!(missing, Err(RequestError::NoSuchVcpu { vcpu }));
    let vcpu = 0;
    let panicked: Result<(), _> = guest.vcpus.with_vcpu(vcpu, |_| panic!("on purpose"));
    assert_eq!(panicked, Err(RequestError::Panicked { vcpu }));
    guest.vcpus.resume();
    guest.wait_for_count();
    assert_eq!(guest.vcpus.end().len(), 1);
}

#[test]
fn stopped_vcpus_answer_no_requests() {
    let guest = Guest::new(&psci(SYSTEM_OFF), 2);
    guest.vcpus.resume();
    let stopped = || guest.vcpus.shared().exit_event.read().is_ok();
    wait_until(stopped);
    let exit = guest.vcpus.guest_exit();
    assert!(matches!(exit, Some(GuestExit::PoweredOff)), "{exit:?}");
    guest.vcpus.pause();
    let vcpu = 0;
    let ended = guest.register(vcpu, PROGRAM_COUNTER);
    assert_eq!(ended, Err(RequestError::Ended { vcpu }));
    assert!(guest.register(1, PROGRAM_COUNTER).is_ok());
}

#[test]
fn console_of_a_paused_guest_is_restored() {
    // mov w1, #0x83; strb w1, [x0, #3]: the line control register; b .
    let code = [0x5280_1061, 0x3900_0c01, 0x1400_0000];
    let guest = Guest::new(&[&load(0, SERIAL)[..], &code].concat(), 1);
    let shared = guest.vcpus.shared();
    let event = || EventFd::new(EFD_NONBLOCK).expect("an event");
    let state = || {
        guest.vcpus.resume();
        thread::sleep(Duration::from_millis(1));
        guest.vcpus.pause();
        shared.serial.state()
    };
    wait_until(|| state().uart.line_control == 0x83);
    let mut saved = shared.serial.state();
    saved.unwritten = b"kept".to_vec();
    let drained = event();
    let again = drained.try_clone().expect("an event");
    let restored = Serial::restore(&saved, Arc::clone(&shared.gate), again).expect("a console");
    assert_eq!(restored.state(), saved);
    assert_eq!(drained.read().ok(), Some(1), "input is asked for");

    let mut refused = ConsoleState::default();
    refused.uart.received = vec![0; 65];
    assert!(Serial::restore(&refused, Arc::clone(&shared.gate), event()).is_err());
}

/// An access that is still to be completed would move a restored PC on by one instruction.
#[test]
fn paused_vcpus_have_completed_their_device_access() {
    const X5: u64 = X0 + 2 * 5;
    // x5 += 1, then: ldrb w1, [x0, #5], b .-4
    let code = [0x9100_04a5, LDRB_LINE_STATUS, 0x17ff_ffff];
    let guest = Guest::new(&[&load(0, SERIAL)[..], &code].concat(), 1);
    let restart = RAM_START + 8;
    let mut rounds = 0;
    let started = Instant::now();
    while rounds < 50 {
        assert!(started.elapsed() < TIMEOUT, "{rounds}");
        guest.vcpus.resume();
        thread::sleep(Duration::from_millis(1));
        guest.vcpus.pause();
        let pc = guest.register(0, PROGRAM_COUNTER).expect("the PC");
        if pc <= restart {
            continue;
        }
        rounds += 1;
        assert_eq!(guest.register(0, X5), Ok(rounds));
        let set = guest.vcpus.with_vcpu(0, move |fd| {
            let set = fd.set_one_reg(PROGRAM_COUNTER, &restart.to_ne_bytes());
            set.map(drop).is_ok()
        });
        assert_eq!(set, Ok(true));
    }
}

#[test]
fn dirty_log_has_the_page_that_the_guest_stores_to() {
    let guest = Guest::new(&counting(), 1);
    let slots = guest.vm.memory_slots();
    assert_eq!(slots.len(), 1);
    let slot = slots.first().expect("a slot");
    assert_eq!((slot.number(), slot.guest_address()), (0, RAM_START));
    assert_eq!(slot.size() as u64, RAM);
    assert_ne!(slot.host_address(), 0);

    let page_size = rustix::param::page_size();
    let stored = usize::try_from(u64::from(STORED) - RAM_START).expect("an offset") / page_size;
    let run = || {
        guest.vcpus.resume();
        guest.wait_for_count();
        guest.vcpus.pause();
    };
    run();
    assert!(guest.vm.take_dirty_log(0).is_err(), "not switched on");
    for _ in 0..2 {
        guest.vm.set_dirty_logging(true).expect("a dirty log");
        assert_eq!(guest.dirty_pages(), NO_PAGES);
        for _ in 0..5 {
            run();
            assert_eq!(guest.dirty_pages(), [stored]);
            assert_eq!(guest.dirty_pages(), NO_PAGES);
        }
        guest.vm.set_dirty_logging(false).expect("no dirty log");
        run();
        assert!(guest.vm.take_dirty_log(0).is_err(), "switched off");
    }
    let missing = guest.vm.take_dirty_log(1).expect_err("one slot");
    assert_eq!(missing.to_string(), "the VM has no memory slot 1");
}

/// Reads a 32-bit attribute.
#[allow(unsafe_code, reason = "the kernel gets a pointer to the value")]
fn attribute(device: &DeviceFd, group: u32, attr: u64) -> Result<u32, i32> {
    let mut value = 0_u32;
    let mut attribute = kvm_device_attr {
        group,
        attr,
        addr: (&raw mut value) as u64,
        ..Default::default()
    };
    // SAFETY: both groups have attributes of 32 bits, and the kernel writes one before it returns.
    let read = unsafe { device.get_device_attr(&mut attribute) };
    read.map(|()| value).map_err(kvm_ioctls::Error::errno)
}

#[test]
fn gic_answers_while_no_vcpu_runs() {
    // Arm IHI 0069, 12.9.8: the distributor's implementer identification register.
    const GICD_IIDR: u64 = 8;
    let guest = Guest::new(&counting(), 2);
    let gic = guest.vm.gic().expect("a GIC");
    let interrupts = attribute(gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0);
    assert_eq!(interrupts, Ok(GIC_INTERRUPTS));
    let identity = || attribute(gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_IIDR);
    for _ in 0..5 {
        guest.vcpus.resume();
        guest.wait_for_count();
        // KVM wants every vCPU's lock, which `KVM_RUN` holds.
        assert_eq!(identity(), Err(libc::EBUSY));
        guest.vcpus.pause();
        let identity = identity().expect("a register");
        // Linux 7.2, include/linux/irqchip/arm-gic.h and arch/arm64/kvm/vgic/vgic.h: KVM, by Arm.
        assert_eq!((identity >> 24, identity & 0xfff), (0x4b, 0x43b));
    }
    assert!(new_vm(None, 1).gic().is_none());
}

/// A VM has the GIC of a guest that started on an older kernel, where KVM lets it be set: from
/// Linux 6.17 on.
#[test]
fn vm_has_the_gic_identity_that_it_is_created_with() {
    let own = new_vm(Some(Gic::V3), 1);
    let own = kvm::gic_identity(own.gic().expect("a GIC")).expect("two registers");
    let mut older = GicIdentity::default();
    older.iidr = own.iidr.map(|iidr| iidr - 0x1000);
    match try_vm(Some(Gic::V3), older, 1) {
        Ok(vm) => {
            let found = kvm::gic_identity(vm.gic().expect("a GIC")).expect("two registers");
            assert_eq!((found.iidr, found.typer2), (older.iidr, own.typer2));
        }
        Err(VmError::Kvm(KvmError::Failed { step, source })) => {
            assert!(matches!(step, KvmStep::SetGicRegister { .. }), "{step}");
            assert_eq!(source, Errno::EBUSY);
        }
        Err(error) => panic!("{error}"),
    }
}
