//! Takes the place of [named models](super::named) in builds without them: none exists, so the
//! compiler removes the code that works on them.

use crate::config::VcpuConfig;
use crate::config::options::OptionSetting;
use crate::description::RegisterField;

/// A named model, of which there is none.
#[derive(Debug)]
pub(crate) enum NamedModel {}

impl NamedModel {
    pub(crate) fn full_name(&self) -> &str {
        match *self {}
    }

    pub(crate) fn config(&self) -> VcpuConfig {
        match *self {}
    }

    pub(crate) fn options(&self) -> impl Iterator<Item = OptionSetting> + use<> {
        match *self {}
        #[allow(unreachable_code, reason = "names the type of the iterator")]
        core::iter::empty()
    }

    pub(crate) fn value(&self, _: RegisterField) -> Option<u64> {
        match *self {}
    }

    pub(crate) fn leaves_to_host(&self, _: RegisterField) -> bool {
        match *self {}
    }
}
