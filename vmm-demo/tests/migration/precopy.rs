//! Migrations that copy the memory of a running guest.

use crate::migrations::Pair;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;

#[test]
fn memory_of_a_running_guest_arrives_whole() {
    let mut pair = Pair::new(MemoryMode::Copy);
    let (ends, _) = pair.migrate_with([None, None]);
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert!(pair.source.has_ended());
    assert_eq!(pair.world.running(), ["destination"]);
    assert_eq!(pair.world.most(), 1);
    assert!(pair.source.contents() == pair.destination.contents());
    let ram = pair.control.progress().ram;
    assert!(ram.dirty_sync_count >= 2, "{ram:?}");
    assert!(ram.duplicate > 300, "zero pages: {ram:?}");
    assert!(ram.transferred < ram.total / 2, "{ram:?}");
    assert_eq!(ram.normal_bytes, ram.normal * ram.page_size);
    pair.migrate_again();
}

#[test]
fn cancelled_migration_leaves_the_guest_at_the_source() {
    let mut pair = Pair::new(MemoryMode::Copy);
    pair.control.cancel();
    let (ends, _) = pair.migrate_with([None, None]);
    assert!(
        matches!(
            ends,
            (
                SourceEnd::Continues(MigrationFailure::Cancelled),
                DestinationEnd::Discarded(_)
            )
        ),
        "{ends:?}"
    );
    pair.migrate_again();
}
