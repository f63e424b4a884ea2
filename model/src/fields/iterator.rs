//! Mistakes in values as json-iterator tells them, which the API server of v1.22 reads bodies with: by the bytes around them.

/// How much is shown before and after a mistake, and of what stands around that.
const NEAR: usize = 10;
const WIDE: usize = 50;

/// What is said of a text where a number stands in the field of a part of a kind, as `spec.expirationSeconds`: the words of
/// later versions, in those of this one. None of anything else: its words are not known.
pub(super) fn text_for_number(kind: &str, body: &[u8], words: &str) -> Option<String> {
    let rest = words.strip_prefix("json: cannot unmarshal string into Go struct field ")?;
    let (place, _) = rest.split_once(" of type int64")?;
    let (owner, path) = place.split_once('.')?;
    let (part, field) = path.split_once('.').filter(|(_, field)| !field.contains('.'))?;
    let body = std::str::from_utf8(body).ok()?;
    let key = format!("\"{field}\":\"");
    let head = body.find(&key).filter(|at| body.rfind(&key) == Some(*at))? + key.len();
    let around = |size: usize| {
        let (from, to) = (head.saturating_sub(size), (head + size).min(body.len()));
        Some((head - from, body.get(from..to)?))
    };
    let ((at, near), (_, wide)) = (around(NEAR)?, around(WIDE)?);
    Some(format!(
        "v1.{kind}.{}: v1.{owner}.{}: readUint64: unexpected character: \u{fffd}, error found in #{at} byte of ...|{near}|..., bigger context ...|{wide}|...",
        capital(part),
        capital(field),
    ))
}

/// The Go name of a field, which for these is the same but for its first letter.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
