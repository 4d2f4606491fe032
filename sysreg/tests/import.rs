//! Import of the kernel's description into this project's.

use expect_test::{Expect, expect, expect_file};
use std::io::Write as _;
use std::path::PathBuf;
use sysreg::{AARCH64_ID, Changes, Model, Source, import, leading_comment, load};

fn model(text: &str) -> Model {
    let loaded = load(&Source::new("test.sysreg", text).expect("a test's text is small"));
    assert_eq!(loaded.diagnostics, []);
    loaded.model
}

/// Reads a kernel's description, which only the project's own machines have.
fn kernel(version: &str) -> Option<Model> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../shared/kernel"]
        .iter()
        .collect();
    match Source::read(&path.join(format!("sysreg-{version}"))) {
        Ok(source) => Some(load(&source).model),
        Err(error) => {
            // The test harness captures println!, but not this.
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "skipped: no kernel file sysreg-{version}: {error}");
            None
        }
    }
}

/// Compares an import, and checks that an import of the result gives the same text.
///
/// The result goes in again as the kernel's file, as the current description, and as both.
fn check(kernel: &str, current: &str, expected: &Expect) {
    let comment = leading_comment(current);
    let (kernel, current) = (model(kernel), model(current));
    let text = import(&kernel, &current, comment);
    expected.assert_eq(&text);
    let imported = model(&text);
    assert_eq!(leading_comment(&text), comment);
    assert_eq!(import(&kernel, &imported, comment), text);
    assert_eq!(import(&imported, &current, comment), text);
    assert_eq!(import(&imported, &imported, comment), text);
}

#[test]
fn only_the_feature_id_range_is_taken() {
    check(
        "Sysreg OP0 2 0 0 1 0\nField 63:0 X\nEndSysreg\n\
         Sysreg OP1_2 3 2 0 1 0\nField 63:0 X\nEndSysreg\n\
         Sysreg CRN 3 0 1 1 0\nField 63:0 X\nEndSysreg\n\
         Sysreg CRM 3 0 0 8 0\nField 63:0 X\nEndSysreg\n\
         Sysreg OP1_0 3 0 0 7 7\nField 63:0 X\nEndSysreg\n\
         Sysreg OP1_1 3 1 0 7 7\nField 63:0 X\nEndSysreg\n\
         Sysreg OP1_3 3 3 0 7 7\nField 63:0 X\nEndSysreg\n",
        "",
        &expect![[r"
            Sysreg	OP1_0	3	0	0	7	7
            Field	63:0	X
            EndSysreg

            Sysreg	OP1_1	3	1	0	7	7
            Field	63:0	X
            EndSysreg

            Sysreg	OP1_3	3	3	0	7	7
            Field	63:0	X
            EndSysreg
        "]],
    );
}

#[test]
fn registers_that_are_not_in_the_kernels_file_are_kept() {
    check(
        "Sysreg ID_PFR0_EL1 3 0 0 1 0\nField 63:0 NEW\nEndSysreg\n",
        "Sysreg MIDR_EL1 3 0 0 0 0\nField 63:0 OLD\nEndSysreg\n\
         Sysreg AIDR_EL1 3 1 0 0 7\nField 63:0 OLD\nEndSysreg\n\
         Sysreg ID_PFR0_EL1 3 0 0 1 0\nField 63:0 OLD\nEndSysreg\n\
         Sysreg ID_PFR1_EL1 3 0 0 1 1\nField 63:0 OLD\nEndSysreg\n",
        &expect![[r"
            Sysreg	MIDR_EL1	3	0	0	0	0
            Field	63:0	OLD
            EndSysreg

            Sysreg	ID_PFR0_EL1	3	0	0	1	0
            Field	63:0	NEW
            EndSysreg

            Sysreg	AIDR_EL1	3	1	0	0	7
            Field	63:0	OLD
            EndSysreg
        "]],
    );
}

#[test]
fn registers_that_are_in_the_kernels_file_are_replaced() {
    check(
        "Sysreg MIDR_EL1 3 0 0 0 0\nField 63:0 NEW\nEndSysreg\n",
        "Sysreg MIDR_EL1 3 0 0 0 0\nField 63:0 OLD\nEndSysreg\n",
        &expect![[r"
            Sysreg	MIDR_EL1	3	0	0	0	0
            Field	63:0	NEW
            EndSysreg
        "]],
    );
}

#[test]
fn a_layout_comes_with_its_register() {
    check(
        "SysregFields UNUSED\nField 63:0 X\nEndSysregFields\n\
         SysregFields USED\nField 63:0 X\nEndSysregFields\n\
         Sysreg A 3 0 0 1 0\nFields USED\nEndSysreg\n\
         Sysreg B 3 0 1 1 0\nFields UNUSED\nEndSysreg\n",
        "SysregFields OURS\nField 63:0 X\nEndSysregFields\n\
         Sysreg MIDR_EL1 3 0 0 0 0\nFields OURS\nEndSysreg\n",
        &expect![[r"
            SysregFields	OURS
            Field	63:0	X
            EndSysregFields

            SysregFields	USED
            Field	63:0	X
            EndSysregFields

            Sysreg	MIDR_EL1	3	0	0	0	0
            Fields	OURS
            EndSysreg

            Sysreg	A	3	0	0	1	0
            Fields	USED
            EndSysreg
        "]],
    );
}

#[test]
fn a_kept_register_does_not_get_another_layout() {
    check(
        "SysregFields F\nField 63:0 NEW\nEndSysregFields\n\
         SysregFields SAME\nField 63:0 X\nEndSysregFields\n\
         Sysreg A 3 0 0 1 0\nFields F\nEndSysreg\n",
        "SysregFields F\n\
         Prefix P\nField 63:0 SHARED\nEndPrefix\n\
         Prefix Q\nField 63:0 SHARED\nEndPrefix\n\
         Field 63:0 OLD\nEndSysregFields\n\
         SysregFields SAME\nField 63:0 X\nEndSysregFields\n\
         Sysreg MIDR_EL1 3 0 0 0 0\n\
         Prefix Q\nField 63:0 OWN\nEndPrefix\n\
         Fields F\nEndSysreg\n\
         Sysreg MPIDR_EL1 3 0 0 0 5\nFields SAME\nEndSysreg\n",
        &expect![[r"
            SysregFields	F
            Field	63:0	NEW
            EndSysregFields

            SysregFields	SAME
            Field	63:0	X
            EndSysregFields

            Sysreg	MIDR_EL1	3	0	0	0	0
            Prefix	Q
            Field	63:0	OWN
            EndPrefix
            Prefix	P
            Field	63:0	SHARED
            EndPrefix
            Field	63:0	OLD
            EndSysreg

            Sysreg	MPIDR_EL1	3	0	0	0	5
            Fields	SAME
            EndSysreg

            Sysreg	A	3	0	0	1	0
            Fields	F
            EndSysreg
        "]],
    );
}

#[test]
fn of_the_comments_the_first_is_kept() {
    check(
        "# theirs\nSysreg A 3 0 0 1 0\n# theirs\nField 63:0 X\nEndSysreg\n",
        "# ours\n#\n# more\n\n# after an empty line\nSysreg A 3 0 0 1 0\nField 63:0 X\nEndSysreg\n",
        &expect![[r"
            # ours
            #
            # more
            Sysreg	A	3	0	0	1	0
            Field	63:0	X
            EndSysreg
        "]],
    );
}

#[test]
fn the_description_of_7_2_is_ours_again() {
    let Some(kernel) = kernel("7.2") else { return };
    let comment = leading_comment(AARCH64_ID);
    let ours = model(AARCH64_ID);
    assert_eq!(import(&kernel, &ours, comment), AARCH64_ID);
    let again = model(&import(&kernel, &ours, ""));
    assert_eq!(Changes::between(&ours, &again).to_string(), "no changes");
}

/// The report of an import of 7.2 into a description of 6.12.
#[test]
fn the_way_from_6_12_to_7_2_breaks_few_properties() {
    let (Some(old), Some(new)) = (kernel("6.12"), kernel("7.2")) else {
        return;
    };
    let ours = model(AARCH64_ID);
    let [old, new] = [old, new].map(|kernel| {
        let text = import(&kernel, &ours, "");
        load(&Source::new("imported", text).unwrap()).model
    });
    let changes = Changes::between(&old, &new);
    assert!(changes.is_break());
    expect_file!["import_6.12_to_7.2.txt"].assert_eq(&format!("{changes}\n"));
}
