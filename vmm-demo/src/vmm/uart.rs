//! The registers of a 16550: vm-superio's device, with a receiver that a driver can switch off.

use crate::vmm::console_state::UartState;
use std::fmt;
use std::mem;
use thiserror::Error;
use vm_superio::serial::{Error, SerialEvents, SerialState};
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

/// The receiver's FIFO in bytes (vm-superio 0.8, `FIFO_SIZE`).
const FIFO_SIZE: usize = 64;

/// A state that a [`Uart`] cannot have, or that it cannot go on from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreUartError<E> {
    /// More bytes are received than the FIFO holds.
    #[error("the console's state has {length} received bytes; its FIFO holds {FIFO_SIZE}")]
    FifoTooLong {
        /// The number of bytes.
        length: usize,
    },
    /// The interrupt that the state has pending cannot be raised.
    #[error("the console cannot interrupt the guest")]
    Interrupt {
        /// The cause.
        source: Error<E>,
    },
}

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

    /// Returns a device with this state. It raises the interrupt that is pending there.
    ///
    /// # Errors
    ///
    /// The [`RestoreUartError`].
    pub fn restore(
        state: &UartState,
        interrupt: T,
        events: E,
    ) -> Result<Self, RestoreUartError<T::E>> {
        let length = state.received.len();
        if length > FIFO_SIZE {
            return Err(RestoreUartError::FifoTooLong { length });
        }
        let registers = SerialState {
            baud_divisor_low: state.divisor_low,
            baud_divisor_high: state.divisor_high,
            interrupt_enable: state.interrupt_enable,
            interrupt_identification: state.interrupt_identification,
            line_control: state.line_control,
            line_status: state.line_status,
            modem_control: state.modem_control,
            modem_status: state.modem_status,
            scratch: state.scratch,
            in_buffer: state.received.clone(),
        };
        let device = Serial::from_state(&registers, interrupt, events, state.output.clone())
            .map_err(|source| RestoreUartError::Interrupt { source })?;
        Ok(Self {
            device,
            fifos_on: state.fifos_on,
            receiver_on: state.receiver_on,
        })
    }

    /// The device's state, from which [`restore`](Self::restore) makes an equal one.
    pub fn state(&self) -> UartState {
        let registers = self.device.state();
        UartState {
            divisor_low: registers.baud_divisor_low,
            divisor_high: registers.baud_divisor_high,
            interrupt_enable: registers.interrupt_enable,
            interrupt_identification: registers.interrupt_identification,
            line_control: registers.line_control,
            line_status: registers.line_status,
            modem_control: registers.modem_control,
            modem_status: registers.modem_status,
            scratch: registers.scratch,
            received: registers.in_buffer,
            fifos_on: self.fifos_on,
            receiver_on: self.receiver_on,
            output: self.device.writer().clone(),
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
mod tests;
