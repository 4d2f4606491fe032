//! Terminal of the guest's console: raw mode while the guest runs, the previous mode afterwards.

use super::keys::{EscapeCommand, Keys};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};
use std::collections::VecDeque;
use std::io;

/// Bytes per read of standard input; bytes that the guest has not taken yet are kept.
const CHUNK: usize = 256;

/// Limit of typed bytes kept for a guest that does not take them. The terminal holds later ones.
const MAX_TYPED: usize = 1 << 14;

/// Standard input in raw mode, if it is a terminal and this program is in its foreground.
#[derive(Debug)]
pub(crate) struct Terminal {
    before: Option<Termios>,
}

/// Kinds of standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputKind {
    /// A terminal on which this program is in the foreground.
    Terminal,
    /// A terminal on which another program is in the foreground: a read would stop this program.
    Background,
    /// A pipe or a file.
    Other,
}

/// Returns the kind of standard input.
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
    /// Switches the terminal to raw mode, if standard input is a terminal in the foreground.
    ///
    /// `vmm_sys_util::terminal` is not used: it restores the mode that most shells use, not the
    /// previous mode.
    pub(crate) fn take() -> io::Result<Self> {
        if input_kind() != InputKind::Terminal {
            return Ok(Self { before: None });
        }
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // Messages of this program go to the same terminal and end lines with a line feed alone.
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
            // At once: a terminal that takes no output must not delay the exit. A terminal that is
            // gone needs no restoring.
            let _gone = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// Result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputRead {
    /// More input may follow; the escape command found in this read.
    More(Option<EscapeCommand>),
    /// End of input.
    End,
}

/// Buffer between standard input and the guest's console.
#[derive(Debug)]
pub(crate) struct ConsoleInput {
    /// Parser of escape commands; `None` if standard input is no terminal: any byte is data then.
    keys: Option<Keys>,
    /// Bytes that the guest has not taken yet.
    pub(crate) pending: VecDeque<u8>,
}

impl ConsoleInput {
    pub(crate) fn new(kind: InputKind) -> Self {
        Self {
            keys: (kind == InputKind::Terminal).then(Keys::default),
            pending: VecDeque::new(),
        }
    }

    /// True if more input should be read. Typed input is read ahead, so that Ctrl-A x works even if
    /// the guest takes no input; other input once the guest has taken all that is pending.
    pub(crate) fn wants_more(&self) -> bool {
        match self.keys {
            Some(_) => self.pending.len() < MAX_TYPED,
            None => self.pending.is_empty(),
        }
    }

    /// True if the terminal holds typed input that is not read, and with it any escape command.
    pub(crate) fn holds_back(&self) -> bool {
        self.keys.is_some() && !self.wants_more()
    }

    /// Reads available input; blocks if none is available.
    pub(crate) fn read(&mut self) -> InputRead {
        let mut buffer = [0; CHUNK];
        let read = match rustix::io::read(stdin(), &mut buffer) {
            Ok(0) => return InputRead::End,
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(Errno::INTR | Errno::AGAIN) => return InputRead::More(None),
            Err(error) => {
                tracing::info!(%error, "cannot read standard input");
                return InputRead::End;
            }
        };
        let command = match &mut self.keys {
            Some(keys) => keys.sort(read, &mut self.pending),
            None => {
                self.pending.extend(read);
                None
            }
        };
        InputRead::More(command)
    }
}
