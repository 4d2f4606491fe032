//! Escape commands on the guest's console: Ctrl-A and a key, as in QEMU.

use std::collections::VecDeque;

/// Command to this program, typed on the guest's console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscapeCommand {
    /// End the guest.
    Quit,
    /// Show the escape commands.
    Help,
}

/// Help text for the escape commands, which are QEMU's.
pub const HELP: &str = "\
Ctrl-A x     end this guest
Ctrl-A a     send Ctrl-A to the guest
Ctrl-A h     this help";

/// Message about a terminal whose input is not read because the guest does not take it.
pub const HELD_BACK: &str = "\
the guest takes no input, and much is typed already: the terminal keeps the rest, Ctrl-A x too, \
until the guest goes on; SIGTERM ends it";

const CTRL_A: u8 = 1;

/// Parser of escape commands; remembers a Ctrl-A at the end of a read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys {
    escaped: bool,
}

impl Keys {
    /// Appends the guest's bytes to `guest`; returns the escape command, if any. `Quit` takes
    /// precedence over other commands.
    pub fn sort(&mut self, typed: &[u8], guest: &mut VecDeque<u8>) -> Option<EscapeCommand> {
        let mut command = None;
        for key in typed {
            match (self.escaped, *key) {
                (false, CTRL_A) => {
                    self.escaped = true;
                    continue;
                }
                (false, key) => guest.push_back(key),
                (true, b'x') => command = Some(EscapeCommand::Quit),
                (true, b'h' | b'?') => command = command.or(Some(EscapeCommand::Help)),
                (true, b'a' | CTRL_A) => guest.push_back(CTRL_A),
                (true, key) => guest.extend([CTRL_A, key]),
            }
            self.escaped = false;
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that reach the guest, and the first escape command.
    fn typed(pieces: &[&[u8]]) -> (Vec<u8>, Option<EscapeCommand>) {
        let (mut keys, mut guest, mut command) = (Keys::default(), VecDeque::new(), None);
        for piece in pieces {
            command = command.or(keys.sort(piece, &mut guest));
        }
        (guest.into(), command)
    }

    #[test]
    fn typed_bytes_reach_the_guest() {
        assert_eq!(typed(&[b"ls\r\x03\x1a"]), (b"ls\r\x03\x1a".to_vec(), None));
    }

    #[test]
    fn control_a_escapes_the_next_key() {
        assert_eq!(
            typed(&[b"a\x01xb"]),
            (b"ab".to_vec(), Some(EscapeCommand::Quit))
        );
        assert_eq!(typed(&[b"\x01", b"h"]), (vec![], Some(EscapeCommand::Help)));
        assert_eq!(typed(&[b"\x01h\x01x\x01h"]).1, Some(EscapeCommand::Quit));
        assert_eq!(typed(&[b"\x01\x01\x01a"]), (b"\x01\x01".to_vec(), None));
        assert_eq!(typed(&[b"\x01q"]), (b"\x01q".to_vec(), None));
    }
}
