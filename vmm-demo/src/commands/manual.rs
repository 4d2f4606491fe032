//! `completions` and `man`: what shells and `man` know of this program, made from its command line.

use crate::cli::{Cli, Completions, Man};
use crate::output;
use crate::output::failure::Failure;
use clap::CommandFactory;

/// Prints a shell's completions.
pub(crate) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(arguments.shell, &mut command, "vmm-demo", &mut script);
    output::bytes(&script)
}

/// Prints the manual's page of the program, or writes those of all its commands.
pub(crate) fn man(arguments: &Man) -> Result<(), Failure> {
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(Failure::Output)?;
        return output::bytes(&page);
    };
    clap_mangen::generate_to(Cli::command(), directory).map_err(|source| Failure::WriteFile {
        path: directory.clone(),
        source,
    })
}
