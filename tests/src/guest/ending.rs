//! How the guest ends.

use std::str::FromStr;

/// How the word of the kernel's command line begins that says so.
const WORD: &str = "idreg.end=";

/// What the guest's first program does once it has reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndAction {
    /// Switch off.
    #[default]
    PowerOff,
    /// Restart.
    Reboot,
    /// End, on which the kernel panics.
    Panic,
    /// Answer lines from the console until one of them says how to end.
    Echo,
}

/// A word that says of no ending.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{WORD}{word}` is none of {}", known().join(", "))]
pub struct EndActionError {
    word: String,
}

const ENDINGS: [(&str, EndAction); 4] = [
    ("poweroff", EndAction::PowerOff),
    ("reboot", EndAction::Reboot),
    ("panic", EndAction::Panic),
    ("echo", EndAction::Echo),
];

fn known() -> Vec<&'static str> {
    ENDINGS.map(|(word, _)| word).to_vec()
}

impl EndAction {
    /// The ending that the kernel's command line asks for, [`EndAction::PowerOff`] if it does not say.
    ///
    /// # Errors
    ///
    /// [`EndActionError`] if it asks for one that does not exist. The last word counts.
    pub fn of_command_line(line: &str) -> Result<Self, EndActionError> {
        let words = line.split_whitespace();
        let asked = words.filter_map(|word| word.strip_prefix(WORD)).next_back();
        asked.map_or(Ok(Self::default()), str::parse)
    }
}

impl FromStr for EndAction {
    type Err = EndActionError;

    fn from_str(word: &str) -> Result<Self, EndActionError> {
        let known = ENDINGS.iter().find(|(known, _)| *known == word);
        known
            .map(|(_, ending)| *ending)
            .ok_or_else(|| EndActionError {
                word: word.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_how_to_end() {
        let ending = |line| EndAction::of_command_line(line);
        assert_eq!(ending("console=ttyS0 quiet\n"), Ok(EndAction::PowerOff));
        assert_eq!(ending("idreg.end=panic quiet\n"), Ok(EndAction::Panic));
        assert_eq!(
            ending("a idreg.end=reboot idreg.end=echo"),
            Ok(EndAction::Echo)
        );
        assert_eq!(
            ending("idreg.end=halt").unwrap_err().to_string(),
            "`idreg.end=halt` is none of poweroff, reboot, panic, echo"
        );
    }
}
