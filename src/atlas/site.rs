//! The page for a browser: one file with all it needs.

use super::SITE_MARK;
use super::data::data;
use crate::html::Page;
use crate::timeline::Timeline;

const SCRIPTS: [&str; 4] = [
    include_str!("site/model.js"),
    include_str!("site/panel.js"),
    include_str!("site/matrix.js"),
    include_str!("site/main.js"),
];

/// The page; `project` is the way from it to the folder that holds `scenarios/`.
pub(super) fn site(timelines: &[Timeline<'_>], project: Option<&str>) -> String {
    let page = Page {
        mark: SITE_MARK,
        title: "Atlas of Kubernetes behaviour",
        style: include_str!("site/style.css"),
        body: include_str!("site/body.html"),
        without_scripts: "This page needs JavaScript; the same is in the Markdown pages beside it.",
        data: &data(timelines, project),
        scripts: &SCRIPTS,
    };
    page.write()
}
