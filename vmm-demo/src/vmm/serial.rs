//! The guest's console: a 16550 with this program's standard output.

use crate::vmm::pause_gate::PauseGate;
use kvm_ioctls::VcpuFd;
use rustix::io::Errno;
use rustix::stdio::stdout;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm_superio::serial::{self, SerialEvents};
use vm_superio::{Serial as Device, Trigger};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// The console device and its connections.
#[derive(Debug)]
pub struct Serial {
    device: Mutex<Device<Interrupt, InputDrained, Output>>,
    interrupt: EventFd,
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
        let output = Output {
            pending: VecDeque::new(),
            gate,
        };
        let device = Device::with_events(
            Interrupt(interrupt.try_clone()?),
            InputDrained(drained),
            output,
        );
        Ok(Self {
            device: Mutex::new(device),
            interrupt,
        })
    }

    /// The event that the device writes to raise its interrupt.
    pub(crate) fn interrupt(&self) -> &EventFd {
        &self.interrupt
    }

    /// Handles a guest's read of the register at `offset`.
    pub(crate) fn read(&self, offset: u64, data: &mut [u8]) {
        data.fill(0);
        if let (Ok(offset), Some(first)) = (u8::try_from(offset), data.first_mut()) {
            *first = self.device().read(offset);
        }
    }

    /// Handles a guest's write to the register at `offset`.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        let (Ok(offset), Some(value)) = (u8::try_from(offset), data.first()) else {
            return;
        };
        if let Err(error) = self.device().write(offset, *value) {
            // A 16550 cannot report this to the guest: it has no error for a dead line.
            tracing::debug!(%error, "the console lost a byte");
        }
    }

    /// Moves as much input to the device as its FIFO holds.
    pub(crate) fn give(&self, input: &mut VecDeque<u8>) {
        let mut device = self.device();
        while device.fifo_capacity() > 0 {
            let (next, _) = input.as_slices();
            let count = next.len().min(device.fifo_capacity());
            match device.enqueue_raw_bytes(next.get(..count).unwrap_or_default()) {
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

    fn device(&self) -> MutexGuard<'_, Device<Interrupt, InputDrained, Output>> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
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
    pending: VecDeque<u8>,
    gate: Arc<PauseGate<VcpuFd>>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend(bytes);
        while !self.pending.is_empty() {
            let (next, _) = self.pending.as_slices();
            match rustix::io::write(stdout(), next) {
                Ok(count) => drop(self.pending.drain(..count)),
                Err(Errno::INTR) if self.gate.is_open() => {}
                Err(Errno::INTR) => break,
                Err(error) => {
                    self.pending.clear();
                    return Err(error.into());
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
