//! The format of a text, by its content.

use super::{arm_cpu_info, windows};

/// A format from which hosts, views or models are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// Templates, dumps and fingerprints of [Firecracker](super::firecracker).
    Firecracker,
    /// Options of [QEMU](super::qemu).
    Qemu,
    /// The answer of QEMU's `query-cpu-model-expansion`.
    Expansion,
    /// Values of the [registry](super::windows) of Windows.
    Windows,
    /// The output of [ArmCpuInfo](super::arm_cpu_info).
    ArmCpuInfo,
    /// A [boot log](super::boot_log).
    BootLog,
}

impl TextFormat {
    /// The format that a text has if it has any: an object is told by its members, another text by
    /// its lines, and what no other format has is a boot log.
    ///
    /// ```
    /// use idreg_runtime::formats::TextFormat;
    ///
    /// assert_eq!(TextFormat::of(r#"{"reg_modifiers": []}"#), TextFormat::Firecracker);
    /// assert_eq!(TextFormat::of("host,sve=off"), TextFormat::Qemu);
    /// ```
    #[must_use]
    pub fn of(text: &str) -> Self {
        let start = text.trim_start();
        if start.starts_with('{') {
            let is_expansion = text.contains("\"model\"");
            return if is_expansion {
                Self::Expansion
            } else {
                Self::Firecracker
            };
        }
        if text.lines().any(windows::is_value) {
            return Self::Windows;
        }
        if text.lines().any(arm_cpu_info::is_row) {
            return Self::ArmCpuInfo;
        }
        let is_value = ["host", "custom"].iter().any(|base| {
            let rest = start.strip_prefix(base);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '\n', '\r']))
        });
        if is_value
            || text.split_whitespace().any(|word| word == "-cpu")
            || text.contains("<qemu:arg ")
        {
            return Self::Qemu;
        }
        Self::BootLog
    }
}
