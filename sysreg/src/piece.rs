//! Text in pieces, so that a terminal can show each kind of piece in its own way.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Nothing of its own: a line of a description, a note, blanks.
    Plain,
    /// What a diagnostic says.
    Message,
    /// A place: file, line and column, or the line number beside a line.
    Place,
    /// The marks under the words at fault.
    Carets,
    /// The name of a group of changes that break nothing.
    Heading,
    /// The name of a group of changes that break something.
    Break,
}

/// A piece of text on one line; where a line ends, `\n` is a piece of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub part: Part,
    /// The text.
    pub text: String,
}

impl Part {
    pub(crate) fn piece(self, text: impl Into<String>) -> Piece {
        Piece {
            part: self,
            text: text.into(),
        }
    }
}

/// Adds a line end.
pub(crate) fn end_line(pieces: &mut Vec<Piece>) {
    pieces.push(Part::Plain.piece("\n"));
}

/// The pieces' text.
pub(crate) fn join(pieces: Vec<Piece>) -> String {
    pieces.into_iter().map(|piece| piece.text).collect()
}
