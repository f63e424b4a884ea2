//! The atlas: every scenario with what its steps show on which version, as Markdown pages and as one page for a browser.
//! Pure: from timelines to names and contents of files.

mod data;
mod index;
mod page;
mod site;

use std::collections::BTreeMap;

use crate::timeline::Timeline;

/// What every generated Markdown file begins with, so that no other one is ever overwritten or removed.
const MARK: &str = "<!-- Made by `rehearsal docs`. Do not edit: change the scenario, or record it again. -->\n\n";
/// The same of the site.
const SITE_MARK: &str = "<!doctype html>\n<!-- Made by `rehearsal docs`. -->\n";
/// The page for a browser.
pub const SITE: &str = "index.html";
/// The page that lists all others.
const INDEX: &str = "README.md";

/// The files by their path in the atlas. `project` is the way from there to the folder that holds `scenarios/`, with a slash
/// at its end, where there is one.
pub fn files(timelines: &[Timeline<'_>], project: Option<&str>) -> BTreeMap<String, String> {
    let pages = timelines.iter().map(|timeline| {
        let path = path(timeline);
        let up = project.map(|project| "../".repeat(path.matches('/').count()) + project);
        (path, page::page(timeline, up.as_deref()))
    });
    let mut files: BTreeMap<String, String> =
        pages.map(|(path, page)| (path, format!("{MARK}{}\n", page.trim_end()))).collect();
    files.insert(INDEX.to_owned(), format!("{MARK}{}\n", index::index(timelines).trim_end()));
    files.insert(SITE.to_owned(), site::site(timelines, project));
    files
}

/// Whether a file was made by this, by what it begins with.
pub fn is_ours(contents: &str) -> bool {
    contents.starts_with(MARK.trim_end()) || contents.starts_with(SITE_MARK)
}

/// Where a scenario's page is.
fn path(timeline: &Timeline<'_>) -> String {
    format!("{}.md", timeline.file.id())
}

/// Where a source is to be read, if that is known: an address, or what a KEP is discussed in.
fn address(source: &str) -> Option<String> {
    match source.strip_prefix("KEP-") {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            Some(format!("https://github.com/kubernetes/enhancements/issues/{number}"))
        }
        Some(_) => None,
        None => source.starts_with("https://").then(|| source.to_owned()),
    }
}

#[cfg(test)]
mod tests;
