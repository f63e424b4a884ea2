//! Finding scenario files and reading them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::fixtures::Fixtures;
use super::{Change, Scenario, cases, read, rewrite};
use crate::syntax::{At, Diagnostic, Diagnostics, Node, Source, parse};

/// The folder that scenarios are named within.
const ROOT: &str = "scenarios";

/// A scenario and the text it comes from, to be decoded again with other names.
#[derive(Debug)]
pub struct ScenarioFile {
    /// The scenario with its names as they are written.
    pub scenario: Arc<Scenario>,
    /// The file.
    pub path: Utf8PathBuf,
    tree: Arc<Node>,
    fixtures: Arc<Fixtures>,
}

impl ScenarioFile {
    /// The scenario's id.
    pub fn id(&self) -> &str {
        &self.scenario.id
    }

    /// Whether `text` stands anywhere in the scenario or its manifests.
    pub fn mentions(&self, text: &str) -> bool {
        let mentions = |node: &Node| node.at.source().text().contains(text);
        mentions(&self.tree) || self.fixtures.contents().any(|(_, contents)| contents.contains(text))
    }

    /// The files of its folder, by their path in it, with `change` applied to the names in them: what its commands find.
    pub fn folder(&self, change: &Change<'_>) -> Vec<(String, Vec<u8>)> {
        self.fixtures.contents_rewritten(change)
    }

    /// Its path from the folder `scenarios` on, or its name: the same from wherever it was named.
    pub fn project_path(&self) -> String {
        let components: Vec<&str> = self.path.components().map(|component| component.as_str()).collect();
        let root = components.iter().rposition(|component| *component == ROOT);
        components[root.unwrap_or(components.len().saturating_sub(1))..].join("/")
    }

    /// Every text that its author wrote, in the scenario and the files of its folder.
    pub fn strings(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let manifests = std::iter::once(&*self.tree).chain(self.fixtures.all()).flat_map(Node::strings);
        manifests.map(Cow::Borrowed).chain(self.fixtures.contents().map(|(_, contents)| contents))
    }

    /// The scenario decoded again, with `change` applied to the names in its texts and manifests.
    pub fn renamed(&self, change: &Change<'_>) -> Result<Scenario, Diagnostics> {
        let mut tree = Node::clone(&self.tree);
        rewrite::scenario(&mut tree, change);
        let case = self.scenario.case.as_ref().map(|case| case.key.as_str());
        read::scenario(self.id(), &tree, case, &self.fixtures.rewritten(change))
    }
}

/// A file to be read.
struct Found {
    /// What the ids of its scenarios begin with.
    id: String,
    /// The ids that were asked for; all of them if the file was named itself.
    only: Option<BTreeSet<String>>,
}

impl Found {
    fn asks_for(&self, file: &ScenarioFile) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|asked| is_meant(file, asked)))
    }
}

/// Whether a scenario is asked for by its own id, or by that of the document whose case it is.
fn is_meant(file: &ScenarioFile, asked: &str) -> bool {
    file.id().strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Reads the scenarios at these paths, sorted by id: files, folders, or one scenario of several in a file, which is named like
/// the file with its own id instead of the ending. All mistakes of all files are found in one go.
pub fn load(paths: &[Utf8PathBuf]) -> Result<Vec<ScenarioFile>, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let mut files: BTreeMap<Utf8PathBuf, Found> = BTreeMap::new();
    for path in paths {
        find(path, &mut files, &mut diagnostics);
    }
    let mut loaded: Vec<ScenarioFile> = Vec::new();
    for (path, found) in files {
        let of_file = read_file(&path, &found.id, &mut diagnostics);
        check_asked(&path, &found, &of_file, &mut diagnostics);
        for file in of_file.into_iter().filter(|file| found.asks_for(file)) {
            let same = |other: &&ScenarioFile| other.id().eq_ignore_ascii_case(file.id());
            if let Some(other) = loaded.iter().find(same) {
                let message = format!("the id `{}` is already that of {}", file.id(), other.scenario.at);
                let help = "an id is the file's name without its ending, and the document's `id` among several";
                diagnostics.push(Diagnostic::new(file.scenario.at.clone(), message).help(help));
            }
            loaded.push(file);
        }
    }
    loaded.sort_by(|a, b| a.id().cmp(b.id()));
    diagnostics.or(loaded)
}

/// Reports ids that no scenario of the file has. Where one could not be read, that is what is wrong.
fn check_asked(path: &Utf8Path, found: &Found, files: &[ScenarioFile], diagnostics: &mut Diagnostics) {
    let is_clean = diagnostics.is_empty();
    let is_there = |asked: &String| files.iter().any(|file| is_meant(file, asked));
    for asked in found.only.iter().flatten().filter(|asked| is_clean && !is_there(asked)) {
        let at = At::file(Source::new(path.as_str(), ""));
        let ids: Vec<&str> = files.iter().map(ScenarioFile::id).collect();
        let diagnostic = Diagnostic::new(at, format!("there is no scenario `{asked}` in this file"));
        diagnostics.push(diagnostic.help(format!("it holds: {}", ids.join(", "))));
    }
}

/// Adds the scenario files at `path` with their ids.
fn find(path: &Utf8Path, files: &mut BTreeMap<Utf8PathBuf, Found>, diagnostics: &mut Diagnostics) {
    let mut refuse = |message: String, help: &str| {
        let at = At::file(Source::new(path.as_str(), ""));
        diagnostics.push(Diagnostic::new(at, message).help(help));
    };
    if let Some(owner) = owner(path) {
        return refuse("this holds manifests, not scenarios".to_owned(), &format!("it belongs to {owner}"));
    }
    if path.is_file() {
        if !is_yaml(path) {
            return refuse("this is no scenario".to_owned(), "a scenario is a file that ends in .yaml");
        }
        add_all(path, path.parent().unwrap_or(path), files);
    } else if let Some((file, only)) = one_of_several(path) {
        let id = id(&file, file.parent().unwrap_or(&file));
        let asked = format!("{id}.{only}");
        let found = files.entry(file).or_insert_with(|| Found { id, only: Some(BTreeSet::new()) });
        found.only.iter_mut().for_each(|known| known.extend([asked.clone()]));
    } else if path.is_dir() {
        let mut found = Vec::new();
        walk(path, &mut found, diagnostics);
        if found.is_empty() {
            let at = At::file(Source::new(path.as_str(), ""));
            let help = "a scenario is a file that ends in .yaml; a folder beside one, of its name, holds its manifests";
            diagnostics.push(Diagnostic::new(at, "there is no scenario in this folder").help(help));
        }
        for file in &found {
            add_all(file, path, files);
        }
    } else {
        refuse("there is no such file or folder".to_owned(), "name a scenario, or a folder of scenarios");
    }
}

fn add_all(file: &Utf8Path, root: &Utf8Path, files: &mut BTreeMap<Utf8PathBuf, Found>) {
    files.insert(file.to_owned(), Found { id: id(file, root), only: None });
}

/// Of `a/b.second.on`, where there is no such file: `a/b.yaml`, and `second.on`.
fn one_of_several(path: &Utf8Path) -> Option<(Utf8PathBuf, String)> {
    let name = path.file_name().filter(|_| !path.exists() && !is_yaml(path))?;
    name.rmatch_indices('.').find_map(|(dot, _)| {
        let files = ["yaml", "yml"].map(|ending| path.with_file_name(format!("{}.{ending}", &name[..dot])));
        files.into_iter().find(|file| file.is_file()).map(|file| (file, name[dot + 1..].to_owned()))
    })
}

/// The scenario files below a folder. Folders behind symbolic links are not gone into: a link may lead back.
fn walk(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>, diagnostics: &mut Diagnostics) {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries.flatten(),
        Err(error) => {
            let at = At::file(Source::new(folder.as_str(), ""));
            return diagnostics.push(Diagnostic::new(at, format!("cannot be read: {error}")));
        }
    };
    for entry in entries.filter(|entry| !entry.file_name().starts_with('.')) {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if owner(path).is_none() {
                walk(path, found, diagnostics);
            }
        } else if is_yaml(path) {
            found.push(path.to_owned());
        }
    }
}

fn is_yaml(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("yaml" | "yml"))
}

/// The scenario whose manifests are at or around `path`: of the folder `X/`, the `X.yaml` beside it.
fn owner(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let folders = path.ancestors().filter(|folder| folder.file_name().is_some() && !folder.is_file());
    let beside = |folder: &Utf8Path| {
        ["yaml", "yml"]
            .map(|ending| Utf8PathBuf::from(format!("{folder}.{ending}")))
            .into_iter()
            .find(|file| file.is_file())
    };
    folders.take_while(|folder| folder.file_name() != Some(ROOT)).find_map(beside)
}

/// The path below the folder `scenarios`, or else below `root`, without its ending.
fn id(path: &Utf8Path, root: &Utf8Path) -> String {
    let absolute = std::path::absolute(path).ok().and_then(|path| Utf8PathBuf::from_path_buf(path).ok());
    let below_scenarios = absolute.as_deref().and_then(|path| {
        let folder = path.ancestors().skip(1).find(|folder| folder.file_name() == Some(ROOT))?;
        path.strip_prefix(folder).ok()
    });
    let relative = below_scenarios.or(path.strip_prefix(root).ok()).unwrap_or(path);
    relative.with_extension("").as_str().replace('\\', "/")
}

fn read_file(path: &Utf8Path, id: &str, diagnostics: &mut Diagnostics) -> Vec<ScenarioFile> {
    let Some(source) = diagnostics.keep(Source::read(path)) else { return Vec::new() };
    read_source(source, id, &Arc::new(Fixtures::read(&path.with_extension(""))), diagnostics)
}

/// Reads the scenarios of a file whose text and manifests are at hand.
pub(super) fn read_source(
    source: Arc<Source>,
    id: &str,
    fixtures: &Arc<Fixtures>,
    diagnostics: &mut Diagnostics,
) -> Vec<ScenarioFile> {
    let path = Utf8PathBuf::from(source.path());
    let Some(documents) = diagnostics.keep(parse(&source)) else { return Vec::new() };
    if documents.is_empty() {
        let help = "a scenario begins with `scenario:` and what it says, in one line";
        diagnostics.push(Diagnostic::new(At::file(source), "the file is empty").help(help));
    }
    let several = documents.len() > 1;
    let mut files = Vec::new();
    for (index, tree) in documents.into_iter().enumerate() {
        // One that is wrong is reported; the number keeps its document apart from the others.
        let id = document_id(id, &tree, several, diagnostics).unwrap_or_else(|| format!("{id}.{index}"));
        let tree = Arc::new(tree);
        for case in cases::keys(&tree) {
            let id = case.map_or_else(|| id.clone(), |case| format!("{id}.{case}"));
            let scenario = diagnostics.keep(read::scenario(&id, &tree, case, fixtures));
            files.extend(scenario.map(|scenario| ScenarioFile {
                scenario: Arc::new(scenario),
                path: path.clone(),
                tree: Arc::clone(&tree),
                fixtures: Arc::clone(fixtures),
            }));
        }
    }
    files
}

/// The id of a document: the file's, and after a dot its own `id`, which one among several needs.
fn document_id(file: &str, tree: &Node, several: bool, diagnostics: &mut Diagnostics) -> Option<String> {
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let diagnostic = match tree.get("id") {
        None if !several => return Some(file.to_owned()),
        None => Diagnostic::new(tree.at.clone(), "several scenarios in one file, and this one has no `id`")
            .help("as in `id: second`; its snapshots are named by it"),
        Some(node) => match node.as_str() {
            Some(text) if is_word(text) => return Some(format!("{file}.{text}")),
            _ => Diagnostic::new(node.at.clone(), format!("`{}` is no `id`", node.at.text()))
                .help("small letters, digits and `-`, as in `id: second`"),
        },
    };
    diagnostics.push(diagnostic);
    None
}
