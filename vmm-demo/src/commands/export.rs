//! `export`: writes a CPU model on a host in a format of another tool.

use crate::cli::ModelsArgument;
use crate::cli::formats::{DialectArgument, ExportArguments, ExportFormat};
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use idreg_runtime::formats::qemu::{self, Dialect};
use idreg_runtime::formats::{Exported, ExportedGuest, firecracker, libvirt, nfd, traits};
use idreg_runtime::model::named::Models;
use idreg_runtime::plan::Plan;
use std::time::SystemTime;

/// Writes a model, and warns of every part that the format cannot express.
///
/// # Errors
///
/// [`Failure`]: the host cannot be read, the model is not possible on it, or, with `--strict`, the
/// format cannot express it.
pub fn export(arguments: &ExportArguments, folder: &ModelsArgument) -> Result<(), Failure> {
    let common = arguments.format.arguments();
    let model = &common.model.cpu;
    let host = machine::host(common.host.file.as_deref(), model)?;
    let plan = Plan::new(&host, model)?;
    let file = OutputFile::open_if(common.output.as_deref())?;
    let guest = ExportedGuest {
        host: &host,
        plan: &plan,
    };
    let Exported { text, unsaid } = exported(&arguments.format, guest, &folder.models()?);
    output::warnings(plan.warnings());
    if common.strict && !unsaid.is_empty() {
        return Err(Failure::NotExpressed(unsaid));
    }
    let lost: Vec<String> = unsaid
        .iter()
        .map(|part| format!("not exported: {part}"))
        .collect();
    output::warnings(&lost);
    match file {
        Some(file) => file.write(text.as_bytes()),
        None => output::bytes(text.as_bytes()),
    }
}

fn exported(format: &ExportFormat, guest: ExportedGuest<'_>, models: &Models) -> Exported {
    let dialect = |argument: &Option<DialectArgument>| argument.map_or(Dialect::Stock, Into::into);
    match format {
        ExportFormat::Qemu { dialect: of, .. } => qemu::command_line(guest, dialect(of)),
        ExportFormat::Firecracker(_) => firecracker::template(guest),
        ExportFormat::Libvirt { dialect: of, .. } => libvirt::domain(guest, dialect(of)),
        ExportFormat::Nfd { expiry, .. } => {
            let expiry = expiry.map(|after| SystemTime::now() + after);
            nfd::feature_file(guest, models, expiry)
        }
        ExportFormat::Traits(_) => traits::list(guest, models),
    }
}
