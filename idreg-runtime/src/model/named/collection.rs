//! Collections of named models: those of this crate, and users' own.

use super::NamedModel;
use crate::model::{CpuModel, UnknownModel};
use std::sync::Arc;

/// Named models by name and version.
///
/// ```
/// use idreg_runtime::model::named::Models;
///
/// let models = Models::built_in(); // `.with_folder(DIR)?` adds a user's own
/// let model = models.parse("neoverse-n1,FEAT_DotProd=off")?;
/// assert_eq!(model.to_string(), "neoverse-n1-v1,FEAT_DotProd=off");
/// # Ok::<(), idreg_runtime::model::UnknownModel>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models {
    /// In the order of names and versions.
    models: Vec<Arc<NamedModel>>,
}

/// The error of a second model of one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is the name of another model too; use a new version or another name")]
pub struct RepeatedModel {
    /// The name, with a version or without.
    pub name: String,
}

impl Models {
    /// Makes a collection without models.
    #[must_use]
    pub const fn new() -> Self {
        Self { models: Vec::new() }
    }

    /// Adds a model.
    ///
    /// # Errors
    ///
    /// [`RepeatedModel`] if there is a model of this name and version, or if a name without a
    /// version is another model's with its version.
    pub fn add(&mut self, model: NamedModel) -> Result<&mut Self, RepeatedModel> {
        let names = |model: &NamedModel| [model.full_name().to_owned(), model.name().to_owned()];
        let [full_name, name] = names(&model);
        for known in &self.models {
            let [known_full_name, known_name] = names(known);
            if [&known_full_name, &known_name].contains(&&full_name) {
                return Err(RepeatedModel { name: full_name });
            }
            if known_full_name == name {
                return Err(RepeatedModel { name });
            }
        }
        let key = |model: &NamedModel| (model.name().to_owned(), model.version());
        let position = self
            .models
            .partition_point(|known| key(known) < key(&model));
        self.models.insert(position, Arc::new(model));
        Ok(self)
    }

    /// The model of a name with its version, or the newest of a name without, or `None`.
    ///
    /// `neoverse-v1` is a name, and `neoverse-v1-v1` its first version.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<NamedModel>> {
        let mut models = self.models.iter();
        let exact = models.find(|model| model.full_name() == name);
        exact.or_else(|| self.models.iter().rfind(|model| model.name() == name))
    }

    /// The models in the order of names and versions.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<NamedModel>> {
        self.models.iter()
    }

    /// The lineage of a model: the other models of which it is a
    /// [superset](NamedModel::is_superset_of).
    pub fn subsets_of<'m>(
        &'m self,
        model: &'m NamedModel,
    ) -> impl Iterator<Item = &'m Arc<NamedModel>> {
        let is_other = |other: &&Arc<NamedModel>| other.full_name() != model.full_name();
        let others = self.models.iter().filter(is_other);
        others.filter(|other| model.is_superset_of(other))
    }

    /// Reads a model's text whose base is `host` or a model of this collection.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`] if there is no such base.
    pub fn parse(&self, text: &str) -> Result<CpuModel, UnknownModel> {
        CpuModel::parse_with(text, &|name| self.get(name).cloned().map(CpuModel::named))
    }
}
