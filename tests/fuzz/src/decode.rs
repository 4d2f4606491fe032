//! Lines of other programs, and registers as text.

use idreg_runtime::formats::diagnostic::Diagnostic;
use idreg_runtime::regs::DESCRIPTION;

/// A line that is recognised has fields whose values fit them, those that differ first, and a
/// judgement for each of these alone.
pub fn decode(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        let diagnostic = match Diagnostic::of(&DESCRIPTION, line) {
            Ok(diagnostic) => diagnostic,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        assert!(!diagnostic.event.name().is_empty());
        if let Some(register) = diagnostic.register {
            assert!(!register.to_string().is_empty());
        }
        let fields = diagnostic.fields(&DESCRIPTION);
        assert!(fields.is_sorted_by_key(|reading| !reading.differs()));
        for reading in &fields {
            assert_eq!(reading.judgement().is_some(), reading.differs());
            let is_of_register = diagnostic.field.is_none();
            let values = [reading.wanted, reading.present].into_iter().flatten();
            let max = reading.field.field.max();
            assert!(!is_of_register || values.max() <= Some(max));
        }
        let described = fields
            .iter()
            .fold(0, |bits, reading| bits | reading.field.field.mask());
        assert_eq!(diagnostic.undescribed(&DESCRIPTION) & described, 0);
    }
}
