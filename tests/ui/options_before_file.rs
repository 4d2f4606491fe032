mod no_file_at_all {
    idreg_runtime::include_sysreg!(strict);
}

mod first {
    idreg_runtime::include_sysreg!(only = ["ONE_EL1"], "first.sysreg");
}

mod between {
    idreg_runtime::include_sysreg!("first.sysreg", strict, "second.sysreg");
}

fn main() {}
