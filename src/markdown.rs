//! Markdown in which what is shown stays what it is.

/// A block that shows `text` as it is, whatever is in it.
pub(crate) fn fenced(language: &str, text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().bytes().take_while(|b| *b == b'`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.strip_suffix('\n').unwrap_or(text))
}

/// A piece of code within a line or a cell.
pub(crate) fn code(text: &str) -> String {
    if text.contains(['`', '|', '\n']) { escaped(text) } else { format!("`{text}`") }
}

/// Text that means nothing in Markdown but itself.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '<' | '>' | '#' => out.extend(['\\', c]),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The rest of a row of a table.
pub(crate) fn row(cells: impl Iterator<Item = String>) -> String {
    cells.flat_map(|cell| [" ".to_owned(), cell, " |".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_text_does_not_become_markup() {
        assert_eq!(escaped("a|b <c> *d*\n# e"), r"a\|b \<c\> \*d\* \# e");
        assert_eq!(code("GET /api"), "`GET /api`");
        assert_eq!(code("a`b"), r"a\`b");
        assert_eq!(fenced("text", "a\n  ```\nb"), "````text\na\n  ```\nb\n````");
        assert_eq!(fenced("diff", "-a\n"), "```diff\n-a\n```");
    }
}
