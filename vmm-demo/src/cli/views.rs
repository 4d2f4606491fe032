//! Arguments of the commands that judge views of guests.

use clap::Args;
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::tolerance::{NotTolerable, Tolerance};
use std::path::PathBuf;

/// The files of many hosts.
#[derive(Debug, Args)]
pub struct HostFilesArguments {
    /// Host files, or directories with `*.json`; `-` is the standard input.
    ///
    /// A file has one host, or one in each line (JSON lines).
    #[arg(value_name = "HOST", required = true)]
    pub hosts: Vec<PathBuf>,
    /// Report host files that cannot be used, and go on with the others; the exit code is then 2.
    #[arg(long)]
    pub keep_going: bool,
}

/// The fields and mitigations that may differ.
#[derive(Debug, Args)]
pub struct ToleranceArgument {
    /// Let differ what a host cannot give the guest, by words separated by commas: `el2` for the
    /// fields that only a hypervisor can act on, if the guest has no EL2, fields by name,
    /// `mitigations` for the levels of all mitigations, or these by name.
    ///
    /// A guest whose host has a lower level of a mitigation
    /// (KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, 2 or 3) counts on a call that the host does not offer,
    /// or believes that it needs none, and may be open to the attack.
    #[arg(long, value_name = "el2|mitigations|NAME,...", value_parser = tolerance)]
    pub tolerate: Option<Tolerance>,
}

/// Arguments of `where`.
#[derive(Debug, Args)]
pub struct WhereArguments {
    /// The guest's view, written by `run --view` or `idreg check --try --run -o`.
    #[arg(value_name = "VIEW")]
    pub view: PathBuf,
    /// The hosts.
    #[command(flatten)]
    pub hosts: HostFilesArguments,
    /// The fields and mitigations that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON, with every reason.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `evacuate`.
#[derive(Debug, Args)]
pub struct EvacuateArguments {
    /// The host that is to run no guest; it is no target, also if it is among the others.
    #[arg(value_name = "HOST")]
    pub host: PathBuf,
    /// The views of its guests: the files `*.json` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub views: PathBuf,
    /// The other hosts.
    #[command(flatten)]
    pub hosts: HostFilesArguments,
    /// The fields and mitigations that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON, with every target and every reason.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArguments {
    /// The host file of the earlier reading.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The host file of the later reading.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Also judge the guests whose views are the files `*.json` in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub views: Option<PathBuf>,
    /// The fields and mitigations that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl ToleranceArgument {
    /// The tolerance, by default of nothing.
    #[must_use]
    pub fn tolerance(&self) -> Tolerance {
        self.tolerate.clone().unwrap_or_default()
    }
}

fn tolerance(text: &str) -> Result<Tolerance, NotTolerable> {
    Tolerance::parse(&DESCRIPTION, text)
}
