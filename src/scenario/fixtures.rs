//! The manifests beside a scenario: of `X.yaml` those in the folder `X/`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::action::Manifests;
use crate::syntax::{At, Diagnostic, Diagnostics, Node, Source, nearest, parse};

/// The files of one scenario's folder, read. What is wrong with a file is told when a step uses it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fixtures {
    folder: Utf8PathBuf,
    files: BTreeMap<String, Result<Vec<Node>, Diagnostics>>,
    /// Every file as it is, for commands.
    contents: BTreeMap<String, Vec<u8>>,
}

impl Fixtures {
    /// Reads every file of a folder, if there is one; not behind links to folders, which may lead back.
    pub(super) fn read(folder: &Utf8Path) -> Self {
        let mut fixtures = Self { folder: folder.to_owned(), ..Self::default() };
        fixtures.read_folder(folder, "");
        fixtures
    }

    fn read_folder(&mut self, folder: &Utf8Path, prefix: &str) {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name()));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.read_folder(path, &format!("{name}/"));
                continue;
            }
            self.contents.extend(std::fs::read(path).ok().map(|contents| (name.clone(), contents)));
            if matches!(path.extension(), Some("yaml" | "yml" | "json")) {
                let documents = Source::read(path).map_err(Diagnostics::from).and_then(|source| manifests(&source));
                self.files.insert(name, documents);
            }
        }
    }

    /// The same files with their names and texts changed.
    pub(super) fn rewritten(&self, change: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut changed = Self { folder: self.folder.clone(), contents: self.contents.clone(), ..Self::default() };
        for (name, documents) in &self.files {
            let mut documents = documents.clone();
            documents.iter_mut().flatten().for_each(|document| document.rewrite(change));
            changed.files.insert(change(name).unwrap_or_else(|| name.clone()), documents);
        }
        changed
    }

    /// Every file as it is. What is no text is shown with marks in place of what cannot be read.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.contents.iter().map(|(name, contents)| (name.as_str(), String::from_utf8_lossy(contents)))
    }

    /// Every file with its name and, if it is a text, its names changed.
    pub(super) fn contents_rewritten(&self, change: &dyn Fn(&str) -> Option<String>) -> Vec<(String, Vec<u8>)> {
        let contents = self.contents.iter().map(|(name, contents)| {
            let changed = std::str::from_utf8(contents).ok().and_then(change).map(String::into_bytes);
            (change(name).unwrap_or_else(|| name.clone()), changed.unwrap_or_else(|| contents.clone()))
        });
        contents.collect()
    }

    /// The documents of all files that could be read.
    pub(super) fn all(&self) -> impl Iterator<Item = &Node> {
        self.files.values().flatten().flatten()
    }
}

/// The documents of a file; one without any is a mistake.
fn manifests(source: &Arc<Source>) -> Result<Vec<Node>, Diagnostics> {
    let documents = parse(source)?;
    if documents.is_empty() {
        return Err(Diagnostic::new(At::file(Arc::clone(source)), "there is no manifest in this file").into());
    }
    Ok(documents)
}

impl Manifests for Fixtures {
    fn documents(&self, name: &str, at: &At) -> Result<&[Node], Diagnostics> {
        let refuse = |message: String, help: String| Err(Diagnostic::new(at.clone(), message).help(help).into());
        let outside = Utf8Path::new(name).components().any(|part| !matches!(part, camino::Utf8Component::Normal(_)));
        if outside {
            let help = format!("the manifests of this scenario are in {}/", self.folder);
            return refuse(format!("`{name}` leads out of the scenario's folder"), help);
        }
        match self.files.get(name) {
            Some(Ok(documents)) => Ok(documents),
            Some(Err(mistakes)) => Err(mistakes.clone()),
            None => {
                let known = self.files.keys().map(String::as_str);
                let help = match nearest(name, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if self.files.is_empty() => "a folder of the scenario's name holds its manifests".to_owned(),
                    None => format!("the folder holds: {}", known.collect::<Vec<_>>().join(", ")),
                };
                refuse(format!("there is no `{name}` in {}/", self.folder), help)
            }
        }
    }
}
