//! Changes of registers, fields and values from one description to a newer one.

use super::pairs::Pairs;
use crate::model::{Entry, Enumerator, Field, FieldKind, Layout, Model, Register};
use crate::piece::{self, Part, Piece};
use std::fmt;

/// Declares every kind of change once: its doc, variant and heading, and true for a break.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $heading:literal, $is_break:literal;)*) => {
        /// The kind of a change of a register, a field or a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ChangeKind {
            $($(#[$doc])* $variant,)*
        }

        impl ChangeKind {
            /// All kinds, in the order of a report.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The heading of a group of such changes.
            #[must_use]
            pub const fn heading(self) -> &'static str {
                match self {
                    $(Self::$variant => $heading,)*
                }
            }

            /// True if a change of this kind breaks existing properties, see [`Changes::is_break`].
            #[must_use]
            pub const fn is_break(self) -> bool {
                match self {
                    $(Self::$variant => $is_break,)*
                }
            }
        }
    };
}

kinds! {
    /// A register that the new description does not define.
    RegisterRemoved = "registers removed", true;
    /// Another name at the same encoding.
    RegisterRenamed = "registers renamed", true;
    /// The same name at another encoding.
    RegisterMoved = "registers moved", true;
    /// A field that the new description does not define.
    FieldRemoved = "fields removed", true;
    /// Another name for the same bits.
    FieldRenamed = "fields renamed", true;
    /// The same name for other bits.
    FieldMoved = "fields moved", true;
    /// A field that becomes a `SignedEnum`, or is no longer a `SignedEnum`.
    SignChanged = "signs changed", true;
    /// A named value that the new description does not define.
    ValueRemoved = "values removed", true;
    /// Another name for the same value.
    ValueRenamed = "values renamed", true;
    /// The same name for another value.
    ValueChanged = "values changed", true;
    /// A new register.
    RegisterAdded = "registers added", false;
    /// A new field of a known register.
    FieldAdded = "fields added", false;
    /// A new named value of a known field.
    ValueAdded = "values added", false;
    /// A field of another kind but the same sign, such as `UnsignedEnum` after `Enum`.
    KindChanged = "kinds changed", false;
    /// Bits outside all fields with another kind of reservation.
    ReservedChanged = "reserved bits changed", false;
}

/// A difference between two descriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The kind of the change.
    pub kind: ChangeKind,
    /// The register or property, then the old and the new state.
    pub message: String,
}

/// The differences between two descriptions.
///
/// The comparison ignores the order of registers, fields and values. It also ignores layouts under
/// a prefix; no feature ID register has any. A layout in another block counts as the register's
/// own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    changes: Vec<Change>,
}

impl Changes {
    /// Compares two descriptions.
    #[must_use]
    pub fn between(old: &Model, new: &Model) -> Self {
        let mut changes = Self::default();
        let registers = Pairs::new(
            old.registers(),
            new.registers(),
            Register::name,
            Register::encoding,
        );
        for register in registers.removed {
            let message = ComparedRegister::new(register, old).to_string();
            changes.push(ChangeKind::RegisterRemoved, message);
        }
        for register in registers.added {
            let message = ComparedRegister::new(register, new).to_string();
            changes.push(ChangeKind::RegisterAdded, message);
        }
        for (before, after) in registers.both {
            changes.register(
                &ComparedRegister::new(before, old),
                &ComparedRegister::new(after, new),
            );
        }
        changes.changes.sort_by_key(|change| change.kind);
        changes
    }

    /// All changes, grouped by kind in the order of [`ChangeKind::ALL`].
    #[must_use]
    pub fn all(&self) -> &[Change] {
        &self.changes
    }

    /// True if a change breaks an existing property.
    ///
    /// A property is a name, bits, named values and their sign: users write the names in models,
    /// and rely on the bits and on the order of the values. A property breaks if
    ///
    /// - its register or field is removed, renamed or moved,
    /// - the name of one of its values is removed or gets another value,
    /// - the field becomes a `SignedEnum`, or is no longer a `SignedEnum`.
    ///
    /// Additions do not break properties, nor do other kinds of fields or changes of reserved bits.
    ///
    /// Rust code is another matter: if fields move to a shared layout, or a layout under a prefix
    /// changes, no property breaks, but the types that are generated may change.
    #[must_use]
    pub fn is_break(&self) -> bool {
        self.breaks() > 0
    }

    /// The report in pieces; the joined pieces are the displayed text.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let mut out = Vec::new();
        for group in self.changes.chunk_by(|one, next| one.kind == next.kind) {
            let heading = |first: &Change| heading(first.kind, group.len());
            out.extend(group.first().map(heading));
            piece::end_line(&mut out);
            for change in group {
                out.push(Part::Plain.piece(format!("  {}", change.message)));
                piece::end_line(&mut out);
            }
        }
        out.push(Part::Message.piece(self.summary()));
        out
    }

    fn breaks(&self) -> usize {
        let breaks = self.changes.iter().filter(|change| change.kind.is_break());
        breaks.count()
    }

    fn summary(&self) -> String {
        match (self.changes.len(), self.breaks()) {
            (0, _) => "no changes".to_owned(),
            (1, 0) => "1 change, which breaks no existing property".to_owned(),
            (1, _) => "1 change, which breaks existing properties".to_owned(),
            (all, 0) => format!("{all} changes, none of which breaks an existing property"),
            (all, 1) => format!("{all} changes, 1 of which breaks existing properties"),
            (all, breaks) => format!("{all} changes, {breaks} of which break existing properties"),
        }
    }

    fn push(&mut self, kind: ChangeKind, message: String) {
        self.changes.push(Change { kind, message });
    }

    fn register(&mut self, old: &ComparedRegister<'_>, new: &ComparedRegister<'_>) {
        let (name, new_name) = (old.register.name(), new.register.name());
        if name != new_name {
            let message = format!("{name} -> {new_name}");
            self.push(ChangeKind::RegisterRenamed, message);
        }
        let (from, to) = (old.register.encoding(), new.register.encoding());
        if from != to {
            let message = format!("{name}: {from} -> {to}");
            self.push(ChangeKind::RegisterMoved, message);
        }
        self.layout(old, new);
        let reserved = newly_reserved(old.layout, new.layout);
        if reserved != 0 {
            let message = format!("{name}: {reserved:#018x}");
            self.push(ChangeKind::ReservedChanged, message);
        }
    }

    fn layout(&mut self, old: &ComparedRegister<'_>, new: &ComparedRegister<'_>) {
        let place = |field: &Field| (field.bits().msb(), field.bits().lsb());
        let fields = Pairs::new(old.layout.fields(), new.layout.fields(), Field::name, place);
        for field in fields.removed {
            let message = format!("{}: {}", old.property(field), field.bits());
            self.push(ChangeKind::FieldRemoved, message);
        }
        for field in fields.added {
            let message = format!("{}: {}", new.property(field), field.bits());
            self.push(ChangeKind::FieldAdded, message);
        }
        for (before, after) in fields.both {
            let property = old.property(before);
            if before.name() != after.name() {
                let message = format!("{property} -> {}", new.property(after));
                self.push(ChangeKind::FieldRenamed, message);
            }
            self.field(&property, before, after);
        }
    }

    fn field(&mut self, property: &str, old: &Field, new: &Field) {
        if old.bits() != new.bits() {
            let message = format!("{property}: {} -> {}", old.bits(), new.bits());
            self.push(ChangeKind::FieldMoved, message);
        }
        if old.kind() != new.kind() {
            let (from, to) = (old.kind().directive(), new.kind().directive());
            let message = format!("{property}: {from} -> {to}");
            let kind = if is_signed(old) == is_signed(new) {
                ChangeKind::KindChanged
            } else {
                ChangeKind::SignChanged
            };
            self.push(kind, message);
        }
        self.values(property, old, new);
    }

    fn values(&mut self, property: &str, old: &Field, new: &Field) {
        let values = Pairs::new(
            old.enumerators(),
            new.enumerators(),
            Enumerator::name,
            Enumerator::value,
        );
        let shown = |value: &Enumerator| {
            let (name, value) = (value.name(), value.value());
            format!("{property}={value:#x}: `{name}`")
        };
        for value in values.removed {
            self.push(ChangeKind::ValueRemoved, shown(value));
        }
        for value in values.added {
            self.push(ChangeKind::ValueAdded, shown(value));
        }
        for (old, new) in values.both {
            if old.name() != new.name() {
                let message = format!("{} -> `{}`", shown(old), new.name());
                self.push(ChangeKind::ValueRenamed, message);
            }
            if old.value() != new.value() {
                let (name, from, to) = (old.name(), old.value(), new.value());
                let message = format!("{property}: `{name}` {from:#x} -> {to:#x}");
                self.push(ChangeKind::ValueChanged, message);
            }
        }
    }
}

/// Shows the report, without a final newline.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&piece::join(self.pieces()))
    }
}

fn heading(kind: ChangeKind, count: usize) -> Piece {
    let heading = kind.heading();
    if kind.is_break() {
        Part::Break.piece(format!("{heading}: {count} (break)"))
    } else {
        Part::Heading.piece(format!("{heading}: {count}"))
    }
}

/// A register of one of the two descriptions, with its layout there.
struct ComparedRegister<'m> {
    register: &'m Register,
    layout: &'m Layout,
}

impl<'m> ComparedRegister<'m> {
    fn new(register: &'m Register, model: &'m Model) -> Self {
        static OPAQUE: Layout = Layout {
            entries: Vec::new(),
        };
        let layout = model.layout(register).unwrap_or(&OPAQUE);
        Self { register, layout }
    }

    fn property(&self, field: &Field) -> String {
        self.register.property(field)
    }
}

/// Shows the register's name, its encoding and the number of its fields.
impl fmt::Display for ComparedRegister<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = match self.layout.fields().count() {
            1 => "1 field".to_owned(),
            count => format!("{count} fields"),
        };
        let (name, encoding) = (self.register.name(), self.register.encoding());
        write!(f, "{name} ({encoding}): {fields}")
    }
}

fn is_signed(field: &Field) -> bool {
    field.kind() == FieldKind::SignedEnum
}

/// The mask of bits outside all fields of both layouts that are reserved differently.
fn newly_reserved(old: &Layout, new: &Layout) -> u64 {
    let fields = old.fields().chain(new.fields());
    let named = fields.fold(0, |mask, field| mask | field.bits().mask());
    let pairs = reserved(old).into_iter().zip(reserved(new));
    let other = pairs.fold(0, |mask, (old, new)| mask | (old ^ new));
    other & !named
}

/// The masks of the bits that are Res0, Res1, Unkn and Raz.
fn reserved(layout: &Layout) -> [u64; 4] {
    let raz = layout
        .entries()
        .iter()
        .filter(|entry| matches!(entry, Entry::Raz(_)));
    let raz = raz.fold(0, |mask, entry| mask | entry.bits().mask());
    [layout.res0(), layout.res1(), layout.unkn(), raz]
}
