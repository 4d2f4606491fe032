use super::*;
use crate::vmm::console_state::ConsoleState;
use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use vm_superio::serial::NoEvents;

const THR: u8 = 0;
const IIR: u8 = 2;
const IIR_RECEIVED_DATA: u8 = 4;
const MCR: u8 = 4;
const MCR_LOOP_BACK: u8 = 0x10;

#[derive(Clone, Default)]
struct Interrupts(Rc<Cell<u32>>);

impl Trigger for Interrupts {
    type E = Infallible;

    fn trigger(&self) -> Result<(), Infallible> {
        self.0.set(self.0.get() + 1);
        Ok(())
    }
}

fn uart() -> (Uart<Interrupts, NoEvents>, Interrupts) {
    let interrupts = Interrupts::default();
    (Uart::new(interrupts.clone(), NoEvents), interrupts)
}

fn write(uart: &mut Uart<Interrupts, NoEvents>, writes: &[(u8, u8)]) {
    for (offset, value) in writes {
        uart.write(*offset, *value).unwrap();
    }
}

/// Reads RBR while LSR says that there is data.
fn received(uart: &mut Uart<Interrupts, NoEvents>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while uart.read(LSR) & LSR_DATA_READY != 0 {
        bytes.push(uart.read(RBR));
    }
    bytes
}

#[test]
fn output_is_collected() {
    let (mut uart, _) = uart();
    assert!(!uart.has_output());
    write(&mut uart, &[(THR, b'h'), (THR, b'i')]);
    assert!(uart.has_output());
    assert_eq!(uart.take_output(), b"hi");
    assert!(!uart.has_output());
}

#[test]
fn driver_that_sets_the_port_up_takes_no_input() {
    let (mut uart, interrupts) = uart();
    assert_eq!(uart.enqueue(b"early").unwrap(), 5);
    // The order of `serial8250_do_startup`.
    write(&mut uart, &[(FCR, 1), (FCR, 7), (FCR, 0)]);
    for offset in [LSR, RBR, 2, 6] {
        assert_eq!(uart.read(offset) & LSR_DATA_READY, u8::from(offset == 2));
    }
    write(&mut uart, &[(LCR, 3), (IER, 2), (IER, 0)]);
    assert_eq!(uart.read(RBR), 0);
    let before = interrupts.0.get();
    write(&mut uart, &[(IER, 5)]);
    assert_eq!(interrupts.0.get(), before + 1, "the input waits");
    write(
        &mut uart,
        &[(LCR, 0x83), (0, 1), (1, 0), (LCR, 3), (FCR, 1)],
    );
    assert_eq!(received(&mut uart), b"early");
}

#[test]
fn fifos_switched_on_switch_the_receiver_on() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(FCR, 1), (FCR, 0)]);
    uart.enqueue(b"x").unwrap();
    assert!(received(&mut uart).is_empty());
    write(&mut uart, &[(FCR, 7)]);
    assert_eq!(received(&mut uart), b"x");
}

#[test]
fn divisor_is_accessible_while_the_receiver_is_off() {
    let (mut uart, _) = uart();
    write(
        &mut uart,
        &[(FCR, 1), (FCR, 0), (LCR, 0x80), (0, 7), (1, 1)],
    );
    assert_eq!((uart.read(0), uart.read(1)), (7, 1));
    uart.enqueue(b"x").unwrap();
    write(&mut uart, &[(LCR, 3)]);
    // The divisor's high byte has switched nothing on.
    assert!(received(&mut uart).is_empty());
}

#[test]
fn drivers_without_fifos_receive() {
    let (mut uart, _) = uart();
    uart.enqueue(b"one").unwrap();
    assert_eq!(received(&mut uart), b"one");
    write(&mut uart, &[(FCR, 0), (FCR, 0)]);
    uart.enqueue(b"two").unwrap();
    assert_eq!(received(&mut uart), b"two");
}

/// The device after its state has been through JSON, as a snapshot keeps it.
fn restored(uart: &Uart<Interrupts, NoEvents>) -> (Uart<Interrupts, NoEvents>, Interrupts) {
    let state = uart.state();
    let json = serde_json::to_string(&state).unwrap();
    let read: UartState = serde_json::from_str(&json).unwrap();
    assert_eq!(read, state);
    let interrupts = Interrupts::default();
    let uart = Uart::restore(&read, interrupts.clone(), NoEvents).unwrap();
    assert_eq!(uart.state(), state);
    (uart, interrupts)
}

#[test]
fn half_read_fifo_is_restored() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(FCR, 1), (IER, 1)]);
    uart.enqueue(b"abc").unwrap();
    assert_eq!(uart.read(RBR), b'a');
    let (mut uart, _) = restored(&uart);
    assert_eq!(uart.fifo_capacity(), FIFO_SIZE - 2);
    assert_eq!(uart.enqueue(b"d").unwrap(), 1);
    assert_eq!(received(&mut uart), b"bcd");
}

#[test]
fn pending_interrupt_is_raised_again() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(IER, 1)]);
    let (_, interrupts) = restored(&uart);
    assert_eq!(interrupts.0.get(), 0);
    uart.enqueue(b"x").unwrap();
    let (mut uart, interrupts) = restored(&uart);
    assert_eq!(interrupts.0.get(), 1);
    assert_eq!(uart.read(IIR) & 0xf, IIR_RECEIVED_DATA);
}

#[test]
fn divisor_and_registers_are_restored() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(7, 0xa5), (LCR, 0x83), (0, 7), (1, 1)]);
    let (mut uart, _) = restored(&uart);
    assert_eq!((uart.read(0), uart.read(1)), (7, 1));
    assert_eq!((uart.read(LCR), uart.read(7)), (0x83, 0xa5));
    write(&mut uart, &[(LCR, 3)]);
    assert_eq!(uart.read(IER), 0);
}

#[test]
fn loop_back_is_restored() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(MCR, MCR_LOOP_BACK), (THR, b'l')]);
    let (mut uart, _) = restored(&uart);
    assert_eq!(uart.enqueue(b"typed").unwrap(), 0);
    write(&mut uart, &[(THR, b'm')]);
    assert!(!uart.has_output());
    assert_eq!(received(&mut uart), b"lm");
}

#[test]
fn receiver_that_is_off_is_restored() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(FCR, 1), (FCR, 0)]);
    uart.enqueue(b"x").unwrap();
    let (mut uart, _) = restored(&uart);
    assert!(received(&mut uart).is_empty());
    // A driver that never used the FIFOs would have its receiver on after this.
    write(&mut uart, &[(FCR, 0)]);
    assert!(received(&mut uart).is_empty());
    write(&mut uart, &[(FCR, 1)]);
    let (mut uart, _) = restored(&uart);
    write(&mut uart, &[(FCR, 0)]);
    assert!(received(&mut uart).is_empty(), "the FIFOs were on");
}

#[test]
fn collected_output_is_restored() {
    let (mut uart, _) = uart();
    write(&mut uart, &[(THR, b'h'), (THR, b'i')]);
    let (mut uart, _) = restored(&uart);
    write(&mut uart, &[(THR, b'!')]);
    assert_eq!(uart.take_output(), b"hi!");
}

#[test]
fn fifo_that_is_too_long_is_refused() {
    let (mut uart, _) = uart();
    assert_eq!(uart.fifo_capacity(), FIFO_SIZE);
    assert_eq!(uart.enqueue(&[b'x'; FIFO_SIZE]).unwrap(), FIFO_SIZE);
    let (full, _) = restored(&uart);
    assert_eq!(full.fifo_capacity(), 0);
    let mut state = uart.state();
    state.received.push(b'x');
    let refused = Uart::restore(&state, Interrupts::default(), NoEvents).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the console's state has 65 received bytes; its FIFO holds 64"
    );
}

#[test]
fn state_with_unknown_members_is_refused() {
    let state = serde_json::to_value(ConsoleState::default()).unwrap();
    assert!(serde_json::from_value::<ConsoleState>(state.clone()).is_ok());
    for member in ["/extra", "/uart/extra"] {
        let mut state = state.clone();
        let (parent, name) = member.rsplit_once('/').unwrap();
        state.pointer_mut(parent).unwrap()[name] = 1.into();
        let refused = serde_json::from_value::<ConsoleState>(state).unwrap_err();
        assert!(
            refused.to_string().contains("unknown field `extra`"),
            "{refused}"
        );
    }
}

/// Any state that a file can hold makes a device that answers every access.
#[test]
fn inconsistent_states_are_harmless() {
    let state = UartState {
        line_status: 0xff,
        interrupt_identification: 0xff,
        interrupt_enable: 0xff,
        modem_control: 0xff,
        ..UartState::default()
    };
    let mut uart = Uart::restore(&state, Interrupts::default(), NoEvents).unwrap();
    for offset in 0..8 {
        uart.read(offset);
        uart.write(offset, 0xff).unwrap();
        uart.read(offset);
    }
}
