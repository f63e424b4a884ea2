//! What values that a cluster makes up look like: uids, times, generated names. Recognisers only, no decisions.

use std::ops::Range;

/// Whether the byte belongs to a word; everything else is a border between words.
pub(super) fn is_word(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'A'..=b'Z' | b'_')
}

/// The word that begins at `at`; empty where none does.
pub(super) fn word(text: &str, at: usize) -> &str {
    // Asked of every place of every text: a plain loop, which is quick in a debug build too.
    let (bytes, mut end) = (text.as_bytes(), at);
    while end < bytes.len() && is_word(bytes[end]) {
        end += 1;
    }
    &text[at..end]
}

/// The words that the text begins with, and the dots between them.
pub(super) fn dotted(text: &str) -> &str {
    let mut end = word(text, 0).len();
    while let [b'.', next, ..] = text.as_bytes()[end..]
        && is_word(next)
    {
        end += 1 + word(text, end + 1).len();
    }
    &text[..end]
}

/// The base64 that the text begins with, padding included.
pub(super) fn base64(text: &str) -> &str {
    let end = text.bytes().position(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'));
    &text[..end.unwrap_or(text.len())]
}

/// The PEM block that the text begins with, plain or in base64.
pub(super) fn pem(text: &str) -> Option<&str> {
    const END: &str = "-----END ";
    if text.starts_with("LS0tLS1CRUdJTi") {
        return Some(base64(text));
    }
    let label = text.strip_prefix("-----BEGIN ")?.split("-----").next()?;
    let end = text.find(END)? + END.len() + label.len() + "-----".len();
    text.get(..end).filter(|pem| pem.ends_with("-----"))
}

const UID: usize = 36;

/// Where a uid stands in a word, on its own or between hyphens, as in `pvc-UID`.
pub(super) fn uid(word: &str) -> Option<Range<usize>> {
    let bytes = word.as_bytes();
    let border = |at: usize| bytes.get(at).is_none_or(|b| matches!(b, b'-' | b'_'));
    (0..(bytes.len() + 1).saturating_sub(UID))
        .find(|&at| (at == 0 || border(at - 1)) && border(at + UID) && is_uid(&word[at..at + UID]))
        .map(|at| at..at + UID)
}

/// Whether the whole text is a uid: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uid(text: &str) -> bool {
    text.len() == UID
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The RFC 3339 time that the text begins with.
pub(super) fn time(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let seconds = "0000-00-00T00:00:00".len();
    if !matches(bytes, "0000-00-00T00:00:00") {
        return None;
    }
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let zone = match bytes.get(seconds) {
        Some(b'.') if digits(seconds + 1) > 0 => seconds + 1 + digits(seconds + 1),
        _ => seconds,
    };
    let end = match bytes.get(zone) {
        Some(b'Z') => zone + 1,
        Some(b'+' | b'-') if matches(&bytes[zone + 1..], "00:00") => zone + 6,
        _ => return None,
    };
    Some(&text[..end])
}

/// The date of an HTTP header or a description that the text begins with: `Tue, 24 Nov 2026 13:48:18 GMT`.
pub(super) fn long_time(text: &str) -> Option<&str> {
    const LENGTH: usize = "Tue, 24 Nov 2026 13:48:18".len();
    let bytes = text.as_bytes();
    // Asked of every word.
    if bytes.get(3..5) != Some(b", ") {
        return None;
    }
    let zone = ["GMT", "UTC"].iter().any(|zone| text.get(LENGTH + 1..).is_some_and(|rest| rest.starts_with(zone)));
    let offset = matches!(bytes.get(LENGTH + 1), Some(b'+' | b'-')) && matches(bytes.get(LENGTH + 2..)?, "0000");
    let is_time = matches(&bytes[5..], "00 ") && matches(bytes.get(11..)?, " 0000 00:00:00 ");
    let end = LENGTH + if zone { 4 } else { 6 };
    (is_time && (zone || offset)).then(|| &text[..end])
}

/// Whether the whole text is a SHA-256 digest as `sha256sum` writes it.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether the whole text looks like the hash over a Pod's template: `776d7585c9`.
pub(super) fn is_template_hash(text: &str) -> bool {
    (8..=10).contains(&text.len())
        && text.bytes().all(|b| RANDOM.contains(&b))
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether the whole text is a date, as the labels about legacy tokens hold it.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && matches(text.as_bytes(), "0000-00-00")
}

/// Whether the text begins like the pattern, where `0` stands for any digit.
fn matches(text: &[u8], pattern: &str) -> bool {
    text.len() >= pattern.len()
        && pattern.bytes().zip(text).all(|(want, &is)| if want == b'0' { is.is_ascii_digit() } else { want == is })
}

/// What the API server and its controllers draw from.
const RANDOM: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The base of a generated name, its separator included: `sauser-token-` of `sauser-token-x8k2p`.
///
/// The API server draws five characters without vowels and look-alikes. Events are named after their object and
/// hexadecimal nanoseconds.
pub fn generated_base(name: &str) -> Option<&str> {
    let at = name.rfind(['-', '.']).filter(|&at| at > 0)?;
    let (base, last) = name.split_at(at + 1);
    let generated = if base.ends_with('-') {
        last.len() == 5 && last.bytes().all(|b| RANDOM.contains(&b))
    } else {
        (14..=16).contains(&last.len()) && last.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    generated.then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_stand_alone_or_between_hyphens() {
        const ID: &str = "e87dbbd6-3d7e-45db-aafb-72b24627dff5";
        assert_eq!(uid(ID), Some(0..36));
        assert_eq!(uid(&format!("pvc-{ID}")), Some(4..40));
        assert_eq!(uid(&format!("a_{ID}-b")), Some(2..38));
        assert_eq!(uid(&format!("{ID}0")), None);
        assert_eq!(uid(&format!("0{ID}")), None);
        assert_eq!(uid(&ID.replace('e', "g")), None);
        assert_eq!(uid(&ID[1..]), None);
    }

    #[test]
    fn pem_is_one_block() {
        let block = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----";
        assert_eq!(pem(&format!("{block}\n{block}\n")), Some(block));
        assert_eq!(pem("-----BEGIN CERTIFICATE-----\nMIIE"), None);
        assert_eq!(pem("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg== x"), Some("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="));
    }

    #[test]
    fn times_are_rfc_3339() {
        for text in ["2024-01-31T08:09:10Z", "2024-01-31T08:09:10.123456Z", "2024-01-31T08:09:10+09:00"] {
            assert_eq!(time(&format!("{text}, it said")), Some(text));
        }
        for text in
            ["2024-01-31", "2024-01-31T08:09:10", "2024-01-31T08:09:10.Z", "2024-01-31 08:09:10Z", "24-01-31T08:09:10Z"]
        {
            assert_eq!(time(text), None);
        }
        assert!(is_date("2024-01-31") && !is_date("2024-01-3x") && !is_date("2024-01-311"));
    }

    #[test]
    fn generated_names_end_in_five_characters_without_vowels() {
        assert_eq!(generated_base("sauser-token-x8k2p"), Some("sauser-token-"));
        assert_eq!(generated_base("test-pod.17a9b8c7d6e5f4a3"), Some("test-pod."));
        for name in
            ["sauser-token-asked", "test-pod", "x8k2p", "-x8k2p", "a-x8k2pq", "a-X8K2P", "a-x8k2p.", "kube-root-ca.crt"]
        {
            assert_eq!(generated_base(name), None, "{name}");
        }
    }
}
