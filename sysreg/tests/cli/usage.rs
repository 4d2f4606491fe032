//! Wrong usage, unreadable files, and help texts.

use crate::{FINE, GAP, TempFolder, run, text};
use expect_test::expect;
use std::fs;

#[test]
fn a_name_cannot_command_the_terminal() {
    let folder = TempFolder::new("names", &[("\x1b[2J", GAP)]);
    folder.check(
        &["check", "\x1b[2J"],
        1,
        &expect![[r"
            error: B: bit 0 is not described
              at \u{1b}[2J:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at \u{1b}[2J:2:7
        "]],
        &expect![[r"
            1 error in \u{1b}[2J
        "]],
    );
    folder.check(
        &["check", "\x1b[3J"],
        2,
        &expect![[""]],
        &expect![[r"
            error: cannot read `\u{1b}[3J`: No such file or directory (os error 2)
        "]],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_wrong_usage() {
    let folder = TempFolder::new("no-file", &[("a", FINE)]);
    fs::write(folder.0.join("latin"), b"# \xfc\n").expect("a writable target");
    for command in ["check", "defines", "import"] {
        folder.check(
            &[command, "none"],
            2,
            &expect![[""]],
            &expect![["
                error: cannot read `none`: No such file or directory (os error 2)
            "]],
        );
    }
    folder.check(
        &["check", "a", "latin"],
        2,
        &expect![[""]],
        &expect![[r"
            error: cannot read `latin`: not UTF-8: the first bad byte is at line 1, byte 3
        "]],
    );
}

#[test]
fn a_description_without_registers_is_the_wrong_file() {
    let layout = "SysregFields S\nField 63:0 X\nEndSysregFields\n";
    let folder = TempFolder::new("no-register", &[("empty", "# none\n"), ("layout", layout)]);
    for arguments in [
        &["check", "empty"][..],
        &["check", "empty", "layout"],
        &["defines", "layout"],
        &["import", "empty", "-o", "new"],
        &["import", "--check", "layout"],
    ] {
        let output = run(&mut folder.command(arguments));
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("` describes no register: "), "{message}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    assert_eq!(folder.files(), ["empty", "layout"]);
}

#[test]
fn wrong_usage_has_its_exit_code() {
    let folder = TempFolder::new("usage", &[("a", FINE)]);
    for arguments in [
        &[][..],
        &["check"],
        &["defines"],
        &["import"],
        &["import", "a", "a"],
        &["import", "a", "--check", "-o", "b"],
        &["defines", "--strict", "a"],
    ] {
        let output = run(&mut folder.command(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn every_command_has_an_example() {
    let folder = TempFolder::new("help", &[]);
    for command in ["check", "defines", "import"] {
        let output = run(&mut folder.command(&[command, "--help"]));
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        assert!(help.contains("\nExample"), "{help}");
        assert!(help.contains(&format!("\n  sysreg {command} ")), "{help}");
    }
}
