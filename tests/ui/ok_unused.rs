//! Unused registers in a private module.
#![deny(warnings)]

mod hidden {
    idreg_runtime::include_sysreg!("ok_all_forms.sysreg");
}

fn main() {}
