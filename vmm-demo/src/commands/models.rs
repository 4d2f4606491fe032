//! `models`: lists the named CPU models, shows one, and makes one of a host.

mod list;
mod show;

use crate::cli::ModelsArgument;
use crate::cli::idreg::{ListModelsArguments, MakeModelArguments, ModelsCommand};
use crate::machine::{self, view_files};
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
    let name = &arguments.name;
    let model = if let Some(path) = &arguments.view {
        NamedModel::of_view(name, &view_files::read(path)?)
    } else {
        let host = machine::host(arguments.host.file.as_deref(), &CpuModel::host())?;
        NamedModel::of_host(name, &host)
    };
    let model = model.map_err(|error| Failure::Unusable(error.into()))?;
    let text = model.to_string();
    match &arguments.output {
        Some(path) => file::write(path, text.as_bytes()),
        None => output::bytes(text.as_bytes()),
    }
}
