//! Text in pieces, so that a terminal can show each kind of piece in its own style.

/// The kind of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Text without a style: a line of a description, a note, blanks.
    Plain,
    /// The message of a diagnostic.
    Message,
    /// A place: file, line and column, or the line number beside a line.
    Place,
    /// The carets under the words at fault.
    Carets,
    /// The heading of a group of changes that do not break existing properties.
    Heading,
    /// The heading of a group of changes that break existing properties.
    Break,
}

/// A piece of text on one line. The line end `\n` is a piece of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The kind of the piece.
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

/// Joins the text of all pieces.
pub(crate) fn join(pieces: Vec<Piece>) -> String {
    pieces.into_iter().map(|piece| piece.text).collect()
}
