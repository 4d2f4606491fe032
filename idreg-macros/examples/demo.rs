//! A register of one's own, typed by a description beside this file.

mod registers {
    idreg_runtime::include_sysreg!("demo.sysreg");
}

use registers::DemoEl1;
use registers::demo_el1::Mode;

fn main() {
    let value = DemoEl1::from_bits(0x25);
    println!("{value:?}");
    println!("{:?}", value.with_mode(Mode::IMP));
    println!("{} is at {}", Mode::PROPERTY, Mode::SHIFT);
}
