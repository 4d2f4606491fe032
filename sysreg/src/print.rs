//! Prints a model in the grammar of descriptions, in one normal form.

use crate::model::{
    Alternative, Body, Entry, Field, FieldKind, Item, Layout, Layouts, Model, Register,
    SharedLayout,
};
use std::fmt;

/// Shows the model as a description.
///
/// The text has a tab between words, an empty line between blocks and no comments. It loads to the
/// same model.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match item {
                Item::Register(register) => write!(f, "{register}")?,
                Item::SharedLayout(shared) => write!(f, "{shared}")?,
            }
        }
        Ok(())
    }
}

/// Shows the register's `Sysreg` block.
impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = self.encoding.to_string().replace(' ', "\t");
        writeln!(f, "Sysreg\t{}\t{encoding}", self.name)?;
        match &self.body {
            Body::Own(own) => layouts(f, own)?,
            Body::Fields {
                alternatives,
                target,
            } => {
                prefixes(f, alternatives)?;
                writeln!(f, "Fields\t{target}")?;
            }
            Body::Mapping {
                alternatives,
                target,
            } => {
                prefixes(f, alternatives)?;
                writeln!(f, "Mapping\t{target}")?;
            }
        }
        writeln!(f, "EndSysreg")
    }
}

/// Shows the layout's `SysregFields` block.
impl fmt::Display for SharedLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SysregFields\t{}", self.name)?;
        layouts(f, &self.layouts)?;
        writeln!(f, "EndSysregFields")
    }
}

fn layouts(f: &mut fmt::Formatter<'_>, layouts: &Layouts) -> fmt::Result {
    prefixes(f, &layouts.alternatives)?;
    layout(f, &layouts.layout)
}

fn prefixes(f: &mut fmt::Formatter<'_>, alternatives: &[Alternative]) -> fmt::Result {
    for alternative in alternatives {
        writeln!(f, "Prefix\t{}", alternative.prefix)?;
        layout(f, &alternative.layout)?;
        writeln!(f, "EndPrefix")?;
    }
    Ok(())
}

fn layout(f: &mut fmt::Formatter<'_>, layout: &Layout) -> fmt::Result {
    for entry in &layout.entries {
        match entry {
            Entry::Res0(bits) => writeln!(f, "Res0\t{bits}")?,
            Entry::Res1(bits) => writeln!(f, "Res1\t{bits}")?,
            Entry::Unkn(bits) => writeln!(f, "Unkn\t{bits}")?,
            Entry::Raz(bits) => writeln!(f, "Raz\t{bits}")?,
            Entry::Field(entry) => field(f, entry)?,
        }
    }
    Ok(())
}

fn field(f: &mut fmt::Formatter<'_>, field: &Field) -> fmt::Result {
    let Field {
        name,
        bits,
        kind,
        enumerators,
        ..
    } = field;
    let directive = kind.directive();
    writeln!(f, "{directive}\t{bits}\t{name}")?;
    if *kind == FieldKind::Plain {
        return Ok(());
    }
    for enumerator in enumerators {
        let digits = usize::from(bits.width());
        writeln!(f, "\t0b{:0digits$b}\t{}", enumerator.value, enumerator.name)?;
    }
    writeln!(f, "EndEnum")
}
