//! `rehearsal docs`: the atlas, from scenarios and snapshots.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Write};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use clap::Args;

use super::selection::Selection;
use super::{Exit, Failure, Terminal, lint};
use crate::atlas;

/// Arguments of `docs`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  rehearsal docs --into docs/atlas
  rehearsal docs --into docs/atlas --check         for CI: exit code 1 if it is not up to date
  rehearsal docs --into /tmp/tokens scenarios/tokens

A page a scenario in Markdown, a README.md that lists them, and index.html: all of it as a matrix of behaviours and \
versions, to search and to compare, in one file that needs no server and no network. No cluster is asked. Pages of \
scenarios that are gone are removed; a file that was not made by this is never touched.")]
pub(super) struct DocsArgs {
    #[command(flatten)]
    selection: Selection,
    /// The folder to write the atlas into.
    #[arg(long, value_name = "DIR")]
    into: Utf8PathBuf,
    /// Write nothing, and say what would be written or removed.
    #[arg(long)]
    check: bool,
}

/// What has to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Todo {
    Write,
    Change,
    Remove,
}

impl fmt::Display for Todo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "is missing",
            Self::Change => "is not up to date",
            Self::Remove => "is of no scenario",
        })
    }
}

pub(super) fn run(args: &DocsArgs, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let files = args.selection.load()?;
    if !lint::is_sound(&files, &args.selection, terminal)? {
        return Ok(Exit::Parse);
    }
    let timelines = args.selection.timelines(&files)?;
    let atlas = atlas::files(&timelines, project(&args.into).as_deref());
    let todo = compare(&args.into, &atlas)?;
    for (name, todo) in &todo {
        let path = args.into.join(name);
        if args.check {
            writeln!(terminal.out, "{path} {todo}")?;
            continue;
        }
        match atlas.get(name) {
            Some(contents) => write(&path, contents)?,
            None => fs::remove_file(&path).map_err(|error| failed("remove", &path, &error))?,
        }
        let done = if *todo == Todo::Remove { "removed" } else { "wrote" };
        writeln!(terminal.out, "{done} {path}")?;
    }
    let (into, count) = (&args.into, atlas.len());
    match (args.check, todo.is_empty()) {
        (_, true) => writeln!(terminal.out, "{into} is up to date: {count} files")?,
        (false, false) => writeln!(terminal.out, "{into} is up to date now: {count} files")?,
        (true, false) => {
            let help = format!("to bring it up to date: rehearsal docs --into {into}");
            writeln!(terminal.out, "{} of {count} files differ; {help}", todo.len())?;
            return Ok(Exit::DIFFERS);
        }
    }
    Ok(Exit::Ok)
}

/// The way from a folder within the project to the project.
fn project(into: &Utf8Path) -> Option<String> {
    let named = into.components().filter(|component| *component != Utf8Component::CurDir);
    let up = |component| matches!(component, Utf8Component::Normal(_)).then_some("../");
    named.map(up).collect()
}

/// What of a folder is not as it should be.
fn compare(into: &Utf8Path, atlas: &BTreeMap<String, String>) -> Result<BTreeMap<String, Todo>, Failure> {
    let mut todo = BTreeMap::new();
    for (name, contents) in atlas {
        let path = into.join(name);
        let known = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            known => Some(known.map_err(|error| failed("read", &path, &error))?),
        };
        match known {
            None => drop(todo.insert(name.clone(), Todo::Write)),
            Some(known) if known == *contents => {}
            Some(known) if atlas::is_ours(&known) => drop(todo.insert(name.clone(), Todo::Change)),
            Some(_) => {
                let message = format!("{path} was not made by `rehearsal docs`, and would be overwritten");
                return Err(Failure::usage(message, "name a folder of its own, as in `--into docs/atlas`"));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(into, into, &mut found)?;
    for name in found.into_iter().filter(|name| !atlas.contains_key(name)) {
        let path = into.join(&name);
        if fs::read_to_string(&path).is_ok_and(|contents| atlas::is_ours(&contents)) {
            todo.insert(name, Todo::Remove);
        }
    }
    Ok(todo)
}

/// The pages below a folder.
fn walk(root: &Utf8Path, folder: &Utf8Path, found: &mut BTreeSet<String>) -> Result<(), Failure> {
    let listing = |error: &io::Error| failed("list", folder, error);
    let entries = match folder.read_dir_utf8() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| listing(&error))?,
    };
    for entry in entries {
        let entry = entry.map_err(|error| listing(&error))?;
        let path = entry.path();
        if entry.file_type().map_err(|error| listing(&error))?.is_dir() {
            walk(root, path, found)?;
        } else if matches!(path.extension(), Some("md" | "html")) {
            found.extend(path.strip_prefix(root).map(|name| name.as_str().to_owned()));
        }
    }
    Ok(())
}

fn write(path: &Utf8Path, contents: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| failed("create", folder, &error))?;
    fs::write(path, contents).map_err(|error| failed("write", path, &error))
}

fn failed(doing: &str, path: &Utf8Path, error: &io::Error) -> Failure {
    Failure::Error { message: format!("cannot {doing} {path}: {error}"), help: None, exit: Exit::CouldNotRun }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_known_within_the_project() {
        for (into, way) in [
            ("docs/atlas", Some("../../")),
            ("./docs/", Some("../")),
            (".", Some("")),
            ("../atlas", None),
            ("/tmp/atlas", None),
        ] {
            assert_eq!(project(into.into()).as_deref(), way, "{into}");
        }
    }
}
