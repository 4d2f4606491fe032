//! Wrong usage, files that cannot be read, and help.

use crate::{FINE, GAP, Place, run, text};
use expect_test::expect;
use std::fs;

#[test]
fn a_name_cannot_command_the_terminal() {
    let place = Place::new("names", &[("\x1b[2J", GAP)]);
    place.check(
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
    place.check(
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
    let place = Place::new("no-file", &[("a", FINE)]);
    fs::write(place.0.join("latin"), b"# \xfc\n").expect("a writable target");
    for command in ["check", "defines", "import"] {
        place.check(
            &[command, "none"],
            2,
            &expect![[""]],
            &expect![["
                error: cannot read `none`: No such file or directory (os error 2)
            "]],
        );
    }
    place.check(
        &["check", "a", "latin"],
        2,
        &expect![[""]],
        &expect![[r"
            error: cannot read `latin`: not UTF-8: the first bad byte is at line 1, byte 3
        "]],
    );
}

#[test]
fn wrong_usage_has_its_exit_code() {
    let place = Place::new("usage", &[("a", FINE)]);
    for arguments in [
        &[][..],
        &["check"],
        &["defines"],
        &["import"],
        &["import", "a", "a"],
        &["import", "a", "--check", "-o", "b"],
        &["defines", "--strict", "a"],
    ] {
        let output = run(&mut place.command(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn every_command_has_an_example() {
    let place = Place::new("help", &[]);
    for command in ["check", "defines", "import"] {
        let output = run(&mut place.command(&[command, "--help"]));
        assert_eq!(output.status.code(), Some(0));
        let help = text(&output.stdout);
        assert!(help.contains("\nExample"), "{help}");
        assert!(help.contains(&format!("\n  sysreg {command} ")), "{help}");
    }
}
