mod none {
    idreg_runtime::include_sysreg!(env!());
}

mod not_a_string {
    idreg_runtime::include_sysreg!(env!(LINUX));
}

mod too_many {
    idreg_runtime::include_sysreg!(env!("LINUX", "say where Linux is", "please"));
}

fn main() {}
