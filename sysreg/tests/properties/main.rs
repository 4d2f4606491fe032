//! Properties of every text and of every valid model.

mod checks;
mod statements;
mod texts;

use proptest::collection::vec;
use proptest::prelude::*;
use std::path::Path;
use sysreg::{Loaded, Source};
use texts::{apply, real_text, slip, valid_text, word_salad};

fn source(text: String) -> Source {
    Source::new("test.sysreg", text).expect("a test's text is small")
}

/// Checks a text that is one file.
fn check(text: String) -> Loaded {
    checks::check(&source(text))
}

/// Splits a text into words, with values in their shortest form.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            match word
                .strip_prefix("0b")
                .map(|digits| u64::from_str_radix(digits, 2))
            {
                Some(Ok(value)) => format!("0b{value:b}"),
                _ => word.to_owned(),
            }
        })
        .collect()
}

fn with_short_ranges(words: Vec<String>) -> Vec<String> {
    let short = |word: String| match word.split_once(':') {
        Some((msb, lsb)) if msb == lsb => lsb.to_owned(),
        _ => word,
    };
    words.into_iter().map(short).collect()
}

#[test]
fn the_corpus_of_the_fuzz_target_passes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/parse");
    let mut files = 0;
    for entry in std::fs::read_dir(&corpus).expect("the corpus is committed") {
        let path = entry.expect("the corpus is readable").path();
        checks::check_bytes(&std::fs::read(&path).expect("the corpus is readable"));
        files += 1;
    }
    assert!(files > 0, "no files in {}", corpus.display());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_loads(text in any::<String>()) {
        check(text);
    }

    #[test]
    fn any_words_load(text in word_salad()) {
        check(text);
    }

    #[test]
    fn any_slips_load(text in real_text(), slips in vec(slip(), 1..6)) {
        check(slips.iter().fold(text, |text, slip| apply(&text, slip)));
    }

    #[test]
    fn any_files_load(texts in vec(prop_oneof![word_salad(), real_text(), valid_text()], 0..4)) {
        checks::check_bytes(texts.join("\0").as_bytes());
    }

    /// A swap of two lines is up to four mistakes; no slip gives a diagnostic for each line.
    #[test]
    fn a_slip_is_not_a_landslide(text in real_text(), slip in slip()) {
        let before = check(text.clone());
        let after = check(apply(&text, &slip));
        let errors = |loaded: &Loaded| loaded.diagnostics.iter().filter(|d| d.is_error()).count();
        prop_assert!(errors(&after) <= errors(&before) + 6, "{:#?}", after.diagnostics);
    }

    #[test]
    fn any_bytes_are_a_source_or_not(bytes in vec(any::<u8>(), 0..64)) {
        checks::check_bytes(&bytes);
    }

    #[test]
    fn any_valid_description_is_kept_and_printed(text in valid_text()) {
        let loaded = check(text.clone());
        prop_assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
        let printed = loaded.model.to_string();
        prop_assert_eq!(words(&printed), with_short_ranges(words(&text)));
    }

    #[test]
    fn any_place_has_a_line(text in any::<String>(), offset in any::<u32>()) {
        let source = source(text);
        for offset in [offset, offset % (u32::try_from(source.text().len()).unwrap_or(0) + 2)] {
            let place = source.location(offset);
            prop_assert!(place.line <= source.text().matches('\n').count() + 1);
            prop_assert!(source.text().contains(source.line_at(offset)));
        }
    }
}
