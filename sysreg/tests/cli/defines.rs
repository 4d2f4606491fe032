//! Command `defines`: lines for other programs.

use crate::{FINE, GAP, TWO_NAMES, TempFolder, run, text};
use expect_test::expect;
use std::process::Stdio;
use sysreg::AARCH64_ID;

#[test]
fn defines_in_file_order() {
    let folder = TempFolder::new("defines", &[("a", FINE), ("c", TWO_NAMES)]);
    folder.check(
        &["defines", "c", "a"],
        0,
        &expect![[r"
            REG_C	S3_0_C0_C1_2
            SYS_C	sys_reg(3, 0, 0, 1, 2)
            SYS_C_Op0	3
            SYS_C_Op1	0
            SYS_C_CRn	0
            SYS_C_CRm	1
            SYS_C_Op2	2
            C_X	GENMASK(0, 0)
            C_X_MASK	GENMASK(0, 0)
            C_X_SHIFT	0
            C_X_WIDTH	1
            C_X_SME	UL(0b1)
            C_X_IMP	UL(0b1)
            C_RES0	(UL(0) | GENMASK_ULL(63, 1))
            C_RES1	(UL(0))
            C_UNKN	(UL(0))
            REG_A	S3_0_C0_C1_0
            SYS_A	sys_reg(3, 0, 0, 1, 0)
            SYS_A_Op0	3
            SYS_A_Op1	0
            SYS_A_CRn	0
            SYS_A_CRm	1
            SYS_A_Op2	0
            A_X	GENMASK(0, 0)
            A_X_MASK	GENMASK(0, 0)
            A_X_SHIFT	0
            A_X_WIDTH	1
            A_RES0	(UL(0) | GENMASK_ULL(63, 1))
            A_RES1	(UL(0))
            A_UNKN	(UL(0))
        "]],
        &expect![[r"
            warning: C.X: `IMP` is another name of `SME`
              at c:5:1
                |
              5 | 0b1 IMP
                | ^^^
              note: the first name is here, at c:4:5
        "]],
    );
}

#[test]
fn defines_like_a_version_of_the_generator() {
    let layout = "SysregFields S\nRes0 63:0\nEndSysregFields\n";
    let user = "Sysreg D 3 0 0 1 3\nFields S\nEndSysreg\n";
    let folder = TempFolder::new("defines-like", &[("a", layout), ("b", user)]);
    for (like, has_masks) in [
        (&[][..], true),
        (&["--like", "7.3"], true),
        (&["--like", "7.2"], false),
    ] {
        let output = run(folder.command(&["defines", "a", "b"]).args(like));
        let masks = text(&output.stdout).contains("D_RES0\t(S_RES0)\nD_RES1\t(S_RES1)\n");
        assert_eq!(masks, has_masks, "{like:?}");
    }
    let output = run(&mut folder.command(&["defines", "a", "b", "--like", "6.12"]));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("[possible values: 7.2, 7.3]"));
}

#[test]
fn defines_of_an_invalid_description_are_none() {
    let folder = TempFolder::new("defines-invalid", &[("a", FINE), ("b", GAP)]);
    folder.check(
        &["defines", "a", "b"],
        1,
        &expect![[""]],
        &expect![[r"
            error: B: bit 0 is not described
              at b:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at b:2:7
            1 error in a, b
        "]],
    );
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let folder = TempFolder::new("pipe", &[("ids", AARCH64_ID)]);
    let mut child = folder
        .command(&["defines", "ids"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The output is larger than a pipe's buffer, so the program writes to the closed end.
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
