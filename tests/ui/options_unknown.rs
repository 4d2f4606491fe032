mod near {
    idreg_runtime::include_sysreg!("first.sysreg", onyl = ["ONE_EL1"]);
}

mod far {
    idreg_runtime::include_sysreg!("first.sysreg", registers);
}

mod not_a_name {
    idreg_runtime::include_sysreg!("first.sysreg", 3);
}

fn main() {}
