//! `report`: writes a page on several hosts and the model that they have in common.

mod coverage;
mod data;
mod host_names;
mod majority;
mod matrix;
mod named;
mod page;
mod summary;

use self::coverage::Curve;
use self::data::PageData;
use self::host_names::HostNames;
use self::page::Page;
use self::summary::Summary;
use super::Verdict;
use super::baseline::{check_names, reading};
use crate::cli::ModelsArgument;
use crate::cli::fleet::ReportArguments;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;

/// The error of a page without hosts.
#[derive(Debug, thiserror::Error)]
#[error("there is no host to report on: give at least one host file")]
struct NoHosts;

/// Writes the page, whether the hosts have a model in common or not.
///
/// # Errors
///
/// [`Failure`]: a file cannot be used, without `--keep-going`; there is no host; no host has the
/// name that `--midr` gives; the page cannot be written.
pub fn report(arguments: &ReportArguments, folder: &ModelsArgument) -> Result<Verdict, Failure> {
    let output = OutputFile::open(&arguments.output, || false)?;
    let models = folder.models()?;
    let (fleet, unusable) = reading::read(&arguments.fleet, false)?;
    if fleet.kinds().is_empty() {
        return Err(Failure::Unusable(Box::new(NoHosts)));
    }
    let policy = arguments.policy.policy();
    let names = HostNames::new(&fleet);
    let curve = Curve::new(&fleet, &names, &policy);
    if let Some(reasons) = &curve.reasons {
        check_names(reasons)?;
    }
    let data = PageData::new(&fleet, &names, &curve, &models);
    let summary = Summary::new(&fleet, &names, &policy, &curve, &data, unusable);
    let page = Page::of(&arguments.title, &summary, &data)?;
    output.write(page.as_bytes())?;
    Ok(Verdict::new(true, unusable))
}
