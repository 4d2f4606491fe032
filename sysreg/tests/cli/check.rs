//! Command `check`: the report, its totals and its colours.

use crate::{FINE, GAP, TWO_NAMES, TempFolder, compare, run, text};
use expect_test::expect;

#[test]
fn check_of_a_sound_description() {
    let folder = TempFolder::new("check-sound", &[("a.sysreg", FINE)]);
    folder.check(
        &["check", "a.sysreg"],
        0,
        &expect![[""]],
        &expect![[r"
            a.sysreg: 1 register, no shared layouts, no errors, no warnings
        "]],
    );
}

#[test]
fn check_with_errors() {
    let folder = TempFolder::new("check-errors", &[("b.sysreg", GAP)]);
    folder.check(
        &["check", "b.sysreg"],
        1,
        &expect![[r"
            error: B: bit 0 is not described
              at b.sysreg:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at b.sysreg:2:7
        "]],
        &expect![[r"
            1 error in b.sysreg
        "]],
    );
}

#[test]
fn check_takes_several_files_for_one_description() {
    let user = "Sysreg D 3 0 0 1 3\nFields S\nEndSysreg\n";
    let shared = "SysregFields S\nField 63:0 X\nEndSysregFields\n";
    let folder = TempFolder::new("check-several", &[("1", user), ("2", shared)]);
    folder.check(
        &["check", "1", "2"],
        0,
        &expect![[""]],
        &expect![[r"
            1, 2: 1 register, 1 shared layout, no errors, no warnings
        "]],
    );
}

#[test]
fn check_takes_nothing_twice_from_several_files() {
    let folder = TempFolder::new("check-twice", &[("1", FINE), ("2", FINE), ("3", TWO_NAMES)]);
    folder.check(
        &["check", "1", "2", "3"],
        1,
        &expect![[r"
            error: A: a second `Sysreg` of this name
              at 2:1:8
                |
              1 | Sysreg A 3 0 0 1 0
                |        ^
              note: the first one is here, at 1:1:8

            warning: C.X: `IMP` is another name of `SME`
              at 3:5:1
                |
              5 | 0b1 IMP
                | ^^^
              note: the first name is here, at 3:4:5
        "]],
        &expect![[r"
            1 error and 1 warning in 1, 2, 3
        "]],
    );
}

#[test]
fn warnings_are_no_failure() {
    let folder = TempFolder::new("check-warnings", &[("c", TWO_NAMES)]);
    folder.check(
        &["check", "c"],
        0,
        &expect![[r"
            warning: C.X: `IMP` is another name of `SME`
              at c:5:1
                |
              5 | 0b1 IMP
                | ^^^
              note: the first name is here, at c:4:5
        "]],
        &expect![[r"
            c: 1 register, no shared layouts, no errors, 1 warning
        "]],
    );
}

#[test]
fn strict_takes_two_names_for_an_error() {
    let folder = TempFolder::new("check-strict", &[("c", TWO_NAMES)]);
    folder.check(
        &["check", "--strict", "c"],
        1,
        &expect![[r"
            error: C.X: `IMP` is another name of `SME`
              at c:5:1
                |
              5 | 0b1 IMP
                | ^^^
              note: the first name is here, at c:4:5
        "]],
        &expect![[r"
            1 error in c
        "]],
    );
}

#[test]
fn colours_are_for_terminals() {
    let folder = TempFolder::new("colours", &[("b", GAP), ("c", TWO_NAMES)]);
    let mut command = folder.command(&["check", "b", "c"]);
    command.env("CLICOLOR_FORCE", "1");
    compare(
        &mut command,
        1,
        &expect![[r"
            ESC[1mESC[31merrorESC[0m: ESC[1mB: bit 0 is not describedESC[0m
              at ESC[1mESC[34mb:3:1ESC[0m
            ESC[1mESC[34m    |ESC[0m
            ESC[1mESC[34m  3 |ESC[0m EndSysreg
            ESC[1mESC[34m    |ESC[0m ESC[1mESC[31m^^^^^^^^^ESC[0m
              note: the entry above ends at bit 1, at ESC[1mESC[34mb:2:7ESC[0m

            ESC[1mESC[33mwarningESC[0m: ESC[1mC.X: `IMP` is another name of `SME`ESC[0m
              at ESC[1mESC[34mc:5:1ESC[0m
            ESC[1mESC[34m    |ESC[0m
            ESC[1mESC[34m  5 |ESC[0m 0b1 IMP
            ESC[1mESC[34m    |ESC[0m ESC[1mESC[33m^^^ESC[0m
              note: the first name is here, at ESC[1mESC[34mc:4:5ESC[0m
        "]],
        &expect![[r"
            ESC[1m1 error and 1 warning in b, cESC[0m
        "]],
    );
    let output = run(command.env("NO_COLOR", "1"));
    assert!(!text(&output.stdout).contains('\x1b'));
}
