//! The common part of `snapshot-cost` and `migration-cost`: guests that are typed to, options, the
//! report's end, medians.

mod error;
pub(crate) mod figures;
mod options;
mod process;

pub use self::error::CostError;
pub use self::options::{CostOptions, finish};

pub(crate) use self::process::{GuestProcess, demo_vmm};
