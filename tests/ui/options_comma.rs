mod after_file {
    idreg_runtime::include_sysreg!("first.sysreg" strict);
}

mod after_option {
    idreg_runtime::include_sysreg!("first.sysreg", strict only = ["*"]);
}

fn main() {}
