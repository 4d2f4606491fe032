//! libvirt: parts of a domain in XML.
//!
//! A domain of libvirt 11.3 has features of the CPU for the options of the vCPU only. The rest goes
//! to QEMU by `<qemu:commandline>`, whose `-cpu` replaces the one that libvirt writes.

use super::qemu::{CommandLine, Dialect};
use super::{Exported, ExportedGuest};
use crate::config::options::OptionSetting;
use core::fmt::Write as _;

/// Writes the elements of a domain that make a guest. With [`Dialect::Stock`] QEMU has no
/// properties for fields; with another, all of the model is in `<qemu:commandline>` too.
///
/// ```
/// # let host: idreg_runtime::Host =
/// #     serde_json::from_str(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
/// use idreg_runtime::formats::qemu::Dialect;
/// use idreg_runtime::formats::{ExportedGuest, libvirt};
/// use idreg_runtime::plan::Plan;
///
/// let plan = Plan::new(&host, &"host,pmu=off".parse()?)?;
/// let exported = libvirt::domain(ExportedGuest { host: &host, plan: &plan }, Dialect::Stock);
/// assert!(exported.text.contains("<feature policy='disable' name='pmu'/>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn domain(guest: ExportedGuest<'_>, dialect: Dialect) -> Exported {
    let line = CommandLine::new(guest, dialect);
    let mut text = "<domain type='kvm'".to_owned();
    let arguments = arguments(&line, dialect);
    if !arguments.is_empty() {
        text.push_str(" xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'");
    }
    text.push_str(">\n");
    // Writing to a String cannot fail.
    for unsaid in &line.unsaid {
        let _ = writeln!(
            text,
            "  <!-- not exported: {} -->",
            in_comment(&unsaid.to_string())
        );
    }
    if let Some(version) = line.gic_version {
        let _ = writeln!(
            text,
            "  <features>\n    <gic version='{version}'/>\n  </features>"
        );
    }
    cpu(&line.options, &mut text);
    if !arguments.is_empty() {
        text.push_str("  <qemu:commandline>\n");
        for argument in arguments {
            let _ = writeln!(text, "    <qemu:arg value='{argument}'/>");
        }
        text.push_str("  </qemu:commandline>\n");
    }
    text.push_str("</domain>\n");
    let unsaid = line.unsaid;
    Exported { text, unsaid }
}

fn cpu(options: &[OptionSetting], text: &mut String) {
    if options.is_empty() {
        text.push_str("  <cpu mode='host-passthrough'/>\n");
        return;
    }
    text.push_str("  <cpu mode='host-passthrough'>\n");
    for OptionSetting { option, on } in options {
        let policy = if *on { "require" } else { "disable" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    <feature policy='{policy}' name='{option}'/>");
    }
    text.push_str("  </cpu>\n");
}

/// QEMU's arguments for what libvirt has no element for. Names and numbers need no escapes.
fn arguments(line: &CommandLine, dialect: Dialect) -> Vec<String> {
    let mut arguments = Vec::new();
    if dialect != Dialect::Stock {
        arguments.push("-cpu".to_owned());
        arguments.push(line.cpu());
    }
    if !line.machine.is_empty() {
        arguments.push("-machine".to_owned());
        arguments.push(line.machine.join(","));
    }
    arguments
}

/// Text in a comment, which cannot have two hyphens (XML 1.0, 2.5).
fn in_comment(text: &str) -> String {
    text.replace("--", "- -")
}
