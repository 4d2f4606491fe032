//! The data of the page, which its script shows.

use super::coverage::{Curve, Point};
use super::host_names::HostNames;
use super::matrix::{MatrixField, RELATIONS, RelationNote, fields};
use super::named::{ModelColumn, Refusal, Refusals};
use crate::output::escaped;
use idreg_runtime::fleet::{Fleet, Kind};
use idreg_runtime::model::named::Models;
use idreg_runtime::number::Hex;
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::MidrEl1;
use serde::Serialize;

/// The schema of the data; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-report/1";

/// The hosts and the model that they are compared with. The README documents its members.
#[derive(Serialize)]
pub(super) struct PageData {
    schema: &'static str,
    hosts: u64,
    /// The directory that the names of all hosts begin with.
    directory: String,
    /// The signs of the matrix; a state of a field has the position of one of them.
    relations: &'static [RelationNote],
    kinds: Vec<KindRow>,
    /// Every field, in the order of the description.
    pub(super) fields: Vec<MatrixField>,
    models: Vec<ModelColumn>,
    /// The reasons why kinds cannot give named models; a kind has positions of these.
    refusals: Vec<Refusal>,
    /// The reasons of refusals; a refusal has positions of these.
    reasons: Vec<String>,
    coverage: Vec<Point>,
}

/// The hosts of a kind.
#[derive(Serialize)]
struct KindRow {
    count: u64,
    /// The names of its hosts without the directory, as far as the fleet keeps them.
    names: Vec<String>,
    /// The model in the kind's form, or `None` if the kind is left out.
    cpu: Option<String>,
    /// MIDR_EL1 of its first CPU.
    midr: Option<Hex>,
    /// The kernel's release on its first host.
    kernel: String,
    /// The facts of the machine that are in the way of the model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<String>,
    /// For each named model the position of the refusal, or `None` if the kind can give it.
    models: Vec<Option<usize>>,
}

impl PageData {
    pub(super) fn new(
        fleet: &Fleet,
        names: &HostNames<'_>,
        curve: &Curve,
        models: &Models,
    ) -> Self {
        let mut refusals = Refusals::default();
        let kinds = fleet.kinds().iter().enumerate();
        let kinds = kinds.map(|(position, kind)| {
            let part = curve.part.as_ref();
            let cpu = part.and_then(|part| part.model_on(position));
            let models = models.iter().map(|model| refusals.of(kind, model));
            KindRow {
                facts: curve.facts_in_the_way(position),
                models: models.collect(),
                ..KindRow::new(kind, names.of(kind), cpu)
            }
        });
        let kinds = kinds.collect();
        let (refusals, reasons) = refusals.into_lists();
        Self {
            schema: SCHEMA,
            hosts: fleet.host_count(),
            directory: names.directory(),
            relations: &RELATIONS,
            kinds,
            fields: fields(fleet, curve),
            models: models.iter().map(|model| ModelColumn::of(model)).collect(),
            refusals,
            reasons,
            coverage: curve.points.clone(),
        }
    }
}

impl KindRow {
    fn new(kind: &Kind, names: Vec<String>, cpu: Option<String>) -> Self {
        let host = kind.host();
        Self {
            count: kind.count(),
            names,
            cpu,
            midr: host.values().get(MidrEl1::DESCRIPTION).map(Hex),
            kernel: escaped(&host.info().kernel_release),
            facts: Vec::new(),
            models: Vec::new(),
        }
    }
}
