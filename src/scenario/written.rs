//! A step in its author's own words, for whoever shows scenarios to readers.

use super::Step;

/// How much of an action stands in a line.
const LONGEST: usize = 100;

impl Step {
    /// The step as it is written, without its dash and the indentation.
    pub fn written(&self) -> String {
        let Some(span) = self.at.span() else { return String::new() };
        let indent = span.column - 1;
        let source = self.at.source();
        let rest = (span.line + 1..).map_while(|number| source.line(number));
        let is_inside = |line: &&str| line.trim().is_empty() || line.chars().take(indent).all(|c| c == ' ');
        let lines =
            std::iter::once(span.line).filter_map(|number| source.line(number)).chain(rest.take_while(is_inside));
        let lines: Vec<String> = lines.map(|line| line.chars().skip(indent).collect()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// What it does, as it is written, in one line: `get: {kind: Secret, name: sample}`.
    pub fn action_line(&self) -> String {
        let written = self.written();
        let begins = |line: &&str| line.strip_prefix(self.kind).is_some_and(|rest| rest.starts_with(':'));
        let mut lines = written.lines().skip_while(|line| !begins(line));
        let Some(first) = lines.next() else { return shortened(written.lines().next().unwrap_or_default()) };
        let rest = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
        let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let rest: Vec<&str> = rest.map(|line| line.trim().trim_end_matches('\\').trim_end()).filter(is_said).collect();
        let first = if rest.is_empty() { first } else { first.trim_end_matches(['|', '>', '-', '+']).trim_end() };
        shortened(&std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" "))
    }
}

/// A text cut after a word, where it is long.
fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{} ...", cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before))
}

#[cfg(test)]
mod tests {
    use crate::scenario::ScenarioFile;

    fn of(steps: &str) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = camino::Utf8Path::from_path(folder.path()).unwrap().join("x.yaml");
        std::fs::write(&path, format!("scenario: S\nsteps:\n{steps}")).unwrap();
        let files: Vec<ScenarioFile> = crate::scenario::load(&[path]).unwrap();
        files[0].scenario.steps.iter().map(|step| (step.written(), step.action_line())).collect()
    }

    #[test]
    fn a_step_ends_where_the_next_begins() {
        let steps = "  - create: {kind: ConfigMap, name: one}\n\n  # About the next.\n  - name: read\n    # Of this one.\n    \
                     get: {kind: ConfigMap,\n      name: one}\n    expect: {code: 200}\n\n  - {name: flow, get: {kind: \
                     ConfigMap, name: one}}\n";
        let expected = [
            ("create: {kind: ConfigMap, name: one}", "create: {kind: ConfigMap, name: one}"),
            (
                "name: read\n# Of this one.\nget: {kind: ConfigMap,\n  name: one}\nexpect: {code: 200}",
                "get: {kind: ConfigMap, name: one}",
            ),
            ("{name: flow, get: {kind: ConfigMap, name: one}}", "{name: flow, get: {kind: ConfigMap, name: one}}"),
        ];
        assert_eq!(of(steps), expected.map(|(written, line)| (written.to_owned(), line.to_owned())));
    }

    #[test]
    fn a_script_is_one_line_as_far_as_it_fits() {
        let steps = "  - name: token\n    run: |\n      TOKEN=$(kubectl create token demo-sa \\\n          --bound-object-kind=Pod \
                     \\\n          --bound-object-name=test-pod)\n      # Shown.\n      echo \"$TOKEN\"\n";
        let (written, line) = &of(steps)[0];
        assert!(written.starts_with("name: token\nrun: |\n  TOKEN=$(kubectl"), "{written}");
        let expected =
            "run: TOKEN=$(kubectl create token demo-sa --bound-object-kind=Pod --bound-object-name=test-pod) ...";
        assert_eq!(line, expected);
    }
}
