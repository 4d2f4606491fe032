//! Instructions of optional features, one of each.

use std::arch::asm;

/// A name, and a function that executes the instruction.
pub(super) type Instruction = (&'static str, fn());

/// The instructions. Each ends the process with SIGILL if the CPU lacks it or the kernel does not
/// enable it for user space.
pub(super) const INSTRUCTIONS: [Instruction; 7] = [
    ("dotprod", dotprod),
    ("lse", lse),
    ("mops", mops),
    ("pauth", pauth),
    ("rndr", rndr),
    ("sha512", sha512),
    ("sve", sve),
];

macro_rules! instruction {
    ($(#[$doc:meta])* $name:ident: $($operands:tt)*) => {
        $(#[$doc])*
        #[allow(unsafe_code, reason = "no safe code executes a chosen instruction")]
        fn $name() {
            // SAFETY: the instructions write only the registers that are outputs, and memory only
            // through pointers that are inputs.
            unsafe { asm!($($operands)*) }
        }
    };
}

instruction! {
    /// UDOT on vectors, FEAT_DotProd. KVM cannot trap it: where the CPU has it, it runs.
    dotprod: ".arch_extension dotprod", "udot v0.4s, v1.16b, v2.16b", out("v0") _,
    options(nomem, nostack)
}

instruction! {
    /// LDADD, FEAT_LSE.
    lse: ".arch_extension lse", "ldadd {one}, {old}, [{word}]", one = in(reg) 1_u64,
    old = out(reg) _, word = in(reg) &mut 0_u64, options(nostack)
}

instruction! {
    /// A copy of zero bytes, FEAT_MOPS. Linux itself uses it since 6.5.
    mops: ".arch_extension mops", "cpyfp [x0]!, [x1]!, x2!", "cpyfm [x0]!, [x1]!, x2!",
    "cpyfe [x0]!, [x1]!, x2!", inout("x0") &mut 0_u64 => _, inout("x1") &mut 0_u64 => _,
    inout("x2") 0_u64 => _, options(nostack)
}

instruction! {
    /// PACGA, FEAT_PAuth.
    pauth: ".arch_extension pauth", "pacga {code}, {pointer}, {modifier}", code = out(reg) _,
    pointer = in(reg) 1_u64, modifier = in(reg) 2_u64, options(nomem, nostack)
}

instruction! {
    /// MRS of RNDR, FEAT_RNG; by its encoding, since assemblers know the name only with the
    /// feature.
    rndr: "mrs {number}, S3_3_C2_C4_0", number = out(reg) _, options(nomem, nostack)
}

instruction! {
    /// SHA512SU0, FEAT_SHA512, which assemblers know as a part of `sha3`.
    sha512: ".arch_extension sha3", "sha512su0 v0.2d, v1.2d", out("v0") _,
    options(nomem, nostack)
}

instruction! {
    /// CNTB, FEAT_SVE.
    sve: ".arch_extension sve", "cntb {count}", count = out(reg) _, options(nomem, nostack)
}
