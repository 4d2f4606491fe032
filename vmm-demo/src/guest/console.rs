//! The terminal that the guest's console is on: raw while the guest has it, and as before afterwards.

use crate::guest::keys::{EscapeCommand, Keys};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};
use std::collections::VecDeque;
use std::io;

/// How much is read at once; what the guest does not take yet is kept.
const CHUNK: usize = 256;

/// How much of what is typed is kept for a guest that does not take it. What comes then is lost, as on a serial line.
const MAX_TYPED: usize = 1 << 16;

/// The standard input in raw mode, if it is a terminal and this program is in its foreground.
#[derive(Debug)]
pub(crate) struct Terminal {
    before: Option<Termios>,
}

/// Who has the standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputKind {
    /// A person.
    Terminal,
    /// A terminal on which another program is in the foreground: to read from it would stop this one.
    Background,
    /// A pipe or a file.
    Other,
}

/// What the standard input is.
pub(crate) fn input_kind() -> InputKind {
    if !isatty(stdin()) {
        InputKind::Other
    } else if tcgetpgrp(stdin()) == Ok(getpgrp()) {
        InputKind::Terminal
    } else {
        InputKind::Background
    }
}

impl Terminal {
    /// Takes the terminal, if there is one to take.
    ///
    /// Not by `vmm_sys_util::terminal`, which goes back to the mode that most shells use and not to the one before.
    pub(crate) fn take() -> io::Result<Self> {
        if input_kind() != InputKind::Terminal {
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
            // At once: a terminal that takes no output must not hold up the end. One that is gone has nothing to be put
            // back.
            let _gone = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputRead {
    /// There may be more.
    More(Option<EscapeCommand>),
    /// There will be no more.
    End,
}

/// The standard input, on its way to the guest.
#[derive(Debug)]
pub(crate) struct ConsoleInput {
    /// Nothing if what is read is not typed, so that it may be anything.
    keys: Option<Keys>,
    pub(crate) pending: VecDeque<u8>,
}

impl ConsoleInput {
    pub(crate) fn new(kind: InputKind) -> Self {
        Self {
            keys: (kind == InputKind::Terminal).then(Keys::default),
            pending: VecDeque::new(),
        }
    }

    /// Whether to read more: always if it is typed, so that Ctrl-A x is heard even if the guest takes nothing, and else
    /// when the guest has taken everything.
    pub(crate) fn wants_more(&self) -> bool {
        self.keys.is_some() || self.pending.is_empty()
    }

    /// Reads what there is, and waits if there is nothing.
    pub(crate) fn read(&mut self) -> InputRead {
        let mut buffer = [0; CHUNK];
        let read = match rustix::io::read(stdin(), &mut buffer) {
            Ok(0) => return InputRead::End,
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(Errno::INTR | Errno::AGAIN) => return InputRead::More(None),
            Err(error) => {
                tracing::info!(%error, "the standard input cannot be read");
                return InputRead::End;
            }
        };
        let command = match &mut self.keys {
            Some(keys) => {
                let command = keys.sort(read, &mut self.pending);
                self.pending.truncate(MAX_TYPED);
                command
            }
            None => {
                self.pending.extend(read);
                None
            }
        };
        InputRead::More(command)
    }
}
