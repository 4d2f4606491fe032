mod list {
    idreg_runtime::include_sysreg!("first.sysreg", only = []);
}

mod pattern {
    idreg_runtime::include_sysreg!("first.sysreg", only = ["ONE_EL1", ""]);
}

fn main() {}
