//! Lists of items in messages and tables.

use std::fmt::Display;

/// Lists items as `a, b, c`.
pub fn comma_list(items: impl IntoIterator<Item = impl Display>) -> String {
    joined(items, ", ")
}

/// Lists items on a line each.
pub fn lines(items: impl IntoIterator<Item = impl Display>) -> String {
    joined(items, "\n")
}

fn joined(items: impl IntoIterator<Item = impl Display>, separator: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_stand_between_items_only() {
        assert_eq!(comma_list([1, 2, 3]), "1, 2, 3");
        assert_eq!(comma_list([""; 0]), "");
        assert_eq!(lines(["a", "b"]), "a\nb");
    }
}
