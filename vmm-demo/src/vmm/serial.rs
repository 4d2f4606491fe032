//! The guest's console: a 16550 with this program's standard output.

use crate::vmm::console_state::ConsoleState;
use crate::vmm::pause_gate::PauseGate;
use crate::vmm::uart::{RestoreUartError, Uart};
use kvm_ioctls::VcpuFd;
use rustix::io::Errno;
use rustix::stdio::stdout;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use vm_superio::Trigger;
use vm_superio::serial::{self, SerialEvents};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// The modem control register of a 16550, which has the loop-back bit.
const MCR: u8 = 4;

/// A console that cannot be restored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreConsoleError {
    /// The event for the interrupt cannot be created.
    #[error("cannot create the event for the console's interrupt")]
    Event {
        /// The cause.
        source: io::Error,
    },
    /// The device cannot have the state.
    #[error(transparent)]
    Uart(#[from] RestoreUartError<io::Error>),
}

/// The console device and its connections.
///
/// Two locks: a vCPU blocks in a write to the standard output if its reader is slow, and holds only
/// that of the output then. The main thread, which gives input and ends the guest, takes only that
/// of the registers.
#[derive(Debug)]
pub struct Serial {
    uart: Mutex<Uart<Interrupt, InputDrained>>,
    output: Mutex<Output>,
    interrupt: EventFd,
    drained: EventFd,
}

impl Serial {
    /// Returns a device after power-on. `gate` is the gate of the vCPUs that write to it; `drained`
    /// is written when the guest has read all of its input.
    ///
    /// # Errors
    ///
    /// The event for the interrupt cannot be created.
    pub fn new(gate: Arc<PauseGate<VcpuFd>>, drained: EventFd) -> io::Result<Self> {
        let interrupt = EventFd::new(EFD_NONBLOCK)?;
        let uart = Uart::new(
            Interrupt(interrupt.try_clone()?),
            InputDrained(drained.try_clone()?),
        );
        Ok(Self::with(uart, VecDeque::new(), gate, interrupt, drained))
    }

    /// Returns a device with this state, except for [`ConsoleState::input`], which its owner keeps.
    /// `gate` and `drained` are those of [`new`](Self::new); `drained` is written, so that the
    /// device gets the input for which it has space.
    ///
    /// # Errors
    ///
    /// The [`RestoreConsoleError`].
    pub fn restore(
        state: &ConsoleState,
        gate: Arc<PauseGate<VcpuFd>>,
        drained: EventFd,
    ) -> Result<Self, RestoreConsoleError> {
        let failed = |source| RestoreConsoleError::Event { source };
        let interrupt = EventFd::new(EFD_NONBLOCK).map_err(failed)?;
        let uart = Uart::restore(
            &state.uart,
            Interrupt(interrupt.try_clone().map_err(failed)?),
            InputDrained(drained.try_clone().map_err(failed)?),
        )?;
        drained.write(1).map_err(failed)?;
        let unwritten = state.unwritten.iter().copied().collect();
        Ok(Self::with(uart, unwritten, gate, interrupt, drained))
    }

    fn with(
        uart: Uart<Interrupt, InputDrained>,
        unwritten: VecDeque<u8>,
        gate: Arc<PauseGate<VcpuFd>>,
        interrupt: EventFd,
        drained: EventFd,
    ) -> Self {
        Self {
            uart: Mutex::new(uart),
            output: Mutex::new(Output { unwritten, gate }),
            interrupt,
            drained,
        }
    }

    /// The console's state, without [`ConsoleState::input`]. The vCPUs must be paused: one that
    /// writes output changes the state, and holds a lock that this waits for.
    #[must_use]
    pub fn state(&self) -> ConsoleState {
        // In the order of `write_output`.
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        ConsoleState {
            uart: self.uart().state(),
            unwritten: output.unwritten.iter().copied().collect(),
            input: Vec::new(),
        }
    }

    /// The event that the device writes to raise its interrupt.
    pub(crate) fn interrupt(&self) -> &EventFd {
        &self.interrupt
    }

    /// Handles a guest's read of the register at `offset`.
    pub(crate) fn read(&self, offset: u64, data: &mut [u8]) {
        data.fill(0);
        if let (Ok(offset), Some(first)) = (u8::try_from(offset), data.first_mut()) {
            *first = self.uart().read(offset);
        }
    }

    /// Handles a guest's write to the register at `offset`; blocks while the standard output takes
    /// no bytes and the gate is open.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        let (Ok(offset), Some(value)) = (u8::try_from(offset), data.first()) else {
            return;
        };
        let mut uart = self.uart();
        if let Err(error) = uart.write(offset, *value) {
            tracing::warn!(%error, "the console cannot interrupt the guest");
        }
        let has_output = uart.has_output();
        drop(uart);
        if offset == MCR {
            // The device takes no input in loop-back, and reports no end of it. The event is full
            // only after 2^64 writes without a read.
            let _full = self.drained.write(1);
        }
        if has_output {
            self.write_output();
        }
    }

    /// Moves as much input to the device as its FIFO holds.
    pub(crate) fn give(&self, input: &mut VecDeque<u8>) {
        let mut uart = self.uart();
        while uart.fifo_capacity() > 0 {
            let (next, _) = input.as_slices();
            let count = next.len().min(uart.fifo_capacity());
            match uart.enqueue(next.get(..count).unwrap_or_default()) {
                // No input is left, or the guest has switched the device to loop-back.
                Ok(0) | Err(serial::Error::FullFifo) => return,
                Ok(taken) => drop(input.drain(..taken)),
                Err(error) => {
                    tracing::warn!(%error, "the console cannot interrupt the guest");
                    return;
                }
            }
        }
    }

    /// Writes the collected output. The bytes are taken under the output's lock, so that they stay
    /// in order.
    fn write_output(&self) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let collected = self.uart().take_output();
        if let Err(error) = output.write(&collected) {
            // A 16550 cannot report this to the guest: it has no error for a dead line.
            tracing::debug!(%error, "the console lost output");
        }
    }

    fn uart(&self) -> MutexGuard<'_, Uart<Interrupt, InputDrained>> {
        self.uart.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Interrupt(EventFd);

impl Trigger for Interrupt {
    type E = io::Error;

    fn trigger(&self) -> io::Result<()> {
        self.0.write(1)
    }
}

#[derive(Debug)]
struct InputDrained(EventFd);

impl SerialEvents for InputDrained {
    fn buffer_read(&self) {}

    fn out_byte(&self) {}

    fn tx_lost_byte(&self) {}

    fn in_buffer_empty(&self) {
        // The event is full only after 2^64 writes without a read.
        let _full = self.0.write(1);
    }
}

/// The standard output. If its reader is slow, the vCPU's thread blocks here until it is kicked.
#[derive(Debug)]
struct Output {
    /// Bytes of vCPUs that were kicked before they could write them; one byte of each at most.
    unwritten: VecDeque<u8>,
    gate: Arc<PauseGate<VcpuFd>>,
}

impl Output {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        self.unwritten.extend(bytes);
        while !self.unwritten.is_empty() {
            let (next, _) = self.unwritten.as_slices();
            match rustix::io::write(stdout(), next) {
                Ok(count) => drop(self.unwritten.drain(..count)),
                Err(Errno::INTR) if self.gate.is_open() => {}
                Err(Errno::INTR) => break,
                Err(error) => {
                    self.unwritten.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
