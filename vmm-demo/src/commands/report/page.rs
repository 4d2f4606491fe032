//! The page: a template with its style, its script and the data.

use super::data::PageData;
use super::summary::Summary;
use crate::output::failure::Failure;
use crate::output::{escaped, printable_json};
use askama::Template;

/// The page. Everything but the style, the script and the data is escaped by the template.
#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct Page<'s> {
    title: String,
    version: &'static str,
    summary: &'s Summary,
    style: &'static str,
    script: &'static str,
    /// JSON that a `script` element can have.
    data: String,
}

impl Page<'_> {
    /// The page's text.
    pub(super) fn of(title: &str, summary: &Summary, data: &PageData) -> Result<String, Failure> {
        let json = serde_json::to_string(data).map_err(Failure::other)?;
        let page = Page {
            title: escaped(title),
            version: env!("CARGO_PKG_VERSION"),
            summary,
            style: include_str!("page.css"),
            script: concat!(
                include_str!("page.js"),
                include_str!("matrix.js"),
                include_str!("lists.js"),
                include_str!("curve.js"),
                include_str!("print.js"),
                include_str!("start.js")
            ),
            data: for_script(&json),
        };
        page.render().map_err(Failure::other)
    }
}

/// JSON with the same value in which nothing ends a `script` element or begins a comment (HTML
/// standard, "Restrictions for contents of script elements"): `<` is only in strings.
fn for_script(json: &str) -> String {
    printable_json(json).replace('<', "\\u003c")
}
