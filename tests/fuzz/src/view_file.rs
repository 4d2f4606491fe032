//! View files.

use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;
use std::sync::LazyLock;

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let file = include_str!("../../data/hosts/max-latest.json");
    serde_json::from_str(file).expect("a host file")
});

/// A view that can be read is written to a file that reads as the same view, and is judged.
pub fn view_file(bytes: &[u8]) {
    let Ok(view) = serde_json::from_slice::<View>(bytes) else {
        return;
    };
    let file = serde_json::to_string(&view).expect("a view file");
    let again: View = serde_json::from_str(&file).expect("our own file");
    assert_eq!(serde_json::to_string(&again).expect("a view file"), file);
    if let Err(error) = Plan::for_view_with(&HOST, &view, &Tolerance::default()) {
        assert!(!error.to_string().is_empty());
    }
}
