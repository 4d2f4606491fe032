//! The commands.

pub(crate) mod check;
pub(crate) mod dump;
pub(crate) mod manual;
pub(crate) mod props;
#[cfg(target_os = "linux")]
pub(crate) mod qmp;
pub(crate) mod run;
