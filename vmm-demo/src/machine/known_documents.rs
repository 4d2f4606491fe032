//! The answers for documents that were read before: those of most hosts are equal to others.

use std::collections::HashMap;

/// The maximum number of documents that are kept: a fleet of any size has a few hundred kinds.
const KEPT_DOCUMENTS: usize = 1024;

/// The maximum length of all documents that are kept, in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// The answers for documents, of which a limited number is kept.
#[derive(Debug)]
pub struct KnownDocuments<T> {
    answers: HashMap<Box<[u8]>, T>,
    /// The length of all documents, in bytes.
    bytes: usize,
    /// The number of documents that were found here.
    found: usize,
    /// True if too few were found for the time that a search takes.
    is_useless: bool,
}

impl<T> Default for KnownDocuments<T> {
    fn default() -> Self {
        Self {
            answers: HashMap::new(),
            bytes: 0,
            found: 0,
            is_useless: false,
        }
    }
}

impl<T: Clone> KnownDocuments<T> {
    /// The answer for a document, if it is known.
    pub fn find(&mut self, document: &[u8]) -> Option<T> {
        if self.is_useless {
            return None;
        }
        let answer = self.answers.get(document).cloned();
        self.found += usize::from(answer.is_some());
        answer
    }

    /// Keeps the answer for a document, if there is room and it is of use.
    pub fn keep(&mut self, document: &[u8], answer: T) {
        if self.is_useless {
            return;
        }
        let bytes = self.bytes.saturating_add(document.len());
        if self.answers.len() < KEPT_DOCUMENTS && bytes <= KEPT_BYTES {
            self.answers.insert(document.into(), answer);
            self.bytes = bytes;
        } else if self.found < self.answers.len() {
            self.answers = HashMap::new();
            self.is_useless = true;
        }
    }
}
