//! The saved state of a guest's console. Bytes are arrays of numbers in JSON.

use serde::{Deserialize, Serialize};

/// The console's device, and the bytes on their way to it and from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleState {
    /// The device.
    pub uart: UartState,
    /// The output that left the device and is not written yet; it precedes [`UartState::output`].
    pub unwritten: Vec<u8>,
    /// The typed bytes that the device has not taken yet. The owner of the input fills it in.
    pub input: Vec<u8>,
}

/// The state of a 16550, by the names of its registers (PC16550D, 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UartState {
    /// DLL: the divisor's low byte.
    pub divisor_low: u8,
    /// DLM: the divisor's high byte.
    pub divisor_high: u8,
    /// IER.
    pub interrupt_enable: u8,
    /// IIR, without the bits of the FIFOs.
    pub interrupt_identification: u8,
    /// LCR.
    pub line_control: u8,
    /// LSR.
    pub line_status: u8,
    /// MCR.
    pub modem_control: u8,
    /// MSR.
    pub modem_status: u8,
    /// SCR.
    pub scratch: u8,
    /// The received bytes that the driver has not read, the oldest first; at most 64.
    pub received: Vec<u8>,
    /// True if a driver has switched the FIFOs on.
    pub fifos_on: bool,
    /// True if the driver can read what is received.
    pub receiver_on: bool,
    /// The bytes sent that are not taken from the device yet.
    pub output: Vec<u8>,
}
