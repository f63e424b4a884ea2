//! A page for a browser, in one file: it loads nothing, works without a server, and is light or dark as the system has it.
//!
//! What every page has is here: the frame, the style of texts and tables, and the scripts that make elements of data.

const FRAME: &str = include_str!("frame.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 2] = [include_str!("elements.js"), include_str!("page.js")];

/// What one page has of its own. All of it but the data is markup of ours, and stands as it is.
pub(crate) struct Page<'a> {
    /// What it begins with: a doctype, and what made it.
    pub mark: &'a str,
    /// What a browser calls it.
    pub title: &'a str,
    /// Its style, beside that of all pages.
    pub style: &'a str,
    /// What it shows before there is anything of the data. The scripts need an element `theme` and one `search` in it.
    pub body: &'a str,
    /// What is said where scripts do not run.
    pub without_scripts: &'a str,
    /// What it shows, as JSON.
    pub data: &'a str,
    /// Its scripts, which come after those of all pages.
    pub scripts: &'a [&'a str],
}

impl Page<'_> {
    /// The file.
    pub(crate) fn write(&self) -> String {
        // A text may hold the end of a script, or the beginning of a comment; no JSON text needs its `<`.
        let data = self.data.replace('<', "\\u003c");
        let scripts: Vec<&str> = SCRIPTS.iter().chain(self.scripts).copied().collect();
        let parts = [
            ("{title}", self.title),
            ("{style}", &(STYLE.to_owned() + self.style)),
            ("{body}", self.body),
            ("{without scripts}", self.without_scripts),
            ("{data}", &data),
            ("{scripts}", &scripts.join("\n")),
        ];
        let (mut page, mut rest) = (self.mark.to_owned(), FRAME);
        // From one place to the next, so that what was filled in is not looked at again.
        for (place, with) in parts {
            let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
            page.extend([before, with]);
            rest = after;
        }
        page + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_data_ends_the_page_or_is_taken_for_a_place_in_it() {
        let text = "</script><!-- <script> {scripts} {data}\u{2028}";
        let data = serde_json::json!({ "text": text }).to_string();
        let page = Page {
            mark: "<!doctype html>\n",
            title: "T",
            style: "p { margin: 0 }\n",
            body: "<p>{data}</p>\n",
            without_scripts: "W",
            data: &data,
            scripts: &["one();", "two();"],
        };
        let page = page.write();
        assert_eq!(page.matches("</script>").count(), 2);
        assert!(!page.contains("<!-- "));
        let (before, rest) = page.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
        for part in [
            "<!doctype html>\n<html",
            "<title>T</title>",
            "p { margin: 0 }\n</style>",
            "<p>{data}</p>\n<noscript><p>W<",
        ] {
            assert!(before.contains(part), "no `{part}` in {before}");
        }
        let (data, rest) = rest.split_once("</script>").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(data).unwrap()["text"], text);
        assert!(rest.ends_with("one();\ntwo();</script>\n</body>\n</html>\n"), "{rest}");
    }
}
