//! The runtime under other names, as in a crate that wraps the macro.
#![no_implicit_prelude]

/// A module that generated code must not find.
pub mod idreg_runtime {}

pub mod reexport {
    pub use ::idreg_runtime as runtime;

    #[macro_export]
    macro_rules! registers {
        ($path:expr) => {
            ::idreg_runtime::include_sysreg!($path, strict, crate = $crate::reexport::runtime);
        };
    }
}

pub mod by_crate {
    ::idreg_runtime::include_sysreg!("first.sysreg", crate = crate::reexport::runtime, strict);
}

pub mod by_wrapper {
    crate::registers!("first.sysreg");
}

fn main() {
    ::std::assert_eq!(by_crate::OneEl1::from_bits(1).level(), by_crate::shared_elx::Level::IMP);
    ::std::assert_eq!(by_wrapper::OneEl1::from_bits(1).level(), by_wrapper::shared_elx::Level::IMP);
}
