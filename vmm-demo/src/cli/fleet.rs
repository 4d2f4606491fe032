//! Arguments of the commands that seek a model for several hosts.

use super::views::ToleranceArgument;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The first host, in a file written by `idreg dump`.
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The second host.
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// The fields that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
