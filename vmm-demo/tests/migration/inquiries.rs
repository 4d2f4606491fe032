//! Migrations in doubt on both sides: questions, and decisions that are refused.

use crate::link::{self, END, LinkFault};
use crate::migrations::{PATIENT, Pair, token};
use crate::world::{Process, World};
use std::sync::Arc;
use std::thread;
use vmm_demo::migration::doubt::{DestinationDoubt, DoubtError, SourceDoubt};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::inquiry::{self, AttemptEnd, DoubtDecision, Inquiry, Question};
use vmm_demo::migration::message::HEADER;

/// A migration whose link is cut at HANDOVER.
fn doubtful() -> (Pair, SourceDoubt, DestinationDoubt) {
    let (_, meter) = Pair::new(MemoryMode::Shared).migrate_with([None, None]);
    let mut pair = Pair::new(MemoryMode::Shared);
    let last = LinkFault::Cut(meter.sent()[0] - END - HEADER);
    let (ends, _) = pair.migrate_with([Some(last), None]);
    let (SourceEnd::InDoubt(source), DestinationEnd::InDoubt(destination)) = ends else {
        panic!("{ends:?}");
    };
    assert_eq!(pair.world.running(), [""; 0]);
    (pair, source, destination)
}

/// Asks one side about a decision of the other, through a connection.
fn ask(asking: &mut Inquiry, asked: &mut Inquiry, decision: DoubtDecision) -> AttemptEnd {
    let world = Arc::new(World::default());
    let process = Process::new("inquiry", &world);
    let (first, second) = link::connection(&process, &process, [None, None]);
    let question = asking.question(decision);
    let end = thread::scope(|scope| {
        scope.spawn(move || {
            let control = Arc::default();
            let answered =
                inquiry::answer(Box::new(second), &control, PATIENT.answer, |question| {
                    asked.answer(question)
                });
            answered.expect("an answer");
        });
        inquiry::ask(Box::new(first), question, &Arc::default(), PATIENT.answer)
    });
    let end = end.expect("an answer");
    asking.hear(Some(end));
    end
}

#[test]
fn side_that_gives_way_is_no_second() {
    let (mut pair, mut source, mut destination) = doubtful();
    let end = ask(source.inquiry(), destination.inquiry(), DoubtDecision::Run);
    assert_eq!(end, AttemptEnd::InDoubt);
    let refused = destination.resolve(DoubtDecision::Run, &mut pair.destination);
    assert!(matches!(refused, Err(DoubtError::RunsThere)), "{refused:?}");
    source
        .resolve(DoubtDecision::Run, &mut pair.source)
        .expect("a decision");
    destination
        .resolve(DoubtDecision::Discard, &mut pair.destination)
        .expect("a decision");
    assert_eq!(pair.world.most(), 1);
    pair.migrate_again();
}

#[test]
fn side_that_runs_says_so() {
    let (mut pair, mut source, mut destination) = doubtful();
    destination
        .resolve(DoubtDecision::Run, &mut pair.destination)
        .expect("a decision");
    let end = ask(source.inquiry(), destination.inquiry(), DoubtDecision::Run);
    assert_eq!(end, AttemptEnd::Runs);
    let refused = source.resolve(DoubtDecision::Run, &mut pair.source);
    assert!(matches!(refused, Err(DoubtError::RunsThere)), "{refused:?}");
    source
        .resolve(DoubtDecision::Discard, &mut pair.source)
        .expect("a decision");
    assert!(pair.source.has_ended());
    pair.migrate_again();
}

#[test]
fn last_guest_is_not_discarded() {
    let (mut pair, mut source, mut destination) = doubtful();
    source
        .resolve(DoubtDecision::Discard, &mut pair.source)
        .expect("a decision");
    let end = ask(
        destination.inquiry(),
        source.inquiry(),
        DoubtDecision::Discard,
    );
    assert_eq!(end, AttemptEnd::Discarded);
    let refused = destination.resolve(DoubtDecision::Discard, &mut pair.destination);
    assert!(matches!(refused, Err(DoubtError::Last)), "{refused:?}");
    destination
        .resolve(DoubtDecision::Run, &mut pair.destination)
        .expect("a decision");
    pair.migrate_again();
}

#[test]
fn questions_that_cross_are_not_granted() {
    for decision in [DoubtDecision::Run, DoubtDecision::Discard] {
        let (mut pair, mut source, mut destination) = doubtful();
        let questions = [
            source.inquiry().question(decision),
            destination.inquiry().question(decision),
        ];
        let answers = [
            destination.inquiry().answer(questions[0]),
            source.inquiry().answer(questions[1]),
        ];
        source.inquiry().hear(Some(answers[0]));
        destination.inquiry().hear(Some(answers[1]));
        source
            .resolve(decision, &mut pair.source)
            .expect_err("no decision");
        destination
            .resolve(decision, &mut pair.destination)
            .expect_err("no decision");
        assert_eq!(pair.world.running(), [""; 0]);
        // The next question is granted.
        let end = ask(source.inquiry(), destination.inquiry(), DoubtDecision::Run);
        assert_eq!(end, AttemptEnd::InDoubt);
        source
            .resolve(DoubtDecision::Run, &mut pair.source)
            .expect("a decision");
        destination
            .resolve(DoubtDecision::Run, &mut pair.destination)
            .expect_err("a second");
        assert_eq!(pair.world.running(), ["source"]);
    }
}

#[test]
fn other_attempts_are_unknown() {
    let (_, mut source, _) = doubtful();
    let question = Question {
        token: token(),
        decision: DoubtDecision::Run,
    };
    assert_eq!(source.inquiry().answer(question), AttemptEnd::Unknown);
}

/// Its address is free for the next guest then.
#[test]
fn destination_knows_if_the_source_will_ask() {
    let mut pair = Pair::new(MemoryMode::Shared);
    let (_, meter) = pair.migrate_with([None, None]);
    assert!(pair.arrival.progress().source_has_ended);

    let mut pair = Pair::new(MemoryMode::Shared);
    let end = LinkFault::Cut(meter.sent()[0] - END);
    let (ends, _) = pair.migrate_with([Some(end), None]);
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert!(!pair.arrival.progress().source_has_ended);
}
