//! `run`: a command, in the private folder of the scenario and as the step's identity.

use camino::{Utf8Component, Utf8Path};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::context::{Invocation, Program, Said};
use super::during::Gather;
use super::{Action, Declared, Decoder, Kind, Reply, RunError, StepCx, View, during, script};
use crate::reply::{Exit, Output};
use crate::shape::{self, Shape};
use crate::syntax::{Diagnostic, Diagnostics, Fields, Key, Node, Template, TextTemplate, Yaml, not_a_string};

pub(super) const KIND: Kind = Kind {
    key: "run",
    doc: "Runs a command: a text by `sh -c`, a list without a shell, or a mapping of `command` with `stdin`, `env` and \
          `files`. It runs in a private copy of the folder beside the scenario, with a HOME, a KUBECONFIG and a `kubectl` \
          of the cluster's minor version. `${...}` in a command is the shell's: values of earlier steps go in by `env`, \
          `files` and `stdin`. A step without a name has to exit with 0. Steps in `during` run while the command does, from \
          its start on: the first of them can wait until it is ready. When they are done, what it wrote meanwhile and still \
          writes is looked at line by line until `until` holds, and the command is ended. Without `until` it is ended at \
          once; a step that a snapshot holds needs one. `exit` is `running` of a command that had not ended by itself.",
    example: "- run: {command: 'kubectl create -f review.yaml -o yaml', \
              files: {review.yaml: {apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: no-token}}}}\n\
              - run:\n    command: kubectl get secrets -w | tee log\n    during:\n      - run: grep sample log\n        \
              until: exit == 0\n      - delete: {kind: Secret, name: sample}\n      \
              - create: {kind: Secret, name: another}\n  until: stdout.contains('another')",
    shape,
    decode,
};

#[derive(Debug)]
struct Command {
    program: Program,
    stdin: Option<TextTemplate>,
    env: Vec<(String, TextTemplate)>,
    files: Vec<(String, Template)>,
    /// Whether it runs in the background of other steps.
    during: bool,
    /// What messages call it: its first line, shortened.
    summary: String,
}

fn shape() -> Value {
    let script = json!({"type": "string", "minLength": 1});
    let words = json!({"type": "array", "items": shape::string(), "minItems": 1});
    let contents = json!({"type": ["string", "number", "boolean", "object", "array"]});
    let whole = Shape::new().required("command", shape::any_of(&[script.clone(), words.clone()]));
    let whole = whole.optional("stdin", shape::text()).optional("env", shape::entries(&shape::scalar()));
    let whole = during::shape(whole.optional("files", shape::entries(&contents)));
    shape::any_of(&[script, words, whole.finish()])
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
    let during = during::read(&mut fields);
    fields.finish();
    let set: Vec<&str> = env.iter().map(|(key, _)| key.text.as_str()).collect();
    let env = env.iter().filter_map(|entry| variable(entry, diagnostics)).collect();
    let files = files.iter().map(|entry| file(entry, diagnostics)).collect();
    let command = bare(command?, &set, diagnostics)?;
    Some(Box::new(Command { stdin, env, files, during, ..command }))
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
    let (env, files) = (Vec::new(), Vec::new());
    Some(Command { program, stdin: None, env, files, during: false, summary: summary(&text) })
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

    fn waits_itself(&self) -> bool {
        self.during
    }

    fn run<'a>(&'a self, cx: &'a StepCx<'a>) -> BoxFuture<'a, Result<Reply, RunError>> {
        Box::pin(async move {
            let (mut saying, mut written) = (cx.commands.start(self.invocation(cx)?)?, Written::default());
            if self.during {
                return cx.gather(saying, written).await;
            }
            while let Some(said) = saying.next().await.transpose()? {
                written.take(said);
            }
            Ok(written.reply())
        })
    }
}

/// What a command wrote so far.
struct Written {
    exit: Exit,
    stdout: String,
    stderr: String,
}

impl Default for Written {
    fn default() -> Self {
        Self { exit: Exit::Running, stdout: String::new(), stderr: String::new() }
    }
}

impl Gather for Written {
    type Bit = Said;

    fn take(&mut self, said: Said) {
        match said {
            Said::Out(line) => self.stdout.push_str(&line),
            Said::Err(line) => self.stderr.push_str(&line),
            Said::Ended(exit) => self.exit = exit,
        }
    }

    fn reply(&self) -> Reply {
        Reply::Process(Output::new(self.exit, self.stdout.clone(), self.stderr.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, NoManifests, decode};
    use super::*;

    fn output(reply: Reply) -> Output {
        let Reply::Process(output) = reply else { panic!("{reply:?}") };
        output
    }

    #[tokio::test]
    async fn in_the_background_its_lines_are_read_until_there_are_enough() {
        let out = |line: &str| Said::Out(line.to_owned());
        let says = || [out("a\n"), Said::Err("e\n".to_owned()), out("b\n"), out("c\n")];
        let mut api = Fake::saying(says());
        api.enough = |reply| matches!(reply, Reply::Process(output) if output.stdout.contains('b'));
        let step = "run: {command: kubectl get pods -w, during: [{delete: {kind: Pod, name: p}}]}";
        let enough = output(api.run(step, &[]).await.unwrap());
        assert_eq!((enough.exit, enough.stdout.as_str(), enough.stderr.as_str()), (Exit::Running, "a\nb\n", "e\n"));
        api.patience = None;
        let all = output(api.run(step, &[]).await.unwrap());
        assert_eq!((all.exit, all.stdout.as_str()), (Exit::Running, "a\nb\nc\n"));
        let api = Fake::saying(says().into_iter().chain([Said::Ended(Exit::Code(3))]));
        assert_eq!(output(api.run(step, &[]).await.unwrap()).exit, Exit::Code(3));
        assert_eq!(output(api.run("run: kubectl get pods", &[]).await.unwrap()).stdout, "a\nb\nc\n");
        assert_eq!(api.log().iter().filter(|line| *line == "during").count(), 1, "not of what is waited for");
    }

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
