//! The reference of the scenario language, made of the rows beside the code that reads it: the page `docs/reference.md`
//! and what `rehearsal explain` prints.

use std::fmt::Write as _;

use crate::action::{KINDS, Kind};
use crate::capability::Capability;
use crate::scenario::{ANSWER, EXPECTATIONS, FIELDS, IDENTITIES, MODIFIERS};
use crate::syntax::{DURATIONS, OWN_FUNCTIONS, nearest};
use crate::topic::Topic;
use crate::version::RANGES;

/// How wide texts are.
const WIDTH: usize = 100;

/// A part of the reference.
#[derive(Debug)]
pub struct Section {
    /// What it is about.
    pub title: &'static str,
    /// What is true of all its words.
    pub intro: &'static str,
    /// Its words.
    pub topics: Vec<Topic>,
}

/// All of it, in the order in which one writes a scenario.
pub fn sections() -> Vec<Section> {
    let section = |title, intro, topics: &[Topic]| Section { title, intro, topics: topics.to_vec() };
    let kinds: Vec<Topic> = KINDS.iter().map(Kind::topic).collect();
    let capabilities = Capability::ALL.map(|capability| Topic::plain(capability.word(), capability.doc()));
    vec![
        section("A scenario", SCENARIO, FIELDS),
        section("What a step does", STEP, &kinds),
        section("Around any step", "All of these stand beside the action.", MODIFIERS),
        section("Who asks: `as`", "", IDENTITIES),
        section("What is expected: `expect`", "Nothing else is compared. `${...}` is filled in.", EXPECTATIONS),
        section("What a step calls its own answer", OWN, ANSWER),
        section("Expressions", EXPRESSIONS, OWN_FUNCTIONS),
        section(
            "Versions",
            "A range is always a string: 1.30 as a number is 1.3. What vendors append counts for nothing.",
            RANGES,
        ),
        section("Durations", "A whole number and its unit.", DURATIONS),
        section("Capabilities", "What `needs` may ask of a cluster.", &capabilities),
    ]
}

const SCENARIO: &str = "A file below `scenarios/` is a scenario, or several with `---` between them; the manifests that \
                        `X.yaml` uses are in the folder `X/` beside it.";

const STEP: &str = "One action a step. An *object* is a manifest in which `name`, `namespace`, `labels` and `annotations` may \
                    stand at the top, or `{file: pod.yaml}`, or a list of them; files are taken verbatim. An object that is \
                    there already is named by `{apiVersion, kind, namespace, name, subresource}`. `apiVersion` left out is `v1`, \
                    `namespace` left out is the scenario's.";

const OWN: &str = "In `until`, `holds`, `set`, `that` and `show`. Later steps read the body by the step's name: the step `review \
                   again` is the variable `review_again`.";

const EXPRESSIONS: &str = "`${...}` and conditions are [CEL](https://cel.dev), without Kubernetes' own library. Alone in a text, \
                           `${...}` keeps its type, and null drops the key; `$${` is a literal. There are the variables of \
                           earlier steps and of `set`, `cluster.issuer`, `cluster.audience` and `cluster.server`, and beside \
                           CEL's functions these.";

/// The page.
pub fn page() -> String {
    let mut page =
        "# The scenario language\n\nMade from the code: `SNAPSHOTS=overwrite cargo test --test reference` writes it \
                    again. On the terminal: `rehearsal explain`.\n"
            .to_owned();
    for Section { title, intro, topics } in sections() {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {title}\n");
        if !intro.is_empty() {
            let _ = write!(page, "\n{}", wrapped(intro));
        }
        let has_examples = topics.iter().any(|topic| !topic.example.is_empty());
        if !has_examples {
            page.push_str("\n| | |\n|---|---|\n");
        }
        for Topic { name, doc, example } in topics {
            let _ = match (has_examples, example) {
                (false, _) => writeln!(page, "| `{}` | {} |", name.replace('|', "\\|"), doc.replace('|', "\\|")),
                (true, "") => write!(page, "\n### `{name}`\n\n{}", wrapped(doc)),
                (true, _) => write!(page, "\n### `{name}`\n\n{}\n```yaml\n{}```\n", wrapped(doc), lines(example, "")),
            };
        }
    }
    page
}

/// The words of each part with the beginning of what they mean, for a terminal.
pub fn overview() -> String {
    let mut out = String::new();
    for Section { title, topics, .. } in sections() {
        let _ = writeln!(out, "{}{title}", if out.is_empty() { "" } else { "\n" });
        let width = topics.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
        for Topic { name, doc, .. } in topics {
            let _ = writeln!(out, "  {name:width$}  {}", beginning(doc));
        }
    }
    out
}

/// What the reference says about a word, of each part that has it.
pub fn explain(word: &str) -> Option<String> {
    let mut out = String::new();
    for Section { title, topics, .. } in sections() {
        for Topic { name, doc, example } in topics.into_iter().filter(|topic| topic.name == word) {
            let _ = write!(out, "{}{name} - {title}\n\n{}", if out.is_empty() { "" } else { "\n" }, wrapped(doc));
            if !example.is_empty() {
                let _ = write!(out, "\n{}", lines(example, "    "));
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The word of the reference that was probably meant.
pub fn meant(word: &str) -> Option<&'static str> {
    let names: Vec<&'static str> =
        sections().into_iter().flat_map(|section| section.topics).map(|topic| topic.name).collect();
    nearest(word, names)
}

/// The scenario that an example stands for.
pub fn as_scenario(example: &str, title: &str) -> String {
    let steps =
        if example.starts_with("- ") { example.to_owned() } else { format!("- {}", example.replace('\n', "\n  ")) };
    format!("scenario: {title}\nnamespace: token-demo\nsteps:\n{}", lines(&steps, "  "))
}

/// The first sentence, or as much as fits on a line.
fn beginning(doc: &str) -> String {
    const LONGEST: usize = 88;
    let sentence = doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.');
    if sentence.chars().count() <= LONGEST {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(LONGEST).collect();
    format!("{} ...", cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before).trim_end_matches([',', ':', ';']))
}

/// A text in lines of no more than [`WIDTH`], as far as its words allow. What stands between backticks is one word.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let (mut column, mut is_code) = (0, false);
    let is_border = |c: char| {
        is_code ^= c == '`';
        c == ' ' && !is_code
    };
    for word in text.split(is_border) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

fn lines(text: &str, indent: &str) -> String {
    text.lines().fold(String::new(), |out, line| out + indent + line + "\n")
}
