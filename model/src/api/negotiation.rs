//! In which form an answer is wanted.

use crate::status::Refusal;
use crate::world::Outcome;

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// Refuses what cannot be answered as it is wanted. Forms such as tables are looked at elsewhere.
pub(super) fn acceptable(accept: &str) -> Outcome<()> {
    let mut unmodelled = None;
    for clause in accept.split(',').map(str::trim) {
        let media = clause.split(';').next().unwrap_or_default().trim();
        match media {
            "" if clause.is_empty() && accept.trim().is_empty() => return Ok(()),
            "application/json" | "*/*" | "application/*" => return Ok(()),
            "application/yaml" | "application/vnd.kubernetes.protobuf" => {
                unmodelled = unmodelled.or(Some(media));
            }
            _ => {}
        }
    }
    Err(if let Some(media) = unmodelled {
        Refusal::not_modelled(format!("an answer of the type {media}"))
    } else {
        let message = format!("only the following media types are accepted: {ACCEPTED}");
        Refusal::new(406, "NotAcceptable", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_given_where_it_is_taken() {
        for accept in [
            "",
            "application/json",
            "application/json;as=Table;v=v1;g=meta.k8s.io, application/json",
            "text/html, */*",
            "application/vnd.kubernetes.protobuf, application/json",
        ] {
            assert_eq!(acceptable(accept), Ok(()), "{accept}");
        }
        assert_eq!(acceptable("application/cbor").unwrap_err().code, 406);
        assert_eq!(acceptable("application/yaml").unwrap_err().code, 501);
    }
}
