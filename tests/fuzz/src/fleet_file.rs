//! Fleet files, which `idreg baseline --partial` writes.

use idreg_runtime::fleet::{Fleet, Policy};

/// A fleet that can be read is written to a file that reads as the same fleet, merges with itself,
/// and has an answer to every question.
pub fn fleet_file(bytes: &[u8]) {
    let Ok(fleet) = serde_json::from_slice::<Fleet>(bytes) else {
        return;
    };
    let file = serde_json::to_string(&fleet).expect("a fleet file");
    let again: Fleet = serde_json::from_str(&file).expect("our own file");
    assert_eq!(serde_json::to_string(&again).expect("a fleet file"), file);
    let (kinds, hosts) = (fleet.kinds().len(), fleet.host_count());
    let mut both = again;
    both.merge(fleet).expect("the only description");
    assert_eq!(both.kinds().len(), kinds);
    assert_eq!(both.host_count(), hosts.saturating_mul(2));
    let _answer = both.in_order_of_names().baseline(&Policy::default());
}
