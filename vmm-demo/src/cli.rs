//! The command lines of both programs, and the arguments that several commands take.

mod examples;
pub mod idreg;
pub mod vmm_demo;

use clap::Args;
use clap_complete::Shell;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::model::{CpuModel, Override};
use std::error::Error;
use std::path::PathBuf;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// What is logged.
#[derive(Debug, Args)]
pub struct LogArguments {
    /// Say on the standard error what this program does: off, error, warn, info, debug or trace.
    ///
    /// Also by part, as in `info,vmm_demo::qmp=trace`.
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
    /// Write a page for each command into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
}

/// The options that vCPUs are made with.
#[derive(Debug, Args)]
pub struct VcpuOptions {
    /// `host`, or `host,OPTION=on|off,...`: what the host's vCPUs are made with.
    #[arg(long, value_name = "MODEL", default_value = "host", value_parser = only_options)]
    pub cpu: CpuModel,
}

/// The CPU model.
#[derive(Debug, Args)]
pub struct ModelArgument {
    /// What the guest's CPUs shall be: `host`, or `host,NAME=VALUE,...`.
    ///
    /// Names are `SYSREG_<REGISTER>_<FIELD>` with a number; `FEAT_<NAME>` and the options sve, `sve<BITS>`, pauth, pmu, mte,
    /// aarch64, el2 with `on` or `off`; midr, revidr, aidr with a number. `enforce` makes errors of
    /// inconsistencies, which are warnings otherwise.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    pub cpu: CpuModel,
}

/// The host, if it is not this machine.
#[derive(Debug, Args)]
pub struct HostArgument {
    /// A host as `dump` wrote it, instead of this machine; works on any machine.
    #[arg(long = "host", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Reads what is to be logged. A word alone is a level: the library takes any other for a part of this program of which
/// everything is to be said.
fn log_filter(text: &str) -> Result<Targets, Box<dyn Error + Send + Sync>> {
    let alone = text.split(',').filter(|part| !part.contains('='));
    for word in alone {
        if word.parse::<LevelFilter>().is_err() {
            return Err(format!(
                "`{word}` is no level: those are off, error, warn, info, debug and trace"
            )
            .into());
        }
    }
    Ok(text.parse()?)
}

/// Reads a model of options alone: nothing else says how a host is to be read.
fn only_options(text: &str) -> Result<CpuModel, Box<dyn Error + Send + Sync>> {
    let model: CpuModel = text.parse()?;
    let other = |asked: &&Override| asked.property.parse::<CpuOption>().is_err();
    match model.overrides().iter().find(other) {
        Some(other) => Err(format!(
            "`{}` is no option of the vCPU: those are sve, sve<BITS>, pauth, pmu, mte, aarch64 and el2",
            other.property
        )
        .into()),
        None => Ok(model),
    }
}
