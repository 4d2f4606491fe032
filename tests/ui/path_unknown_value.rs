const PATH: &str = "first.sysreg";

mod constant {
    idreg_runtime::include_sysreg!(super::PATH);
}

mod constant_in_concat {
    idreg_runtime::include_sysreg!(concat!("./", PATH));
}

mod other_macro {
    idreg_runtime::include_sysreg!(format!("{}", "first.sysreg"));
}

mod other_macro_second {
    idreg_runtime::include_sysreg!("first.sysreg", include_str!("path"));
}

mod number {
    idreg_runtime::include_sysreg!(concat!("linux-", 7, ".sysreg"));
}

fn main() {}
