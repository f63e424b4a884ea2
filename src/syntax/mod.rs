//! Texts that users write, read into values that know their place: files, YAML, expressions, templates, durations.
//! Nothing here knows what a scenario or a step is.

mod compose;
mod diagnostic;
mod node;
mod scalar;
mod source;
mod yaml_error;

pub use compose::parse;
pub use diagnostic::{Diagnostic, Diagnostics, nearest};
pub use node::{Key, Node, Yaml};
pub use source::{At, Source, Span};
