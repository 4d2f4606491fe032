//! Text tables: aligned columns without border lines, readable in a pipe too.

use comfy_table::{ContentArrangement, Table, presets};

/// A table with these headings, or without a heading row if there are none.
#[must_use]
pub fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if !headings.is_empty() {
        table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    }
    table
}

/// The table's text, without indentation.
#[must_use]
pub fn show(mut table: Table) -> String {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    table.trim_fmt()
}
