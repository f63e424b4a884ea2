//! Minors in a row, in few words.

use super::Minor;

/// Minors in their order, as `v1.22 - v1.24, v1.30`.
pub fn spans(minors: impl IntoIterator<Item = Minor>) -> String {
    let mut minors: Vec<Minor> = minors.into_iter().collect();
    minors.dedup();
    let span = |span: &[Minor]| match span {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} - {last}"),
        [] => String::new(),
    };
    minors.chunk_by(|one, next| one.after() == *next).map(span).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minors_in_a_row_are_one_span() {
        let of = |minors: &[&str]| spans(minors.iter().map(|minor| minor.parse().unwrap()));
        assert_eq!(of(&["v1.22", "v1.23", "v1.24", "v1.30", "v1.30"]), "v1.22 - v1.24, v1.30");
        assert_eq!(of(&["v1.37"]), "v1.37");
        assert_eq!(of(&[]), "");
    }
}
