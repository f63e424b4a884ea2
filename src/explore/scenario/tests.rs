//! Whatever was found, what is written is a scenario.

use proptest::prelude::*;

use super::super::difference::Difference;
use super::super::generate::sequence;
use super::super::kinds::{CONFIG_MAP, NODE};
use super::*;

fn sides() -> Sides {
    let versions = ["v1.31.0", "v1.32.2"].map(str::to_owned);
    Sides { left: "local:v1.31".to_owned(), right: "local:v1.32".to_owned(), versions, seed: 7 }
}

fn found(calls: Vec<Call>, codes: u64, path: &str) -> Found {
    let ids: BTreeSet<usize> = calls.iter().map(|call| call.id).collect();
    let texts: Vec<&str> = calls.iter().flat_map(Call::texts).collect();
    let missing = texts.iter().flat_map(|text| {
        let lost = references(text).into_iter().filter(|reference| !ids.contains(&reference.call));
        lost.map(|reference| text[reference.at].to_owned()).collect::<Vec<_>>()
    });
    let (what, how) = ("ConfigMap".to_owned(), "only on the right".to_owned());
    Found {
        difference: Difference { what, path: path.to_owned(), how },
        seen: 1,
        sequence: 3,
        at: calls.len() - 1,
        codes: vec![[Some(codes); 2]; calls.len()],
        missing: missing.collect(),
        left: json!({"code": codes}),
        right: json!({"code": codes}),
        calls,
        file: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// `write` loads what it wrote, and says so if that has mistakes.
    #[test]
    fn any_part_of_any_sequence_is_written(seed: u64, from in 0usize..36, code in prop::sample::select(vec![200u64, 201, 404])) {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let calls = sequence(seed, 0, 40)[from..from + 4].to_vec();
        let found = found(calls, code, "body.metadata.annotations[\"example.com/note\"]");
        let first = write(&found, &sides(), folder).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let second = write(&found, &sides(), folder).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_ne!(first, second, "nothing is overwritten");
    }
}

#[test]
fn steps_are_those_of_the_language_where_they_say_it() {
    let home = || Some(HOME.to_owned());
    let body = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let create = |id, name| Call { body: Some(body(name)), ..Call::new(id, Verb::Create, &CONFIG_MAP, home(), "") };
    let mut update = Call::new(7, Verb::Update, &CONFIG_MAP, home(), "a");
    update.body = Some(body("a"));
    update.body.as_mut().unwrap()["metadata"]["resourceVersion"] = "${c2.metadata.resourceVersion}".into();
    update.who = Who::User { name: "jane~".to_owned(), groups: vec!["developers~".to_owned()] };
    let mut delete = Call::new(9, Verb::Delete, &NODE, None, "wide-node~");
    delete.query.push(("gracePeriodSeconds".to_owned(), "0".to_owned()));
    let calls = vec![create(1, "b"), create(2, "a"), update, delete];
    let text = text(&found(calls, 200, "body.metadata.generation"), &sides(), Style::Words);
    let expected = "\
scenario: 'Two versions differ: ConfigMap, body.metadata.generation'
about: |
  Found by `rehearsal explore --left local:v1.31 --right local:v1.32 --seed 7` in sequence 3, on v1.31.0 and v1.32.2: only on the right.
namespace: explored
unique:
- developers
- jane
- wide-node
steps:
  - create:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: b
  - name: create ConfigMap
    create:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: a
  - as:
      groups:
      - developers
      user: jane
    update:
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: a
        resourceVersion: ${create_ConfigMap.metadata.resourceVersion}
  - name: delete Node
    delete:
      kind: Node
      name: wide-node
      wait: false
    query:
      gracePeriodSeconds: '0'
    snapshot:
      select:
      - metadata.generation
";
    assert_eq!(text, expected);
}

#[test]
fn what_no_step_says_is_a_request() {
    let mut create = Call::new(0, Verb::Create, &CONFIG_MAP, Some(HOME.to_owned()), "");
    create.body = Some(json!({"kind": "Gadget"}));
    let mut delete = Call::new(1, Verb::Delete, &CONFIG_MAP, Some("beside~".to_owned()), "a");
    delete.body = Some(json!({"preconditions": {"uid": "${c8.metadata.uid}"}}));
    let text = text(&found(vec![create, delete], 404, "code"), &sides(), Style::Words);
    assert!(text.contains("post: /api/v1/namespaces/explored/configmaps\n"), "{text}");
    assert!(text.contains("delete: /api/v1/namespaces/beside/configmaps/a\n"), "{text}");
    assert!(text.contains("uid: '00000000-0000-0000-0000-000000000000'\n"), "{text}");
    assert!(text.contains("unique:\n- beside\n"), "{text}");
}
