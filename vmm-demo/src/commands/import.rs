//! `import`: makes a host, a view or a CPU model of a file of another tool.

use crate::cli::formats::ImportArguments;
use crate::machine::text_file;
use crate::output;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use idreg_runtime::formats::firecracker::{Document, Template, TemplateModel};
use idreg_runtime::formats::machine_text::MachineHost;
use idreg_runtime::formats::qemu::{Expansion, QemuGuest};
use idreg_runtime::formats::{TextFormat, arm_cpu_info, boot_log, qemu, windows};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::view::View;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;

/// The content of a file of another tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The document.
    pub document: ImportedDocument,
    /// The facts that the file does not have, a sentence each.
    pub missing: Vec<String>,
}

/// A document that was made of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportedDocument {
    /// A host.
    Host(Box<Host>),
    /// A view of a guest.
    View(Box<View>),
    /// A model, as text for `--cpu`.
    Model(CpuModel),
}

/// The release of a host whose dump does not have it.
const UNKNOWN_RELEASE: &str = "unknown (Firecracker dump)";

/// Makes a document of a file, and warns of everything that the file does not have.
///
/// # Errors
///
/// [`Failure`]: the file cannot be used, or the output cannot be written.
pub fn import(arguments: &ImportArguments) -> Result<(), Failure> {
    let text = text_file::read(&arguments.file)?;
    let file = OutputFile::open_if(arguments.output.as_deref())?;
    let format = arguments.format.of(&text);
    let failed = |source| Failure::ImportFile {
        path: arguments.file.clone(),
        source,
    };
    let Imported { document, missing } = read(format, &text, arguments.view).map_err(failed)?;
    let content = document.content().map_err(failed)?;
    output::warnings(&missing);
    match file {
        Some(file) => file.write(content.as_bytes()),
        None => output::bytes(content.as_bytes()),
    }
}

/// Reads a text; of a dump of Firecracker it makes a view if `as_view`.
///
/// # Errors
///
/// The error of the format's module.
pub fn read(format: TextFormat, text: &str, as_view: bool) -> Result<Imported, Box<dyn Error>> {
    if as_view && format != TextFormat::Firecracker {
        return Err("only a dump of Firecracker is a view; leave out --view".into());
    }
    match format {
        TextFormat::Firecracker => firecracker(text, as_view),
        TextFormat::Expansion => {
            let expansion: Expansion = json(text)?;
            Ok(expansion.guest()?.into())
        }
        TextFormat::Qemu => Ok(qemu::read(text)?.into()),
        TextFormat::Windows => Ok(windows::read(text)?.into()),
        TextFormat::ArmCpuInfo => Ok(arm_cpu_info::read(text)?.into()),
        TextFormat::BootLog => Ok(boot_log::read(text)?.into()),
        _ => Err("the format is not known here".into()),
    }
}

fn firecracker(text: &str, as_view: bool) -> Result<Imported, Box<dyn Error>> {
    let (template, release) = match json(text)? {
        Document::Fingerprint(fingerprint) => {
            (fingerprint.guest_cpu_config, fingerprint.kernel_version)
        }
        Document::Template(template) if template == Template::default() => {
            return Err("there is no modifier in the template".into());
        }
        Document::Template(template) if template.is_dump() => {
            (template, UNKNOWN_RELEASE.to_owned())
        }
        Document::Template(_) if as_view => {
            return Err("a template is a model and no view; leave out --view".into());
        }
        Document::Template(template) => {
            let TemplateModel { model, missing } = TemplateModel::new(&template);
            let document = ImportedDocument::Model(model);
            return Ok(Imported { document, missing });
        }
    };
    let document = if as_view {
        ImportedDocument::View(Box::new(template.view(&release)?))
    } else {
        ImportedDocument::Host(Box::new(template.host(&release)?))
    };
    let missing = Template::missing_facts();
    Ok(Imported { document, missing })
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, Box<dyn Error>> {
    serde_json::from_str(text).map_err(|error| output::escaped(&error.to_string()).into())
}

impl ImportedDocument {
    /// The file's content, which reads back.
    ///
    /// # Errors
    ///
    /// An error if it does not: the values contradict each other.
    pub fn content(&self) -> Result<String, Box<dyn Error>> {
        match self {
            Self::Host(host) => document(host.as_ref()),
            Self::View(view) => document(view.as_ref()),
            Self::Model(model) => Ok(format!("{model}\n")),
        }
    }
}

fn document<T: Serialize + DeserializeOwned>(document: &T) -> Result<String, Box<dyn Error>> {
    let mut content = serde_json::to_string_pretty(document)?;
    json::<T>(&content)?;
    content.push('\n');
    Ok(content)
}

impl From<QemuGuest> for Imported {
    fn from(guest: QemuGuest) -> Self {
        let mut missing = guest.missing;
        for cpu in guest.target_cpus {
            missing.push(format!(
                "a model has no target CPUs: give `vmm-demo run --impl-cpu {cpu}`"
            ));
        }
        Self {
            document: ImportedDocument::Model(guest.model),
            missing,
        }
    }
}

impl From<MachineHost> for Imported {
    fn from(read: MachineHost) -> Self {
        Self {
            document: ImportedDocument::Host(Box::new(read.host)),
            missing: read.missing,
        }
    }
}
