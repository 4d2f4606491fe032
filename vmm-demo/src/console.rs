//! The terminal that the guest's console is on: raw while the guest has it, and as before afterwards.

use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};
use std::collections::VecDeque;
use std::io;

/// How much is read at once; what the guest does not take yet is kept.
const CHUNK: usize = 256;

/// The standard input in raw mode, if it is a terminal and this program is in its foreground.
#[derive(Debug)]
pub(crate) struct Terminal {
    before: Option<Termios>,
}

/// Who has the standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person.
    Terminal,
    /// A terminal on which another program is in the foreground: to read from it would stop this one.
    Background,
    /// A pipe or a file.
    Other,
}

/// What the standard input is.
pub(crate) fn kind() -> Kind {
    if !isatty(stdin()) {
        Kind::Other
    } else if tcgetpgrp(stdin()) == Ok(getpgrp()) {
        Kind::Terminal
    } else {
        Kind::Background
    }
}

impl Terminal {
    /// Takes the terminal, if there is one to take.
    ///
    /// Not by `vmm_sys_util::terminal`, which goes back to the mode that most shells use and not to the one before.
    pub(crate) fn take() -> io::Result<Self> {
        if kind() != Kind::Terminal {
            return Ok(Self { before: None });
        }
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // Messages of this program come to the same terminal and end their lines by a line feed alone.
        raw.output_modes = before.output_modes;
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Self {
            before: Some(before),
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // If the terminal is gone there is nothing to put back.
            let _gone = tcsetattr(stdin(), OptionalActions::Flush, before);
        }
    }
}

/// What a person asks of this program and not of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Quit,
    Help,
}

/// The keys that are not for the guest, as QEMU has them.
pub(crate) const HELP: &str = "\
Ctrl-A x     end this guest
Ctrl-A a     send Ctrl-A to the guest
Ctrl-A h     this help";

const CTRL_A: u8 = 1;

/// Finds Ctrl-A in what is typed.
#[derive(Clone, Copy, Debug, Default)]
struct Keys {
    escaped: bool,
}

impl Keys {
    /// Adds to `guest` what is for the guest; returns the first thing that is not.
    fn sort(&mut self, typed: &[u8], guest: &mut VecDeque<u8>) -> Option<Asked> {
        let mut asked = None;
        for key in typed {
            match (self.escaped, *key) {
                (false, CTRL_A) => {
                    self.escaped = true;
                    continue;
                }
                (false, key) => guest.push_back(key),
                (true, b'x') => asked = asked.or(Some(Asked::Quit)),
                (true, b'h' | b'?') => asked = asked.or(Some(Asked::Help)),
                (true, b'a' | CTRL_A) => guest.push_back(CTRL_A),
                (true, key) => guest.extend([CTRL_A, key]),
            }
            self.escaped = false;
        }
        asked
    }
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// There may be more.
    More(Option<Asked>),
    /// There will be no more.
    End,
}

/// The standard input, on its way to the guest.
#[derive(Debug)]
pub(crate) struct Input {
    /// Nothing if what is read is not typed, so that it may be anything.
    keys: Option<Keys>,
    pub(crate) pending: VecDeque<u8>,
}

impl Input {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            keys: (kind == Kind::Terminal).then(Keys::default),
            pending: VecDeque::new(),
        }
    }

    /// Reads what there is, and waits if there is nothing.
    pub(crate) fn read(&mut self) -> Read {
        let mut buffer = [0; CHUNK];
        let read = match rustix::io::read(stdin(), &mut buffer) {
            Ok(0) => return Read::End,
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(Errno::INTR | Errno::AGAIN) => return Read::More(None),
            Err(error) => {
                tracing::info!(%error, "the standard input cannot be read");
                return Read::End;
            }
        };
        let asked = match &mut self.keys {
            Some(keys) => keys.sort(read, &mut self.pending),
            None => {
                self.pending.extend(read);
                None
            }
        };
        Read::More(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What reaches the guest, and what is asked for.
    fn typed(pieces: &[&[u8]]) -> (Vec<u8>, Option<Asked>) {
        let (mut keys, mut guest, mut asked) = (Keys::default(), VecDeque::new(), None);
        for piece in pieces {
            asked = asked.or(keys.sort(piece, &mut guest));
        }
        (guest.into(), asked)
    }

    #[test]
    fn what_is_typed_is_for_the_guest() {
        assert_eq!(typed(&[b"ls\r\x03\x1a"]), (b"ls\r\x03\x1a".to_vec(), None));
    }

    #[test]
    fn control_a_escapes_the_next_key() {
        assert_eq!(typed(&[b"a\x01xb"]), (b"ab".to_vec(), Some(Asked::Quit)));
        assert_eq!(typed(&[b"\x01", b"h"]), (vec![], Some(Asked::Help)));
        assert_eq!(typed(&[b"\x01\x01\x01a"]), (b"\x01\x01".to_vec(), None));
        assert_eq!(typed(&[b"\x01q"]), (b"\x01q".to_vec(), None));
    }
}
