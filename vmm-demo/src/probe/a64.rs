//! The A64 instructions of the probe guest, as words (Arm ARM DDI 0487, C6.2).
//!
//! Branch distances are in instructions, counted from the branch.

use idreg_runtime::encoding::Encoding;

/// A general-purpose register, 64 bits wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct X(u32);

impl X {
    /// XZR, in operands that do not encode SP instead.
    pub(crate) const ZERO: Self = Self(31);

    /// X0 to X30.
    pub(crate) const fn new(number: u32) -> Self {
        assert!(number < 31, "there are 31 general-purpose registers");
        Self(number)
    }

    const fn rt(self) -> u32 {
        self.0
    }

    const fn rn(self) -> u32 {
        self.0 << 5
    }

    const fn rm(self) -> u32 {
        self.0 << 16
    }
}

/// `UDF #0`: permanently undefined.
pub(crate) const UDF: u32 = 0;
/// `ERET`.
pub(crate) const ERET: u32 = 0xd69f_03e0;
/// `ISB`.
pub(crate) const ISB: u32 = 0xd503_3fdf;

/// `MRS rt, register`; op0 2 or 3.
pub(crate) const fn mrs(rt: X, register: Encoding) -> u32 {
    0xd520_0000 | (register.packed() as u32) << 5 | rt.rt()
}

/// `MSR register, rt`; op0 2 or 3.
pub(crate) const fn msr(register: Encoding, rt: X) -> u32 {
    0xd500_0000 | (register.packed() as u32) << 5 | rt.rt()
}

/// `STR rt, [base, #8 * slot]`; slot below 4096. The syndrome of this form lets KVM emulate the
/// store.
pub(crate) const fn str(rt: X, base: X, slot: u16) -> u32 {
    0xf900_0000 | imm12(slot) | base.rn() | rt.rt()
}

/// `ADD rd, rn, #immediate`; immediate below 4096.
pub(crate) const fn add(rd: X, rn: X, immediate: u16) -> u32 {
    0x9100_0000 | imm12(immediate) | rn.rn() | rd.rt()
}

/// `ADD rd, rn, #pages, LSL #12`; pages below 4096.
pub(crate) const fn add_pages(rd: X, rn: X, pages: u16) -> u32 {
    0x9140_0000 | imm12(pages) | rn.rn() | rd.rt()
}

/// `SUB rd, rn, rm`.
pub(crate) const fn sub(rd: X, rn: X, rm: X) -> u32 {
    0xcb00_0000 | rm.rm() | rn.rn() | rd.rt()
}

/// `ADR rd`; 19 bits of distance to an instruction.
pub(crate) const fn adr(rd: X, distance: i32) -> u32 {
    0x1000_0000 | imm19(distance) | rd.rt()
}

/// `MOVZ rd, #value, LSL #(16 * halfword)`; halfword below 4.
pub(crate) const fn movz(rd: X, value: u16, halfword: u32) -> u32 {
    0xd280_0000 | (halfword & 3) << 21 | (value as u32) << 5 | rd.rt()
}

/// `MOVK rd, #value, LSL #(16 * halfword)`; halfword below 4.
pub(crate) const fn movk(rd: X, value: u16, halfword: u32) -> u32 {
    0xf280_0000 | (halfword & 3) << 21 | (value as u32) << 5 | rd.rt()
}

/// `B`; 26 bits of distance.
pub(crate) const fn b(distance: i32) -> u32 {
    0x1400_0000 | distance.cast_unsigned() & 0x03ff_ffff
}

/// `CBNZ rt`; 19 bits of distance.
pub(crate) const fn cbnz(rt: X, distance: i32) -> u32 {
    0xb500_0000 | imm19(distance) | rt.rt()
}

/// The shortest sequence of `MOVZ` and `MOVK` that loads a constant into a register.
pub(crate) fn load(rd: X, value: u64) -> Vec<u32> {
    let halfword = |index: u32| (value >> (16 * index) & 0xffff) as u16;
    let mut words = vec![movz(rd, halfword(0), 0)];
    for index in 1..4 {
        if halfword(index) != 0 {
            words.push(movk(rd, halfword(index), index));
        }
    }
    words
}

const fn imm12(value: u16) -> u32 {
    (value as u32 & 0xfff) << 10
}

const fn imm19(distance: i32) -> u32 {
    (distance.cast_unsigned() & 0x7_ffff) << 5
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected words are those of the GNU assembler 2.40 for the text beside them.
    #[test]
    fn words_are_those_of_an_assembler() {
        let [x0, x1, x2, x20] = [0, 1, 2, 20].map(X::new);
        let cases = [
            (
                "mrs x0, midr_el1",
                mrs(x0, Encoding::new(3, 0, 0, 0, 0)),
                0xd538_0000,
            ),
            (
                "mrs x1, esr_el1",
                mrs(x1, Encoding::new(3, 0, 5, 2, 0)),
                0xd538_5201,
            ),
            (
                "mrs x0, S3_7_C15_C15_7",
                mrs(x0, Encoding::new(3, 7, 15, 15, 7)),
                0xd53f_ffe0,
            ),
            (
                "mrs x2, mdscr_el1",
                mrs(x2, Encoding::new(2, 0, 0, 2, 2)),
                0xd530_0242,
            ),
            (
                "msr vbar_el1, x2",
                msr(Encoding::new(3, 0, 12, 0, 0), x2),
                0xd518_c002,
            ),
            ("str x0, [x20]", str(x0, x20, 0), 0xf900_0280),
            ("str x1, [x20, #32760]", str(x1, x20, 4095), 0xf93f_fe81),
            ("str xzr, [x20, #8]", str(X::ZERO, x20, 1), 0xf900_069f),
            ("add x2, x2, #4", add(x2, x2, 4), 0x9100_1042),
            (
                "add x20, x1, #8, lsl #12",
                add_pages(x20, x1, 8),
                0x9140_2034,
            ),
            ("sub x2, x20, x1", sub(x2, x20, x1), 0xcb01_0282),
            ("adr x2, .+4", adr(x2, 1), 0x1000_0022),
            ("adr x1, .-8", adr(x1, -2), 0x10ff_ffc1),
            (
                "movz x20, #0x5000, lsl #16",
                movz(x20, 0x5000, 1),
                0xd2aa_0014,
            ),
            (
                "movk x20, #0xffff, lsl #48",
                movk(x20, 0xffff, 3),
                0xf2ff_fff4,
            ),
            ("b .", b(0), 0x1400_0000),
            ("b .+8", b(2), 0x1400_0002),
            ("b .-4", b(-1), 0x17ff_ffff),
            ("cbnz x2, .+12", cbnz(x2, 3), 0xb500_0062),
            ("cbnz x1, .-8", cbnz(x1, -2), 0xb5ff_ffc1),
            ("eret", ERET, 0xd69f_03e0),
            ("isb", ISB, 0xd503_3fdf),
            ("udf #0", UDF, 0x0000_0000),
        ];
        for (text, word, expected) in cases {
            assert_eq!(word, expected, "{text}: {word:#010x}");
        }
    }

    #[test]
    fn constants_take_as_many_words_as_they_have_halfwords() {
        let x20 = X::new(20);
        assert_eq!(load(x20, 0), [movz(x20, 0, 0)]);
        assert_eq!(
            load(x20, 0x5000_0000),
            [movz(x20, 0, 0), movk(x20, 0x5000, 1)]
        );
        assert_eq!(
            load(x20, 0x0123_4567_89ab_cdef),
            [
                movz(x20, 0xcdef, 0),
                movk(x20, 0x89ab, 1),
                movk(x20, 0x4567, 2),
                movk(x20, 0x0123, 3)
            ]
        );
    }
}
