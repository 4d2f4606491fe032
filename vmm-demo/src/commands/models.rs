//! `models`: lists the named CPU models, shows one, and makes one of a host.

mod list;
mod show;

use crate::cli::ModelsArgument;
use crate::cli::idreg::{ListModelsArguments, MakeModelArguments, ModelsCommand};
use crate::machine;
use crate::output::failure::Failure;
use crate::output::{self, file};
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::NamedModel;

/// Lists the models, or carries out a command on one.
///
/// # Errors
///
/// [`Failure`]: a model file or the host cannot be used, or there is no such model.
pub fn models(arguments: &ListModelsArguments, folder: &ModelsArgument) -> Result<(), Failure> {
    match &arguments.command {
        Some(ModelsCommand::Show(show)) => show::show(show, &folder.models()?),
        Some(ModelsCommand::Make(make)) => make_model(make),
        None => list::list(arguments, &folder.models()?),
    }
}

fn make_model(arguments: &MakeModelArguments) -> Result<(), Failure> {
    let host = machine::host(arguments.host.file.as_deref(), &CpuModel::host())?;
    let model = NamedModel::of_host(&arguments.name, &host);
    let model = model.map_err(|error| Failure::Unusable(error.into()))?;
    let text = model.to_string();
    match &arguments.output {
        Some(path) => file::write(path, text.as_bytes()),
        None => output::bytes(text.as_bytes()),
    }
}
