//! `completions` and `man`: completion scripts and manual pages, generated from the command line.

use crate::cli::{CompletionsArguments, ManArguments};
use crate::output;
use crate::output::failure::Failure;
use clap::CommandFactory;

/// Prints the completion script of a shell.
///
/// # Errors
///
/// [`Failure::Output`] or [`Failure::WriteFile`].
pub fn completions<C: CommandFactory>(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = C::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::bytes(&script)
}

/// Prints the manual page of the program, or writes the pages of all its commands.
///
/// # Errors
///
/// [`Failure::Output`] or [`Failure::WriteFile`].
pub fn man<C: CommandFactory>(arguments: &ManArguments) -> Result<(), Failure> {
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(C::command())
            .render(&mut page)
            .map_err(Failure::Output)?;
        return output::bytes(&page);
    };
    clap_mangen::generate_to(C::command(), directory).map_err(|source| Failure::WriteFile {
        path: directory.clone(),
        source,
    })
}
