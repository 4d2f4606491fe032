//! The registers that identify an Arm CPU, as types: generated from this project's description.
//!
//! The [types of the registers](#types) are below the modules, which have the types of their
//! fields. The search finds both by every name: `ID_AA64ISAR0_EL1`, `SYSREG_ID_AA64ISAR0_EL1_DP`,
//! `FEAT_DotProd`.
//!
//! ```
//! use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
//!
//! let host = IdAa64isar0El1::from_bits(0x1221_1111_1021_2120);
//! assert_eq!(host.dp(), Dp::IMP);
//! assert_eq!(host.with_dp(Dp::NI).bits(), 0x1221_0111_1021_2120);
//! assert_eq!(Dp::PROPERTY, "SYSREG_ID_AA64ISAR0_EL1_DP");
//! ```

idreg_macros::include_sysreg!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/data/aarch64-id.sysreg"
));
