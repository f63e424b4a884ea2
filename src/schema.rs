//! The JSON Schema of a scenario, for editors: made of the shapes beside the code that reads it, and of what the reference
//! says about each word. It tells what a file looks like. What its parts mean together, only `rehearsal lint` knows.

use serde_json::Value;

use crate::{action, scenario, shape};

/// The schema of one document of a scenario file, of draft 2020-12.
pub fn schema() -> Value {
    let mut schema = scenario::shape();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A scenario of rehearsal".into();
    let definitions = [shape::definitions(), action::shapes(), scenario::shapes()].into_iter().flatten();
    schema["$defs"] = definitions.map(|(name, shape)| (name.to_owned(), shape)).collect();
    schema
}

/// The schema as a file.
pub fn page() -> String {
    format!("{:#}\n", schema())
}
