//! End of the guest.

use std::str::FromStr;

/// Prefix of its word on the kernel's command line.
const WORD: &str = "idreg.end=";

/// Action of the guest's first program after its reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndAction {
    /// Power off.
    #[default]
    PowerOff,
    /// Restart.
    Reboot,
    /// Exit, on which the kernel panics.
    Panic,
    /// Answer lines from the console until one of them requests an end.
    Echo,
    /// As [`Echo`](Self::Echo), while the kernel prints messages without a pause.
    Storm,
    /// Work until a line from the console ends it, then power off.
    Work,
}

/// An unknown word for the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{WORD}{word}` is none of {}", known().join(", "))]
pub struct EndActionError {
    word: String,
}

const ENDINGS: [(&str, EndAction); 6] = [
    ("poweroff", EndAction::PowerOff),
    ("reboot", EndAction::Reboot),
    ("panic", EndAction::Panic),
    ("echo", EndAction::Echo),
    ("storm", EndAction::Storm),
    ("work", EndAction::Work),
];

fn known() -> Vec<&'static str> {
    ENDINGS.map(|(word, _)| word).to_vec()
}

impl EndAction {
    /// The action on the kernel's command line, [`EndAction::PowerOff`] if there is none. The last
    /// word counts.
    ///
    /// # Errors
    ///
    /// [`EndActionError`] if the word is unknown.
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
            "`idreg.end=halt` is none of poweroff, reboot, panic, echo, storm, work"
        );
    }
}
