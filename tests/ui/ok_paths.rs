//! Paths from `env!`, `concat!` and `macro_rules!`.
#![no_implicit_prelude]

pub mod concatenated {
    ::idreg_runtime::include_sysreg!(concat!("fi", "rst", ".sysreg"));
}

pub mod nested {
    ::idreg_runtime::include_sysreg!(::core::concat!(
        std::concat!("./", r"first",),
        concat!(),
        ".sysreg",
    ));
}

macro_rules! literal {
    ($path:literal) => {
        ::idreg_runtime::include_sysreg!($path);
    };
}

pub mod literal {
    literal!("first.sysreg");
}

macro_rules! expression {
    ($path:expr, $more:expr) => {
        ::idreg_runtime::include_sysreg!($path, $more, only = ["ONE_EL*"]);
    };
}

pub mod expression {
    expression!(concat!("first", ".sysreg"), "second.sysreg");
}

macro_rules! piece {
    ($($piece:tt)*) => {
        ::idreg_runtime::include_sysreg!(concat!($($piece)*, ".sysreg"));
    };
}

pub mod piece {
    piece!("fi", "rst");
}

fn main() {
    let _ = concatenated::OneEl1::from_bits(0);
    let _ = nested::OneEl1::from_bits(0);
    let _ = literal::OneEl1::from_bits(0);
    let _ = expression::OneEl1::from_bits(0);
    let _ = piece::OneEl1::from_bits(0);
}
