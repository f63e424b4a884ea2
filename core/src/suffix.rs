//! The suffix by which a run makes names unique, such as `-rh4k2qx`: drawn for a run, and recognised in a name.

use rand::Rng;

/// Letters that spell nothing by accident and are allowed in every kind of Kubernetes name.
const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz2456789";

/// How many letters follow `-rh`: 26^5 are twelve million runs at once on one cluster.
const LENGTH: usize = 5;

/// What they follow.
const MARK: &str = "-rh";

/// A suffix with its hyphen.
pub fn draw(rng: &mut impl Rng) -> String {
    let letters = (0..LENGTH).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]));
    MARK.chars().chain(letters).collect()
}

/// The suffix of a name, without its hyphen: of the whole name, or of one of its labels as in the name of a CRD's group,
/// `widgets.demo-rh4k2qx.example.com`.
pub fn of(name: &str) -> Option<&str> {
    name.split('.').find_map(|label| {
        let (word, letters) = label.rsplit_once(MARK)?;
        let is_drawn = letters.len() == LENGTH && letters.bytes().all(|byte| LETTERS.contains(&byte));
        (!word.is_empty() && is_drawn).then_some(&label[word.len() + 1..])
    })
}

/// Whether a text names something of another run than that of `own`, a suffix with its hyphen.
pub fn names_another(text: &str, own: &str) -> bool {
    text.match_indices(MARK).any(|(at, _)| {
        let run = &text[at + MARK.len()..];
        let length = run.bytes().take_while(u8::is_ascii_alphanumeric).count();
        length == LENGTH && run.bytes().take(LENGTH).all(|byte| LETTERS.contains(&byte)) && !text[at..].starts_with(own)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_recognised() {
        let suffix = draw(&mut rand::rng());
        assert_eq!(of(&format!("demo{suffix}")), Some(&suffix[1..]));
    }

    #[test]
    fn another_run_is_told_from_this_one() {
        let is = |text: &str| names_another(text, "-rh4k2qx");
        assert!(is("for ratchet-rhh62h2.example.com/v1:") && is("a-rh4k2qx b-rhh62h2"));
        assert!(!is("a-rh4k2qx.b") && !is("a-rhythmic") && !is("-rh") && !is("a-rhh62h2x"));
    }

    #[test]
    fn only_names_that_runs_give_have_a_suffix() {
        for name in ["demo-rh4k2qx", "a-rhx-rh4k2qx", "widgets.demo-rh4k2qx.example.com"] {
            assert_eq!(of(name), Some("rh4k2qx"), "{name}");
        }
        for name in
            ["demo", "-rh4k2qx", "demo-rh4k2q", "demo-rh4k2qxx", "demo-RH4K2QX", "demo-rh4k-qx", "rh4k2qx", "a-rhaeiou"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
