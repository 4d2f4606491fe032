//! The command lines of both programs, and the arguments that several commands take.

mod examples;
pub mod fleet;
pub mod idreg;
pub mod views;
pub mod vmm_demo;

use crate::output::escaped;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser};
use clap_complete::Shell;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::model::{CpuModel, Override};
use std::error::Error;
use std::path::PathBuf;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Parses the command line; prints a message and exits if there is a mistake, or for `--help`.
///
/// The message shows the mistaken argument, which may come from a script's input, escaped.
#[must_use]
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|mut error| {
        for kind in [
            ContextKind::InvalidArg,
            ContextKind::InvalidSubcommand,
            ContextKind::InvalidValue,
        ] {
            if let Some(ContextValue::String(text)) = error.get(kind) {
                let text = ContextValue::String(escaped(text));
                error.insert(kind, text);
            }
        }
        error.exit()
    })
}

/// The log level.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// Log to the standard error at this level: off, error, warn, info, debug or trace.
    ///
    /// Modules can have levels of their own, as in `info,vmm_demo::qmp=trace`.
    #[arg(long = "log", global = true, value_name = "LEVEL", value_parser = log_filter)]
    pub filter: Option<Targets>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write a page for the program and each command into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
}

/// The options that vCPUs are created with.
#[derive(Debug, Args)]
pub struct VcpuOptions {
    /// The options of the host's vCPUs: `host`, or `host,OPTION=on|off,...`.
    #[arg(long, value_name = "MODEL", default_value = "host", value_parser = only_options)]
    pub cpu: CpuModel,
}

/// The CPU model.
#[derive(Debug, Args)]
pub struct ModelArgument {
    /// The guest's CPU model: `host`, or `host,NAME=VALUE,...`.
    ///
    /// `SYSREG_<REGISTER>_<FIELD>`, midr, revidr and aidr take a number. `FEAT_<NAME>` and the
    /// options sve, `sve<BITS>`, pauth, pmu, mte, aarch64 and el2 take `on` or `off`. The word
    /// `enforce` turns warnings about inconsistent features into errors.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    pub cpu: CpuModel,
}

/// The host, if it is not this machine.
#[derive(Debug, Args)]
pub struct HostArgument {
    /// Use the host in this file, written by `idreg dump`, instead of this machine.
    #[arg(long = "host", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Parses a log filter.
///
/// A word without `=` must be a level: the library takes any other word for a module and logs
/// everything of it.
fn log_filter(text: &str) -> Result<Targets, Box<dyn Error + Send + Sync>> {
    let levels = text.split(',').filter(|part| !part.contains('='));
    for word in levels {
        if word.parse::<LevelFilter>().is_err() {
            let word = escaped(word);
            return Err(format!(
                "`{word}` is not a level; levels: off, error, warn, info, debug, trace"
            )
            .into());
        }
    }
    Ok(text.parse()?)
}

/// Parses a model that has options only: no other override affects how a host is read.
fn only_options(text: &str) -> Result<CpuModel, Box<dyn Error + Send + Sync>> {
    let model: CpuModel = text.parse()?;
    let other = |entry: &&Override| entry.property.parse::<CpuOption>().is_err();
    match model.overrides().iter().find(other) {
        Some(other) => Err(format!(
            "`{}` is not an option of the vCPU; options: sve, sve<BITS>, pauth, pmu, mte, \
             aarch64, el2",
            escaped(&other.property)
        )
        .into()),
        None => Ok(model),
    }
}
