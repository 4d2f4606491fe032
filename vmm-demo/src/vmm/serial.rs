//! The guest's console: a 16550 whose output is the standard output of this program.

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

/// The device and what it is connected to.
#[derive(Debug)]
pub(crate) struct Serial {
    device: Mutex<Device<Interrupt, InputTaken, Output>>,
    interrupt: EventFd,
}

impl Serial {
    /// A device after power-on. `gate` is that of the vCPUs, which write to it; `room` is written when the guest has
    /// taken all of its input.
    pub(crate) fn new(gate: Arc<PauseGate<VcpuFd>>, room: EventFd) -> io::Result<Self> {
        let interrupt = EventFd::new(EFD_NONBLOCK)?;
        let output = Output {
            pending: VecDeque::new(),
            gate,
        };
        let device =
            Device::with_events(Interrupt(interrupt.try_clone()?), InputTaken(room), output);
        Ok(Self {
            device: Mutex::new(device),
            interrupt,
        })
    }

    /// Is written when the device wants an interrupt.
    pub(crate) fn interrupt(&self) -> &EventFd {
        &self.interrupt
    }

    /// The guest reads the register at `offset`.
    pub(crate) fn read(&self, offset: u64, data: &mut [u8]) {
        data.fill(0);
        if let (Ok(offset), Some(first)) = (u8::try_from(offset), data.first_mut()) {
            *first = self.device().read(offset);
        }
    }

    /// The guest writes the register at `offset`.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        let (Ok(offset), Some(value)) = (u8::try_from(offset), data.first()) else {
            return;
        };
        if let Err(error) = self.device().write(offset, *value) {
            // The guest cannot be told: a 16550 has no word for a line that nobody listens to.
            tracing::debug!(%error, "the console lost something");
        }
    }

    /// Gives the guest as much input as the device has room for.
    pub(crate) fn give(&self, input: &mut VecDeque<u8>) {
        let mut device = self.device();
        while device.fifo_capacity() > 0 {
            let (next, _) = input.as_slices();
            let count = next.len().min(device.fifo_capacity());
            match device.enqueue_raw_bytes(next.get(..count).unwrap_or_default()) {
                // Nothing is left, or the guest has the device in loop-back.
                Ok(0) | Err(serial::Error::FullFifo) => return,
                Ok(taken) => drop(input.drain(..taken)),
                Err(error) => {
                    tracing::warn!(%error, "the console cannot interrupt the guest");
                    return;
                }
            }
        }
    }

    fn device(&self) -> MutexGuard<'_, Device<Interrupt, InputTaken, Output>> {
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
struct InputTaken(EventFd);

impl SerialEvents for InputTaken {
    fn buffer_read(&self) {}

    fn out_byte(&self) {}

    fn tx_lost_byte(&self) {}

    fn in_buffer_empty(&self) {
        // It is full only if nobody has listened for 2^64 times.
        let _full = self.0.write(1);
    }
}

/// The standard output, whose reader may be slow: then the vCPU waits here, and comes back when it is called.
#[derive(Debug)]
struct Output {
    /// What a vCPU that was called back has not written. Each leaves one byte at most.
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
