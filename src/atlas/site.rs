//! The page for a browser: one file with all it needs.

use super::SITE_MARK;
use super::data::data;
use crate::timeline::Timeline;

const FRAME: &str = include_str!("site/frame.html");
const STYLE: &str = include_str!("site/style.css");
const SCRIPTS: [&str; 4] = [
    include_str!("site/model.js"),
    include_str!("site/panel.js"),
    include_str!("site/matrix.js"),
    include_str!("site/main.js"),
];

/// The page; `project` is the way from it to the folder that holds `scenarios/`.
pub(super) fn site(timelines: &[Timeline<'_>], project: Option<&str>) -> String {
    // What a step shows may hold the end of a script; no JSON text needs its `<`.
    let data = data(timelines, project).replace('<', "\\u003c");
    let parts = [("{style}", STYLE.to_owned()), ("{data}", data), ("{script}", SCRIPTS.join("\n"))];
    let (mut page, mut rest) = (SITE_MARK.to_owned(), FRAME);
    // From one place to the next, so that what was filled in is not looked at again.
    for (place, with) in parts {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        page.extend([before, &with]);
        rest = after;
    }
    page + rest
}
