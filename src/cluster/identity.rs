//! Who a request is sent as.

use std::collections::BTreeMap;
use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::SendError;

/// Who a request is sent as.
///
/// Identities go by TLS connection: a client certificate beside a bearer token wins over it, so everything that brings
/// no certificate of its own has a connection without one.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// The user of the kubeconfig.
    Own,
    /// Whoever a bearer token says.
    Bearer(String),
    /// Another user, by the kubeconfig's user's right to impersonate.
    Impersonated {
        /// `Impersonate-User`.
        user: String,
        /// `Impersonate-Group`, once each.
        groups: Vec<String>,
        /// `Impersonate-Uid`.
        uid: Option<String>,
        /// `Impersonate-Extra-KEY`, once a value.
        extra: BTreeMap<String, Vec<String>>,
    },
    /// Whoever a client certificate says, which the cluster's authority signs.
    Certified {
        /// The common name.
        user: String,
        /// The organization.
        group: Option<String>,
    },
    /// Nobody: no certificate and no token.
    Anonymous,
}

impl Identity {
    /// The headers that say who it is.
    pub(super) fn headers(&self) -> Result<HeaderMap, SendError> {
        let mut headers = HeaderMap::new();
        match self {
            Self::Own | Self::Certified { .. } | Self::Anonymous => {}
            Self::Bearer(token) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|_| SendError::NoHeader { name: "Authorization".into() })?;
                value.set_sensitive(true);
                headers.insert(http::header::AUTHORIZATION, value);
            }
            Self::Impersonated { user, groups, uid, extra } => {
                append(&mut headers, "Impersonate-User", user)?;
                for group in groups {
                    append(&mut headers, "Impersonate-Group", group)?;
                }
                if let Some(uid) = uid {
                    append(&mut headers, "Impersonate-Uid", uid)?;
                }
                for (key, values) in extra {
                    for value in values {
                        append(&mut headers, &format!("Impersonate-Extra-{}", percent_encoded(key)), value)?;
                    }
                }
            }
        }
        Ok(headers)
    }
}

/// Never shows a token.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => f.write_str("Own"),
            Self::Bearer(_) => f.write_str("Bearer(..)"),
            Self::Impersonated { user, .. } => write!(f, "Impersonated({user})"),
            Self::Certified { user, .. } => write!(f, "Certified({user})"),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

/// A text with everything that means something in a URL encoded. Keys of extras need it too: they hold `/`, which no
/// header name may, and the API server decodes them.
pub(super) fn percent_encoded(key: &str) -> String {
    key.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), SendError> {
    let wrong = || SendError::NoHeader { name: name.to_owned() };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    headers.append(header, HeaderValue::from_str(value).map_err(|_| wrong())?);
    Ok(())
}
