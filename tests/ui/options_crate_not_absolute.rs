mod nothing {
    idreg_runtime::include_sysreg!("first.sysreg", crate =);
}

mod neither_sign_nor_path {
    idreg_runtime::include_sysreg!("first.sysreg", crate);
}

mod a_string {
    idreg_runtime::include_sysreg!("first.sysreg", crate = "::idreg_runtime");
}

mod relative {
    idreg_runtime::include_sysreg!("first.sysreg", crate = idreg_runtime);
}

fn main() {}
