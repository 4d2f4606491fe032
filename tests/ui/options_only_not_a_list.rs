mod nothing {
    idreg_runtime::include_sysreg!("first.sysreg", only =);
}

mod neither_sign_nor_list {
    idreg_runtime::include_sysreg!("first.sysreg", only);
}

mod without_sign {
    idreg_runtime::include_sysreg!("first.sysreg", only ["ONE_EL1"]);
}

mod a_string {
    idreg_runtime::include_sysreg!("first.sysreg", only = "ONE_EL1");
}

fn main() {}
