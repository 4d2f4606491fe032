//! Migrations that copy the memory of a running guest.

use crate::migrations::Pair;
use std::sync::{Arc, Mutex};
use vmm_demo::migration::control::Control;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::progress::{MigrationNotice, MigrationStep};

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
fn both_sides_count_the_memory_and_the_rounds() {
    let mut pair = Pair::new(MemoryMode::Copy);
    pair.migrate_with([None, None]);
    let (source, destination) = (pair.control.progress(), pair.arrival.progress());
    let (sent, arrived) = (source.ram, destination.ram);
    assert_eq!(arrived.transferred, sent.transferred);
    assert_eq!(arrived.normal_bytes, sent.normal_bytes);
    assert_eq!(arrived.dirty_sync_count, sent.dirty_sync_count);
    assert_eq!((arrived.total, arrived.remaining), (sent.total, 0));
    assert_eq!(
        arrived.duplicate * arrived.page_size,
        sent.duplicate * sent.page_size
    );
    let first_connection = sent.precopy_bytes + sent.downtime_bytes;
    assert_eq!((first_connection, sent.stream_bytes), (sent.transferred, 0));
    assert!(
        sent.precopy_bytes > 0 && sent.dirty_pages_rate > 0,
        "{sent:?}"
    );
    assert_eq!(destination.step, MigrationStep::Running);
    assert!(destination.setup_time.is_some() && !destination.total_time.is_zero());
}

#[test]
fn each_round_is_announced_by_its_number() {
    let passes: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = Arc::clone(&passes);
    let mut pair = Pair::new(MemoryMode::Copy);
    pair.control = Arc::new(Control::default().observed(Box::new(move |notice| {
        if let MigrationNotice::Pass(pass) = notice {
            seen.lock().expect("a list").push(pass);
        }
    })));
    pair.migrate_with([None, None]);
    let rounds = pair.control.progress().ram.dirty_sync_count;
    let passes = passes.lock().expect("a list");
    assert!(rounds >= 2);
    assert_eq!(*passes, (1..=rounds).collect::<Vec<u64>>());
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
