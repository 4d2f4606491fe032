//! Finds the program that has a command: `idreg` has `props`, `vmm-demo` has `run`.

use super::Program;
use clap::CommandFactory;
use std::ffi::OsStr;
use std::fmt;
use vmm_demo::cli;

/// Error for a word that neither program has as a command.
#[derive(Debug)]
pub struct NoSuchCommand {
    word: String,
}

impl Program {
    /// The program that has the command in `args`; `idreg` for a command of both programs, and
    /// without a command.
    ///
    /// # Errors
    ///
    /// [`NoSuchCommand`] if neither program has the command.
    pub fn of_command<S: AsRef<OsStr>>(args: &[S]) -> Result<Self, NoSuchCommand> {
        let mut after_option = false;
        for word in args.iter().map(AsRef::as_ref) {
            let is_option = word.as_encoded_bytes().starts_with(b"-");
            let has = |program: &Self| commands(*program).iter().any(|name| word == name.as_str());
            if let Some(program) = [Self::Idreg, Self::VmmDemo].into_iter().find(has) {
                return Ok(program);
            }
            // A word after an option may be the option's value.
            if !is_option && !after_option {
                let word = word.to_string_lossy().into_owned();
                return Err(NoSuchCommand { word });
            }
            after_option = is_option;
        }
        Ok(Self::default())
    }
}

fn commands(program: Program) -> Vec<String> {
    let mut command = match program {
        Program::Idreg => cli::idreg::IdregCli::command(),
        Program::VmmDemo => cli::vmm_demo::VmmDemoCli::command(),
        _ => return Vec::new(),
    };
    // `build` adds the command `help`.
    command.build();
    let names = command.get_subcommands().map(clap::Command::get_name);
    names.map(str::to_owned).collect()
}

impl std::error::Error for NoSuchCommand {}

impl fmt::Display for NoSuchCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "neither {} ({}) nor {} ({}) has the command `{}`; `--program` selects another program",
            Program::Idreg,
            commands(Program::Idreg).join(", "),
            Program::VmmDemo,
            commands(Program::VmmDemo).join(", "),
            self.word,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(line: &str) -> Result<Program, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Program::of_command(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_names_the_program() {
        for line in ["props --json", "check --run", "dump", "qmp --listen unix:s"] {
            assert_eq!(program(line), Ok(Program::Idreg), "{line}");
        }
        assert_eq!(program("run --cpu host"), Ok(Program::VmmDemo));
        assert_eq!(program("--log debug run"), Ok(Program::VmmDemo));
        assert_eq!(program("--log=debug run"), Ok(Program::VmmDemo));
    }

    #[test]
    fn commands_of_both_programs_are_for_idreg() {
        for line in ["", "--help", "--version", "help", "man", "completions bash"] {
            assert_eq!(program(line), Ok(Program::Idreg), "{line}");
        }
    }

    #[test]
    fn other_words_are_rejected_with_the_commands() {
        for line in ["agree --count 1", "--log debug agree", "x"] {
            let error = program(line).unwrap_err();
            for part in ["idreg (props, check, ", "vmm-demo (run,", "`--program`"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }
}
