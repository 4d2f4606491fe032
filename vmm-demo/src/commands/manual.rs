//! `completions` and `man`: completion scripts and manual pages, generated from the command line.

use crate::cli::{CompletionsArguments, ManArguments};
use crate::output::failure::Failure;
use crate::output::{self, file};
use clap::{Command, CommandFactory};
use std::path::Path;

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
    let mut command = C::command().disable_help_subcommand(true);
    command.build();
    write_pages(&command, directory)
}

/// Writes the pages of a command's subcommands and its own.
fn write_pages(command: &Command, directory: &Path) -> Result<(), Failure> {
    let subcommands = command.get_subcommands();
    for subcommand in subcommands.filter(|command| !command.is_hide_set()) {
        write_pages(subcommand, directory)?;
    }
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text).map_err(Failure::other)?;
    file::write(&directory.join(page.get_filename()), &text)
}
