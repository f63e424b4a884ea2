//! Names that are everybody's: the scenario's Namespace and what it declares in `unique:` get a suffix of their own in each
//! run, by replacing whole words in all its texts. Here is what that replacement cannot do without breaking something.

use super::{Scenario, names::taken};
use crate::syntax::{At, Diagnostic, Diagnostics, Key, Node};

/// A name has 63 characters, less the suffix.
const LENGTH: usize = 55;
/// Keys whose texts are not names of objects: a word replaced there would mean something else.
const MEANINGS: [&str; 2] = ["kind", "image"];
/// Keys of containers for which the same is true; a step has a `command` too, in which names are names.
const MEANINGS_IN_CONTAINERS: [&str; 2] = ["command", "args"];

/// Reads a name that is made unique: of a Namespace, or of `unique:`.
pub(super) fn word<'n>(text: &'n str, at: &At, diagnostics: &mut Diagnostics) -> Option<&'n str> {
    let mut refuse = |message: String, help: &str| {
        diagnostics.push(Diagnostic::new(at.clone(), message).help(help));
        None
    };
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !label.is_empty()
            && label.starts_with(inner)
            && label.ends_with(inner)
            && label.chars().all(|c| inner(c) || c == '-')
    };
    if !text.split('.').all(label) {
        return refuse(
            format!("`{text}` is no name that can be made unique"),
            "small letters, digits and `-`, as in token-demo",
        );
    }
    if text == "default" || text.starts_with("kube-") {
        return refuse(
            format!("`{text}` belongs to Kubernetes"),
            "choose a name of the scenario's own, as in token-demo",
        );
    }
    if text.split('.').next().is_some_and(|first| first.len() > LENGTH) {
        let help = "55 characters are allowed: a suffix of 8 makes the name unique in each run";
        return refuse(format!("`{text}` is too long"), help);
    }
    Some(text)
}

/// Reports objects outside any Namespace whose name holds no word that is made unique.
pub(super) fn check_cluster_wide(scenario: &Scenario, words: &[&str], diagnostics: &mut Diagnostics) {
    for step in scenario.steps.iter().filter(|step| !step.frame.is_dry_run()) {
        for object in &step.declared.cluster_wide {
            if words.iter().any(|word| holds_word(&object.name, word)) {
                continue;
            }
            let mut unique: Vec<&str> = scenario.unique.iter().map(String::as_str).collect();
            unique.push(&object.name);
            let message =
                format!("the {} `{}` is not this scenario's own: two runs would meet there", object.kind, object.name);
            let help = format!("declare the name, and each run gets its own: `unique: [{}]`", unique.join(", "));
            diagnostics.push(Diagnostic::new(object.at.clone(), message).help(help));
        }
    }
}

/// Reports words that also stand where they are no name. `words` come with the place that declares them; `trees` are the
/// steps and manifests in whose texts they would be replaced.
pub(super) fn check_words(words: &[(&str, &At)], variables: &[String], trees: &[&Node], diagnostics: &mut Diagnostics) {
    // A name with dots is a group or a host: it stands nowhere by chance, and consistently in keys.
    for (word, at) in words.iter().filter(|(word, _)| !word.contains('.')) {
        let meaning = trees.iter().find_map(|tree| other_meaning(tree, word));
        let variable = variables.iter().any(|name| name == word) || taken(word).is_some();
        let meaning = meaning.or(variable.then(|| "a variable".to_owned()));
        if let Some(meaning) = meaning {
            let message = format!("`{word}` cannot be made unique: it is also {meaning}");
            let help =
                format!("every `{word}` gets the suffix; choose a word that is only this name, as in `{word}-demo`");
            diagnostics.push(Diagnostic::new((*at).clone(), message).help(help));
        }
    }
}

/// What else a word is in a tree, and where.
fn other_meaning(node: &Node, word: &str) -> Option<String> {
    node.elements().iter().filter(|element| !std::ptr::eq(*element, node)).find_map(|e| other_meaning(e, word)).or_else(
        || {
            node.entries()
                .iter()
                .find_map(|(key, value)| meaning_of_entry(key, value, word).or_else(|| other_meaning(value, word)))
        },
    )
}

fn meaning_of_entry(key: &Key, value: &Node, word: &str) -> Option<String> {
    let found = |what: &str, at: &At| Some(format!("{what} ({at})"));
    if holds_word(&key.text, word) {
        return found("a key", &key.at);
    }
    let texts = || value.elements().iter().filter_map(|element| Some((element.as_str()?, &element.at)));
    if MEANINGS.contains(&key.text.as_str())
        && let Some((_, at)) = texts().find(|(text, _)| holds_word(text, word))
    {
        return found(&format!("in `{}`", key.text), at);
    }
    if key.text == "apiVersion"
        && let Some((_, at)) = texts().find(|(text, _)| text.split('/').any(|part| part == word))
    {
        return found("a group or version", at);
    }
    if key.text.to_lowercase().ends_with("containers") {
        let containers = value.elements();
        let names = containers.iter().filter_map(|container| container.get("name"));
        let is_named = names.filter(|name| name.as_str() == Some(word)).find_map(|name| found("a container", &name.at));
        return is_named.or_else(|| {
            let in_container = |key: &&str| {
                let words = containers.iter().filter_map(|container| container.get(key)).flat_map(Node::elements);
                words
                    .filter(|text| text.as_str().is_some_and(|text| holds_word(text, word)))
                    .find_map(|text| found(&format!("in `{key}`"), &text.at))
            };
            MEANINGS_IN_CONTAINERS.iter().find_map(in_container)
        });
    }
    let (path, at) = texts().find(|(text, _)| text.starts_with("/api"))?;
    fixed_segments(path).contains(&word).then(|| found("part of a path", at)).flatten()
}

/// The segments of an API path that name no object: group, version, resource, subresource.
fn fixed_segments(path: &str) -> Vec<&str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    // A group and its version may be filled in together.
    let is_version = |segment: &&str| {
        segment.starts_with("${")
            || segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let root = if segments[0] == "apis" && segments.get(2).is_some_and(is_version) { 3 } else { 2 };
    let is_namespaced = segments.get(root) == Some(&"namespaces") && segments.len() > root + 2;
    let names = if is_namespaced { [root + 1, root + 3] } else { [root + 1, root + 1] };
    segments.into_iter().enumerate().filter(|(index, _)| !names.contains(index)).map(|(_, segment)| segment).collect()
}

/// Whether `text` holds `word` as a whole word: between characters that no name continues with.
pub fn holds_word(text: &str, word: &str) -> bool {
    let continues = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(word).any(|(start, _)| {
        let after = &text[start + word.len()..];
        !text[..start].ends_with(continues) && !after.starts_with(continues)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Source, parse};

    #[test]
    fn words_end_where_no_name_goes_on() {
        for text in ["demo", "a.demo/b", "x: demo,y", "demo=1"] {
            assert!(holds_word(text, "demo"), "{text}");
        }
        for text in ["demo-x", "my_demo", "demos", "1demo"] {
            assert!(!holds_word(text, "demo"), "{text}");
        }
    }

    #[test]
    fn only_own_names_can_be_made_unique() {
        let at = At::file(Source::new("x", ""));
        for text in ["token-demo", "a", "ratchet.example.com"] {
            assert!(word(text, &at, &mut Diagnostics::new()).is_some(), "{text}");
        }
        let long = "x".repeat(56);
        for text in ["", "Demo", "-a", "a-", "a..b", "default", "kube-system", "a_b", &long] {
            assert!(word(text, &at, &mut Diagnostics::new()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_word_with_another_meaning_is_found() {
        let text = "{spec: {containers: [{name: app, image: 'a/pause:3', command: [sh, -c]}]}, apiVersion: batch/v1, kind: job,\
                    get: '/apis/policy/v1/namespaces/test/pods/own/log?x=y', data: {my.key: free}}";
        let tree = parse(&Source::new("x", text)).unwrap().pop().unwrap();
        for word in ["spec", "app", "pause", "sh", "batch", "v1", "job", "policy", "pods", "log", "my", "namespaces"] {
            assert!(other_meaning(&tree, word).is_some(), "{word}");
        }
        for word in ["test", "own", "free", "x", "a1"] {
            assert_eq!(other_meaning(&tree, word), None, "{word}");
        }
        let text = "[{get: '/apis/${case.both}/namespaces/test/pods/own'}, {get: '/apis/a/${case.v}/namespaces/test/pods'}, \
                    {get: '/apis/${case.both}/nodes/own'}]";
        let tree = parse(&Source::new("x", text)).unwrap().pop().unwrap();
        assert_eq!((other_meaning(&tree, "test"), other_meaning(&tree, "own")), (None, None));
        assert!(other_meaning(&tree, "pods").is_some());
    }
}
