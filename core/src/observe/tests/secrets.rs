//! What an observer has seen to be secret shows in no text for people, whatever stands around it.

use super::world::{World, http};
use crate::guard;
use crate::observe::{Cut, Observer};
use crate::reply::View;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;

/// So much of a secret in a row is too much.
const PIECE: usize = 20;

/// An observer that has seen a token and a Secret with this password.
fn observer(w: &World, password: &[u8]) -> Observer {
    let mut observer = w.observer();
    let mut secret = w.secret("demo-secret");
    secret["data"]["password"] = STANDARD.encode(password).into();
    for body in [w.token_request("first"), secret] {
        let (_, draft) = observer.observe("step", &http(200, body), Cut::Default(View::Envelope));
        observer.commit(draft);
    }
    observer
}

/// Each stands for a word that the observer knows.
const MARKS: &str = "①②③④⑤⑥";

/// Text of any kind, with marks in it.
fn around() -> impl Strategy<Value = String> {
    r"(?s)([ -~]{1,12}|\n|[A-Za-z0-9+/=_.-]{1,12}|[①-⑥]|é|.){0,6}"
}

fn filled(w: &World, text: &str) -> String {
    let words = [w.uid("first"), w.node(), w.suffix.clone(), w.server(), w.issuer(), w.time(0)];
    MARKS.chars().zip(words).fold(text.to_owned(), |text, (mark, word)| text.replace(mark, &word))
}

fn piece<'s>(text: &str, secret: &'s str) -> Option<&'s str> {
    let mut starts = 0..(secret.len() + 1).saturating_sub(PIECE);
    starts.find_map(|at| secret.get(at..at + PIECE).filter(|piece| text.contains(piece)))
}

proptest! {
    #[test]
    fn no_piece_of_a_known_secret_is_presented(
        before in around(), after in around(), which in 0usize..4, password in prop::collection::vec(any::<u8>(), 16..60),
    ) {
        let w = World::new(1);
        let observer = observer(&w, &password);
        let token = w.pod_token("first");
        let secret = [token.clone(), STANDARD.encode(&password), STANDARD.encode(&token), w.legacy_token("demo-secret")][which].clone();
        let text = filled(&w, &format!("{before}{secret}{after}"));
        let shown = observer.presentable(&text);
        prop_assert_eq!(piece(&shown, &secret), None, "{}", shown);
        prop_assert_eq!(guard::scan(&shown), None);
        let value = json!({"message": text, &text: [text]});
        let shown = observer.presentable_yaml(&value);
        prop_assert_eq!(piece(&shown, &secret), None, "{}", shown);
    }

    /// With blanks between: what is left out may give its neighbours the border that they need to be known.
    #[test]
    fn what_is_presented_stays_as_it_is(parts in prop::collection::vec(around(), 0..6)) {
        let w = World::new(1);
        let observer = observer(&w, b"a password");
        let text: Vec<String> = parts.join(" ").chars().map(|c| if MARKS.contains(c) { format!(" {c} ") } else { c.into() }).collect();
        let shown = observer.presentable(&filled(&w, &text.concat()));
        prop_assert_eq!(observer.presentable(&shown), shown);
    }

    #[test]
    fn words_that_nobody_made_up_are_presented_as_they_are(text in r#"([a-z]{1,11}|[0-9]{1,4}|[ ,;:!?"'(){}<>\n]){0,30}"#) {
        let w = World::new(1);
        prop_assert_eq!(observer(&w, b"a password").presentable(&text), text);
    }
}
