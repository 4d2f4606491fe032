//! The models of this crate.

use crate::model::named::{Models, NamedModel};
use std::sync::LazyLock;

/// The files of the released models. A file never changes; a change is a new version.
const FILES: [(&str, &str); 11] = [
    (
        "armv8.0-v1.toml",
        include_str!("../../../../data/models/armv8.0-v1.toml"),
    ),
    (
        "armv8.2-v1.toml",
        include_str!("../../../../data/models/armv8.2-v1.toml"),
    ),
    (
        "armv8.4-v1.toml",
        include_str!("../../../../data/models/armv8.4-v1.toml"),
    ),
    (
        "armv9.0-v1.toml",
        include_str!("../../../../data/models/armv9.0-v1.toml"),
    ),
    (
        "cortex-a72-v1.toml",
        include_str!("../../../../data/models/cortex-a72-v1.toml"),
    ),
    (
        "cortex-a76-v1.toml",
        include_str!("../../../../data/models/cortex-a76-v1.toml"),
    ),
    (
        "neoverse-n1-v1.toml",
        include_str!("../../../../data/models/neoverse-n1-v1.toml"),
    ),
    (
        "neoverse-n2-v1.toml",
        include_str!("../../../../data/models/neoverse-n2-v1.toml"),
    ),
    (
        "neoverse-v1-v1.toml",
        include_str!("../../../../data/models/neoverse-v1-v1.toml"),
    ),
    (
        "neoverse-v2-v1.toml",
        include_str!("../../../../data/models/neoverse-v2-v1.toml"),
    ),
    (
        "neoverse-v3-v1.toml",
        include_str!("../../../../data/models/neoverse-v3-v1.toml"),
    ),
];

static BUILT_IN: LazyLock<Models> = LazyLock::new(|| {
    let mut models = Models::new();
    for (file, text) in FILES {
        // The files are constants, and a test reads each of them.
        if let Ok(model) = NamedModel::parse_file(file, text) {
            let _ = models.add(model);
        }
    }
    models
});

impl Models {
    /// The models of this crate. Each is made so that real machines of its kind can give it on
    /// Linux 6.12 and 7.2 with the same bits; its [sources](super::super::ModelIdentity::sources)
    /// are in its file.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// The text of every model file of this crate, with its name.
    #[must_use]
    pub fn built_in_files() -> &'static [(&'static str, &'static str)] {
        &FILES
    }

    pub(in crate::model) fn of_this_crate() -> &'static Self {
        &BUILT_IN
    }
}
