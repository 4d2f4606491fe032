//! Formats of other tools: guests written for them, hosts and models read from them, and their
//! messages.
//!
//! Each format is a module, and says what of a guest it cannot express:
//!
//! ```
//! # let host: idreg_runtime::Host =
//! #     serde_json::from_str(include_str!("../data/hosts/max-latest.json"))?;
//! use idreg_runtime::formats::qemu::{self, Dialect};
//! use idreg_runtime::formats::ExportedGuest;
//! use idreg_runtime::plan::Plan;
//!
//! let plan = Plan::new(&host, &"host,sve=off,SYSREG_ID_AA64MMFR0_EL1_PARANGE=2".parse()?)?;
//! let guest = ExportedGuest { host: &host, plan: &plan };
//! let stock = qemu::command_line(guest, Dialect::Stock);
//! let options = "-cpu host,sve=off,pauth=on,pmu=on\n-machine virt,gic-version=3\n";
//! assert_eq!(stock.text, options);
//! assert_eq!(stock.unsaid.len(), 1);
//! let arm = qemu::command_line(guest, Dialect::Arm);
//! assert!(arm.text.contains(",SYSREG_ID_AA64MMFR0_EL1_PARange=0x2\n") && arm.unsaid.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod arm_cpu_info;
pub mod arm_names;
pub mod boot_log;
mod detect;
pub mod diagnostic;
pub mod firecracker;
#[cfg(feature = "models")]
pub mod identity;
pub mod libvirt;
pub mod machine_text;
#[cfg(feature = "models")]
pub mod nfd;
pub mod qemu;
#[cfg(feature = "models")]
pub mod traits;
pub mod windows;

pub use self::detect::TextFormat;

use crate::description::RegisterField;
use crate::host::Host;
use crate::plan::Plan;
use core::fmt;

/// A guest to be written in a format: a plan and the host that it was made for.
#[derive(Clone, Copy, Debug)]
pub struct ExportedGuest<'g> {
    /// The host.
    pub host: &'g Host,
    /// The plan.
    pub plan: &'g Plan,
}

/// A document in a format of another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The document.
    pub text: String,
    /// The parts of the guest that it does not express.
    pub unsaid: Vec<Unsaid>,
}

/// A part of a guest that a format cannot express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The part, such as a property with its value.
    pub part: String,
    /// The reason, as a clause.
    pub reason: &'static str,
}

impl Unsaid {
    pub(crate) fn new(part: impl fmt::Display, reason: &'static str) -> Self {
        let part = part.to_string();
        Self { part, reason }
    }

    pub(crate) fn field(field: RegisterField, value: u64, reason: &'static str) -> Self {
        Self::new(format_args!("{field}={value:#x}"), reason)
    }
}

/// Shows `PART: REASON`.
impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.reason)
    }
}
