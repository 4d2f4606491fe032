//! The command lines of both programs, and the arguments that several commands take.

pub mod decode;
mod examples;
pub mod fleet;
pub mod formats;
pub mod idreg;
pub mod migrations;
pub mod snapshots;
pub mod views;
pub mod vmm_demo;

use crate::output::escaped;
use crate::output::failure::Failure;
use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, Parser};
use clap_complete::Shell;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::model::named::Models;
use idreg_runtime::model::property::PMU_COUNTERS;
use idreg_runtime::model::{Base, CpuModel, Override};
use std::error::Error;
use std::path::PathBuf;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Parses the command line; prints a message and exits if there is a mistake, or for `--help`.
///
/// The message shows the mistaken argument, which may come from a script's input, escaped.
#[must_use]
pub fn parse<C: Parser>() -> C {
    let mut command = C::command();
    let parsed = with_models(&mut command).and_then(|command| {
        let matches = command.clone().try_get_matches()?;
        C::from_arg_matches(&matches)
    });
    parsed.unwrap_or_else(|error| {
        let mut error = error.format(&mut command);
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

/// The command line with the models of the user's folder, if one is given, known to `--cpu`.
fn with_models(command: &mut Command) -> Result<&mut Command, clap::Error> {
    // Mistakes, and requests for help, are for the second reading.
    let any_model = with_model_parser(command.clone(), &ValueParser::string());
    let matches = any_model.ignore_errors(true).try_get_matches();
    let folder = matches.ok().and_then(|matches| {
        let folder = matches.try_get_one::<PathBuf>(MODELS).ok()??;
        Some(folder.clone())
    });
    if let Some(folder) = folder {
        let models = Models::built_in().with_folder(folder);
        let models = models.map_err(|error| {
            let message = error.to_string();
            let lines: Vec<String> = message.lines().map(escaped).collect();
            command.error(ErrorKind::ValueValidation, lines.join("\n"))
        })?;
        let parser = ValueParser::new(move |text: &str| models.parse(text));
        *command = with_model_parser(command.clone(), &parser);
    }
    Ok(command)
}

/// A command and its subcommands whose `--cpu` has this parser.
fn with_model_parser(command: Command, parser: &ValueParser) -> Command {
    let command = command.mut_subcommands(|command| with_model_parser(command, parser));
    command.mut_args(|argument| {
        if argument.get_id() == CPU {
            argument.value_parser(parser.clone())
        } else {
            argument
        }
    })
}

/// The name of the argument `--models`.
const MODELS: &str = "models";
/// The name of the arguments `--cpu` that take any model.
const CPU: &str = "cpu";

/// The folder of the user's models.
#[derive(Debug, Args)]
pub struct ModelsArgument {
    /// Also know the CPU models in the files `*.toml` of this folder.
    #[arg(id = MODELS, long = "models", global = true, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

impl ModelsArgument {
    /// The models of this project, and those of the folder.
    ///
    /// # Errors
    ///
    /// [`Failure::Unusable`] for mistakes in the files.
    pub fn models(&self) -> Result<Models, Failure> {
        let models = Models::built_in();
        match &self.folder {
            Some(folder) => models
                .with_folder(folder)
                .map_err(|error| Failure::Unusable(error.into())),
            None => Ok(models),
        }
    }
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
    /// The options of the host's vCPUs: `host`, or `host,OPTION=on|off,...`, with
    /// `pmu-counters=NUMBER` among them.
    #[arg(
        id = "options",
        long = "cpu",
        value_name = "MODEL",
        default_value = "host",
        value_parser = only_options
    )]
    pub cpu: CpuModel,
}

/// The CPU model.
#[derive(Debug, Args)]
pub struct ModelArgument {
    /// The guest's CPU model: `host` or a named model, with overrides as in `host,NAME=VALUE,...`.
    ///
    /// `idreg models` lists the named models. `SYSREG_<REGISTER>_<FIELD>`, midr, revidr, aidr and
    /// pmu-counters take a number. `FEAT_<NAME>` and the options sve, `sve<BITS>`, pauth, pmu, mte,
    /// aarch64 and el2 take `on` or `off`. The word `enforce` turns warnings about inconsistent
    /// features into errors.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    pub cpu: CpuModel,
}

/// The host, if it is not this machine.
#[derive(Debug, Args)]
pub struct HostArgument {
    /// Use the host in this file, written by `idreg dump`, instead of this machine; `-` is the
    /// standard input.
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
    if *model.base() != Base::Host {
        let base = model.base();
        return Err(format!("`{base}` is a named model; write `host,OPTION=on|off,...`").into());
    }
    let other = |entry: &&Override| {
        entry.property != PMU_COUNTERS && entry.property.parse::<CpuOption>().is_err()
    };
    match model.overrides().iter().find(other) {
        Some(other) => Err(format!(
            "`{}` is not an option of the vCPU; options: sve, sve<BITS>, pauth, pmu, \
             pmu-counters, mte, aarch64, el2",
            escaped(&other.property)
        )
        .into()),
        None => Ok(model),
    }
}
