//! Registers that nobody uses, in a module that nobody sees.
#![deny(warnings)]

mod hidden {
    idreg_runtime::include_sysreg!("ok_all_forms.sysreg");
}

fn main() {}
