use super::access::VcpuEvents;
use super::fake::{Calls, FAULT, FakeGic, FakeVcpu};
use super::register::RegisterId;
use super::*;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::vcpu::Errno;
use std::error::Error;
use std::sync::Mutex;

const INTERRUPTS: u32 = 64;
const CLOCK: ClockState = ClockState {
    count: 77,
    frequency: 1000,
    stopped_at_ns: 5,
};

fn system(op1: u8, crn: u8, crm: u8, op2: u8) -> RegisterId {
    RegisterId::system(Encoding::new(3, op1, crn, crm, op2))
}

fn id(number: u64) -> RegisterId {
    RegisterId::new(number).unwrap()
}

/// x0, v0, SCTLR_EL1, CNTV_CTL_EL0, an ID register, a counter, MPIDR_EL1 and two of the PMU.
fn registers(seed: u8) -> Vec<(RegisterId, Vec<u8>)> {
    let small = |id: RegisterId| (id, vec![seed; id.size()]);
    vec![
        small(id(0x6030_0000_0010_0000)),
        small(id(0x6040_0000_0010_0054)),
        small(system(0, 1, 0, 0)),
        (system(3, 14, 3, 1), vec![seed & 3, 0, 0, 0, 0, 0, 0, 0]),
        (system(0, 0, 4, 0), vec![9; 8]),
        small(system(3, 14, 3, 2)),
        small(system(3, 9, 12, 1)),
        small(system(3, 9, 12, 2)),
    ]
}

fn vcpu(number: u8, seed: u8, calls: &Calls) -> FakeVcpu {
    let mut registers = registers(seed);
    registers.push((system(0, 0, 0, 5), vec![number, 0, 0, 0x80, 0, 0, 0, 0]));
    FakeVcpu {
        registers: Mutex::new(registers.into_iter().collect()),
        power: Mutex::new(if number == 0 { 0 } else { 5 }),
        events: Mutex::new(VcpuEvents {
            serror_pending: seed > 0,
            ..VcpuEvents::default()
        }),
        fixed: Vec::new(),
        calls: calls.clone(),
    }
}

struct FakeMachine {
    vcpus: Vec<FakeVcpu>,
    gic: FakeGic,
}

fn machine(seed: u8, calls: &Calls) -> FakeMachine {
    let gic = FakeGic {
        calls: calls.clone(),
        ..FakeGic::default()
    };
    for offset in [0x84, 0x104, 0xc08, 0x204, 0x304, 0x420, 0x6100] {
        let value = u64::from(seed);
        let register = gic_register::GicRegister::Distributor { offset };
        gic.registers.lock().unwrap().insert(register, value);
    }
    FakeMachine {
        vcpus: (0..2).map(|number| vcpu(number, seed, calls)).collect(),
        gic,
    }
}

fn read(machine: &FakeMachine) -> Result<MachineState, StateError> {
    let vcpus = machine.vcpus.iter().enumerate();
    let vcpus = vcpus.map(|(index, vcpu)| VcpuState::read(index, vcpu));
    let vcpus = vcpus.collect::<Result<_, _>>()?;
    MachineState::read(CLOCK, vcpus, &machine.gic, INTERRUPTS)
}

fn write(state: &MachineState, machine: &FakeMachine) -> Result<(), StateError> {
    let reset = ResetState::read(&machine.vcpus, &machine.gic, INTERRUPTS)?;
    machine.gic.written.lock().unwrap().clear();
    state.write(&machine.vcpus, &machine.gic, INTERRUPTS, &reset)
}

fn saved() -> MachineState {
    read(&machine(0xa5, &Calls::default())).unwrap()
}

#[test]
fn machine_has_the_state_of_another_afterwards() {
    let destination = machine(0, &Calls::default());
    let state = saved();
    write(&state, &destination).unwrap();
    assert_eq!(read(&destination).unwrap(), state);
    assert_eq!(*destination.vcpus[1].power.lock().unwrap(), 5);
    assert!(destination.vcpus[0].events.lock().unwrap().serror_pending);
}

#[test]
fn state_comes_back_from_json() {
    let state = saved();
    let json = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<MachineState>(&json).unwrap(), state);
    let more = json.replacen('{', r#"{"more":1,"#, 1);
    assert!(serde_json::from_str::<MachineState>(&more).is_err());
}

#[test]
fn view_and_counters_are_no_part_of_the_state() {
    let json = serde_json::to_string(&saved()).unwrap();
    for register in [system(0, 0, 4, 0), system(3, 14, 3, 2)] {
        let id = format!("{:#x}", register.number());
        assert!(!json.contains(&id), "{register}");
    }
}

/// Linux 6.12 sets the bits of a new vCPU, and a write of the SET half only adds to them.
#[test]
fn pmu_bits_of_a_new_vcpu_are_cleared() {
    let destination = machine(0xff, &Calls::default());
    write(&saved(), &destination).unwrap();
    let registers = destination.vcpus[0].registers.lock().unwrap();
    assert_eq!(registers[&system(3, 9, 12, 1)], [0xa5; 8]);
}

#[test]
fn pmu_clear_registers_are_written_before_the_set_registers() {
    let [set, clear] = [1, 2].map(|op2| system(3, 9, 12, op2));
    assert!(clear.place() < set.place());
}

/// KVM drops an interrupt that becomes pending while the distributor is off.
#[test]
fn distributor_is_on_before_an_interrupt_becomes_pending() {
    let destination = machine(0, &Calls::default());
    write(&saved(), &destination).unwrap();
    let written = destination.gic.written.lock().unwrap();
    assert_eq!(written.first(), Some(&gic_register::GICD_CTLR));
}

#[test]
fn line_levels_are_written_between_configuration_and_pending_bits() {
    let destination = machine(0, &Calls::default());
    write(&saved(), &destination).unwrap();
    let written = destination.gic.written.lock().unwrap();
    let place = |register| written.iter().position(|known| *known == register).unwrap();
    let distributor = |offset| gic_register::GicRegister::Distributor { offset };
    let levels = place(gic_register::GicRegister::LineLevels { cpu: 0, first: 32 });
    assert!(place(distributor(0xc08)) < levels && levels < place(distributor(0x204)));
    assert!(place(distributor(0x184)) < place(distributor(0x104)));
}

#[test]
fn every_call_that_fails_is_reported() {
    let calls = Calls::default();
    read(&machine(1, &calls)).unwrap();
    for call in 0..calls.made() {
        let error = read(&machine(1, &Calls::failing_at(call))).unwrap_err();
        let source = error.source().and_then(|source| source.downcast_ref());
        assert_eq!(source, Some(&FAULT), "{call}: {error}");
    }
    let (state, calls) = (saved(), Calls::default());
    write(&state, &machine(0, &calls)).unwrap();
    for call in 0..calls.made() {
        let error = write(&state, &machine(0, &Calls::failing_at(call))).unwrap_err();
        let source = error.source().and_then(|source| source.downcast_ref());
        assert_eq!(source, Some(&FAULT), "{call}: {error}");
    }
}

#[test]
fn reading_changes_nothing() {
    let source = machine(3, &Calls::default());
    let state = read(&source).unwrap();
    assert!(source.gic.written.lock().unwrap().is_empty());
    assert_eq!(read(&source).unwrap(), state);
}

#[test]
fn unknown_kinds_of_registers_are_not_dropped() {
    let source = machine(1, &Calls::default());
    let unknown = id(0x6030_0000_0017_0000);
    let mut registers = source.vcpus[1].registers.lock().unwrap();
    registers.insert(unknown, vec![0; 8]);
    drop(registers);
    let error = read(&source).unwrap_err();
    let expected = StateError::UnknownKind {
        vcpu: 1,
        register: unknown,
    };
    assert_eq!(error, expected);
}

#[test]
fn register_that_the_host_lacks_is_refused() {
    let destination = machine(0, &Calls::default());
    let sctlr = system(0, 1, 0, 0);
    destination.vcpus[0]
        .registers
        .lock()
        .unwrap()
        .remove(&sctlr);
    let error = write(&saved(), &destination).unwrap_err().to_string();
    assert!(
        error.contains("0xa5a5a5a5a5a5a5a5 in S3_0_C1_C0_0") && error.contains("does not have"),
        "{error}"
    );
}

/// Saves TCR2_EL1, PIRE0_EL1 and PIR_EL1 with these values, as Linux 6.12 does of a guest without
/// their features, and restores the guest where they are hidden.
fn restore_where_hidden(tcr2: u64, pire0: u64, pir: u64) -> Result<(), StateError> {
    let (source, destination) = (machine(1, &Calls::default()), machine(0, &Calls::default()));
    for (register, value) in [
        (system(0, 2, 0, 3), tcr2),
        (system(0, 10, 2, 2), pire0),
        (system(0, 10, 2, 3), pir),
    ] {
        let mut registers = source.vcpus[1].registers.lock().unwrap();
        registers.insert(register, value.to_le_bytes().to_vec());
    }
    write(&read(&source)?, &destination)
}

/// The value of KVM's `reset_unknown`.
const UNKNOWN: u64 = 0x1de7_ec7e_dbad_c0de;

#[test]
fn registers_that_newer_kernels_hide_are_left_out_after_reset() {
    restore_where_hidden(0, UNKNOWN, UNKNOWN).unwrap();
}

#[test]
fn registers_that_newer_kernels_hide_are_refused_with_other_values() {
    for (tcr2, pire0, pir) in [(1, UNKNOWN, UNKNOWN), (0, 0, UNKNOWN), (0, UNKNOWN, 1)] {
        let error = restore_where_hidden(tcr2, pire0, pir).unwrap_err();
        assert!(
            matches!(error, StateError::Missing { vcpu: 1, .. }),
            "{error}"
        );
    }
}

/// A newer kernel that lists the register has the feature in the guest's ID registers.
#[test]
fn registers_that_newer_kernels_may_hide_are_compared_where_they_are_listed() {
    let tcr2 = system(0, 2, 0, 3);
    let machine = |value: u8| {
        let machine = machine(value, &Calls::default());
        let mut registers = machine.vcpus[0].registers.lock().unwrap();
        registers.insert(tcr2, vec![value, 0, 0, 0, 0, 0, 0, 0]);
        drop(registers);
        machine
    };
    let mut destination = machine(3);
    destination.vcpus[0].fixed.push(tcr2);
    let error = write(&read(&machine(0)).unwrap(), &destination).unwrap_err();
    assert!(
        matches!(error, StateError::Differs { vcpu: 0, register, .. } if register == tcr2),
        "{error}"
    );
}

#[test]
fn register_that_does_not_take_its_value_is_refused() {
    let mut destination = machine(0, &Calls::default());
    destination.vcpus[1].fixed.push(system(0, 1, 0, 0));
    let error = write(&saved(), &destination).unwrap_err();
    assert!(
        matches!(error, StateError::Differs { vcpu: 1, .. }),
        "{error}"
    );
}

#[test]
fn state_of_another_machine_writes_nothing() {
    let small = machine(0, &Calls::default());
    let mut other = saved();
    other.vcpus.pop();
    assert!(matches!(
        write(&other, &small),
        Err(StateError::VcpuCount { .. })
    ));
    let more = saved();
    let reset = ResetState::read(&small.vcpus, &small.gic, INTERRUPTS).unwrap();
    let error = more
        .write(&small.vcpus, &small.gic, 96, &reset)
        .unwrap_err();
    assert!(matches!(error, StateError::GicShape { .. }), "{error}");
    let json = serde_json::to_string(&saved()).unwrap();
    let other = json.replace(r#"["0x00000104","#, r#"["0x00000108","#);
    let other: MachineState = serde_json::from_str(&other).unwrap();
    let error = write(&other, &small).unwrap_err();
    assert!(matches!(error, StateError::GicShape { .. }), "{error}");
    assert!(small.gic.written.lock().unwrap().is_empty());
}

#[test]
fn registers_outside_the_state_are_refused() {
    let destination = machine(0, &Calls::default());
    let json = serde_json::to_string(&saved()).unwrap();
    let sctlr = format!("{:#018x}", system(0, 1, 0, 0).number());
    let pfr0 = format!("{:#018x}", system(0, 0, 4, 0).number());
    let x0 = format!("{:#018x}", id(0x6030_0000_0010_0000).number());
    for (other, expected) in [(pfr0, "no part of it"), (x0, "twice")] {
        let json = json.replace(&sctlr, &other);
        let state: MachineState = serde_json::from_str(&json).unwrap();
        let error = write(&state, &destination).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn timer_status_is_not_compared() {
    let source = machine(1, &Calls::default());
    let control = system(3, 14, 3, 1);
    let set_status = |machine: &FakeMachine, value: u8| {
        let mut registers = machine.vcpus[0].registers.lock().unwrap();
        registers.insert(control, vec![value, 0, 0, 0, 0, 0, 0, 0]);
    };
    set_status(&source, 0b101);
    let state = read(&source).unwrap();
    set_status(&source, 0b001);
    assert_eq!(read(&source).unwrap(), state);
}

#[test]
fn unknown_power_states_are_refused() {
    let source = machine(1, &Calls::default());
    *source.vcpus[0].power.lock().unwrap() = 10;
    let error = read(&source).unwrap_err();
    assert_eq!(error, StateError::PowerState { vcpu: 0, power: 10 });
    assert_ne!(FAULT, Errno::EINVAL);
}

#[test]
fn registers_with_their_values_after_reset_are_not_written() {
    let state = saved();
    let calls = |seed| {
        let calls = Calls::default();
        let destination = machine(seed, &calls);
        write(&state, &destination).unwrap();
        let written = destination.gic.written.lock().unwrap().len();
        (calls.made(), written)
    };
    let ((other, other_gic), (same, same_gic)) = (calls(0), calls(0xa5));
    // GICD_CTLR and the line levels, also of the private interrupts, are always written.
    assert!(
        same_gic < other_gic && same_gic >= 4,
        "{same_gic} {other_gic}"
    );
    let vcpu_writes = (other - other_gic) - (same - same_gic);
    assert_eq!(vcpu_writes, 2 * 6);
}
