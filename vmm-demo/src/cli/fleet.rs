//! Arguments of the commands that seek a model for several hosts.

use super::views::ToleranceArgument;
use clap::Args;
use idreg_runtime::description::RegisterField;
use idreg_runtime::fleet::{Guest, MidrPolicy, Policy};
use idreg_runtime::model::property::Property;
use idreg_runtime::number;
use idreg_runtime::regs::DESCRIPTION;
use std::error::Error;
use std::path::PathBuf;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The first host, in a file written by `idreg dump`; `-` is the standard input.
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The second host.
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// The fields and mitigations that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// The hosts of a fleet.
#[derive(Debug, Args)]
pub struct FleetArguments {
    /// Host files, or directories with `*.json`; `-` is the standard input.
    ///
    /// A file has one host, or one in each line (JSON lines).
    #[arg(value_name = "HOST", required_unless_present = "merge")]
    pub hosts: Vec<PathBuf>,
    /// Add the hosts of fleet files, which `--partial` wrote, or of directories with `*.json`; `-`
    /// is the standard input. The order of the files does not matter.
    #[arg(long, value_name = "FLEET", num_args = 1..)]
    pub merge: Vec<PathBuf>,
    /// The weights of the hosts, such as the numbers of their guests, for `--coverage`: a file with
    /// `NAME WEIGHT` in each line. A host has the weight 1 without such a file, and 0 if the file
    /// does not have it. Fleet files have the weights of their hosts.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Report files that cannot be used, and go on with the others; the exit code is then 2.
    #[arg(long)]
    pub keep_going: bool,
}

/// The policy of a model for a fleet.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// The CPU that guests are told they run on: `first` for that of the first host if the others
    /// accept it, that of a host by its file, or a value of MIDR_EL1.
    #[arg(long, value_name = "first|HOST|0xN", default_value = "first", value_parser = midr)]
    pub midr: MidrPolicy,
    /// The fields and mitigations that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Keep the model at values that this guest bears, such as `linux-5.10` or `edk2-202511`; can
    /// be given several times.
    #[arg(long, value_name = "GUEST")]
    pub guest: Vec<Guest>,
}

impl PolicyArguments {
    /// The policy.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy::default()
            .with_midr(self.midr.clone())
            .with_tolerance(self.tolerance.tolerance())
            .with_guests(self.guest.clone())
    }
}

/// Arguments of `baseline`.
#[derive(Debug, Args)]
pub struct BaselineArguments {
    /// The hosts.
    #[command(flatten)]
    pub fleet: FleetArguments,
    /// The policy of the model.
    #[command(flatten)]
    pub policy: PolicyArguments,
    /// Also print the CPUs of all hosts, for `vmm-demo run --impl-cpu`: a guest needs the
    /// workarounds of every CPU that it may run on.
    #[arg(long)]
    pub impl_cpu: bool,
    /// Leave out this number of kinds of hosts: each time the one without which the model has the
    /// most features.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub drop_worst: usize,
    /// Show only the hosts that keep a field of the model where it is.
    #[arg(long, value_name = "FIELD", value_parser = field, group = "question")]
    pub explain: Option<RegisterField>,
    /// Show only the options and fields that the model would lose with another host; the exit code
    /// is 0 if it would lose nothing, so that the host may join, and 1 otherwise.
    #[arg(long, value_name = "HOST", group = "question")]
    pub add: Option<PathBuf>,
    /// Show only how many hosts and features remain when kinds of hosts are left out, one by one.
    #[arg(long, group = "question", conflicts_with = "drop_worst")]
    pub coverage: bool,
    /// The part of a fleet.
    #[command(flatten)]
    pub part: PartArguments,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of a part of a fleet.
#[derive(Debug, Args)]
pub struct PartArguments {
    /// Write the hosts by kind, as a fleet file for `--merge`, and seek no model.
    #[arg(
        long,
        group = "question",
        conflicts_with_all = ["midr", "tolerate", "guest", "impl_cpu", "drop_worst", "json"],
    )]
    pub partial: bool,
    /// Write the fleet file here instead of to the standard output.
    #[arg(short, long, value_name = "FILE", requires = "partial")]
    pub output: Option<PathBuf>,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Write the page to this file.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The title of the page.
    #[arg(long, value_name = "TEXT", default_value = "CPU models of a fleet")]
    pub title: String,
    /// The hosts.
    #[command(flatten)]
    pub fleet: FleetArguments,
    /// The policy of the model.
    #[command(flatten)]
    pub policy: PolicyArguments,
}

/// Reads the name of a field.
fn field(text: &str) -> Result<RegisterField, Box<dyn Error + Send + Sync>> {
    DESCRIPTION.property(text).ok_or_else(|| {
        let nearest = Property::nearest(&DESCRIPTION, text);
        let nearest = nearest.map(|nearest| format!("; did you mean {nearest}?"));
        let hint = nearest.unwrap_or_else(|| "; `idreg props --all` lists fields".to_owned());
        format!("no field has this name{hint}").into()
    })
}

/// Reads a policy for MIDR_EL1, whose upper 32 bits are reserved (Arm ARM DDI 0487, D24.2.106).
fn midr(text: &str) -> Result<MidrPolicy, Box<dyn Error + Send + Sync>> {
    if text == "first" {
        return Ok(MidrPolicy::First);
    }
    if !text.starts_with("0x") {
        return Ok(MidrPolicy::Host(text.to_owned()));
    }
    let midr = number::parse(text)?;
    match u32::try_from(midr) {
        Ok(_) => Ok(MidrPolicy::Value(midr)),
        Err(_) => Err("MIDR_EL1 has 32 bits; give a number of at most 0xffffffff".into()),
    }
}
