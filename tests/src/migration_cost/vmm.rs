//! The command lines of the VMMs.

use super::Guests;
use crate::cost::{CostError, demo_vmm};
use crate::program::Program;
use serde_json::{Value, json};
use std::process::Command;

/// A VMM that migrates guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vmm {
    /// The demo VMM.
    Own,
    /// QEMU with KVM.
    Qemu,
}

/// The connection of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// A Unix socket.
    Unix,
    /// TCP through the loopback device, without TLS.
    Tcp,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Unix, Self::Tcp];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
        }
    }

    /// The address at which a destination waits.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Unix => "unix:incoming.sock",
            Self::Tcp => "tcp:127.0.0.1:4444",
        }
    }
}

impl Vmm {
    pub(crate) const ALL: [Self; 2] = [Self::Own, Self::Qemu];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Own => "vmm-demo",
            Self::Qemu => "QEMU",
        }
    }

    /// The number of times that a line is typed until the answer is right: QEMU has lost bytes
    /// that were typed after a migration, and the demo VMM must not.
    pub(super) const fn typing_limit(self) -> u32 {
        match self {
            Self::Own => 1,
            Self::Qemu => 3,
        }
    }

    /// The command that boots a guest.
    pub(super) fn boot(self, guests: &Guests, qmp: &str) -> Result<Command, CostError> {
        let console = match self {
            Self::Own => "ttyS0",
            Self::Qemu => "ttyAMA0",
        };
        let touched = guests.touched_mib;
        let words = format!("console={console} quiet idreg.end=work idreg.memory={touched}");
        let mut command = self.machine(guests, qmp)?;
        let (kernel, initrd) = self.options("kernel", "initrd");
        command.args([&kernel, "Image", &initrd, "initrd.cpio.gz"]);
        command.args([&self.option("append"), &words]);
        if self == Self::Own {
            command.args(["--mem", &format!("{}M", guests.options.memory_mib)]);
        }
        Ok(command)
    }

    /// The command that waits for a guest.
    pub(super) fn wait(
        self,
        guests: &Guests,
        transport: Transport,
        qmp: &str,
    ) -> Result<Command, CostError> {
        let mut command = self.machine(guests, qmp)?;
        command.args([&self.option("incoming"), transport.address()]);
        if (self, transport) == (Self::Own, Transport::Tcp) {
            command.arg("--plain");
        }
        Ok(command)
    }

    fn machine(self, guests: &Guests, qmp: &str) -> Result<Command, CostError> {
        let memory = guests.options.memory_mib.to_string();
        Ok(match self {
            Self::Own => {
                let mut command = demo_vmm(Program::MigrationCost)?;
                command.args(["run", "--qmp", qmp]);
                command
            }
            Self::Qemu => {
                let mut command = Command::new(&guests.qemu);
                command.args(["-M", "virt,gic-version=3", "-cpu", "host", "-accel", "kvm"]);
                command.args([
                    "-m", &memory, "-smp", "1", "-display", "none", "-nic", "none",
                ]);
                command.args(["-monitor", "none", "-serial", "stdio", "-no-reboot"]);
                command.args(["-qmp", &format!("{qmp},server=on,wait=off")]);
                command
            }
        })
    }

    fn options(self, one: &str, other: &str) -> (String, String) {
        (self.option(one), self.option(other))
    }

    fn option(self, name: &str) -> String {
        match self {
            Self::Own => format!("--{name}"),
            Self::Qemu => format!("-{name}"),
        }
    }

    /// The arguments of `migrate-set-parameters` that a copy in one machine needs, if any.
    pub(super) fn parameters(self, guests: &Guests, transport: Transport) -> Option<Value> {
        let plain = transport == Transport::Tcp;
        let channels = guests.channels;
        (self == Self::Own)
            .then(|| json!({ "mode": "normal", "plain": plain, "multifd-channels": channels }))
    }
}
