use super::*;
use crate::timeline::fixture::{Seen, recorded, scenarios};

const SCENARIO: &str = "\
scenario: A </script> of *its* own
about: |
  A story.
source: KEP-1205, https://example.com/a, a book
kubernetes: \">=1.22\"
steps:
  - create: {kind: ConfigMap, name: x}
  - name: read
    foreach: {one: {of: a}, two: {of: a}, three: {of: b}}
    get: {kind: ConfigMap, name: \"${case.of}\"}
  - name: late
    when: \"1.24 - 1.25\"
    get: {kind: ConfigMap, name: x}
  - {name: unseen, get: {kind: ConfigMap, name: x}, snapshot: off}
";

const SEEN: Seen<'_> = &[
    ("v1.22.17", &[("read.one", "a: </script>{script}"), ("read.two", "a: </script>{script}"), ("read.three", "b: 1")]),
    ("v1.24.17", &[("read.one", "a: 2"), ("read.two", "a: 2"), ("read.three", "b: 1"), ("late", "l: 1")]),
    ("v1.26.3", &[("read.one", "a: 2"), ("read.two", "a: 2"), ("read.three", "b: 1")]),
];

fn made(project: Option<&str>) -> BTreeMap<String, String> {
    let files = scenarios(SCENARIO);
    super::files(&[Timeline::new(&files[0], recorded(SEEN))], project)
}

#[test]
fn a_page_tells_the_story_and_every_change() {
    let expected = r#"<!-- Made by `rehearsal docs`. Do not edit: change the scenario, or record it again. -->

# A \</script\> of \*its\* own

- Scenario: [`demo.yaml`](../demo.yaml)
- About Kubernetes: `>=1.22`
- Recorded on: v1.22, v1.24, v1.26
- Source: [KEP-1205](https://github.com/kubernetes/enhancements/issues/1205), [https://example.com/a](https://example.com/a), a book

A story.

## What changes

- **v1.24**: read.one, read.two, late (begins)
- **v1.26**: late (ends)

## Step by step

```yaml
- create: {kind: ConfigMap, name: x}
```

### read

```yaml
name: read
foreach: {one: {of: a}, two: {of: a}, three: {of: b}}
get: {kind: ConfigMap, name: "${case.of}"}
```

#### `one`, `two`

On **v1.22**:

```yaml
a: </script>{script}
```

From **v1.24** on:

```diff
--- v1.22.17
+++ v1.24.17
@@ -1 +1 @@
-a: </script>{script}
+a: 2
```

#### `three`

On **v1.22**:

```yaml
b: 1
```

### late

```yaml
name: late
when: "1.24 - 1.25"
get: {kind: ConfigMap, name: x}
```

From **v1.24** on:

```yaml
l: 1
```

From **v1.26** on it does not run.

```yaml
- {name: unseen, get: {kind: ConfigMap, name: x}, snapshot: off}
```
"#;
    let files = made(Some("../"));
    assert_eq!(files["demo.md"], expected);
    let row = r"| [A \</script\> of \*its\* own](demo.md) | v1.22, v1.24, v1.26 | v1.24 |";
    assert!(files["README.md"].contains(row), "{}", files["README.md"]);
    assert!(made(None)["demo.md"].contains("- Scenario: `demo.yaml`\n"));
}

#[test]
fn no_text_ends_the_data_of_the_site_or_is_taken_for_a_place_in_it() {
    let site = &made(None)["index.html"];
    assert_eq!(site.matches("</script>").count(), 2);
    let (_, rest) = site.split_once("<script id=\"data\" type=\"application/json\">").unwrap();
    let data: serde_json::Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(data["texts"][0], "a: </script>{script}");
    let columns: Vec<&str> = data["columns"].as_array().unwrap().iter().filter_map(|it| it["label"].as_str()).collect();
    assert_eq!(columns, ["v1.22", "v1.24", "v1.26"]);
    // The same text is there once; a step that does not run has none.
    assert_eq!(data["scenarios"][0]["steps"][0]["cells"], data["scenarios"][0]["steps"][1]["cells"]);
    assert_eq!(data["scenarios"][0]["steps"][3]["cells"], serde_json::json!([-1, 3, -1]));
    assert_eq!(data["texts"].as_array().unwrap().len(), 4);
}

#[test]
fn everything_made_is_known_again() {
    assert!(made(None).values().all(|contents| is_ours(contents)));
    assert!(!is_ours("# Atlas\n") && !is_ours("<!doctype html>\n<p>Mine."));
}
