//! `${...}` in a command belongs to the shell and is never filled in: what is meant otherwise is found before it runs.

use crate::syntax::{At, Diagnostic, Diagnostics, Node};

/// What every command finds set: by the program, or by the shell itself.
const GIVEN: [&str; 12] =
    ["HOME", "KUBECONFIG", "PATH", "TMPDIR", "LANG", "TZ", "PWD", "OLDPWD", "IFS", "PPID", "OPTARG", "OPTIND"];

/// Reports what no shell reads, and variables that nothing sets, in a script or in the words of a command.
pub(super) fn check(node: &Node, set: &[&str], diagnostics: &mut Diagnostics) {
    let whole: String = node.elements().iter().filter_map(Node::as_str).collect::<Vec<_>>().join("\n");
    for (text, at) in node.elements().iter().filter_map(|element| Some((element.as_str()?, &element.at))) {
        for (start, length) in braces(text) {
            let inside = &text[start + 2..start + length - 1];
            let place = || at.inside(text, text[..start].chars().count(), text[start..start + length].chars().count());
            let is_known = |name: &str| set.contains(&name) || GIVEN.contains(&name) || is_assigned(&whole, name);
            match expansion(inside) {
                None => diagnostics.push(not_filled_in(place(), inside)),
                Some(Expansion::Plain(name)) if !is_known(name) => diagnostics.push(unset(place(), name)),
                Some(_) => {}
            }
        }
    }
}

enum Expansion<'t> {
    /// `${NAME}`
    Plain(&'t str),
    /// Anything else that a shell understands, such as `${NAME:-word}`.
    Other,
}

/// What a shell makes of the inside of `${...}`.
fn expansion(inside: &str) -> Option<Expansion<'_>> {
    let inside = inside.strip_prefix(['#', '!']).filter(|rest| !rest.is_empty()).unwrap_or(inside);
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    match (name, rest.chars().next()) {
        ("", Some('@' | '*' | '?' | '-' | '$' | '#' | '!')) => Some(Expansion::Other),
        ("", _) => None,
        (name, None) if is_name(name) => Some(Expansion::Plain(name)),
        (name, None) => name.bytes().all(|b| b.is_ascii_digit()).then_some(Expansion::Other),
        (name, Some(':' | '-' | '=' | '?' | '+' | '#' | '%' | '/' | '^' | ',' | '@')) => {
            (is_name(name) || name.bytes().all(|b| b.is_ascii_digit())).then_some(Expansion::Other)
        }
        // An array of bash, as in `${words[0]}`; CEL would go on after the bracket.
        (name, Some('[')) => (is_name(name) && rest.ends_with(']')).then_some(Expansion::Other),
        _ => None,
    }
}

/// Whether a text can be the name of a variable of the shell.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a script gives a name a value: `NAME=`, `read NAME`, `for NAME in`.
fn is_assigned(script: &str, name: &str) -> bool {
    let continues = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    script.match_indices(name).any(|(at, _)| {
        let (before, after) = (&script[..at], &script[at + name.len()..]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let by_word = ["for ", "read ", "getopts ", "mapfile "].iter().any(|word| line.contains(word));
        let is_whole = !before.ends_with(continues) && !after.starts_with(continues);
        is_whole && !before.ends_with(['$', '{']) && (after.starts_with('=') || after.starts_with("+=") || by_word)
    })
}

/// Where each `${...}` begins and how long it is. What stands in single quotes is no expansion.
fn braces(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut single, mut double, mut skip) = (false, false, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match c {
            '\\' if !single => skip = true,
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '$' if !single && text[at..].starts_with("${") => {
                found.extend(text[at..].find('}').map(|end| (at, end + 1)));
            }
            _ => {}
        }
    }
    found
}

fn not_filled_in(at: At, expression: &str) -> Diagnostic {
    let message = format!("`${{{expression}}}` is not filled in: a command is the shell's");
    Diagnostic::new(at, message).help(format!(
        "give the value by the environment, so that it stands in no argument list: \
         `env: {{VALUE: \"${{{expression}}}\"}}` beside `command`, and `$VALUE` in it"
    ))
}

fn unset(at: At, name: &str) -> Diagnostic {
    let message = format!("nothing sets the variable `{name}` of the shell");
    Diagnostic::new(at, message).help(format!(
        "the value of an earlier step comes by the environment: `env: {{{name}: \"${{{name}.stdout}}\"}}` beside `command`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Source, parse};

    fn mistakes(script: &str) -> Vec<String> {
        let document =
            parse(&Source::new("x", format!("|\n  {}", script.replace('\n', "\n  ")))).unwrap().pop().unwrap();
        let mut diagnostics = Diagnostics::new();
        check(&document, &["GIVEN"], &mut diagnostics);
        diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn what_a_shell_understands_is_left_to_it() {
        for script in [
            "echo ${GIVEN} ${HOME} $ANY ${ANY:-x} ${#GIVEN} ${GIVEN%.*} ${1} ${@} $(date)",
            "X=1; echo ${X}",
            "for x in a b; do echo ${x}; done",
            "while read line; do echo \"${line}\"; done",
            "awk '{print ${body.x}}'",
            "echo \\${body.x}",
            "a=(1 2); echo ${a[0]}",
        ] {
            assert_eq!(mistakes(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn what_is_meant_for_cel_is_found() {
        for script in
            ["echo ${token.status.token}", "echo \"${token.stdout}\"", "echo ${size(x)}", "echo ${a[0].b}", "echo ${}"]
        {
            assert_eq!(mistakes(script).len(), 1, "{script}");
        }
        assert_eq!(mistakes("echo ${token}"), ["nothing sets the variable `token` of the shell"]);
    }
}
