//! The registers of a 16550: vm-superio's device, with a receiver that a driver can switch off.

use std::fmt;
use std::mem;
use vm_superio::serial::{Error, SerialEvents};
use vm_superio::{Serial, Trigger};

// Registers by their offset, and their bits (PC16550D, 8).
/// The receiver buffer, and the divisor's low byte while DLAB is set.
const RBR: u8 = 0;
/// The interrupt enable register, and the divisor's high byte while DLAB is set.
const IER: u8 = 1;
/// The FIFO control register, which can only be written.
const FCR: u8 = 2;
const LCR: u8 = 3;
const LSR: u8 = 5;
const IER_RECEIVED_DATA: u8 = 1;
const FCR_ENABLE: u8 = 1;
const LCR_DLAB: u8 = 0x80;
const LSR_DATA_READY: u8 = 1;

/// A 16550 whose output is collected until it is [taken](Self::take_output).
///
/// The receiver is off from the moment at which a driver switches the FIFOs off until it switches
/// them or the interrupt of received data on. Linux sets a port up in this state and reads RBR
/// twice meanwhile, to discard what a real line has left there (Linux 7.2,
/// `drivers/tty/serial/8250/8250_port.c`, `serial8250_do_startup`). Input does not come from a line
/// here: it is kept for the driver. A driver that never uses the FIFOs has its receiver on.
pub struct Uart<T: Trigger, E: SerialEvents> {
    device: Serial<T, E, Vec<u8>>,
    fifos_on: bool,
    receiver_on: bool,
}

impl<T: Trigger, E: SerialEvents> Uart<T, E> {
    /// Returns a device after power-on.
    pub fn new(interrupt: T, events: E) -> Self {
        Self {
            device: Serial::with_events(interrupt, events, Vec::new()),
            fifos_on: false,
            receiver_on: true,
        }
    }

    /// Handles a driver's read of the register at `offset`.
    pub fn read(&mut self, offset: u8) -> u8 {
        match offset {
            RBR if !self.receiver_on && !self.is_divisor_accessible() => 0,
            LSR if !self.receiver_on => self.device.read(LSR) & !LSR_DATA_READY,
            offset => self.device.read(offset),
        }
    }

    /// Handles a driver's write to the register at `offset`.
    ///
    /// # Errors
    ///
    /// The interrupt cannot be raised.
    pub fn write(&mut self, offset: u8, value: u8) -> Result<(), Error<T::E>> {
        match offset {
            FCR => {
                let on = value & FCR_ENABLE != 0;
                self.receiver_on = on || self.receiver_on && !self.fifos_on;
                self.fifos_on = on;
            }
            IER if !self.is_divisor_accessible() => {
                self.receiver_on |= value & IER_RECEIVED_DATA != 0;
            }
            _ => {}
        }
        self.device.write(offset, value)
    }

    /// The number of bytes of input for which the FIFO has space.
    pub fn fifo_capacity(&self) -> usize {
        self.device.fifo_capacity()
    }

    /// Adds input to the FIFO and returns the number of bytes taken: 0 while a driver has the
    /// device in loop-back.
    ///
    /// # Errors
    ///
    /// The FIFO is full, or the interrupt cannot be raised.
    pub fn enqueue(&mut self, input: &[u8]) -> Result<usize, Error<T::E>> {
        self.device.enqueue_raw_bytes(input)
    }

    /// True if there is output to take.
    pub fn has_output(&self) -> bool {
        !self.device.writer().is_empty()
    }

    /// Takes the output since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        mem::take(self.device.writer_mut())
    }

    /// True while RBR and IER give access to the divisor instead.
    fn is_divisor_accessible(&mut self) -> bool {
        self.device.read(LCR) & LCR_DLAB != 0
    }
}

impl<T: Trigger, E: SerialEvents> fmt::Debug for Uart<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uart")
            .field("state", &self.device.state())
            .field("fifos_on", &self.fifos_on)
            .field("receiver_on", &self.receiver_on)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::rc::Rc;
    use vm_superio::serial::NoEvents;

    const THR: u8 = 0;

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
}
