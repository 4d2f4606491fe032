//! The state of a machine on real KVM: written into another VM, it is that of the first.

use crate::bare::load;
use crate::state_seams::vm_config;
use idreg_runtime::config::Gic;
use idreg_runtime::kvm;
use kvm_ioctls::{Kvm, VcpuFd};
use std::time::Instant;
use vm_memory::{Bytes, GuestAddress};
use vmm_demo::vmm::layout::{GIC_INTERRUPTS, RAM_START};
use vmm_demo::vmm::state::access::{VcpuAccess as _, VcpuEvents};
use vmm_demo::vmm::state::register::{Part, RegisterId, RegisterValue};
use vmm_demo::vmm::state::{ClockState, MachineState, ResetState, VcpuState};
use vmm_demo::vmm::timeline::Timeline;
use vmm_demo::vmm::vm::{Vm, VmConfig};

/// A VM whose vCPUs have every option of the host that a state can be saved of.
struct Machine {
    vcpus: Vec<VcpuFd>,
    vm: Vm,
}

const VCPUS: u16 = 3;

impl Machine {
    fn new(kvm: &Kvm) -> Self {
        let mut config = kvm::capabilities(kvm).config(Some(Gic::V3));
        (config.mte, config.el2) = (false, false);
        let vm_config = VmConfig {
            config,
            ..vm_config(kvm, config.gic, VCPUS)
        };
        let mut timeline = Timeline::since(Instant::now());
        let mut vm = Vm::new(kvm, vm_config, &mut timeline).expect("a VM");
        let vcpus = vm.take_vcpus();
        for vcpu in &vcpus {
            kvm::init_pmu(vcpu, config).expect("a PMU");
        }
        Self { vcpus, vm }
    }

    fn read(&self) -> MachineState {
        let vcpus = self.vcpus.iter().enumerate();
        let vcpus = vcpus.map(|(index, vcpu)| VcpuState::read(index, vcpu).expect("its state"));
        let clock = ClockState::stopped(0, 0);
        let gic = self.vm.gic().expect("a GIC");
        MachineState::read(clock, vcpus.collect(), gic, GIC_INTERRUPTS).expect("its state")
    }

    fn write(&self, state: &MachineState) {
        let gic = self.vm.gic().expect("a GIC");
        let reset = ResetState::read(&self.vcpus, gic, GIC_INTERRUPTS).expect("its registers");
        let written = state.write(&self.vcpus, gic, GIC_INTERRUPTS, &reset);
        written.unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    }

    /// Runs the first vCPU until it exits.
    fn run(&mut self) -> String {
        let vcpu = self.vcpus.first_mut().expect("a vCPU");
        format!("{:?}", vcpu.run().expect("an exit"))
    }
}

fn registers(vcpu: &VcpuFd) -> Vec<(RegisterId, Vec<u8>)> {
    let list = vcpu.registers().expect("a list");
    let value = |id: RegisterId| {
        let mut value = vec![0; id.size()];
        vcpu.get(id, &mut value).expect("a register");
        (id, value)
    };
    list.into_iter().map(value).collect()
}

/// Gives every register that takes it another value.
fn fill(vcpu: &VcpuFd, seed: u8) -> usize {
    let list = vcpu.registers().expect("a list");
    let state = list.into_iter().filter(|id| id.part() == Some(Part::Vcpu));
    let filled = state.filter(|id| {
        let value: Vec<u8> = (0..id.size())
            .map(|index| seed ^ u8::try_from(index & 0x7f).expect("few"))
            .collect();
        vcpu.set(*id, &value).is_ok()
    });
    filled.count()
}

/// Reads X1 twice from the console's address, so that each run ends in an access.
fn guest() -> Vec<u8> {
    // x5 = x5 + 1; str w5, [x0]; b .-8
    let code = [0x9100_04a5, 0xb900_0005, 0x17ff_fffe];
    let address = load(0, 0x4000_0000);
    let words = address.into_iter().chain(code);
    words.flat_map(u32::to_le_bytes).collect()
}

#[test]
fn guest_goes_on_in_another_vm() {
    let kvm = kvm::open().expect("KVM");
    let mut source = Machine::new(&kvm);
    let code = guest();
    let start = GuestAddress(RAM_START);
    source.vm.memory().write_slice(&code, start).expect("RAM");
    let first = source.vcpus.first().expect("a vCPU");
    let pc = RegisterId::new(vmm_demo::vmm::vcpus::PROGRAM_COUNTER).expect("an id");
    first.set(pc, &RAM_START.to_le_bytes()).expect("an entry");
    let mut seen = Vec::new();
    for number in 1..=10 {
        seen.push(source.run());
        let expected = format!("MmioWrite(1073741824, [{number}, 0, 0, 0])");
        assert_eq!(seen.last(), Some(&expected));
        // KVM completes the access at the next run, which returns at once.
        let vcpu = source.vcpus.first_mut().expect("a vCPU");
        vcpu.set_kvm_immediate_exit(1);
        assert!(vcpu.run().is_err(), "it was interrupted");
        vcpu.set_kvm_immediate_exit(0);
        let destination = Machine::new(&kvm);
        destination
            .vm
            .memory()
            .write_slice(&code, start)
            .expect("RAM");
        destination.write(&source.read());
        source = destination;
    }
}

#[test]
fn every_register_of_kvms_list_is_as_it_was() {
    let kvm = kvm::open().expect("KVM");
    let (source, destination) = (Machine::new(&kvm), Machine::new(&kvm));
    for (seed, vcpu) in (0x51..).step_by(7).zip(&source.vcpus) {
        let filled = fill(vcpu, seed);
        assert!(filled > 150, "{filled}");
    }
    let events = VcpuEvents {
        serror_pending: true,
        ..VcpuEvents::default()
    };
    let second = source.vcpus.get(1).expect("a vCPU");
    second.set_events(events).expect("an SError");
    let state = source.read();
    assert!(state.vcpus[1].events.serror_pending);
    let on: Vec<bool> = state.vcpus.iter().map(|vcpu| vcpu.is_on).collect();
    assert_eq!(on, [true, false, false]);
    destination.write(&state);
    let again = destination.read();
    assert_eq!(again.vcpus, state.vcpus);
    assert_eq!(again.gic, state.gic);
    for (first, second) in source.vcpus.iter().zip(&destination.vcpus) {
        let pairs = registers(first).into_iter().zip(registers(second));
        let differing = pairs.filter(|(first, second)| first != second);
        let differing: Vec<_> = differing
            .map(|((id, _), _)| id)
            .filter(|id| id.part() != Some(Part::Clock))
            .collect();
        assert!(differing.is_empty(), "{differing:?}");
    }
}

#[test]
fn vectors_have_the_registers_of_the_vcpus_options() {
    let kvm = kvm::open().expect("KVM");
    let machine = Machine::new(&kvm);
    let state = machine.read();
    let registers = &state.vcpus.first().expect("a vCPU").registers;
    let bits = |wanted: usize| {
        let ids = registers.iter().map(RegisterValue::id);
        ids.filter(|id| id.size() == wanted).count()
    };
    if kvm::capabilities(&kvm).sve {
        assert_eq!((bits(256), bits(32), bits(16)), (32, 17, 0));
    } else {
        assert_eq!((bits(256), bits(16)), (0, 32));
    }
}

#[test]
fn interrupts_that_wait_go_along() {
    use vmm_demo::vmm::state::access::GicAccess as _;
    use vmm_demo::vmm::state::gic_register::GicRegister;

    let kvm = kvm::open().expect("KVM");
    let (source, destination) = (Machine::new(&kvm), Machine::new(&kvm));
    let registers = [
        // GICD_CTLR: both groups, with affinity routing.
        (GicRegister::Distributor { offset: 0 }, 0x12),
        (GicRegister::Distributor { offset: 0x84 }, 0xffff_ffff),
        (GicRegister::Distributor { offset: 0x104 }, 0x0f),
        (GicRegister::Distributor { offset: 0xc08 }, 0x2),
        (GicRegister::Distributor { offset: 0x204 }, 0x1),
        (GicRegister::Distributor { offset: 0x304 }, 0x8),
        (GicRegister::Distributor { offset: 0x420 }, 0xa0a0_a0a0),
        (GicRegister::Distributor { offset: 0x6100 }, 1),
        (GicRegister::LineLevels { cpu: 0, first: 32 }, 0x4),
        (
            GicRegister::Redistributor {
                cpu: 2,
                offset: 0x1_0200,
            },
            1,
        ),
        (
            GicRegister::Redistributor {
                cpu: 1,
                offset: 0x1_0100,
            },
            0x0800_0000,
        ),
    ];
    let gic = source.vm.gic().expect("a GIC");
    for (register, value) in registers {
        let written = gic.write(register, value);
        written.unwrap_or_else(|error| panic!("{register}: {error}"));
    }
    let state = source.read();
    destination.write(&state);
    assert_eq!(destination.read().gic, state.gic);
    let gic = destination.vm.gic().expect("a GIC");
    for (register, value) in registers {
        let found = gic.read(register).expect("a register");
        assert_eq!(found & value, value, "{register}");
    }
}
