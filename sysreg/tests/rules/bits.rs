//! Rules about the 64 bits of a block.

use crate::check;
use expect_test::expect;
use sysreg::Rule;

#[test]
fn invalid_bits() {
    check(
        Rule::InvalidBits,
        "Sysreg A 3 0 0 0 0\n\
         Field 64:60 W\n\
         Field 3:4 X\n\
         Res0 0x3\n\
         Field 7: Y\n\
         Field +1 Z\n\
         EndSysreg\n",
        &expect![[r#"
            A.W: `64:60` is no bit range
              at test.sysreg:2:7
                |
              2 | Field 64:60 W
                |       ^^^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.X: `3:4` is no bit range
              at test.sysreg:3:7
                |
              3 | Field 3:4 X
                |       ^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A: `0x3` is no bit range
              at test.sysreg:4:6
                |
              4 | Res0 0x3
                |      ^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.Y: `7:` is no bit range
              at test.sysreg:5:7
                |
              5 | Field 7: Y
                |       ^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.Z: `+1` is no bit range
              at test.sysreg:6:7
                |
              6 | Field +1 Z
                |       ^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
        "#]],
    );
}

#[test]
fn bits_overlap() {
    check(
        Rule::BitsOverlap,
        "Sysreg A 3 0 0 0 0\n\
         Res0\t63:8\n\
         Field\t8:4\tX\n\
         Field\t3:0\tY\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: bits 8:4 overlap `Res0`
              at test.sysreg:3:7
                |
              3 | Field 8:4 X
                |       ^^^
              note: `Res0` has bits 63:8, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_overlap_of_one_bit() {
    check(
        Rule::BitsOverlap,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:0\n\
         Field 0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: bit 0 overlaps `Res0`
              at test.sysreg:3:7
                |
              3 | Field 0 X
                |       ^
              note: `Res0` has bits 63:0, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_gap() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:8\n\
         Field 5:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 7:6 are not described
              at test.sysreg:3:7
                |
              3 | Field 5:0 X
                |       ^^^
              note: the entry above ends at bit 8, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_gap_at_the_top() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Field 62:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 63 is not described
              at test.sysreg:2:7
                |
              2 | Field 62:0 X
                |       ^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_at_the_bottom() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:1 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 0 is not described
              at test.sysreg:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at test.sysreg:2:7
        "#]],
    );
}

#[test]
fn bits_gap_everywhere() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 63:0 are not described
              at test.sysreg:2:1
                |
              2 | EndSysreg
                | ^^^^^^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_after_a_prefix() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Field 63:0 X\n\
         EndPrefix\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 63:0 are not described
              at test.sysreg:5:1
                |
              5 | EndSysreg
                | ^^^^^^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_in_a_prefix() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Field 63:32 X\n\
         EndPrefix\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A (P): bits 31:0 are not described
              at test.sysreg:4:1
                |
              4 | EndPrefix
                | ^^^^^^^^^
              note: the entry above ends at bit 32, at test.sysreg:3:7
        "#]],
    );
}

#[test]
fn bits_order() {
    check(
        Rule::BitsOrder,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:2\n\
         Field 0 X\n\
         Field 1 Y\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 1 comes too late
              at test.sysreg:4:7
                |
              4 | Field 1 Y
                |       ^
              note: `X` before it has bit 0, at test.sysreg:3:7
        "#]],
    );
}
