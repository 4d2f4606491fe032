//! The kernel's command line: its limits, and words that name devices which guests here lack.

use linux_loader::cmdline::{self, Cmdline};
use thiserror::Error;

/// The maximum size of a command line, with its zero byte (Linux 7.2,
/// `arch/arm64/include/uapi/asm/setup.h`, `COMMAND_LINE_SIZE`).
const COMMAND_LINE_SIZE: usize = 2048;

/// The default command line: the kernel's messages go to the console.
const DEFAULT: &str = "console=ttyS0";

/// The device of the guest's console.
const CONSOLE: &str = "ttyS0";

/// A command line that a kernel cannot be given.
#[derive(Debug, Error)]
pub enum CommandLineError {
    /// It is longer than a kernel reads.
    #[error(
        "it has {length} bytes, and an arm64 kernel reads {}: shorten --append",
        COMMAND_LINE_SIZE - 1
    )]
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// It has a character that a command line cannot have.
    #[error(transparent)]
    Character(cmdline::Error),
}

/// A word of the command line that has another effect than its author may expect.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandLineWarning {
    /// No console is the guest's.
    #[error(
        "`{word}` names no device of this guest, whose console is {CONSOLE}, and no other word \
         names that: the kernel prints nothing; use `console={CONSOLE}`"
    )]
    OtherConsole {
        /// The last word for a console.
        word: String,
    },
    /// An early console is not the guest's.
    #[error(
        "`{word}` names no device of this guest: its use ends the guest; use `earlycon` alone, \
         which finds the console in the device tree"
    )]
    OtherEarlyConsole {
        /// The word.
        word: String,
    },
}

/// Checks a command line, or returns the default one for `None`.
///
/// # Errors
///
/// [`CommandLineError`].
pub fn check(words: Option<&str>) -> Result<&str, CommandLineError> {
    let words = words.unwrap_or(DEFAULT);
    let length = words.len();
    if length >= COMMAND_LINE_SIZE {
        return Err(CommandLineError::TooLong { length });
    }
    Cmdline::try_from(words, COMMAND_LINE_SIZE)
        .and_then(|line| line.as_cstring())
        .map_err(CommandLineError::Character)?;
    Ok(words)
}

/// The words of a command line that name consoles which guests here lack. Without `console=`, the
/// kernel takes the console of the device tree.
#[must_use]
pub fn warnings(words: &str) -> Vec<CommandLineWarning> {
    let consoles = words.split_whitespace().filter_map(|word| {
        let device = word.strip_prefix("console=")?;
        Some((word, device.split(',').next() == Some(CONSOLE)))
    });
    let consoles: Vec<_> = consoles.collect();
    let mut warnings = Vec::new();
    if let Some((word, _)) = consoles.last()
        && !consoles.iter().any(|(_, own)| *own)
    {
        warnings.push(CommandLineWarning::OtherConsole {
            word: (*word).to_owned(),
        });
    }
    let early = words.split_whitespace().filter(|word| {
        let device = word.strip_prefix("earlycon=");
        device.is_some_and(|device| !device.starts_with("uart"))
    });
    warnings.extend(early.map(|word| CommandLineWarning::OtherEarlyConsole {
        word: word.to_owned(),
    }));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_limit_are_named() {
        assert_eq!(check(None).unwrap(), "console=ttyS0");
        assert_eq!(check(Some(&"x".repeat(2047))).unwrap().len(), 2047);
        let error = check(Some(&"x".repeat(2048))).unwrap_err().to_string();
        assert_eq!(
            error,
            "it has 2048 bytes, and an arm64 kernel reads 2047: shorten --append"
        );
        assert!(check(Some("a\0b")).is_err());
    }

    #[test]
    fn consoles_that_a_guest_lacks_are_warned_of() {
        let warned = |words: &str| -> Vec<String> {
            warnings(words).iter().map(ToString::to_string).collect()
        };
        for words in [
            "",
            "quiet",
            "console=ttyS0",
            "console=ttyS0,115200n8 console=ttyAMA0",
            "console=ttyAMA0 console=ttyS0",
            "earlycon",
            "earlycon=uart8250,mmio,0x40000000",
        ] {
            assert!(warned(words).is_empty(), "{words}");
        }
        assert_eq!(
            warned("root=/dev/vda console=ttyAMA0"),
            [
                "`console=ttyAMA0` names no device of this guest, whose console is ttyS0, and no \
              other word names that: the kernel prints nothing; use `console=ttyS0`"
            ]
        );
        assert_eq!(
            warned("earlycon=pl011,0x9000000 console=ttyS0"),
            [
                "`earlycon=pl011,0x9000000` names no device of this guest: its use ends the guest; \
              use `earlycon` alone, which finds the console in the device tree"
            ]
        );
    }
}
