//! Text from outside: random, extreme, long.

use fastrand::Rng;
use idreg_runtime::formats::diagnostic::{Diagnostic, LONGEST_LINE};
use idreg_runtime::regs::DESCRIPTION;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Recognises a line, and reads everything that follows from it.
fn decode(line: &str) {
    if let Ok(diagnostic) = Diagnostic::of(&DESCRIPTION, line) {
        for reading in diagnostic.fields(&DESCRIPTION) {
            let _ = (reading.judgement(), reading.field.to_string());
        }
        let register = diagnostic.register.map(|register| register.to_string());
        let _ = (register, diagnostic.undescribed(&DESCRIPTION));
        let _ = format!("{diagnostic:?}");
    }
}

/// The lines of the corpus that the fuzz target starts from.
fn corpus() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/decode");
    let files = fs::read_dir(&directory).expect("the corpus of the fuzz target");
    let files = files.map(|file| fs::read(file.expect("a file").path()).expect("a file"));
    let lines: Vec<String> = files
        .map(|file| String::from_utf8_lossy(&file).into_owned())
        .collect();
    assert!(lines.len() >= 40, "{} files in the corpus", lines.len());
    lines
}

#[test]
fn the_corpus_is_decoded() {
    for line in corpus() {
        decode(&line);
    }
}

#[test]
fn changed_lines_do_not_panic() {
    let mut random = Rng::with_seed(7);
    let corpus = corpus();
    for _ in 0..4_000 {
        let mut line: Vec<char> = random.choice(&corpus).expect("a line").chars().collect();
        for _ in 0..random.usize(1..6) {
            let place = random.usize(0..=line.len());
            match random.u8(0..4) {
                0 => line.truncate(place),
                1 => line.insert(place, random.char(..)),
                2 => line.extend(random.choice(&corpus).expect("a line").chars()),
                _ if place < line.len() => {
                    line[place] = char::from(random.u8(b' '..=b'~'));
                }
                _ => {}
            }
        }
        decode(&line.into_iter().collect::<String>());
    }
}

#[test]
fn random_text_does_not_panic() {
    let mut random = Rng::with_seed(8);
    for _ in 0..2_000 {
        let length = random.usize(0..200);
        let line: String = (0..length).map(|_| random.char(..)).collect();
        decode(&line);
    }
}

#[test]
fn random_ids_do_not_panic() {
    let mut random = Rng::with_seed(9);
    for _ in 0..20_000 {
        let id = random.u64(..) >> random.u32(0..64);
        decode(&format!("{:#x}", id & !(0xf << 60) | 6 << 60));
        decode(&format!("{id}={id:#x} {}", u64::MAX));
    }
}

#[test]
fn long_lines_take_less_than_50_ms() {
    let long = |text: &str| text.repeat(4_000_000 / text.len());
    for (name, line) in [
        ("digits", long("1")),
        ("spaces", long(" ")),
        ("a name", long("ID_AA64PFR0_EL1_")),
        ("braces", long("{ Op0( 3), func_")),
        ("quotes", long("Property '")),
        ("characters of several bytes", long("\u{20ac}")),
        (
            "prefixes of messages",
            long("Could not set register Failed to set "),
        ),
        ("conflicts", long(": Detected conflict for capability (CPU")),
    ] {
        let round = || {
            let started = Instant::now();
            decode(&line);
            started.elapsed()
        };
        // Other tests run at the same time.
        let took = (0..3).map(|_| round()).min().unwrap_or_default();
        println!("{name}: {took:?}");
        assert!(took < Duration::from_millis(50), "{name}: {took:?}");
    }
}

#[test]
fn only_the_beginning_of_a_long_line_counts() {
    let message = "Failed to init vcpu";
    let line = |before: usize| format!("{}{message}", "x".repeat(before));
    assert!(Diagnostic::of(&DESCRIPTION, &line(LONGEST_LINE - message.len())).is_ok());
    assert!(Diagnostic::of(&DESCRIPTION, &line(LONGEST_LINE)).is_err());
}
