//! Any text loads or has diagnostics.

use crate::{small_model, source};
use proptest::prelude::*;
use sysreg::facts::load;
use sysreg::render;

fn word() -> impl Strategy<Value = String> {
    let words = "Safety Exact Lower Any Refused Owned sve Needs Mitigation Feature FEAT_F FEAT_ \
                 Unordered Mirror Requires Equal with AtMostOne AtLeastOne NotAbove ZeroWithout \
                 A X * A.X A.X>=1 A.X=0-1 A.>= 0 1 0x 0-1 1-0 - # é";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let blanks = [" ", " ", " ", "\n", "\n", "\t", "\r\n"].map(str::to_owned);
    (
        prop::sample::select(words),
        prop::sample::select(blanks.to_vec()),
    )
        .prop_map(|(word, blank)| word + &blank)
}

/// Checks that every mistake has a place, and that a second selection for a model drops nothing.
fn check_any(text: &str) {
    let source = source(text);
    match load(&source) {
        Ok(facts) => {
            let taken = facts.for_model(&small_model());
            assert_eq!(taken.for_model(&small_model()), taken);
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in &mistakes {
                assert!(!render(&source, mistake).is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_loads(text in any::<String>()) {
        check_any(&text);
    }

    #[test]
    fn any_words_load(words in prop::collection::vec(word(), 0..40)) {
        check_any(&words.concat());
    }
}
