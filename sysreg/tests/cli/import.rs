//! Command `import`: the new description, the report, and the cases without output.

use crate::{FINE, GAP, TWO_NAMES, TempFolder, run, text};
use expect_test::expect;
use sysreg::AARCH64_ID;

#[test]
fn import_of_the_built_in_description_changes_nothing() {
    let folder = TempFolder::new("import-same", &[("kernel", AARCH64_ID)]);
    let output = run(&mut folder.command(&["import", "kernel"]));
    assert_eq!(text(&output.stdout), AARCH64_ID);
    assert_eq!(text(&output.stderr), "no changes\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn import_reports_what_changes() {
    let current = "# ours\nSysreg MIDR_EL1 3 0 0 0 0\nRes0 63:0\nEndSysreg\n";
    let folder = TempFolder::new("import", &[("kernel", FINE), ("current", current)]);
    folder.check(
        &["import", "kernel", "--current", "current"],
        0,
        &expect![[r"
            # ours
            Sysreg	MIDR_EL1	3	0	0	0	0
            Res0	63:0
            EndSysreg

            Sysreg	A	3	0	0	1	0
            Res0	63:1
            Field	0	X
            EndSysreg
        "]],
        &expect![[r"
            registers added: 1
              A (3 0 0 1 0): 1 field
            1 change, which breaks no existing property
        "]],
    );
}

#[test]
fn import_shows_what_is_wrong_with_the_new_description() {
    let folder = TempFolder::new("import-warnings", &[("kernel", TWO_NAMES), ("current", "")]);
    folder.check(
        &["import", "kernel", "--current", "current"],
        0,
        &expect![[r"
            Sysreg	C	3	0	0	1	2
            Res0	63:1
            Enum	0	X
            	0b1	SME
            	0b1	IMP
            EndEnum
            EndSysreg
        "]],
        &expect![[r"
            warning: C.X: `IMP` is another name of `SME`
              at the new description:5:2
                |
              5 |  0b1 IMP
                |  ^^^
              note: the first name is here, at the new description:4:6
            registers added: 1
              C (3 0 0 1 2): 1 field
            1 change, which breaks no existing property
        "]],
    );
    let clash = "Sysreg MIDR_EL1 3 0 0 1 0\nRes0 63:0\nEndSysreg\n";
    let folder = TempFolder::new("import-clash", &[("kernel", FINE), ("current", clash)]);
    folder.check(
        &["import", "kernel", "--current", "current"],
        0,
        &expect![[r"
            Sysreg	A	3	0	0	1	0
            Res0	63:1
            Field	0	X
            EndSysreg

            Sysreg	MIDR_EL1	3	0	0	1	0
            Res0	63:0
            EndSysreg
        "]],
        &expect![[r"
            warning: MIDR_EL1: `A` has the encoding 3 0 0 1 0 too
              at the new description:6:8
                |
              6 | Sysreg MIDR_EL1 3 0 0 1 0
                |        ^^^^^^^^
              note: that one is here, at the new description:1:8
            registers added: 1
              A (3 0 0 1 0): 1 field
            1 change, which breaks no existing property
        "]],
    );
}

#[test]
fn import_writes_a_file_as_a_whole() {
    let folder = TempFolder::new("import-file", &[("kernel", FINE), ("ours", "old")]);
    let import = ["import", "kernel", "--current", "kernel", "-o", "ours"];
    folder.check(
        &import,
        0,
        &expect![[""]],
        &expect![[r"
            no changes
        "]],
    );
    assert_eq!(
        folder.read("ours"),
        "Sysreg\tA\t3\t0\t0\t1\t0\nRes0\t63:1\nField\t0\tX\nEndSysreg\n"
    );
    assert_eq!(folder.files(), ["kernel", "ours"]);
}

#[test]
#[cfg(unix)]
fn import_writes_to_the_target_of_a_link() {
    let folder = TempFolder::new("import-link", &[("kernel", FINE), ("ours", "old")]);
    std::os::unix::fs::symlink("ours", folder.0.join("link")).expect("a writable target");
    let import = ["import", "kernel", "--current", "kernel", "-o", "link"];
    folder.check(
        &import,
        0,
        &expect![[""]],
        &expect![[r"
            no changes
        "]],
    );
    assert!(folder.read("ours").starts_with("Sysreg\tA"));
    assert!(folder.0.join("link").is_symlink());
    let import = [
        "import",
        "kernel",
        "--current",
        "kernel",
        "-o",
        "/dev/stdout",
    ];
    let output = run(&mut folder.command(&import));
    assert!(text(&output.stdout).starts_with("Sysreg\tA"));
}

#[test]
fn import_of_an_invalid_description_writes_nothing() {
    let folder = TempFolder::new("import-invalid", &[("kernel", GAP), ("ours", "old")]);
    folder.check(
        &["import", "kernel", "-o", "ours"],
        1,
        &expect![[""]],
        &expect![[r"
            error: B: bit 0 is not described
              at kernel:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at kernel:2:7
            1 error in kernel
        "]],
    );
    assert_eq!(folder.read("ours"), "old");
    assert_eq!(folder.files(), ["kernel", "ours"]);
}

#[test]
fn import_into_no_directory_fails() {
    let folder = TempFolder::new("import-nowhere", &[("kernel", FINE)]);
    folder.check(
        &["import", "kernel", "-o", "no/ours"],
        4,
        &expect![[""]],
        &expect![[r"
            error: cannot write `no/ours`: No such file or directory (os error 2)
        "]],
    );
}

#[test]
fn import_check_passes_what_breaks_nothing() {
    let more = format!("{FINE}{TWO_NAMES}");
    let folder = TempFolder::new("import-check", &[("kernel", &more), ("current", FINE)]);
    folder.check(
        &["import", "--check", "kernel", "--current", "current"],
        0,
        &expect![[r"
            registers added: 1
              C (3 0 0 1 2): 1 field
            1 change, which breaks no existing property
        "]],
        &expect![[""]],
    );
    assert_eq!(folder.files(), ["current", "kernel"]);
}

#[test]
fn import_check_fails_for_a_break() {
    let renamed = FINE.replace('X', "Y");
    let folder = TempFolder::new(
        "import-check-break",
        &[("kernel", &renamed), ("current", FINE)],
    );
    folder.check(
        &["import", "--check", "kernel", "--current", "current"],
        1,
        &expect![[r"
            fields renamed: 1 (break)
              SYSREG_A_X -> SYSREG_A_Y
            1 change, which breaks existing properties
        "]],
        &expect![[r"
            error: existing properties would break
        "]],
    );
}

#[test]
fn import_of_arm_names_writes_the_table() {
    let fields = "IDREG_FIELD(A, Y, 0, 1)\n";
    let folder = TempFolder::new(
        "arm-names",
        &[("fields", fields), ("ours", FINE), ("bad", "x")],
    );
    let import = |arguments: &[&str]| {
        let mut all = vec!["import", "--current", "ours", "--arm-names"];
        all.extend(arguments);
        run(&mut folder.command(&all))
    };
    let output = import(&["fields", "-o", "table"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(folder.read("table").ends_with("\n\nA 0:0 Y\n"));
    let refused = import(&["bad"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        text(&refused.stderr),
        "error: cannot use `bad`: no line is `IDREG_FIELD(...)`\n"
    );
    assert_eq!(import(&["fields", "--check"]).status.code(), Some(2));
}
