//! Size of the work, by words of the kernel's command line.

/// Prefix of the word for the size of the memory.
const MEMORY: &str = "idreg.memory=";

/// Size of the memory without that word, in MiB.
const DEFAULT_MEMORY_MIB: u32 = 64;

/// The work's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkSettings {
    /// Size of the memory that is rewritten, in MiB.
    pub memory_mib: u32,
}

/// A size that is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{MEMORY}{word}` has no number of MiB, such as {DEFAULT_MEMORY_MIB}")]
pub struct WorkSettingsError {
    word: String,
}

impl Default for WorkSettings {
    fn default() -> Self {
        Self {
            memory_mib: DEFAULT_MEMORY_MIB,
        }
    }
}

impl WorkSettings {
    /// The settings on the kernel's command line. The last word counts.
    ///
    /// # Errors
    ///
    /// [`WorkSettingsError`] if the size is no number.
    pub fn of_command_line(line: &str) -> Result<Self, WorkSettingsError> {
        let words = line.split_whitespace();
        let word = words
            .filter_map(|word| word.strip_prefix(MEMORY))
            .next_back();
        let memory_mib = word.map_or(Ok(DEFAULT_MEMORY_MIB), |word| {
            word.parse().map_err(|_| WorkSettingsError {
                word: word.to_owned(),
            })
        });
        Ok(Self {
            memory_mib: memory_mib?,
        })
    }

    pub(super) fn memory_bytes(self) -> u64 {
        u64::from(self.memory_mib) << 20
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_the_size_of_the_memory() {
        let size = |line| WorkSettings::of_command_line(line).map(|settings| settings.memory_mib);
        assert_eq!(size("console=ttyS0 idreg.end=work"), Ok(64));
        assert_eq!(size("idreg.memory=8 idreg.memory=256\n"), Ok(256));
        assert_eq!(
            size("idreg.memory=1G").unwrap_err().to_string(),
            "`idreg.memory=1G` has no number of MiB, such as 64"
        );
    }
}
