//! Texts that users write, read into values that know their place: files, YAML, expressions, templates, durations.
//! Nothing here knows what a scenario or a step is.

mod cel_error;
mod compose;
mod diagnostic;
mod duration;
mod expression;
mod fields;
mod functions;
mod needed;
mod node;
mod path;
mod scalar;
mod scan;
mod scope;
mod source;
mod stack;
mod template;
mod yaml_error;

pub use compose::{parse, parse_manifests};
pub use diagnostic::{Diagnostic, Diagnostics, nearest};
pub use duration::{DURATIONS, parse as parse_duration};
pub use expression::{EvaluationError, Expression, Reference, is_reserved};
pub use fields::{Field, Fields, not_a_string};
pub use functions::OWN_FUNCTIONS;
pub use node::{Key, Node, Yaml};
pub use path::{Path, PathError};
pub use scan::rewrite_literals;
pub use scope::Scope;
pub use source::{At, Source, Span};
pub use template::{Template, TemplateError, TextTemplate, rewrite_template};
