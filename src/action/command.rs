//! `run`: a command, in the private folder of the scenario and as the step's identity.

use camino::{Utf8Component, Utf8Path};
use futures_util::future::BoxFuture;

use super::context::{Invocation, Program};
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, script};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Key, Node, Template, TextTemplate, Yaml, not_a_string};

pub(super) const KIND: Kind = Kind {
    key: "run",
    doc: "Runs a command: a text by `sh -c`, a list without a shell, or a mapping of `command` with `stdin`, `env` and \
          `files`. It runs in a private copy of the folder beside the scenario, with a HOME, a KUBECONFIG and a `kubectl` \
          of the cluster's minor version. `${...}` in a command is the shell's: values of earlier steps go in by `env`, \
          `files` and `stdin`. A step without a name has to exit with 0.",
    example: "run: {command: 'kubectl create -f review.yaml -o yaml', \
              files: {review.yaml: {apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: no-token}}}}",
    decode,
};

#[derive(Debug)]
struct Command {
    program: Program,
    stdin: Option<TextTemplate>,
    env: Vec<(String, TextTemplate)>,
    files: Vec<(String, Template)>,
    /// What messages call it: its first line, shortened.
    summary: String,
}

fn decode(node: &Node, decoder: &mut Decoder<'_>) -> Option<Box<dyn Action>> {
    decoder.manifests.whole();
    let diagnostics = &mut *decoder.diagnostics;
    let Yaml::Map(_) = &node.value else {
        return bare(node, &[], diagnostics).map(|command| Box::new(command) as Box<dyn Action>);
    };
    let mut fields = Fields::of(node, "run", diagnostics)?;
    let command = fields.required("command").node();
    let stdin = fields.optional("stdin").text();
    let env = fields.optional("env").entries().unwrap_or_default();
    let files = fields.optional("files").entries().unwrap_or_default();
    fields.refuse("during", |at| {
        Diagnostic::new(at.clone(), "`during` is not supported yet")
            .help("it is part of the language, and this version of rehearsal does not run it")
    });
    fields.finish();
    let set: Vec<&str> = env.iter().map(|(key, _)| key.text.as_str()).collect();
    let env = env.iter().filter_map(|entry| variable(entry, diagnostics)).collect();
    let files = files.iter().map(|entry| file(entry, diagnostics)).collect();
    let command = bare(command?, &set, diagnostics)?;
    Some(Box::new(Command { stdin, env, files, ..command }))
}

/// A script, or a program with its arguments.
fn bare(node: &Node, set: &[&str], diagnostics: &mut Diagnostics) -> Option<Command> {
    script::check(node, set, diagnostics);
    let (program, text) = match &node.value {
        Yaml::String(text) => (Program::Shell(text.clone()), text.clone()),
        Yaml::List(elements) => {
            for element in elements.iter().filter(|element| element.as_str().is_none()) {
                diagnostics.push(not_a_string("command", element));
            }
            let words: Vec<String> = elements.iter().filter_map(Node::as_str).map(str::to_owned).collect();
            let text = words.join(" ");
            (Program::Words(words), text)
        }
        _ => {
            let message = format!("a command is a text or a list of texts, this is {}", node.what());
            diagnostics.push(Diagnostic::new(node.at.clone(), message).help("as in `run: kubectl get pods`"));
            return None;
        }
    };
    if text.trim().is_empty() {
        diagnostics.push(Diagnostic::new(node.at.clone(), "there is no command").help("as in `run: kubectl get pods`"));
        return None;
    }
    Some(Command { program, stdin: None, env: Vec::new(), files: Vec::new(), summary: summary(&text) })
}

/// The beginning of a command, on one line.
fn summary(text: &str) -> String {
    const LENGTH: usize = 60;
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default().trim_end_matches('\\').trim_end();
    let short: String = first.chars().take(LENGTH).collect();
    if short.len() < first.len() || lines.next().is_some() { format!("{short} ..") } else { short }
}

/// Variables that decide where a command runs and as whom.
const OURS: [&str; 4] = ["HOME", "KUBECONFIG", "PATH", "TMPDIR"];

fn variable((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> Option<(String, TextTemplate)> {
    let name = key.text.as_str();
    if !script::is_name(name) {
        let message = format!("`{name}` is no name for a variable of the shell");
        diagnostics.push(Diagnostic::new(key.at.clone(), message).help("letters, digits and `_`, a letter first"));
    } else if OURS.contains(&name) {
        let message = format!("`{name}` is set for every command");
        diagnostics.push(Diagnostic::new(key.at.clone(), message).help("a script may change it for what it runs"));
    }
    let value = match &node.value {
        Yaml::String(text) => diagnostics.keep(TextTemplate::parse(text, &node.at))?,
        Yaml::Bool(_) | Yaml::Number(_) => TextTemplate::verbatim(node.at.text(), &node.at),
        _ => {
            diagnostics.push(not_a_string(name, node));
            return None;
        }
    };
    Some((name.to_owned(), value))
}

fn file((key, node): &(Key, Node), diagnostics: &mut Diagnostics) -> (String, Template) {
    let path = Utf8Path::new(&key.text);
    if key.text.is_empty() || path.components().any(|part| !matches!(part, Utf8Component::Normal(_))) {
        let message = format!("`{}` leads out of the folder of the command", key.text);
        diagnostics.push(Diagnostic::new(key.at.clone(), message).help("a name, or a path of folders within it"));
    }
    if matches!(node.value, Yaml::Null) {
        diagnostics.push(Diagnostic::new(node.at.clone(), "this file has no contents").help("an empty one is \"\""));
    }
    (key.text.clone(), Template::decode(node, diagnostics))
}

impl Command {
    fn invocation(&self, cx: &StepCx<'_>) -> Result<Invocation, RunError> {
        let fill = |text: &TextTemplate| text.resolve(cx.scope);
        let env = self.env.iter().map(|(name, value)| Ok((name.clone(), fill(value)?)));
        let files = self.files.iter().map(|(name, contents)| {
            let contents = match contents.resolve(cx.scope)? {
                serde_json::Value::String(text) => text,
                // JSON is YAML: whatever reads one of them reads this.
                value => format!("{value:#}\n"),
            };
            Ok((name.clone(), contents))
        });
        Ok(Invocation {
            program: self.program.clone(),
            stdin: self.stdin.as_ref().map(fill).transpose()?,
            env: env.collect::<Result<_, RunError>>()?,
            files: files.collect::<Result<_, RunError>>()?,
        })
    }
}

impl Action for Command {
    fn declare(&self, declared: &mut Declared) {
        declared.about.push(self.summary.clone());
        declared.for_shell = true;
        declared.read(self.stdin.iter().chain(self.env.iter().map(|(_, value)| value)));
        declared.reads.extend(self.files.iter().flat_map(|(_, contents)| contents.references()).cloned());
    }

    fn view(&self) -> View {
        View::Output
    }

    fn answers_with(&self) -> super::Answers {
        super::Answers::Output
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move { Ok(Reply::Process(cx.commands.execute(self.invocation(cx)?).await?)) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};

    #[tokio::test]
    async fn values_go_in_by_environment_files_and_standard_input() {
        let api = Fake::default();
        api.run("run: 'echo \"$X\" ${HOME}'", &[]).await.unwrap();
        api.run("run: [kubectl, get, pods]", &[]).await.unwrap();
        let whole = "run: {command: cat a.yaml, stdin: '${name} $X', env: {N: '${count}', M: 1.0}, \
                     files: {a.yaml: {n: '${count}'}, b: 'x ${name}'}}";
        api.run(whole, &[]).await.unwrap();
        assert_eq!(
            api.log(),
            [
                r#"run Shell("echo \"$X\" ${HOME}") None [] []"#,
                r#"run Words(["kubectl", "get", "pods"]) None [] []"#,
                concat!(
                    r#"run Shell("cat a.yaml") Some("filled $X") [("N", "600"), ("M", "1.0")] "#,
                    r#"[("a.yaml", "{\n  \"n\": 600\n}\n"), ("b", "x filled")]"#
                ),
            ]
        );
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for run in [
            "run: ''",
            "run: []",
            "run: [a, 1]",
            "run: 1",
            "run: {stdin: a}",
            "run: {command: a, env: {HOME: x}}",
            "run: {command: a, env: {a-b: x}}",
            "run: {command: a, env: {A: [x]}}",
            "run: {command: a, files: {../a: x}}",
            "run: {command: a, files: {/a: x}}",
            "run: {command: a, files: {a: }}",
            "run: {command: a, during: []}",
            "run: {command: 'echo ${token.status.token}'}",
        ] {
            assert!(decode(run, &NoManifests).is_err(), "{run}");
        }
    }
}
