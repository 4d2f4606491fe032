//! A program with its own panic handler and no allocator, which builds with `core` alone.
#![no_std]
#![no_main]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

use core::ffi::c_int;
use core::panic::PanicInfo;

idreg_runtime::include_sysreg!("one.sysreg");

#[link(name = "c")]
unsafe extern "C" {}

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    let register = OneEl1::from_bits(1);
    let found = register.level() == one_el1::Level::IMP && DESCRIPTION.registers.len() == 1;
    c_int::from(!found)
}

#[panic_handler]
fn abort(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Required by the compiler's `core`, which is built for unwinding.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
