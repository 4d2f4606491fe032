//! Arguments of `decode`.

use super::HostArgument;
use clap::Args;

/// Arguments of `decode`.
#[derive(Debug, Args)]
pub struct DecodeArguments {
    /// A register, a property or a message; without it, every line of the standard input.
    ///
    /// Several arguments are one line if they make one together, else a line each.
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Also show what this host allows, from a file written by `idreg dump`.
    #[command(flatten)]
    pub host: HostArgument,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
